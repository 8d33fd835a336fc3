//! `GET /projects/:id/search`: text in the files of a project (GITLAB.md §3.9, the basic search).

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use serde_json::json;

use crate::Forge;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::GitError;
use crate::git::grep::Passage;
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;

/// Scopes that GitLab knows and the forge has nothing for.
const EMPTY: [&str; 7] = ["issues", "work_items", "merge_requests", "milestones", "notes", "wiki_blobs", "users"];

/// `GET …/search`
pub async fn search_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    let (scope, text) = (params.required("scope")?, params.required("search")?);
    if text.contains('\0') {
        return Err(ApiError::Parameter("search is invalid".to_owned()));
    }
    let visible = forge.project(&caller, &id).await?;
    let passages = match scope.as_str() {
        "blobs" => {
            visible.require_code()?;
            let reference = params.filled("ref").filter(|name| name != "HEAD").unwrap_or_else(|| visible.project.default_branch.clone());
            match forge.repo(visible.project.id).grep(&reference, &text).await {
                // A repository without commits holds nothing.
                Err(GitError::Revision) => Vec::new(),
                other => other?,
            }
        }
        known if EMPTY.contains(&known) => Vec::new(),
        _ => return Err(ApiError::Parameter("scope does not have a valid value".to_owned())),
    };
    let reference = params.filled("ref").unwrap_or_else(|| visible.project.default_branch.clone());
    let value = |passage: &Passage| {
        let basename = passage.path.rsplit_once('.').map_or(passage.path.as_str(), |(stem, _)| stem);
        json!({
            "basename": basename, "data": passage.text, "path": passage.path, "filename": passage.path, "id": null,
            "ref": reference, "startline": passage.start, "project_id": visible.project.id,
        })
    };
    let mut response = whole_list(&place, Paging::read(&params)?, passages.iter().map(value).collect());
    response.headers_mut().insert("x-search-type", HeaderValue::from_static("basic"));
    Ok(response)
}
