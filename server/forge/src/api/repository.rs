//! `/projects/:id/repository`: trees, blobs, archives, comparison.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use crate::Forge;
use crate::access::blocking;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::GitError;
use crate::git::log::LogQuery;
use crate::page::{Paging, Place, keyset, whole_list};
use crate::params::Params;
use crate::present::repository as present;

/// `GET …/repository/tree`
pub async fn list_tree(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let reference = params.filled("ref").unwrap_or_else(|| visible.project.default_branch.clone());
    let (path, recursive) = (params.text("path").unwrap_or_default(), params.flag("recursive")?.unwrap_or(false));
    let repo = forge.repo(visible.project.id);
    let entries = blocking(move || match repo.tree(&reference, &path, recursive) {
        Err(GitError::Revision) => Err(ApiError::missing("Tree")),
        Err(GitError::Path) => Err(ApiError::missing("invalid revision or path")),
        other => Ok(other?),
    })
    .await?;
    let paging = Paging::read(&params)?;
    let values = |entries: &[crate::git::files::Entry]| entries.iter().map(present::entry).collect::<Vec<_>>();
    match params.filled("pagination").as_deref() {
        Some("none") if recursive => Ok(Json(values(&entries)).into_response()),
        Some("keyset") => {
            let token = params.filled("page_token");
            let start = token.and_then(|token| entries.iter().position(|entry| token == cursor(entry) || token == entry.id.to_string())).map_or(0, |place| place + 1);
            let slice = &entries[start..entries.len().min(start + paging.per_page)];
            let more = start + slice.len() < entries.len();
            let next = slice.last().filter(|_| more).map(|last| ("page_token", cursor(last)));
            Ok(keyset(&place, values(slice), next))
        }
        _ => Ok(whole_list(&place, paging, values(&entries))),
    }
}

/// Where a keyset page ended. Two files may have one id, so the path is part of it.
fn cursor(entry: &crate::git::files::Entry) -> String {
    format!("{}:{}", entry.id, entry.path)
}

/// `GET …/repository/blobs/:sha`
pub async fn get_blob(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    use base64::Engine;
    let bytes = blob(&forge, &caller, &id, &sha).await?;
    let content = base64::engine::general_purpose::STANDARD.encode(&bytes);
    Ok(Json(json!({ "size": bytes.len(), "encoding": "base64", "content": content, "sha": sha })))
}

/// `GET …/repository/blobs/:sha/raw`
pub async fn get_raw_blob(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>) -> ApiResult<Response> {
    let bytes = blob(&forge, &caller, &id, &sha).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain")], bytes).into_response())
}

async fn blob(forge: &Forge, caller: &Caller, id: &str, sha: &str) -> ApiResult<Vec<u8>> {
    let visible = forge.project(caller, id).await?;
    visible.require_code()?;
    let (repo, sha) = (forge.repo(visible.project.id), sha.to_owned());
    blocking(move || repo.blob(&sha).map_err(|_| ApiError::missing("Blob"))).await
}

/// `GET …/repository/archive[.format]`
pub async fn get_archive(State(forge): State<Forge>, caller: Caller, Path((id, name)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let suffix = name.strip_prefix("archive").ok_or(ApiError::Route)?.trim_start_matches('.');
    let (format, suffix, kind) = match suffix {
        "" | "tar.gz" | "tgz" => ("tar.gz", "tar.gz", "application/gzip"),
        "gz" => ("tar.gz", "gz", "application/gzip"),
        "bz2" | "tar.bz2" | "tbz" | "tbz2" | "tb2" => ("tar.bz2", suffix, "application/x-bzip2"),
        "tar" => ("tar", "tar", "application/x-tar"),
        "zip" => ("zip", "zip", "application/zip"),
        _ => return Err(ApiError::Route),
    };
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let project = visible.project;
    let repo = forge.repo(project.id);
    let reference = params.filled("sha").unwrap_or_else(|| project.default_branch.clone());
    let sha = {
        let (repo, path) = (repo.clone(), params.filled("path"));
        let kind = params.one_of("ref_type", &["heads", "tags"])?;
        let wanted = kind.map_or_else(|| reference.clone(), |kind| format!("refs/{kind}/{reference}"));
        blocking(move || {
            let id = repo.commit(&wanted).map_err(|_| ApiError::missing("File"))?.id;
            let holds = |path: &str| repo.tree(&id, path, false).is_ok() || repo.file(&id, path).is_ok();
            if path.is_some_and(|path| !holds(path.trim_matches('/'))) { Err(ApiError::missing("File")) } else { Ok(id) }
        })
        .await?
    };
    let prefix = format!("{}-{}-{sha}", project.path, reference.replace('/', "-"));
    if format == "tar.bz2" && !on_path("bzip2") {
        return Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, "501 This server has no bzip2: ask for tar.gz, or have its administrator install it"));
    }
    let left_out: Vec<String> = params.list("exclude_paths").iter().map(|path| path.trim_matches('/').to_owned()).filter(|path| !path.is_empty()).collect();
    if left_out.iter().chain(params.filled("path").iter()).any(|path| path.contains('\0') || path.split('/').any(|part| part == "..")) {
        return Err(ApiError::Parameter("path is invalid".to_owned()));
    }
    let mut child = repo.archive(&sha, format, &prefix, params.filled("path").as_deref(), &left_out)?;
    let Some(out) = child.stdout.take() else { return Err(ApiError::internal("git archive has no output")) };
    tokio::spawn(async move { child.wait().await });
    let disposition = format!("attachment; filename=\"{prefix}.{suffix}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], Body::from_stream(ReaderStream::new(out))).into_response())
}

