//! `POST …/commits/:sha/revert` and `…/cherry_pick`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::git_http::PushOptions;
use crate::Forge;
use crate::access::{DEVELOPER, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::GitError;
use crate::git::merge::Doer;
use crate::params::Params;
use crate::present::repository as present;

async fn replay(forge: &Forge, caller: &Caller, (id, sha): (String, String), params: &Params, undo: bool) -> ApiResult<Response> {
    let visible = forge.project(caller, &id).await?;
    let user = caller.user()?.clone();
    visible.require(DEVELOPER)?;
    let (branch, dry) = (params.required("branch")?, params.flag("dry_run")?.unwrap_or(false));
    let doer = Doer { name: user.name.clone(), email: user.email.clone(), time: forge.clock.now().timestamp() };
    let (repo, on, message) = (forge.repo(visible.project.id), branch.clone(), params.filled("message"));
    let writing = forge.writes.lock().await;
    let outcome = blocking(move || {
        repo.resolve(&sha).map_err(|_| ApiError::missing("Commit"))?;
        repo.resolve(&format!("refs/heads/{on}")).map_err(|_| ApiError::missing("Branch"))?;
        let (before, after) = repo.replay(&sha, &on, undo, message.as_deref(), &doer, dry).map_err(|error| match error {
            GitError::Refused(message) => ApiError::Json(StatusCode::BAD_REQUEST, json!({ "message": message, "error_code": "conflict" })),
            other => other.into(),
        })?;
        let commit = repo.commit(&after)?;
        Ok::<_, ApiError>((before, commit))
    })
    .await;
    drop(writing);
    let (before, commit) = outcome?;
    if dry {
        return Ok(Json(json!({ "dry_run": "success" })).into_response());
    }
    forge.after_push(&visible.project, &user, &format!("refs/heads/{branch}"), Some(before), &commit.id, &PushOptions::default()).await;
    Ok((StatusCode::CREATED, Json(present::commit(forge, &visible.project, &commit))).into_response())
}

/// `POST …/commits/:sha/revert`
pub async fn revert_commit(State(forge): State<Forge>, caller: Caller, Path(path): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    replay(&forge, &caller, path, &params, true).await
}

/// `POST …/commits/:sha/cherry_pick`
pub async fn cherry_pick_commit(State(forge): State<Forge>, caller: Caller, Path(path): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    replay(&forge, &caller, path, &params, false).await
}
