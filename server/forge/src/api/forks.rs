//! `/projects/:id/fork` and `/forks`: a copy of somebody's project that one may push to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::projects::{list_visible, shown};
use crate::Forge;
use crate::access::{MAINTAINER, Visible, blocking};
use crate::admin::{NewProject, valid_path};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::page::Place;
use crate::params::Params;
use crate::present::projects as present;
use crate::store::projects;

/// A project asked for alone: with what it is a copy of, if the caller sees that.
pub(crate) async fn shown_alone(forge: &Forge, caller: &Caller, visible: &Visible) -> ApiResult<Value> {
    let mut value = shown(forge, visible).await?;
    if let Some(original) = visible.project.forked_from
        && let Some(row) = projects::project(&forge.db, original).await?
        && let Some(seen) = forge.visible(caller, row).await?
    {
        value["forked_from_project"] = present::basic(forge, &seen.project, &present::Content::default());
    }
    Ok(value)
}

/// `POST /projects/:id/fork`
pub async fn fork_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let user = caller.user()?.clone();
    let original = &visible.project;
    let key = params.filled("namespace_id").or(params.filled("namespace_path")).or(params.filled("namespace")).unwrap_or_else(|| user.username.clone());
    let namespace = projects::namespace(&forge.db, &key).await?.ok_or_else(|| ApiError::missing("Target Namespace"))?;
    if !user.admin && projects::group_role(&forge.db, namespace.id, user.id).await?.unwrap_or(0) < MAINTAINER {
        return Err(ApiError::missing("Target Namespace"));
    }
    let path = params.filled("path").unwrap_or_else(|| original.path.clone());
    if !valid_path(&path) {
        return Err(ApiError::Fields(StatusCode::CONFLICT, json!({ "path": ["can contain only letters, digits, '_', '-' and '.'"] })));
    }
    if projects::project_by_path(&forge.db, &format!("{}/{path}", namespace.path)).await?.is_some() {
        return Err(ApiError::Json(StatusCode::CONFLICT, json!({ "message": ["Project namespace name has already been taken", "Path has already been taken"] })));
    }
    let wider = |one: &str, other: &str| if one == "private" || other == "public" { one.to_owned() } else { other.to_owned() };
    let new = NewProject {
        namespace: namespace.id,
        name: params.filled("name").unwrap_or_else(|| original.name.clone()),
        path,
        description: params.text("description").or_else(|| original.description.clone()),
        // A fork is never seen by more people than what it is a copy of.
        visibility: params.one_of("visibility", &["private", "internal", "public"])?.map_or_else(|| original.visibility.clone(), |wish| wider(&original.visibility, &wish)),
        default_branch: original.default_branch.clone(),
        topics: original.topics.clone(),
        creator: user.id,
    };
    let made = forge.create_project(&new).await?;
    let (from, to) = (forge.repo(original.id), forge.repo(made));
    let copied = blocking(move || to.copy_refs(&from)).await;
    if let Err(error) = copied {
        // Half a fork helps nobody and holds its name.
        if let Some(project) = projects::project(&forge.db, made).await? {
            forge.delete_project(&project).await?;
        }
        return Err(error);
    }
    sqlx::query("UPDATE projects SET forked_from = ?, ci_config_path = ? WHERE id = ?").bind(original.id).bind(&original.ci_config_path).bind(made).execute(&forge.db).await?;
    let visible = forge.project(&caller, &made.to_string()).await?;
    Ok((StatusCode::CREATED, Json(shown_alone(&forge, &caller, &visible).await?)).into_response())
}

/// `GET /projects/:id/forks`
pub async fn list_forks(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    let rows = projects::forks(&forge.db, visible.project.id).await?;
    list_visible(&forge, &caller, &place, &params, rows).await
}
