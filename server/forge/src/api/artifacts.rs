//! What jobs left: the archive, its files, and the newest by branch.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::jobs::{find, get_job};
use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::runner::artifacts::{list, read_entry};
use crate::store::pipelines::{JOB, JobRow};

fn live(forge: &Forge, row: &JobRow) -> ApiResult<()> {
    let expired = row.artifacts_expire_at.as_ref().is_some_and(|at| *at <= forge.clock.text());
    if row.artifacts_size.is_some() && !expired { Ok(()) } else { Err(ApiError::no_record()) }
}

async fn archive(forge: &Forge, row: &JobRow) -> ApiResult<Response> {
    live(forge, row)?;
    let file = tokio::fs::File::open(forge.folders.artifact(row.id)).await.map_err(|_| ApiError::no_record())?;
    let size = file.metadata().await?.len().to_string();
    let name: String = row.artifacts_name.clone().unwrap_or_default().chars().filter(|c| c.is_ascii() && !c.is_control() && *c != '"').collect();
    let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_LENGTH, size), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

async fn entry(forge: &Forge, row: &JobRow, path: String) -> ApiResult<Response> {
    live(forge, row)?;
    if path.split('/').any(|part| part == ".." || part == ".") {
        return Err(ApiError::bad("artifact_path is invalid"));
    }
    let (archive, wanted) = (forge.folders.artifact(row.id), path.clone());
    let bytes = blocking(move || read_entry(&archive, &wanted)).await?;
    // Never as HTML or SVG: what a job wrote must not run in this origin.
    let kind = match path.rsplit('.').next() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("json") => "application/json",
        Some("txt" | "csv" | "md" | "log" | "yml" | "yaml" | "html" | "svg" | "xml") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}

/// `GET …/jobs/:job/artifacts`
pub async fn download_artifacts(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<Response> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    visible.require_code()?;
    archive(&forge, &row).await
}

/// `GET …/jobs/:job/artifacts/*path`
pub async fn get_artifact_file(State(forge): State<Forge>, caller: Caller, Path((id, job, path)): Path<(String, String, String)>) -> ApiResult<Response> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    visible.require_code()?;
    entry(&forge, &row, path).await
}

/// `GET …/jobs/:job/artifacts/tree`
pub async fn list_artifact_tree(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    visible.require_code()?;
    live(&forge, &row)?;
    let path = forge.folders.artifact(row.id);
    let files = blocking(move || list(&path)).await?;
    let base = params.text("path").unwrap_or_default().trim_matches('/').to_owned();
    let recursive = params.flag("recursive")?.unwrap_or(false);
    let mut values: Vec<Value> = Vec::new();
    let mut folders: Vec<String> = Vec::new();
    for file in files {
        let below = if base.is_empty() { Some(file.path.as_str()) } else { file.path.strip_prefix(&base).and_then(|rest| rest.strip_prefix('/')) };
        let Some(below) = below else { continue };
        for (place, _) in below.match_indices('/') {
            let inside = &below[..place];
            if recursive || !inside.contains('/') {
                let full = if base.is_empty() { inside.to_owned() } else { format!("{base}/{inside}") };
                if !folders.contains(&full) {
                    values.push(json!({ "name": inside.rsplit('/').next(), "path": full, "type": "directory", "size": null, "mode": "040755" }));
                    folders.push(full);
                }
            }
        }
        if recursive || !below.contains('/') {
            values.push(json!({ "name": below.rsplit('/').next(), "path": file.path, "type": "file", "size": file.size, "mode": format!("100{:03o}", file.mode) }));
        }
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `POST …/jobs/:job/artifacts/keep`
pub async fn keep_artifacts(state: State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&state.0, &caller, &id, &job).await?;
    visible.require(DEVELOPER)?;
    live(&state.0, &row)?;
    sqlx::query("UPDATE jobs SET artifacts_expire_at = NULL WHERE id = ?").bind(row.id).execute(&state.0.db).await?;
    get_job(state, caller, Path((id, job))).await
}

/// `DELETE …/jobs/:job/artifacts`
pub async fn delete_artifacts(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    visible.require(MAINTAINER)?;
    sqlx::query("UPDATE jobs SET artifacts_size = NULL, artifacts_name = NULL WHERE id = ?").bind(row.id).execute(&forge.db).await?;
    let _ = std::fs::remove_file(forge.folders.artifact(row.id));
    Ok(StatusCode::NO_CONTENT)
}

/// `GET …/jobs/artifacts/:ref/download?job=` and `…/:ref/raw/*path?job=`; a ref may have slashes.
pub async fn get_artifacts_by_ref(State(forge): State<Forge>, caller: Caller, Path((id, rest)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let job = params.required("job")?;
    let (reference, path) = match (rest.strip_suffix("/download"), rest.split_once("/raw/")) {
        (Some(reference), _) => (reference.to_owned(), None),
        (None, Some((reference, path))) => (reference.to_owned(), Some(path.to_owned())),
        _ => return Err(ApiError::Route),
    };
    let row: Option<JobRow> = sqlx::query_as(&format!(
        "{JOB} WHERE project_id = ? AND name = ? AND status = 'success' AND artifacts_size IS NOT NULL AND retried = 0 AND pipeline_id IN \
         (SELECT id FROM pipelines WHERE project_id = jobs.project_id AND reference = ? AND status = 'success') ORDER BY id DESC LIMIT 1"
    ))
    .bind(visible.project.id)
    .bind(job)
    .bind(reference)
    .fetch_optional(&forge.db)
    .await?;
    let row = row.ok_or_else(ApiError::no_record)?;
    match path {
        Some(path) => entry(&forge, &row, path).await,
        None => archive(&forge, &row).await,
    }
}
