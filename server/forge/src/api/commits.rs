//! `/projects/:id/repository/commits`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use gitlab::commits::ActionKind;
use serde_json::{Value, json};

use super::git_http::PushOptions;
use crate::Forge;
use crate::access::{DEVELOPER, Visible, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::log::{CommitInfo, LogQuery};
use crate::git::write::{FileAction, NewCommit};
use crate::page::{Paging, Place, respond, whole_list};
use crate::params::Params;
use crate::present::{pipelines as present_ci, repository as present};
use crate::store::pipelines;

/// `GET …/commits`
pub async fn list_commits(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let paging = Paging::read(&params)?;
    let time = |key: &str| Ok::<_, ApiError>(params.time(key)?.map(|time| time.timestamp()));
    let query = LogQuery {
        revision: params.filled("ref_name").unwrap_or_else(|| visible.project.default_branch.clone()),
        path: params.filled("path"),
        author: params.filled("author"),
        since: time("since")?,
        until: time("until")?,
        all: params.flag("all")?.unwrap_or(false),
        first_parent: params.flag("first_parent")?.unwrap_or(false),
        skip: paging.skip(),
        take: paging.per_page + 1,
    };
    let with_stats = params.flag("with_stats")?.unwrap_or(false);
    let repo = forge.repo(visible.project.id);
    let commits = blocking(move || {
        let commits = repo.log(&query)?;
        let stats = |commit: &CommitInfo| if with_stats { repo.commit_changes(&commit.id).ok().map(|(_, stats)| stats) } else { None };
        let stats: Vec<_> = commits.iter().map(stats).collect();
        Ok::<_, ApiError>(commits.into_iter().zip(stats).collect::<Vec<_>>())
    })
    .await?;
    let more = commits.len() > paging.per_page;
    let values = commits.iter().take(paging.per_page).map(|(commit, stats)| {
        let mut value = present::commit(&forge, &visible.project, commit);
        if let Some(stats) = stats {
            value["stats"] = json!({ "additions": stats.additions, "deletions": stats.deletions, "total": stats.additions + stats.deletions });
        }
        value
    });
    Ok(respond(&place, paging, values.collect(), None, more))
}

/// A commit asked for alone: with statistics and the newest pipeline.
async fn detail(forge: &Forge, visible: &Visible, sha: &str, stats: bool) -> ApiResult<Value> {
    let (repo, sha) = (forge.repo(visible.project.id), sha.to_owned());
    let (commit, stats) = blocking(move || {
        let commit = repo.commit(&sha)?;
        let stats = if stats { Some(repo.commit_changes(&commit.id)?.1) } else { None };
        Ok::<_, ApiError>((commit, stats))
    })
    .await?;
    let latest = pipelines::latest_of_commit(&forge.db, visible.project.id, &commit.id).await?;
    let last = latest.map_or(Value::Null, |row| present_ci::pipeline_basic(forge, &visible.project, &row));
    Ok(present::commit_detail(present::commit(forge, &visible.project, &commit), &visible.project, stats, last))
}

/// `GET …/commits/:sha`
pub async fn get_commit(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    Ok(Json(detail(&forge, &visible, &sha, params.flag("stats")?.unwrap_or(true)).await?))
}

/// `GET …/commits/:sha/diff`
pub async fn list_commit_diffs(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let repo = forge.repo(visible.project.id);
    let (changes, _) = blocking(move || repo.commit_changes(&sha)).await?;
    Ok(whole_list(&place, Paging::read(&params)?, changes.iter().map(present::change).collect()))
}

/// `GET …/commits/:sha/refs`: branches and tags whose tip it is.
pub async fn list_commit_refs(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let repo = forge.repo(visible.project.id);
    let refs = blocking(move || {
        let target = repo.commit(&sha)?.id;
        let holds =
            |(name, _): &(String, _)| repo.merge_base(name.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/"), &target).ok().flatten().as_ref() == Some(&target);
        Ok::<_, ApiError>(repo.refs()?.into_iter().filter(holds).map(|(name, _)| name).collect::<Vec<_>>())
    })
    .await?;
    let value = |name: &String| match name.strip_prefix("refs/heads/") {
        Some(branch) => json!({ "type": "branch", "name": branch }),
        None => json!({ "type": "tag", "name": name.trim_start_matches("refs/tags/") }),
    };
    Ok(whole_list(&place, Paging::read(&params)?, refs.iter().map(value).collect()))
}

/// `GET …/commits/:sha/statuses`: of its jobs; none are reported from outside.
pub async fn list_commit_statuses(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let repo = forge.repo(visible.project.id);
    let sha = blocking(move || repo.commit(&sha)).await?.id;
    let paging = Paging::read(&params)?;
    let down = params.one_of("sort", &["asc", "desc"])?.as_deref() == Some("desc");
    let asked = format!(
        "SELECT j.id, p.reference AS reference, j.status, j.name, j.created_at, j.started_at, j.finished_at, j.allow_failure, p.id AS pipeline, j.user_id FROM jobs j JOIN pipelines p ON p.id = j.pipeline_id \
         WHERE p.project_id = ?1 AND p.sha = ?2 AND (?3 OR j.retried = 0) AND (?4 IS NULL OR p.id = ?4) AND (?5 IS NULL OR p.reference = ?5) AND (?6 IS NULL OR j.stage = ?6) AND (?7 IS NULL OR j.name = ?7) \
         ORDER BY j.id {} LIMIT ?8 OFFSET ?9",
        if down { "DESC" } else { "ASC" }
    );
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut rows: Vec<StatusRow> = sqlx::query_as(&asked)
        .bind(visible.project.id)
        .bind(&sha)
        .bind(params.flag("all")?.unwrap_or(false))
        .bind(params.number("pipeline_id")?)
        .bind(params.filled("ref"))
        .bind(params.filled("stage"))
        .bind(params.filled("name"))
        .bind(number(paging.per_page + 1))
        .bind(number(paging.skip()))
        .fetch_all(&forge.db)
        .await?;
    let more = rows.len() > paging.per_page;
    rows.truncate(paging.per_page);
    let mut values = Vec::new();
    for row in rows {
        let author = crate::store::identity::user(&forge.db, row.user_id).await?.map(|user| crate::present::people::user(&forge, &user));
        values.push(json!({
            "id": row.id, "sha": sha, "ref": row.reference, "status": row.status, "name": row.name, "description": null, "coverage": null,
            "target_url": forge.url(&format!("{}/-/jobs/{}", visible.project.full_path(), row.id)), "created_at": row.created_at,
            "started_at": row.started_at, "finished_at": row.finished_at, "allow_failure": row.allow_failure, "pipeline_id": row.pipeline, "author": author,
        }));
    }
    Ok(respond(&place, paging, values, None, more))
}

/// What a job says of its commit.
#[derive(sqlx::FromRow)]
struct StatusRow {
    id: i64,
    reference: String,
    status: String,
    name: String,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    allow_failure: bool,
    pipeline: i64,
    user_id: i64,
}

const KINDS: [ActionKind; 5] = [ActionKind::Create, ActionKind::Update, ActionKind::Move, ActionKind::Delete, ActionKind::Chmod];

/// One entry of `actions`, or GitLab's words for what is wrong with it.
fn read_action(index: usize, value: &Value) -> ApiResult<FileAction> {
    let place = |key: &str| format!("actions[{index}][{key}]");
    let text = |key: &str| match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::bad_request(&format!("{} must be a string", place(key)))),
    };
    let kind = ActionKind::from(text("action")?.unwrap_or_default());
    if !KINDS.contains(&kind) {
        return Err(ApiError::bad_request(&format!("{} must be one of: create, update, move, delete, chmod", place("action"))));
    }
    let path = text("file_path")?.ok_or_else(|| ApiError::bad_request(&format!("{} is required", place("file_path"))))?;
    let required = |key: &str, missing: bool| if missing { Err(ApiError::bad_request(&format!("{} is required", place(key)))) } else { Ok(()) };
    let absent = |key: &str| value.get(key).is_none_or(Value::is_null);
    required("content", kind == ActionKind::Update && absent("content"))?;
    required("previous_path", kind == ActionKind::Move && absent("previous_path"))?;
    required("execute_filemode", kind == ActionKind::Chmod && absent("execute_filemode"))?;
    if text("encoding")?.is_some_and(|word| word != "text" && word != "base64") {
        return Err(ApiError::bad_request(&format!("{} must be one of: text, base64", place("encoding"))));
    }
    let content = match (text("content")?, text("encoding")?.as_deref()) {
        (Some(content), Some("base64")) => {
            let clean: String = content.chars().filter(|c| !c.is_whitespace()).collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(clean);
            Some(bytes.map_err(|_| ApiError::bad_request(&format!("{} is no valid base64", place("content"))))?)
        }
        (content, _) => content.map(String::into_bytes),
    };
    let executable = match value.get("execute_filemode") {
        Some(Value::Bool(value)) => Some(*value),
        Some(Value::String(text)) => Some(text == "true"),
        _ => None,
    };
    Ok(FileAction { kind, path, previous_path: text("previous_path")?, content, last_commit: text("last_commit_id")?, executable })
}

