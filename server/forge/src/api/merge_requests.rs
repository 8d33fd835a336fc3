//! `/projects/:id/merge_requests`: making them, looking at them, changing them (GITLAB.md §3.7).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Forge;
use crate::access::{DEVELOPER, REPORTER, Visible, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::log::LogQuery;
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::merge_requests::{self as present, Beside};
use crate::present::{pipelines as present_ci, projects as present_projects, repository as present_git};
use crate::store::identity;
use crate::store::merge_requests::{self as store, MergeRequestRow};
use crate::store::projects::ProjectRow;
use crate::store::{pipelines, projects};

/// Whether changes may come from one project to another: from itself, and within a family of forks.
fn are_related(source: &ProjectRow, target: &ProjectRow) -> bool {
    let root = |row: &ProjectRow| row.forked_from.unwrap_or(row.id);
    source.id == target.id || root(source) == root(target) || source.forked_from == Some(target.id)
}

/// Brings an open merge request up to its source branch. One whose branch is gone stays as it is, and
/// so does one whose author may no longer push there: what is written since is not theirs to show.
async fn follow(forge: &Forge, mut row: MergeRequestRow) -> ApiResult<MergeRequestRow> {
    if row.state != "opened" {
        return Ok(row);
    }
    let source_row = projects::project(&forge.db, row.source_project_id).await?;
    let entitled = match &source_row {
        Some(source) => row.source_project_id == row.project_id || forge.level_of(source, gitlab::UserId(row.author_id)).await? >= DEVELOPER,
        None => false,
    };
    let (target, source) = (forge.repo(row.project_id), forge.repo(row.source_project_id));
    let (branch, goal, reference, known) = (row.source_branch.clone(), row.target_branch.clone(), row.reference(), row.sha.clone());
    let found = blocking(move || {
        let tip = if entitled { source.resolve(&format!("refs/heads/{branch}")).ok().map(|id| id.to_string()) } else { None };
        let sha = match tip {
            Some(tip) if tip != known || target.resolve(&known).is_err() => target.take(&source, &tip, &reference)?,
            _ => known,
        };
        let base = target.merge_base(&goal, &sha).ok().flatten();
        Ok::<_, ApiError>((sha, base))
    })
    .await?;
    let base = found.1.unwrap_or_else(|| row.base_sha.clone());
    if found.0 != row.sha || base != row.base_sha {
        (row.sha, row.base_sha, row.updated_at) = (found.0, base, forge.clock.text());
        store::advance(&forge.db, &row).await?;
    }
    Ok(row)
}

/// The target project and the merge request of a request's path.
pub(crate) async fn one(forge: &Forge, caller: &Caller, id: &str, iid: &str) -> ApiResult<(Visible, MergeRequestRow)> {
    let visible = forge.project(caller, id).await?;
    visible.require_code()?;
    let row = match iid.parse() {
        Ok(iid) => store::merge_request(&forge.db, visible.project.id, iid).await?,
        Err(_) => None,
    };
    Ok((visible, follow(forge, row.ok_or_else(ApiError::no_record)?).await?))
}

async fn beside(forge: &Forge, row: &MergeRequestRow) -> ApiResult<Beside> {
    let person = async |id: Option<i64>| match id {
        Some(id) => identity::user(&forge.db, id).await,
        None => Ok(None),
    };
    let people = [person(Some(row.author_id)).await?, person(row.merged_by).await?, person(row.closed_by).await?];
    Ok(Beside { people, notes: store::count_notes(&forge.db, row.id).await?, outlook: None })
}

/// The source project, if its pipelines are the caller's to see.
async fn seen_source(forge: &Forge, caller: &Caller, row: &MergeRequestRow) -> ApiResult<Option<ProjectRow>> {
    let Some(source) = projects::project(&forge.db, row.source_project_id).await? else { return Ok(None) };
    let visible = forge.visible(caller, source).await?;
    Ok(visible.filter(|visible| visible.require_code().is_ok()).map(|visible| visible.project))
}

/// A merge request asked for alone.
pub(crate) async fn detail(forge: &Forge, caller: &Caller, visible: &Visible, row: &MergeRequestRow) -> ApiResult<Value> {
    let mut about = beside(forge, row).await?;
    let (repo, target, sha, base) = (forge.repo(row.project_id), row.target_branch.clone(), row.sha.clone(), row.base_sha.clone());
    let (outlook, count) = blocking(move || {
        let count = repo.changes(&base, &sha, true).map_or(0, |changes| changes.len());
        Ok::<_, ApiError>((repo.outlook(&target, &sha).ok(), count))
    })
    .await?;
    about.outlook = outlook;
    let mut value = present::basic(forge, &visible.project, row, &about);
    let head = match seen_source(forge, caller, row).await? {
        Some(source) => pipelines::latest_of_commit(&forge.db, source.id, &row.sha).await?.map(|pipeline| present_ci::pipeline_basic(forge, &source, &pipeline)),
        None => None,
    };
    let may = visible.level >= DEVELOPER && !visible.project.archived;
    present_projects::extend(
        &mut value,
        json!({
            "subscribed": caller.person().is_some_and(|person| person.id == row.author_id), "changes_count": count.to_string(), "latest_build_started_at": null,
            "latest_build_finished_at": null, "first_deployed_to_production_at": null, "pipeline": head, "head_pipeline": head,
            "diff_refs": { "base_sha": row.base_sha, "head_sha": row.sha, "start_sha": row.base_sha }, "merge_error": null,
            "first_contribution": false, "user": { "can_merge": may },
        }),
    );
    Ok(value)
}

/// Filters that lists take.
fn wanted(params: &Params, row: &MergeRequestRow, author: Option<i64>) -> ApiResult<bool> {
    let state = params.one_of("state", &["opened", "closed", "locked", "merged", "all"])?.unwrap_or_else(|| "all".to_owned());
    let same = |key: &str, value: &str| params.filled(key).is_none_or(|wanted| wanted == value);
    let iids = params.list("iids");
    let text = format!("{} {}", row.title, row.description.as_deref().unwrap_or_default()).to_lowercase();
    Ok((state == "all" || state == row.state)
        && same("source_branch", &row.source_branch)
        && same("target_branch", &row.target_branch)
        && author.is_none_or(|author| author == row.author_id)
        && params.filled("search").is_none_or(|search| text.contains(&search.to_lowercase()))
        && (iids.is_empty() || iids.contains(&row.iid.to_string())))
}

async fn list(forge: &Forge, place: &Place, params: &Params, rows: Vec<(Visible, MergeRequestRow)>, mine: Option<i64>) -> ApiResult {
    let named = match params.filled("author_username") {
        Some(name) => Some(identity::user_by_name(&forge.db, &name).await?.map_or(-1, |person| person.id)),
        None => params.number("author_id")?,
    };
    params.one_of("order_by", &["created_at", "label_priority", "milestone_due", "popularity", "priority", "title", "updated_at", "merged_at"])?;
    let mut found = Vec::new();
    for (visible, row) in rows {
        if wanted(params, &row, named.or(mine))? {
            found.push((visible, row));
        }
    }
    if params.filled("order_by").as_deref() == Some("updated_at") {
        found.sort_by(|(_, first), (_, second)| second.updated_at.cmp(&first.updated_at));
    }
    if params.one_of("sort", &["asc", "desc"])?.as_deref() == Some("asc") {
        found.reverse();
    }
    let mut values = Vec::new();
    for (visible, row) in found {
        let row = follow(forge, row).await?;
        values.push(present::basic(forge, &visible.project, &row, &beside(forge, &row).await?));
    }
    Ok(whole_list(place, Paging::read(params)?, values))
}

/// `GET /projects/:id/merge_requests`
pub async fn list_merge_requests(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let mine = (params.filled("scope").as_deref() == Some("created_by_me")).then(|| caller.person().map_or(-1, |person| person.id));
    let rows = store::merge_requests(&forge.db, Some(visible.project.id)).await?;
    list(&forge, &place, &params, rows.into_iter().map(|row| (visible.clone(), row)).collect(), mine).await
}

/// `GET /merge_requests`: the caller's own, unless `scope` says otherwise.
pub async fn list_all_merge_requests(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    let me = caller.user()?.id;
    let all = params.one_of("scope", &["created_by_me", "assigned_to_me", "reviews_for_me", "all"])?.as_deref() == Some("all");
    let mut rows = Vec::new();
    for row in store::merge_requests(&forge.db, None).await? {
        if let Some(project) = projects::project(&forge.db, row.project_id).await?
            && let Some(visible) = forge.visible(&caller, project).await?
            && visible.require_code().is_ok()
        {
            rows.push((visible, row));
        }
    }
    list(&forge, &place, &params, rows, (!all).then_some(me)).await
}

/// `POST /projects/:id/merge_requests`; `:id` is the source.
pub async fn create_merge_request(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let source = forge.project(&caller, &id).await?;
    let user = caller.user()?.clone();
    let missing: Vec<String> = ["source_branch", "target_branch", "title"].into_iter().filter(|key| params.filled(key).is_none()).map(|key| format!("{key} is missing")).collect();
    if !missing.is_empty() {
        return Err(ApiError::Parameter(missing.join(", ")));
    }
    source.require(DEVELOPER)?;
    let target = match params.filled("target_project_id") {
        Some(id) => forge.project(&caller, &id).await?,
        None => source.clone(),
    };
    target.require_code()?;
    if target.project.visibility == "private" {
        target.require(REPORTER)?;
    }
    if !are_related(&source.project, &target.project) {
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "Source project is not a fork of the target project"));
    }
    if target.project.archived {
        return Err(ApiError::forbidden(""));
    }
    let (source_branch, target_branch) = (params.required("source_branch")?, params.required("target_branch")?);
    if source.project.id == target.project.id && source_branch == target_branch {
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "You can't use same project/branch for source and target"));
    }
    let open = store::merge_requests(&forge.db, Some(target.project.id)).await?.into_iter();
    let same =
        |row: &MergeRequestRow| row.state == "opened" && row.source_project_id == source.project.id && row.source_branch == source_branch && row.target_branch == target_branch;
    if let Some(other) = open.into_iter().find(same) {
        let text = format!("Another open merge request already exists for this source branch: !{}", other.iid);
        return Err(ApiError::Fields(StatusCode::CONFLICT, json!([text])));
    }
    let (from, to, branch, goal) = (forge.repo(source.project.id), forge.repo(target.project.id), source_branch.clone(), target_branch.clone());
    let invalid = |what: &str| ApiError::Fields(StatusCode::BAD_REQUEST, json!([format!("{what} branch does not exist")]));
    let (no_source, no_target) = (invalid("Source"), invalid("Target"));
    let (sha, base, kept) = blocking(move || {
        let tip = from.resolve(&format!("refs/heads/{branch}")).map_err(|_| no_source)?.to_string();
        let goal = to.resolve(&format!("refs/heads/{goal}")).map_err(|_| no_target)?.to_string();
        let name = format!("refs/merge-requests/new-{:x}/head", rand::random::<u64>());
        let sha = to.take(&from, &tip, &name)?;
        let base = to.merge_base(&goal, &sha)?.unwrap_or(goal);
        Ok::<_, ApiError>((sha, base, name))
    })
    .await?;
    let now = forge.clock.text();
    let row = MergeRequestRow {
        id: 0,
        iid: 0,
        project_id: target.project.id,
        source_project_id: source.project.id,
        source_branch,
        target_branch,
        title: params.required("title")?,
        description: params.text("description"),
        state: "opened".to_owned(),
        author_id: user.id,
        squash: params.flag("squash")?.unwrap_or(false),
        remove_source: params.flag("remove_source_branch")?.unwrap_or(false),
        sha: sha.clone(),
        base_sha: base,
        merge_commit_sha: None,
        squash_commit_sha: None,
        created_at: now.clone(),
        updated_at: now,
        merged_at: None,
        merged_by: None,
        closed_at: None,
        closed_by: None,
    };
    let iid = store::create(&forge.db, &row).await?;
    let repo = forge.repo(target.project.id);
    blocking(move || {
        repo.take(&repo, &sha, &format!("refs/merge-requests/{iid}/head"))?;
        repo.let_go(&kept);
        Ok::<_, ApiError>(())
    })
    .await?;
    let (visible, row) = one(&forge, &caller, &target.project.id.to_string(), &iid.to_string()).await?;
    Ok((StatusCode::CREATED, Json(detail(&forge, &caller, &visible, &row).await?)).into_response())
}

