//! `/runners`: those inside the server, processes and containers.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::Value;

use crate::Forge;
use crate::access::MAINTAINER;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::pipelines as present;

fn listed(forge: &Forge, params: &Params) -> Vec<Value> {
    let wanted = params.list("tag_list");
    let kind = params.filled("type").is_none_or(|kind| kind == "instance_type");
    let status = params.filled("status").is_none_or(|status| status == "online");
    if !(kind && status && params.filled("paused").is_none_or(|paused| paused == "false")) {
        return Vec::new();
    }
    let with_tags = forge.runner.all().into_iter().filter(|(_, _, tags)| wanted.iter().all(|tag| tags.contains(tag)));
    with_tags.map(|(id, description, _)| present::runner(forge, id, &description)).collect()
}

/// `GET /projects/:id/runners`
pub async fn list_project_runners(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    forge.project(&caller, &id).await?.require(MAINTAINER)?;
    Ok(whole_list(&place, Paging::read(&params)?, listed(&forge, &params)))
}

/// `GET /runners`
pub async fn list_runners(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    Ok(whole_list(&place, Paging::read(&params)?, listed(&forge, &params)))
}

/// `GET /runners/:id`
pub async fn get_runner(State(forge): State<Forge>, caller: Caller, Path(id): Path<i64>) -> ApiResult<Json<Value>> {
    caller.user()?;
    let found = forge.runner.all().into_iter().find(|(known, ..)| *known == id).ok_or_else(|| ApiError::missing("Runner"))?;
    Ok(Json(present::runner_details(&forge, found)))
}
