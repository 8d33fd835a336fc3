//! `/projects/:id/jobs`, and the jobs and bridges of a pipeline.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use gitlab::Status;
use serde_json::{Value, json};

use super::pipelines::find as find_pipeline;
use crate::Forge;
use crate::access::{DEVELOPER, Visible, blocking};
use crate::auth::Caller;
use crate::engine::predefined::read_variables;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, keyset, respond, whole_list};
use crate::params::Params;
use crate::present::pipelines::{self as present, JobContext};
use crate::present::{people, repository};
use crate::store::identity;
use crate::store::pipelines::{self, JOB, JobRow, PipelineRow};

/// Jobs with their pipelines, people and commits; each looked up once.
async fn values(forge: &Forge, visible: &Visible, rows: &[JobRow]) -> ApiResult<Vec<Value>> {
    let mut runs: HashMap<i64, (PipelineRow, Value)> = HashMap::new();
    let mut users: HashMap<i64, Value> = HashMap::new();
    let mut list = Vec::new();
    for row in rows {
        if let std::collections::hash_map::Entry::Vacant(e) = runs.entry(row.pipeline_id) {
            let pipeline = pipelines::pipeline(&forge.db, row.pipeline_id).await?.ok_or_else(ApiError::no_record)?;
            let (repo, sha) = (forge.repo(visible.project.id), pipeline.sha.clone());
            let commit = blocking(move || Ok::<_, ApiError>(repo.commit(&sha).ok())).await?;
            let commit = commit.map_or(Value::Null, |commit| repository::commit(forge, &visible.project, &commit));
            e.insert((pipeline, commit));
        }
        if let std::collections::hash_map::Entry::Vacant(e) = users.entry(row.user_id) {
            let user = identity::user(&forge.db, row.user_id).await?;
            e.insert(user.map_or(Value::Null, |user| people::user(forge, &user)));
        }
        let (pipeline, commit) = &runs[&row.pipeline_id];
        let context = JobContext { project: &visible.project, pipeline, user: &users[&row.user_id], commit };
        list.push(if row.kind == "bridge" {
            let downstream = match row.downstream_id {
                Some(id) => pipelines::pipeline(&forge.db, id).await?,
                None => None,
            };
            let project = match &downstream {
                Some(pipeline) => crate::store::projects::project(&forge.db, pipeline.project_id).await?,
                None => None,
            };
            let downstream = downstream.zip(project).map_or(Value::Null, |(pipeline, project)| present::pipeline_basic(forge, &project, &pipeline));
            let mut value = present::bridge(forge, row, &context, downstream);
            if let Some(message) = &row.message {
                value["failure_message"] = json!(message);
            }
            value
        } else {
            present::job(forge, row, &context)
        });
    }
    Ok(list)
}

pub(crate) async fn value(forge: &Forge, visible: &Visible, row: &JobRow) -> ApiResult<Value> {
    Ok(values(forge, visible, std::slice::from_ref(row)).await?.remove(0))
}

/// The job with this number in this project; bridges are not jobs here.
pub(crate) async fn find(forge: &Forge, caller: &Caller, id: &str, job: &str) -> ApiResult<(Visible, JobRow)> {
    let (visible, row) = find_any(forge, caller, id, job).await?;
    if row.kind == "bridge" { Err(ApiError::no_record()) } else { Ok((visible, row)) }
}

async fn find_any(forge: &Forge, caller: &Caller, id: &str, job: &str) -> ApiResult<(Visible, JobRow)> {
    let visible = forge.project(caller, id).await?;
    let number = job.parse::<i64>().map_err(|_| ApiError::Parameter("job_id is invalid".to_owned()))?;
    let row = pipelines::job(&forge.db, number).await?.filter(|row| row.project_id == visible.project.id);
    Ok((visible, row.ok_or_else(ApiError::no_record)?))
}

fn scoped(params: &Params, rows: Vec<JobRow>) -> ApiResult<Vec<JobRow>> {
    let scope = params.list("scope");
    if scope.iter().any(|word| !super::pipelines::STATUSES.contains(&word.as_str())) {
        return Err(ApiError::Parameter("scope does not have a valid value".to_owned()));
    }
    Ok(rows.into_iter().filter(|row| scope.is_empty() || scope.contains(&row.status)).collect())
}

async fn of_pipeline(forge: &Forge, caller: &Caller, (id, pipeline): (String, String), place: &Place, params: &Params, kind: &str) -> ApiResult {
    let (visible, run) = find_pipeline(forge, caller, &id, &pipeline).await?;
    let retried = params.flag("include_retried")?.unwrap_or(false);
    let mut rows = scoped(params, pipelines::jobs(&forge.db, run.id, retried).await?)?;
    rows.retain(|row| row.kind == kind);
    rows.reverse();
    Ok(whole_list(place, Paging::read(params)?, values(forge, &visible, &rows).await?))
}

/// `GET …/pipelines/:pipeline/jobs`
pub async fn list_pipeline_jobs(State(forge): State<Forge>, caller: Caller, Path(path): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    of_pipeline(&forge, &caller, path, &place, &params, "build").await
}

/// `GET …/pipelines/:pipeline/bridges`
pub async fn list_pipeline_bridges(State(forge): State<Forge>, caller: Caller, Path(path): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    of_pipeline(&forge, &caller, path, &place, &params, "bridge").await
}

