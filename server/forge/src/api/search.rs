//! Searching (GITLAB.md §3.9, the basic search): text in the files of a project, its commits and merge requests;
//! projects and people by name.

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use serde_json::{Value, json};

use super::projects::{list_visible, member_list};
use crate::Forge;
use crate::access::blocking;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::GitError;
use crate::git::grep::Passage;
use crate::git::log::{CommitInfo, LogQuery};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::merge_requests::{self as present, Beside};
use crate::present::{people, repository};
use crate::store::{identity, merge_requests, projects};

/// Scopes that GitLab knows and the forge has nothing for.
const EMPTY: [&str; 4] = ["issues", "work_items", "milestones", "wiki_blobs"];

/// An answer of GitLab's basic search.
fn basic(place: &Place, params: &Params, values: Vec<Value>) -> ApiResult {
    let mut response = whole_list(place, Paging::read(params)?, values);
    response.headers_mut().insert("x-search-type", HeaderValue::from_static("basic"));
    Ok(response)
}

/// Scope and text.
fn wanted(params: &Params) -> ApiResult<(String, String)> {
    let (scope, text) = (params.required("scope")?, params.required("search")?);
    if text.contains('\0') { Err(ApiError::Parameter("search is invalid".to_owned())) } else { Ok((scope, text)) }
}

/// Members whose name holds `text`.
async fn members(forge: &Forge, project: Option<i64>, namespace: Option<i64>, text: &str) -> ApiResult<Vec<Value>> {
    let lower = text.to_lowercase();
    let fits = |person: &Value| ["name", "username"].iter().any(|key| person[*key].as_str().is_some_and(|said| said.to_lowercase().contains(&lower)));
    Ok(member_list(forge, project, namespace).await?.into_iter().filter(fits).collect())
}

/// What is found by name among projects and people, wherever they are or in one namespace.
async fn by_name(forge: &Forge, caller: &Caller, namespace: Option<i64>, place: &Place, params: &Params) -> ApiResult {
    let (scope, text) = wanted(params)?;
    match scope.as_str() {
        "projects" => {
            let rows = projects::projects(&forge.db, namespace).await?;
            let mut response = list_visible(forge, caller, place, params, rows).await?;
            response.headers_mut().insert("x-search-type", HeaderValue::from_static("basic"));
            Ok(response)
        }
        "users" => match namespace {
            Some(_) => basic(place, params, members(forge, None, namespace, &text).await?),
            None => {
                let found = identity::users(&forge.db, None, Some(&text)).await?;
                basic(place, params, found.iter().map(|row| people::user(forge, row)).collect())
            }
        },
        known if EMPTY.contains(&known) || known == "merge_requests" => basic(place, params, Vec::new()),
        "blobs" | "commits" | "notes" => Err(ApiError::bad(format!("Scope '{scope}' is not available for this search"))),
        _ => Err(ApiError::Parameter("scope does not have a valid value".to_owned())),
    }
}

/// `GET /search`
pub async fn search_all(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    by_name(&forge, &caller, None, &place, &params).await
}

/// `GET /groups/:id/search`
pub async fn search_group(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    let (group, _) = forge.group(&caller, &id).await?;
    by_name(&forge, &caller, Some(group.id), &place, &params).await
}

/// `GET …/search`
pub async fn search_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    let (scope, text) = wanted(&params)?;
    let visible = forge.project(&caller, &id).await?;
    let lower = text.to_lowercase();
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
        "commits" => {
            visible.require_code()?;
            let (repo, revision) = (forge.repo(visible.project.id), params.filled("ref").unwrap_or_else(|| visible.project.default_branch.clone()));
            let found = blocking(move || match repo.log(&LogQuery { revision, take: 10_000, ..LogQuery::default() }) {
                Err(GitError::Revision) => Ok(Vec::new()),
                other => other,
            })
            .await?;
            let fits = |commit: &&CommitInfo| commit.message.to_lowercase().contains(&lower);
            return basic(&place, &params, found.iter().filter(fits).map(|commit| repository::commit(&forge, &visible.project, commit)).collect());
        }
        "merge_requests" => {
            visible.require_code()?;
            let mut found = Vec::new();
            for row in merge_requests::merge_requests(&forge.db, Some(visible.project.id)).await? {
                let said = format!("{} {}", row.title, row.description.as_deref().unwrap_or_default()).to_lowercase();
                if said.contains(&lower) {
                    let author = identity::user(&forge.db, row.author_id).await?;
                    let beside = Beside { people: [author, None, None], notes: merge_requests::count_notes(&forge.db, row.id).await?, outlook: None };
                    found.push(present::basic(&forge, &visible.project, &row, &beside));
                }
            }
            return basic(&place, &params, found);
        }
        "users" => {
            return basic(&place, &params, members(&forge, Some(visible.project.id), Some(visible.project.namespace_id), &text).await?);
        }
        known if EMPTY.contains(&known) || known == "notes" => Vec::new(),
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
    basic(&place, &params, passages.iter().map(value).collect())
}