/// `GET …/merge_requests/:iid`
pub async fn get_merge_request(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    Ok(Json(detail(&forge, &caller, &visible, &row).await?))
}

/// `PUT …/merge_requests/:iid`
pub async fn update_merge_request(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
    let (visible, mut row) = one(&forge, &caller, &id, &iid).await?;
    let user = caller.user()?.clone();
    if user.id != row.author_id {
        visible.require(DEVELOPER)?;
    }
    let before = row.state.clone();
    let event = params.one_of("state_event", &["close", "reopen"])?;
    let now = forge.clock.text();
    match (event.as_deref(), row.state.as_str()) {
        (Some("close"), "opened") => (row.state, row.closed_at, row.closed_by) = ("closed".to_owned(), Some(now.clone()), Some(user.id)),
        (Some("reopen"), "closed") => (row.state, row.closed_at, row.closed_by) = ("opened".to_owned(), None, None),
        _ => {}
    }
    row.title = params.filled("title").unwrap_or(row.title);
    row.description = if params.has("description") { params.text("description") } else { row.description };
    row.squash = params.flag("squash")?.unwrap_or(row.squash);
    row.remove_source = params.flag("remove_source_branch")?.unwrap_or(row.remove_source);
    if let Some(branch) = params.filled("target_branch").filter(|_| row.state == "opened") {
        let (repo, wanted) = (forge.repo(row.project_id), branch.clone());
        blocking(move || repo.resolve(&format!("refs/heads/{wanted}")).map(|_| ()).map_err(|_| ApiError::Fields(StatusCode::BAD_REQUEST, json!(["Target branch does not exist"]))))
            .await?;
        row.target_branch = branch;
    }
    row.updated_at = now;
    if !store::save(&forge.db, &row, &before).await? {
        return Err(ApiError::new(StatusCode::CONFLICT, "The merge request has changed meanwhile. Please refresh and try again."));
    }
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    Ok(Json(detail(&forge, &caller, &visible, &row).await?))
}