/// `GET …/jobs`
pub async fn list_jobs(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    let visible = forge.project(&caller, &id).await?;
    let paging = Paging::read(&params)?;
    if params.filled("pagination").as_deref() == Some("keyset") {
        return jobs_by_key(&forge, &visible, &place, &params, paging).await;
    }
    let rows: Vec<JobRow> = sqlx::query_as(&format!("{JOB} WHERE project_id = ? AND kind = 'build' ORDER BY id DESC")).bind(visible.project.id).fetch_all(&forge.db).await?;
    let rows = scoped(&params, rows)?;
    let slice: Vec<JobRow> = rows.iter().skip(paging.skip()).take(paging.per_page).cloned().collect();
    let more = rows.len() > paging.skip() + slice.len();
    Ok(respond(&place, paging, values(&forge, &visible, &slice).await?, None, more))
}

/// The jobs of a project before the one that `cursor` names, newest first: the only order that GitLab has for this.
async fn jobs_by_key(forge: &Forge, visible: &Visible, place: &Place, params: &Params, paging: Paging) -> ApiResult {
    let asked = |key: &str, only: &str| params.filled(key).is_none_or(|value| value == only);
    if !asked("order_by", "id") || !asked("sort", "desc") {
        return Err(ApiError::Json(StatusCode::METHOD_NOT_ALLOWED, json!({ "error": "Keyset pagination is not yet available for this type of request" })));
    }
    let before = match params.filled("cursor") {
        Some(cursor) => cursor.parse::<i64>().map_err(|_| ApiError::Parameter("cursor is invalid".to_owned()))?,
        None => i64::MAX,
    };
    let mut scope = params.list("scope");
    scoped(params, Vec::new())?;
    scope.sort();
    scope.dedup();
    let marks = vec!["?"; scope.len()].join(",");
    let only = if scope.is_empty() { String::new() } else { format!("AND status IN ({marks})") };
    let text = format!("{JOB} WHERE project_id = ? AND kind = 'build' AND id < ? {only} ORDER BY id DESC LIMIT ?");
    let mut query = sqlx::query_as::<_, JobRow>(&text).bind(visible.project.id).bind(before);
    for word in scope {
        query = query.bind(word);
    }
    let mut rows = query.bind(i64::try_from(paging.per_page + 1).unwrap_or(101)).fetch_all(&forge.db).await?;
    let more = rows.len() > paging.per_page;
    rows.truncate(paging.per_page);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let mut response = keyset(place, values(forge, visible, &rows).await?, next.clone().map(|next| ("cursor", next)));
    // GitLab names it in a header too (GITLAB.md §2.4).
    if let Ok(value) = HeaderValue::from_str(&next.unwrap_or_default()) {
        response.headers_mut().insert("x-next-cursor", value);
    }
    Ok(response)
}

/// `GET …/jobs/:job`
pub async fn get_job(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    Ok(Json(value(&forge, &visible, &row).await?))
}

/// `GET /job`: the job whose token this is.
pub async fn get_own_job(State(forge): State<Forge>, caller: Caller) -> ApiResult<Json<Value>> {
    let number = caller.job.ok_or_else(ApiError::unauthorized)?;
    let row = pipelines::job(&forge.db, number).await?.ok_or_else(ApiError::no_record)?;
    let visible = forge.project(&caller, &row.project_id.to_string()).await?;
    Ok(Json(value(&forge, &visible, &row).await?))
}

/// `POST …/jobs/:job/cancel`
pub async fn cancel_job(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<Response> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    caller.user()?;
    visible.require(DEVELOPER)?;
    forge.cancel_job(&row).await?;
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &visible, &row).await?)).into_response())
}

/// `POST …/jobs/:job/retry`
pub async fn retry_job(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<Response> {
    let (visible, row) = find_any(&forge, &caller, &id, &job).await?;
    let user = caller.user()?.id;
    visible.require(DEVELOPER)?;
    if row.retried || !matches!(Status::from(row.status.as_str()), Status::Success | Status::Failed | Status::Canceled) {
        return Err(ApiError::forbidden("Job is not retryable"));
    }
    let new = forge.retry_job(&row, user).await?;
    let (visible, row) = find_any(&forge, &caller, &id, &new.to_string()).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &visible, &row).await?)).into_response())
}

/// `POST …/jobs/:job/play`
pub async fn play_job(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
    let (visible, row) = find_any(&forge, &caller, &id, &job).await?;
    let user = caller.user()?.id;
    visible.require(DEVELOPER)?;
    let extra = read_variables(params.get("job_variables_attributes")).map_err(ApiError::Parameter)?;
    forge.play_job(&row, user, extra).await?;
    let (visible, row) = find_any(&forge, &caller, &id, &job).await?;
    Ok(Json(value(&forge, &visible, &row).await?))
}

/// `POST …/jobs/:job/erase`
pub async fn erase_job(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<Response> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    caller.user()?;
    visible.require(DEVELOPER)?;
    if row.erased_at.is_some() || !Status::from(row.status.as_str()).is_complete() {
        return Err(ApiError::forbidden("Job is not erasable!"));
    }
    let _ = std::fs::remove_file(forge.folders.trace(row.id));
    let _ = std::fs::remove_file(forge.folders.artifact(row.id));
    sqlx::query("UPDATE jobs SET erased_at = ?, artifacts_size = NULL, artifacts_name = NULL WHERE id = ?").bind(forge.clock.text()).bind(row.id).execute(&forge.db).await?;
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &visible, &row).await?)).into_response())
}
