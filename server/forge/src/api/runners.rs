//! `/runners`: one, the server itself.

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

fn fits(forge: &Forge, params: &Params) -> bool {
    let tags = params.list("tag_list");
    let kind = params.filled("type").is_none_or(|kind| kind == "instance_type");
    let status = params.filled("status").is_none_or(|status| status == "online");
    kind && status && params.filled("paused").is_none_or(|paused| paused == "false") && tags.iter().all(|tag| forge.runner.tags.contains(tag))
}

/// `GET /projects/:id/runners`
pub async fn list_project_runners(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    forge.project(&caller, &id).await?.require(MAINTAINER)?;
    let list = if fits(&forge, &params) { vec![present::runner(&forge)] } else { Vec::new() };
    Ok(whole_list(&place, Paging::read(&params)?, list))
}

/// `GET /runners`
pub async fn list_runners(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    let list = if fits(&forge, &params) { vec![present::runner(&forge)] } else { Vec::new() };
    Ok(whole_list(&place, Paging::read(&params)?, list))
}

/// `GET /runners/:id`
pub async fn get_runner(State(forge): State<Forge>, caller: Caller, Path(id): Path<i64>) -> ApiResult<Json<Value>> {
    caller.user()?;
    if id == 1 { Ok(Json(present::runner_details(&forge))) } else { Err(ApiError::missing("Runner")) }
}
