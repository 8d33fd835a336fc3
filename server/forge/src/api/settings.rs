//! What is changed of a project itself: settings, name, place, whether it is archived.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::projects::{shown, visibility};
use crate::Forge;
use crate::access::{MAINTAINER, OWNER, blocking};
use crate::admin::valid_path;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::params::Params;
use crate::present::projects as present;
use crate::store::projects;

/// Settings that are kept.
const SETTINGS: [&str; 9] = ["name", "path", "description", "visibility", "default_branch", "ci_config_path", "build_timeout", "topics", "tag_list"];

/// One setting is wrong.
fn refuse(setting: &str, why: &str) -> ApiError {
    ApiError::Fields(StatusCode::BAD_REQUEST, json!({ setting: [why] }))
}

/// Somebody else took the name between the look and the change.
fn taken(error: sqlx::Error, refusal: ApiError) -> ApiError {
    if error.as_database_error().is_some_and(|error| error.is_unique_violation()) { refusal } else { error.into() }
}

/// Settings of GitLab that are always the same here: setting them to what they are is no mistake, anything else is refused
/// rather than forgotten. Says whether there were any.
fn fixed(params: &Params, project: &Value) -> ApiResult<bool> {
    let mut any = false;
    for (name, value) in project.as_object().into_iter().flatten().filter(|(name, value)| !SETTINGS.contains(&name.as_str()) && !value.is_object() && !value.is_array()) {
        if !params.has(name) {
            continue;
        }
        any = true;
        let wanted = params.text(name).unwrap_or_default();
        let same = match value {
            Value::Bool(value) => params.flag(name)? == Some(*value),
            Value::String(text) => wanted == *text,
            Value::Null => wanted.is_empty() || wanted == "null",
            other => other.as_i64() == params.number(name)?,
        };
        if !same {
            return Err(refuse(name, &format!("cannot be changed here: it is always {value}")));
        }
    }
    Ok(any)
}

/// `PUT /projects/:id`
pub async fn update_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(MAINTAINER)?;
    let row = &visible.project;
    let others = fixed(&params, &present::full(&forge, &visible, &present::Content::default()))?;
    if !others && !SETTINGS.iter().any(|key| params.has(key)) {
        return Err(ApiError::Parameter(format!("{} are missing, at least one parameter must be provided", SETTINGS.join(", "))));
    }
    // Everything is looked at before anything is changed.
    let (seen_by, timeout) = (visibility(&params)?, params.number("build_timeout")?);
    // Who may look is for the owner to say (GitLab's `change_visibility_level`).
    if seen_by.as_ref().is_some_and(|seen_by| *seen_by != row.visibility) {
        visible.require(OWNER)?;
    }
    if timeout.is_some_and(|seconds| !(600..=2_592_000).contains(&seconds)) {
        return Err(refuse("build_timeout", "needs to be between 10 minutes and 1 month"));
    }
    let path = params.filled("path").filter(|path| *path != row.path);
    if let Some(path) = &path {
        if !valid_path(path) {
            return Err(refuse("path", "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'"));
        }
        if projects::project_by_path(&forge.db, &format!("{}/{path}", row.namespace_path)).await?.is_some_and(|other| other.id != row.id) {
            return Err(refuse("path", "has already been taken"));
        }
    }
    if let Some(branch) = params.filled("default_branch").filter(|branch| *branch != row.default_branch) {
        let repo = forge.repo(row.id);
        blocking(move || {
            let known = repo.refs()?.iter().any(|(name, _)| *name == format!("refs/heads/{branch}"));
            if !known && !repo.is_empty() {
                return Err(ApiError::base(&["Could not change HEAD: branch does not exist".to_owned()]));
            }
            Ok(repo.set_head(&branch)?)
        })
        .await?;
    }
    let topics = ["topics", "tag_list"].into_iter().find(|key| params.has(key)).map(|key| params.list(key).join(","));
    sqlx::query(
        "UPDATE projects SET name = COALESCE(?, name), path = COALESCE(?, path), description = COALESCE(?, description), visibility = COALESCE(?, visibility), \
         default_branch = COALESCE(?, default_branch), ci_config_path = COALESCE(?, ci_config_path), build_timeout = COALESCE(?, build_timeout), \
         topics = COALESCE(?, topics), updated_at = ? WHERE id = ?",
    )
    .bind(params.filled("name"))
    .bind(path)
    .bind(params.text("description"))
    .bind(seen_by)
    .bind(params.filled("default_branch"))
    .bind(params.text("ci_config_path"))
    .bind(timeout)
    .bind(topics)
    .bind(forge.clock.text())
    .bind(row.id)
    .execute(&forge.db)
    .await
    .map_err(|error| taken(error, refuse("path", "has already been taken")))?;
    let visible = forge.project(&caller, &row.id.to_string()).await?;
    Ok(Json(shown(&forge, &visible).await?))
}

/// `PUT /projects/:id/transfer`: to another namespace.
pub async fn transfer_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(OWNER)?;
    let (row, user) = (&visible.project, caller.user()?);
    let namespace = projects::namespace(&forge.db, &params.required("namespace")?).await?.ok_or_else(|| ApiError::missing("Namespace"))?;
    if !user.admin && projects::group_role(&forge.db, namespace.id, user.id).await?.unwrap_or(0) < MAINTAINER {
        return Err(ApiError::missing("Namespace"));
    }
    let refused = |why: &str| Err(ApiError::bad(format!("400 Bad request - Failed to transfer project {why}")));
    if namespace.id == row.namespace_id {
        return refused("Project is already in this namespace.");
    }
    if projects::project_by_path(&forge.db, &format!("{}/{}", namespace.path, row.path)).await?.is_some() {
        return refused("Project with same name or path in target namespace already exists");
    }
    let moved = sqlx::query("UPDATE projects SET namespace_id = ?, updated_at = ? WHERE id = ?").bind(namespace.id).bind(forge.clock.text()).bind(row.id).execute(&forge.db).await;
    moved.map_err(|error| taken(error, ApiError::bad("400 Bad request - Failed to transfer project Project with same name or path in target namespace already exists")))?;
    let visible = forge.project(&caller, &row.id.to_string()).await?;
    Ok(Json(shown(&forge, &visible).await?))
}

async fn set_archived(forge: &Forge, caller: &Caller, id: &str, archived: bool) -> ApiResult<Response> {
    let visible = forge.project(caller, id).await?;
    visible.require(OWNER)?;
    sqlx::query("UPDATE projects SET archived = ? WHERE id = ?").bind(archived).bind(visible.project.id).execute(&forge.db).await?;
    let visible = forge.project(caller, id).await?;
    Ok((StatusCode::CREATED, Json(shown(forge, &visible).await?)).into_response())
}

/// `POST /projects/:id/archive`
pub async fn archive_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    set_archived(&forge, &caller, &id, true).await
}

/// `POST /projects/:id/unarchive`
pub async fn unarchive_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    set_archived(&forge, &caller, &id, false).await
}
