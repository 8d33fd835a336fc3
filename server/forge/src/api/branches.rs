//! `/projects/:id/repository/branches`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::git_http::PushOptions;
use super::repository::bare;
use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, Visible, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::log::CommitInfo;
use crate::page::{Paging, Place, named, whole_list};
use crate::params::Params;
use crate::present::repository as present;

fn value(forge: &Forge, visible: &Visible, name: &str, commit: &CommitInfo, merged: bool) -> Value {
    let commit = present::commit(forge, &visible.project, commit);
    present::branch(forge, &visible.project, name, commit, merged, visible.level >= DEVELOPER)
}

type Branch = (String, CommitInfo, bool);

async fn all(forge: &Forge, visible: &Visible) -> ApiResult<Vec<Branch>> {
    let (repo, default) = (forge.repo(visible.project.id), visible.project.default_branch.clone());
    blocking(move || {
        let mut branches = Vec::new();
        for (name, target) in repo.refs()? {
            let Some(name) = name.strip_prefix("refs/heads/") else { continue };
            let id = target.to_string();
            let merged = name != default && repo.merge_base(&id, &default).ok().flatten().as_deref() == Some(&id);
            branches.push((name.to_owned(), repo.commit(&id)?, merged));
        }
        Ok::<_, ApiError>(branches)
    })
    .await
}

/// `GET …/branches`
pub async fn list_branches(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let mut branches = all(&forge, &visible).await?;
    if let Some(search) = params.filled("search") {
        let text = search.trim_start_matches('^').trim_end_matches('$').to_owned();
        branches.retain(|(name, ..)| name.contains(&text) && (!search.starts_with('^') || name.starts_with(&text)) && (!search.ends_with('$') || name.ends_with(&text)));
    }
    if let Some(pattern) = params.filled("regex") {
        let regex = regex::Regex::new(&pattern).map_err(|_| ApiError::Parameter("regex is an invalid regular expression".to_owned()))?;
        branches.retain(|(name, ..)| regex.is_match(name));
    }
    match params.filled("sort").as_deref() {
        Some("updated_asc") => branches.sort_by_key(|(_, commit, _)| commit.committer.date.clone()),
        Some("updated_desc") => branches.sort_by_key(|(_, commit, _)| std::cmp::Reverse(commit.committer.date.clone())),
        _ => {}
    }
    named(&place, &params, branches.iter().map(|(name, commit, merged)| (name.clone(), value(&forge, &visible, name, commit, *merged))).collect())
}

async fn one(forge: &Forge, caller: &Caller, id: &str, branch: &str) -> ApiResult<(Visible, Branch)> {
    let visible = forge.project(caller, id).await?;
    visible.require_code()?;
    let found = all(forge, &visible).await?.into_iter().find(|(name, ..)| name == branch);
    Ok((visible, found.ok_or_else(|| ApiError::missing("Branch"))?))
}

/// `GET …/branches/:branch`
pub async fn get_branch(State(forge): State<Forge>, caller: Caller, Path((id, branch)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, (name, commit, merged)) = one(&forge, &caller, &id, &branch).await?;
    Ok(Json(value(&forge, &visible, &name, &commit, merged)))
}

/// `HEAD …/branches/:branch`
pub async fn head_branch(State(forge): State<Forge>, caller: Caller, Path((id, branch)): Path<(String, String)>) -> ApiResult<Response> {
    one(&forge, &caller, &id, &branch).await?;
    Ok(bare(StatusCode::NO_CONTENT))
}

/// `POST …/branches`
pub async fn create_branch(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(DEVELOPER)?;
    let user = caller.user()?.clone();
    let missing: Vec<String> = ["branch", "ref"].into_iter().filter(|key| params.filled(key).is_none()).map(|key| format!("{key} is missing")).collect();
    if !missing.is_empty() {
        return Err(ApiError::Parameter(missing.join(", ")));
    }
    let (name, start) = (params.required("branch")?, params.required("ref")?);
    let repo = forge.repo(visible.project.id);
    let sha = {
        let name = name.clone();
        blocking(move || {
            repo.create_branch(&name, &start)?;
            Ok::<_, ApiError>(repo.resolve(&name)?.to_string())
        })
        .await?
    };
    forge.after_push(&visible.project, &user, &format!("refs/heads/{name}"), None, &sha, &PushOptions::default()).await;
    let (visible, (name, commit, merged)) = one(&forge, &caller, &id, &name).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &visible, &name, &commit, merged))).into_response())
}

/// `DELETE …/branches/:branch`
pub async fn delete_branch(State(forge): State<Forge>, caller: Caller, Path((id, branch)): Path<(String, String)>) -> ApiResult<Response> {
    let (visible, _) = one(&forge, &caller, &id, &branch).await?;
    if visible.level < DEVELOPER {
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "You don't have push access to repo"));
    }
    if branch == visible.project.default_branch {
        return Err(ApiError::bad("Cannot remove HEAD branch"));
    }
    let repo = forge.repo(visible.project.id);
    blocking(move || repo.delete_ref(&format!("refs/heads/{branch}"))).await?;
    Ok(bare(StatusCode::NO_CONTENT))
}

/// `DELETE …/merged_branches`
pub async fn delete_merged_branches(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(DEVELOPER)?;
    let merged: Vec<String> = all(&forge, &visible).await?.into_iter().filter(|(_, _, merged)| *merged).map(|(name, ..)| name).collect();
    let repo = forge.repo(visible.project.id);
    blocking(move || merged.iter().try_for_each(|name| repo.delete_ref(&format!("refs/heads/{name}")))).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "message": "202 Accepted" }))).into_response())
}

/// The default branch as the protected one that it is: developers push and merge, nobody by force (`git/hook.rs`).
fn protection(name: &str) -> Value {
    let levels = json!([{ "id": 1, "access_level": DEVELOPER, "access_level_description": "Developers + Maintainers" }]);
    json!({ "id": 1, "name": name, "push_access_levels": levels, "merge_access_levels": levels, "allow_force_push": false })
}

/// `GET /projects/:id/protected_branches`
pub async fn list_protected_branches(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require(MAINTAINER)?;
    let name = &visible.project.default_branch;
    let shown = params.filled("search").is_none_or(|text| name.contains(&text)).then(|| protection(name));
    Ok(whole_list(&place, Paging::read(&params)?, shown.into_iter().collect()))
}

/// `GET /projects/:id/protected_branches/:name`
pub async fn get_protected_branch(State(forge): State<Forge>, caller: Caller, Path((id, name)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(MAINTAINER)?;
    if name == visible.project.default_branch { Ok(Json(protection(&name))) } else { Err(ApiError::no_record()) }
}