/// `GET …/repository/compare`
pub async fn compare(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let (from, to) = (params.required("from")?, params.required("to")?);
    let straight = params.flag("straight")?.unwrap_or(false);
    let repo = forge.repo(visible.project.id);
    let work = {
        let (from, to) = (from.clone(), to.clone());
        move || -> Result<_, ApiError> {
            let base = if straight { from.clone() } else { repo.merge_base(&from, &to).map_err(|_| ApiError::missing("Ref"))?.unwrap_or(from.clone()) };
            let range = LogQuery { revision: format!("{base}..{to}"), take: 1_000, ..LogQuery::default() };
            let same = repo.commit(&from)?.id == repo.commit(&to)?.id;
            Ok((repo.log(&range)?, repo.changes(&from, &to, straight)?, same))
        }
    };
    let (mut commits, changes, same) = blocking(work).await?;
    commits.reverse();
    let commits: Vec<Value> = commits.iter().map(|commit| present::commit(&forge, &visible.project, commit)).collect();
    let dots = if straight { ".." } else { "..." };
    Ok(Json(json!({
        "commit": commits.last(), "commits": commits, "diffs": changes.iter().map(present::change).collect::<Vec<_>>(),
        "compare_timeout": false, "compare_same_ref": same,
        "web_url": forge.url(&format!("{}/-/compare/{from}{dots}{to}", visible.project.full_path())),
    })))
}

/// `GET …/repository/merge_base`
pub async fn merge_base(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let refs = params.list("refs");
    if refs.len() < 2 {
        return Err(ApiError::bad("Provide at least 2 refs"));
    }
    let repo = forge.repo(visible.project.id);
    let found = blocking(move || -> Result<_, ApiError> {
        let base = repo.merge_base(&refs[0], &refs[1]).map_err(|_| ApiError::missing("Ref"))?;
        base.map(|id| repo.commit(&id)).transpose().map_err(Into::into)
    })
    .await?;
    let commit = found.ok_or_else(|| ApiError::missing("Merge Base"))?;
    Ok(Json(present::commit(&forge, &visible.project, &commit)))
}

/// `GET …/repository/contributors`
pub async fn list_contributors(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let by = params.one_of("order_by", &["email", "name", "commits"])?.unwrap_or_else(|| "commits".to_owned());
    let down = params.one_of("sort", &["asc", "desc"])?.is_some_and(|sort| sort == "desc");
    let (repo, revision) = (forge.repo(visible.project.id), params.filled("ref").unwrap_or_else(|| "HEAD".to_owned()));
    let commits = blocking(move || repo.log(&LogQuery { revision, take: 10_000, ..LogQuery::default() })).await?;
    let mut people: Vec<(String, String, usize)> = Vec::new();
    for commit in commits {
        match people.iter_mut().find(|(_, email, _)| *email == commit.author.email) {
            Some(person) => person.2 += 1,
            None => people.push((commit.author.name, commit.author.email, 1)),
        }
    }
    match by.as_str() {
        "email" => people.sort_by(|a, b| a.1.cmp(&b.1)),
        "name" => people.sort_by(|a, b| a.0.cmp(&b.0)),
        _ => people.sort_by_key(|(.., commits)| *commits),
    }
    if down {
        people.reverse();
    }
    let values = people.into_iter().map(|(name, email, commits)| json!({ "name": name, "email": email, "commits": commits, "additions": 0, "deletions": 0 }));
    Ok(whole_list(&place, Paging::read(&params)?, values.collect()))
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// A refusal for statuses without a body.
pub(crate) fn bare(status: StatusCode) -> Response {
    status.into_response()
}
