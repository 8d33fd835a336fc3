//! `/projects/:id/pipelines`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, OWNER, Visible, blocking};
use crate::auth::Caller;
use crate::engine::create::Wish;
use crate::engine::predefined::read_variables;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::{people, pipelines as present};
use crate::store::identity;
use crate::store::pipelines::{self, PipelineRow};

/// A pipeline as it is shown alone.
pub(crate) async fn shown(forge: &Forge, visible: &Visible, row: &PipelineRow) -> ApiResult<Value> {
    let user = identity::user(&forge.db, row.user_id).await?.map_or(Value::Null, |user| people::user(forge, &user));
    let (repo, sha) = (forge.repo(visible.project.id), row.sha.clone());
    let committed = blocking(move || Ok::<_, ApiError>(repo.commit(&sha).ok().map(|commit| commit.committer.date))).await?;
    let warnings: Option<i64> = sqlx::query_scalar("SELECT id FROM jobs WHERE pipeline_id = ? AND retried = 0 AND allow_failure = 1 AND status IN ('failed', 'canceled') LIMIT 1")
        .bind(row.id)
        .fetch_optional(&forge.db)
        .await?;
    Ok(present::pipeline(forge, &visible.project, row, &user, committed, warnings.is_some()))
}

/// The pipeline with this number in this project.
pub(crate) async fn find(forge: &Forge, caller: &Caller, id: &str, pipeline: &str) -> ApiResult<(Visible, PipelineRow)> {
    let visible = forge.project(caller, id).await?;
    let number = pipeline.parse::<i64>().map_err(|_| ApiError::Parameter("pipeline_id is invalid".to_owned()))?;
    let row = pipelines::pipeline(&forge.db, number).await?.filter(|row| row.project_id == visible.project.id);
    Ok((visible, row.ok_or_else(ApiError::no_record)?))
}

/// Every state that may be asked for.
pub(crate) const STATUSES: [&str; 13] =
    ["created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running", "success", "failed", "canceling", "canceled", "skipped", "manual", "scheduled"];

/// `GET …/pipelines`
pub async fn list_pipelines(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    let rows: Vec<PipelineRow> = sqlx::query_as("SELECT * FROM pipelines WHERE project_id = ? ORDER BY id DESC").bind(visible.project.id).fetch_all(&forge.db).await?;
    let (source, username) = (params.filled("source"), params.filled("username"));
    let user = match &username {
        Some(name) => Some(identity::user_by_name(&forge.db, name).await?.map_or(-1, |user| user.id)),
        None => None,
    };
    let same = |key: &str, value: &str| params.filled(key).is_none_or(|wanted| wanted == value);
    let time = |key: &str| Ok::<_, ApiError>(params.time(key)?.map(crate::clock::text));
    let (created_after, created_before, updated_after, updated_before) = (time("created_after")?, time("created_before")?, time("updated_after")?, time("updated_before")?);
    let scope = params.one_of("scope", &["running", "pending", "finished", "branches", "tags"])?;
    params.one_of("order_by", &["id", "status", "ref", "updated_at", "user_id"])?;
    params.one_of("sort", &["asc", "desc"])?;
    params.one_of("status", &STATUSES)?;
    let mut rows: Vec<PipelineRow> = rows
        .into_iter()
        .filter(|row| source.as_deref().map_or(row.source != "parent_pipeline", |source| source == row.source))
        .filter(|row| same("status", &row.status) && same("ref", &row.reference) && same("sha", &row.sha))
        .filter(|row| params.filled("name").is_none_or(|name| row.name.as_deref() == Some(&name)))
        .filter(|row| user.is_none_or(|user| row.user_id == user))
        .filter(|row| created_after.as_ref().is_none_or(|time| row.created_at > *time) && created_before.as_ref().is_none_or(|time| row.created_at < *time))
        .filter(|row| updated_after.as_ref().is_none_or(|time| row.updated_at > *time) && updated_before.as_ref().is_none_or(|time| row.updated_at < *time))
        .filter(|row| match scope.as_deref() {
            Some("running") => row.status == "running",
            Some("pending") => row.status == "pending",
            Some("finished") => ["success", "failed", "canceled"].contains(&row.status.as_str()),
            Some("branches") => !row.tag,
            Some("tags") => row.tag,
            _ => true,
        })
        .collect();
    match params.filled("order_by").as_deref() {
        Some("status") => rows.sort_by_key(|row| std::cmp::Reverse(row.status.clone())),
        Some("ref") => rows.sort_by_key(|row| std::cmp::Reverse(row.reference.clone())),
        Some("updated_at") => rows.sort_by_key(|row| std::cmp::Reverse(row.updated_at.clone())),
        _ => {}
    }
    if params.filled("sort").as_deref() == Some("asc") {
        rows.reverse();
    }
    let value = |row: &PipelineRow| {
        let mut value = present::pipeline_basic(&forge, &visible.project, row);
        value["name"] = json!(row.name);
        value
    };
    Ok(whole_list(&place, Paging::read(&params)?, rows.iter().map(value).collect()))
}

