//! Merging, approving, and what people say about merge requests.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::git_http::PushOptions;
use super::merge_requests::{detail, one};
use crate::Forge;
use crate::access::{DEVELOPER, REPORTER, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::merge::{Doer, Outlook};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::{merge_requests as present, people};
use crate::store::merge_requests as store;
use crate::store::{identity, pipelines};

/// `PUT …/merge_requests/:iid/merge`
pub async fn merge(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
    let (visible, mut row) = one(&forge, &caller, &id, &iid).await?;
    let user = caller.user()?.clone();
    if visible.level < DEVELOPER || visible.project.archived {
        return Err(ApiError::unauthorized());
    }
    if row.state != "opened" || row.is_draft() {
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
    }
    if params.filled("sha").is_some_and(|sha| sha != row.sha) {
        return Err(ApiError::new(StatusCode::CONFLICT, format!("SHA does not match HEAD of source branch: {}", row.sha)));
    }
    // Nothing here waits for a pipeline by itself, and merging at once is not what was asked for.
    let waits = params.flag("auto_merge")?.or(params.flag("merge_when_pipeline_succeeds")?).unwrap_or(false);
    if waits && pipelines::latest_of_commit(&forge.db, row.source_project_id, &row.sha).await?.is_some_and(|run| !gitlab::Status::from(run.status.as_str()).is_complete()) {
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed: its pipeline still runs, and this backend does not merge by itself when it has passed"));
    }
    let squash = params.flag("squash")?.unwrap_or(row.squash);
    let message = params.filled("merge_commit_message").unwrap_or_else(|| {
        format!("Merge branch '{}' into '{}'\n\n{}\n\nSee merge request {}!{}", row.source_branch, row.target_branch, row.title, visible.project.full_path(), row.iid)
    });
    let squash_message = squash.then(|| params.filled("squash_commit_message").unwrap_or_else(|| row.title.clone()));
    let doer = Doer { name: user.name.clone(), email: user.email.clone(), time: forge.clock.now().timestamp() };
    let writing = forge.writes.lock().await;
    // Somebody may have merged it while this waited.
    let fresh = store::merge_request(&forge.db, row.project_id, row.iid).await?.ok_or_else(ApiError::no_record)?;
    if fresh.state != "opened" {
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed"));
    }
    let (repo, target, sha) = (forge.repo(row.project_id), row.target_branch.clone(), row.sha.clone());
    let outcome = blocking(move || {
        if repo.outlook(&target, &sha)? != Outlook::Clean {
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "Branch cannot be merged"));
        }
        Ok(repo.merge(&target, &sha, &message, squash_message.as_deref(), &doer)?)
    })
    .await;
    let made = outcome?;
    let now = forge.clock.text();
    row.state = "merged".to_owned();
    (row.merge_commit_sha, row.squash_commit_sha, row.squash) = (Some(made.commit.clone()), made.squash.clone(), squash);
    (row.merged_at, row.merged_by, row.updated_at) = (Some(now.clone()), Some(user.id), now);
    store::save(&forge.db, &row, "opened").await?;
    drop(writing);
    store::say(&forge.db, row.id, user.id, "merged", true, &row.updated_at).await?;
    let remove = params.flag("should_remove_source_branch")?.unwrap_or(row.remove_source);
    let source = crate::store::projects::project(&forge.db, row.source_project_id).await?;
    if let (true, Some(source)) = (remove, source.filter(|source| source.default_branch != row.source_branch)) {
        // Only by somebody who may push there, and only what was merged.
        if forge.visible(&caller, source.clone()).await?.is_some_and(|visible| visible.level >= DEVELOPER) {
            let (repo, branch, sha) = (forge.repo(source.id), row.source_branch.clone(), row.sha.clone());
            blocking(move || {
                let name = format!("refs/heads/{branch}");
                if repo.resolve(&name).is_ok_and(|tip| tip.to_string() == sha) { repo.delete_ref(&name) } else { Ok(()) }
            })
            .await?;
        }
    }
    forge.after_push(&visible.project, &user, &format!("refs/heads/{}", row.target_branch), Some(made.before), &made.commit, &PushOptions::default()).await;
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    Ok(Json(detail(&forge, &caller, &visible, &row).await?))
}