/// Writes a commit, then starts what a push would start.
pub(crate) async fn commit_actions(forge: &Forge, caller: &Caller, id: &str, params: &Params, actions: Vec<FileAction>) -> ApiResult<(Visible, String)> {
    let visible = forge.project(caller, id).await?;
    let user = caller.user()?.clone();
    let archived = visible.project.archived;
    if visible.level < DEVELOPER || archived {
        return Err(ApiError::forbidden("You are not allowed to push into this branch"));
    }
    let branch = params.filled("branch").ok_or_else(|| ApiError::bad_request("branch is required"))?;
    let message = params.filled("commit_message").ok_or_else(|| ApiError::bad_request("commit_message is required"))?;
    let (start_branch, start_sha) = (params.filled("start_branch"), params.filled("start_sha"));
    if start_branch.is_some() && start_sha.is_some() {
        return Err(ApiError::bad_request("start_branch, start_sha are mutually exclusive"));
    }
    let repo = forge.repo(visible.project.id);
    // What starts from another project is brought here first, under a name that is no branch.
    let elsewhere = match params.filled("start_project") {
        Some(key) => {
            let other = forge.project(caller, &key).await?;
            other.require_code()?;
            let (from, to) = (forge.repo(other.project.id), repo.clone());
            let revision = start_branch.clone().or(start_sha.clone()).unwrap_or_else(|| other.project.default_branch.clone());
            let name = format!("refs/taken-start/{:x}", rand::random::<u64>());
            let taken = name.clone();
            let sha = blocking(move || to.take(&from, &revision, &taken)).await?;
            Some((sha, name))
        }
        None => None,
    };
    if let Some(sha) = &start_sha {
        let hex = (sha.len() == 40 || sha.len() == 64) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex {
            return Err(ApiError::bad(format!("Invalid start_sha '{sha}'")));
        }
        let (repo, sha) = (repo.clone(), sha.clone());
        blocking(move || repo.resolve(&sha).map_err(|_| ApiError::bad(format!("Cannot find start_sha '{sha}'")))).await?;
    }
    let committer = (user.name.clone(), user.email.clone());
    let author = (params.filled("author_name").unwrap_or_else(|| user.name.clone()), params.filled("author_email").unwrap_or_else(|| user.email.clone()));
    let new = NewCommit {
        branch: branch.clone(),
        start: elsewhere.as_ref().map(|(sha, _)| sha.clone()).or(start_branch).or(start_sha),
        force: params.flag("force")?.unwrap_or(false),
        message: message.clone(),
        actions,
        author,
        committer,
        time: forge.clock.now().timestamp(),
    };
    let first = {
        let repo = repo.clone();
        blocking(move || Ok::<_, ApiError>(repo.is_empty())).await?
    };
    let writing = forge.writes.lock().await;
    let (before, sha) = {
        let (repo, branch) = (repo.clone(), branch.clone());
        blocking(move || {
            let before = repo.refs()?.into_iter().find(|(name, _)| *name == format!("refs/heads/{branch}")).map(|(_, id)| id.to_string());
            Ok::<_, ApiError>((before, repo.write(&new)?))
        })
        .await?
    };
    drop(writing);
    if let Some((_, name)) = elsewhere {
        let repo = repo.clone();
        blocking(move || {
            repo.let_go(&name);
            Ok::<_, ApiError>(())
        })
        .await?;
    }
    if first && visible.project.default_branch != branch {
        forge.adopt_branch(&visible.project, &branch).await?;
    }
    forge.after_push(&visible.project, &user, &format!("refs/heads/{branch}"), before, &sha, &PushOptions::default()).await;
    Ok((visible, sha))
}

/// `POST …/commits`
pub async fn create_commit(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    // Rights and required words are looked at before the actions, as on GitLab.
    let visible = forge.project(&caller, &id).await?;
    caller.user()?;
    if visible.level < DEVELOPER {
        return Err(ApiError::forbidden("You are not allowed to push into this branch"));
    }
    for key in ["branch", "commit_message"] {
        if params.filled(key).is_none() {
            return Err(ApiError::bad_request(&format!("{key} is required")));
        }
    }
    let list = params.get("actions").and_then(Value::as_array).cloned().unwrap_or_default();
    if list.is_empty() && !params.flag("allow_empty")?.unwrap_or(false) {
        return Err(ApiError::bad_request("Provide at least one action, or set allow_empty to true"));
    }
    let actions = list.iter().enumerate().map(|(index, value)| read_action(index, value)).collect::<ApiResult<Vec<_>>>()?;
    let (visible, sha) = commit_actions(&forge, &caller, &id, &params, actions).await?;
    let value = detail(&forge, &visible, &sha, params.flag("stats")?.unwrap_or(true)).await?;
    Ok((StatusCode::CREATED, Json(value)).into_response())
}