/// `POST …/pipeline`
pub async fn create_pipeline(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    let user = caller.user()?.clone();
    let reference = params.required("ref")?;
    if visible.level < DEVELOPER || visible.project.archived {
        return Err(ApiError::base(&["Insufficient permissions to create a new pipeline".to_owned()]));
    }
    let variables = read_variables(params.get("variables")).map_err(|error| ApiError::base(&[error]))?;
    let inputs = params.get("inputs").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    let wish = Wish {
        project: visible.project.clone(),
        user,
        reference: reference.clone(),
        sha: None,
        before_sha: None,
        source: "api".to_owned(),
        variables,
        inputs,
        config: Vec::new(),
        text: None,
        parent_job: None,
    };
    let row = forge.create_pipeline(wish).await?;
    Ok((StatusCode::CREATED, Json(shown(&forge, &visible, &row).await?)).into_response())
}

/// `GET …/pipelines/:pipeline`
pub async fn get_pipeline(State(forge): State<Forge>, caller: Caller, Path((id, pipeline)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    Ok(Json(shown(&forge, &visible, &row).await?))
}

/// `GET …/pipelines/latest`
pub async fn get_latest_pipeline(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    let reference = params.filled("ref").unwrap_or_else(|| visible.project.default_branch.clone());
    let row: Option<PipelineRow> = sqlx::query_as("SELECT * FROM pipelines WHERE project_id = ? AND reference = ? AND source <> 'parent_pipeline' ORDER BY id DESC LIMIT 1")
        .bind(visible.project.id)
        .bind(reference)
        .fetch_optional(&forge.db)
        .await?;
    let row = row.ok_or_else(|| ApiError::forbidden(""))?;
    Ok(Json(shown(&forge, &visible, &row).await?))
}

/// `GET …/pipelines/:pipeline/variables`
pub async fn list_pipeline_variables(State(forge): State<Forge>, caller: Caller, Path((id, pipeline)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    if caller.user()?.id != row.user_id {
        visible.require(MAINTAINER)?;
    }
    let list = pipelines::pipeline_variables(&forge.db, row.id).await?;
    Ok(Json(list.into_iter().map(|(key, value, kind, raw)| json!({ "variable_type": kind, "key": key, "value": value, "raw": raw })).collect()))
}

/// `POST …/pipelines/:pipeline/cancel`
pub async fn cancel_pipeline(State(forge): State<Forge>, caller: Caller, Path((id, pipeline)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    caller.user()?;
    visible.require(DEVELOPER)?;
    forge.cancel_pipeline(row.id).await?;
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    Ok(Json(shown(&forge, &visible, &row).await?))
}

/// `POST …/pipelines/:pipeline/retry`
pub async fn retry_pipeline(State(forge): State<Forge>, caller: Caller, Path((id, pipeline)): Path<(String, String)>) -> ApiResult<Response> {
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    let user = caller.user()?.id;
    visible.require(DEVELOPER)?;
    forge.retry_pipeline(row.id, user).await?;
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    Ok((StatusCode::CREATED, Json(shown(&forge, &visible, &row).await?)).into_response())
}

/// `PUT …/pipelines/:pipeline/metadata`
pub async fn update_pipeline_metadata(State(forge): State<Forge>, caller: Caller, Path((id, pipeline)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    visible.require(DEVELOPER)?;
    let name = params.required("name")?;
    if name.chars().count() > 255 {
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "name": ["is too long (maximum is 255 characters)"] })));
    }
    sqlx::query("UPDATE pipelines SET name = ? WHERE id = ?").bind(name).bind(row.id).execute(&forge.db).await?;
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    Ok(Json(shown(&forge, &visible, &row).await?))
}

/// `DELETE …/pipelines/:pipeline`
pub async fn delete_pipeline(State(forge): State<Forge>, caller: Caller, Path((id, pipeline)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (visible, row) = find(&forge, &caller, &id, &pipeline).await?;
    visible.require(OWNER)?;
    forge.cancel_pipeline(row.id).await?;
    // Its children go with it, as on GitLab (Ci::DestroyPipelineService).
    let mut left = vec![row.id];
    while let Some(id) = left.pop() {
        let jobs = pipelines::jobs(&forge.db, id, true).await?;
        left.extend(jobs.iter().filter_map(|job| job.downstream_id));
        sqlx::query("DELETE FROM pipelines WHERE id = ?").bind(id).execute(&forge.db).await?;
        for job in jobs {
            let _ = std::fs::remove_file(forge.folders.trace(job.id));
            let _ = std::fs::remove_file(forge.folders.artifact(job.id));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
