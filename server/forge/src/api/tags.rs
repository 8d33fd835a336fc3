//! `/projects/:id/repository/tags`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::git_http::PushOptions;
use crate::Forge;
use crate::access::{DEVELOPER, Visible, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::log::CommitInfo;
use crate::page::{Place, named};
use crate::params::Params;
use crate::present::repository as present;

struct Tag {
    name: String,
    target: String,
    message: Option<String>,
    commit: CommitInfo,
}

async fn all(forge: &Forge, visible: &Visible) -> ApiResult<Vec<Tag>> {
    let repo = forge.repo(visible.project.id);
    blocking(move || {
        let mut tags = Vec::new();
        for (name, _) in repo.refs()? {
            let Some(name) = name.strip_prefix("refs/tags/") else { continue };
            let (target, message) = repo.tag(name)?;
            if let Ok(commit) = repo.commit(&format!("refs/tags/{name}")) {
                tags.push(Tag { name: name.to_owned(), target, message, commit });
            }
        }
        Ok::<_, ApiError>(tags)
    })
    .await
}

fn value(forge: &Forge, visible: &Visible, tag: &Tag) -> Value {
    let created = tag.message.is_some().then(|| tag.commit.committer.date.clone());
    json!({
        "name": tag.name, "message": tag.message.clone().unwrap_or_default(), "target": tag.target,
        "commit": present::commit(forge, &visible.project, &tag.commit), "release": null, "protected": false, "created_at": created,
    })
}

/// `GET …/tags`
pub async fn list_tags(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let mut tags = all(&forge, &visible).await?;
    if let Some(search) = params.filled("search") {
        tags.retain(|tag| tag.name.contains(search.trim_start_matches('^').trim_end_matches('$')));
    }
    tags.sort_by(|a, b| match params.filled("order_by").as_deref() {
        Some("name") => a.name.cmp(&b.name),
        _ => a.commit.committer.date.cmp(&b.commit.committer.date),
    });
    if params.filled("sort").as_deref() != Some("asc") {
        tags.reverse();
    }
    named(&place, &params, tags.iter().map(|tag| (tag.name.clone(), value(&forge, &visible, tag))).collect())
}

async fn one(forge: &Forge, visible: &Visible, name: &str) -> ApiResult<Tag> {
    let all = all(forge, visible).await?;
    all.into_iter().find(|tag| tag.name == name).ok_or_else(|| ApiError::missing("Tag"))
}

/// `GET …/tags/:tag`
pub async fn get_tag(State(forge): State<Forge>, caller: Caller, Path((id, name)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    Ok(Json(value(&forge, &visible, &one(&forge, &visible, &name).await?)))
}

/// `POST …/tags`
pub async fn create_tag(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(DEVELOPER)?;
    let user = caller.user()?.clone();
    let (name, reference, message) = (params.required("tag_name")?, params.required("ref")?, params.filled("message"));
    let (repo, time) = (forge.repo(visible.project.id), forge.clock.now().timestamp());
    let (wanted, tagger) = (name.clone(), user.clone());
    blocking(move || repo.create_tag(&wanted, &reference, message.as_deref(), (&tagger.name, &tagger.email), time)).await?;
    let tag = one(&forge, &visible, &name).await?;
    forge.after_push(&visible.project, &user, &format!("refs/tags/{name}"), None, &tag.commit.id, &PushOptions::default()).await;
    Ok((StatusCode::CREATED, Json(value(&forge, &visible, &tag))).into_response())
}

/// `DELETE …/tags/:tag`
pub async fn delete_tag(State(forge): State<Forge>, caller: Caller, Path((id, name)): Path<(String, String)>) -> ApiResult<StatusCode> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(DEVELOPER)?;
    one(&forge, &visible, &name).await?;
    let repo = forge.repo(visible.project.id);
    blocking(move || repo.delete_ref(&format!("refs/tags/{name}"))).await?;
    Ok(StatusCode::NO_CONTENT)
}