/// `GET …/merge_requests/:iid/commits`, newest first.
pub async fn list_commits(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    let (repo, range) = (forge.repo(row.project_id), format!("{}..{}", row.base_sha, row.sha));
    let commits = blocking(move || repo.log(&LogQuery { revision: range, take: 1_000, ..LogQuery::default() })).await?;
    let values = commits.iter().map(|commit| present_git::commit(&forge, &visible.project, commit)).collect();
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `GET …/merge_requests/:iid/diffs`
pub async fn list_diffs(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let (_, row) = one(&forge, &caller, &id, &iid).await?;
    let repo = forge.repo(row.project_id);
    let changes = blocking(move || repo.changes(&row.base_sha, &row.sha, true)).await?;
    Ok(whole_list(&place, Paging::read(&params)?, changes.iter().map(present_git::change).collect()))
}

/// `GET …/merge_requests/:iid/changes`, which is deprecated and still asked for.
pub async fn get_changes(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>) -> ApiResult<Json<Value>> {
    let (visible, row) = one(&forge, &caller, &id, &iid).await?;
    let mut value = detail(&forge, &caller, &visible, &row).await?;
    let repo = forge.repo(row.project_id);
    let changes = blocking(move || repo.changes(&row.base_sha, &row.sha, true)).await?;
    value["changes"] = changes.iter().map(present_git::change).collect();
    value["overflow"] = json!(false);
    Ok(Json(value))
}

/// `GET …/merge_requests/:iid/pipelines`: those of its newest commit.
pub async fn list_pipelines(State(forge): State<Forge>, caller: Caller, Path((id, iid)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let (_, row) = one(&forge, &caller, &id, &iid).await?;
    let mut values = Vec::new();
    if let Some(source) = seen_source(&forge, &caller, &row).await?
        && let Some(pipeline) = pipelines::latest_of_commit(&forge.db, source.id, &row.sha).await?
    {
        values.push(present_ci::pipeline_basic(&forge, &source, &pipeline));
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `GET …/commits/:sha/merge_requests`: those that brought the commit.
pub async fn list_of_commit(State(forge): State<Forge>, caller: Caller, Path((id, sha)): Path<(String, String)>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let repo = forge.repo(visible.project.id);
    let full = blocking(move || repo.resolve(&sha).map(|id| id.to_string())).await?;
    let rows = store::merge_requests(&forge.db, Some(visible.project.id)).await?;
    let brought = |row: &MergeRequestRow| row.sha == full || [&row.merge_commit_sha, &row.squash_commit_sha].contains(&&Some(full.clone()));
    list(&forge, &place, &params, rows.into_iter().filter(brought).map(|row| (visible.clone(), row)).collect(), None).await
}