async fn approvals(forge: &Forge, caller: &Caller, id: &str, iid: &str) -> ApiResult<Value> {
    let (visible, row) = one(forge, caller, id, iid).await?;
    let mut by = Vec::new();
    let approvers = store::approvers(&forge.db, row.id).await?;
    for user in &approvers {
        if let Some(person) = identity::user(&forge.db, *user).await? {
            by.push(json!({ "user": people::user(forge, &person) }));
        }
    }
    let me = caller.person().map(|person| person.id);
    let has = me.is_some_and(|me| approvers.contains(&me));
    Ok(json!({
        "id": row.id, "iid": row.iid, "project_id": row.project_id, "title": row.title, "state": row.state, "approvals_required": 0, "approvals_left": 0,
        "approved": !by.is_empty(), "approved_by": by, "user_has_approved": has, "user_can_approve": !has && me.is_some() && visible.level >= DEVELOPER,
        "merge_status": "can_be_merged", "created_at": row.created_at, "updated_at": row.updated_at,
    }))
}

/// `GET …/merge_requests/:iid/approvals`
pub async fn get_approvals(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    Ok(Json(approvals(&forge, &caller, &id, &iid).await?))
}

async fn approval(forge: &Forge, caller: &Caller, id: &str, iid: &str, params: &Params, yes: bool) -> ApiResult<Response> {
    let (visible, row) = one(forge, caller, id, iid).await?;
    let user = caller.user()?.clone();
    if visible.level < DEVELOPER {
        return Err(ApiError::unauthorized());
    }
    if params.filled("sha").is_some_and(|sha| sha != row.sha) {
        return Err(ApiError::new(StatusCode::CONFLICT, format!("SHA does not match HEAD of source branch: {}", row.sha)));
    }
    let now = forge.clock.text();
    if !store::approve(&forge.db, row.id, user.id, yes, &now).await? {
        // GitLab answers so to a second approval and to taking back one that was not given.
        return Err(if yes { ApiError::unauthorized() } else { ApiError::no_record() });
    }
    store::say(&forge.db, row.id, user.id, if yes { "approved this merge request" } else { "unapproved this merge request" }, true, &now).await?;
    Ok((StatusCode::CREATED, Json(approvals(forge, caller, id, iid).await?)).into_response())
}

/// `POST …/merge_requests/:iid/approve`
pub async fn approve(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    approval(&forge, &caller, &id, &iid, &params, true).await
}

/// `POST …/merge_requests/:iid/unapprove`
pub async fn unapprove(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    approval(&forge, &caller, &id, &iid, &params, false).await
}

/// `GET …/merge_requests/:iid/notes`, newest first unless `sort` says otherwise.
pub async fn list_notes(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let (_, row) = one(&forge, &caller, &id, &iid).await?;
    let mut notes = store::notes(&forge.db, row.id).await?;
    if params.one_of("sort", &["asc", "desc"])?.as_deref() != Some("asc") {
        notes.reverse();
    }
    let mut values = Vec::new();
    for note in notes {
        let author = identity::user(&forge.db, note.author_id).await?;
        values.push(present::note(&forge, row.project_id, row.iid, &note, author.as_ref()));
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `POST …/merge_requests/:iid/notes`
pub async fn create_note(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    let user = caller.user()?.clone();
    if visible.project.visibility == "private" {
        visible.require(REPORTER)?;
    }
    let body = params.required("body")?;
    if body.trim().is_empty() {
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "note": ["can't be blank"] })));
    }
    let now = forge.clock.text();
    let number = store::say(&forge.db, row.id, user.id, &body, false, &now).await?;
    let note = store::notes(&forge.db, row.id).await?.into_iter().find(|note| note.id == number).ok_or_else(ApiError::no_record)?;
    Ok((StatusCode::CREATED, Json(present::note(&forge, row.project_id, row.iid, &note, Some(&user)))).into_response())
}

/// `DELETE …/merge_requests/:iid/notes/:note`
pub async fn delete_note(State(forge): State<Forge>, caller: Caller, Path((id, iid, note)): Path<(String, String, String)>) -> ApiResult<Response> {
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    let user = caller.user()?.clone();
    let note = store::notes(&forge.db, row.id).await?.into_iter().find(|known| known.id.to_string() == note && !known.system).ok_or_else(ApiError::no_record)?;
    if note.author_id != user.id {
        visible.require(crate::access::MAINTAINER)?;
    }
    sqlx::query("DELETE FROM notes WHERE id = ?").bind(note.id).execute(&forge.db).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
