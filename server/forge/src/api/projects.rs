//! `/projects` and their members.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Forge;
use crate::access::{MAINTAINER, OWNER, Visible, blocking};
use crate::admin::{NewProject, valid_path};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, keyset, whole_list};
use crate::params::Params;
use crate::present::{people, projects as present};
use crate::store::identity;
use crate::store::projects::{self, MemberRow, ProjectRow};

/// What the repository says about itself.
pub(crate) async fn content(forge: &Forge, project: &ProjectRow) -> ApiResult<present::Content> {
    let (repo, branch) = (forge.repo(project.id), project.default_branch.clone());
    blocking(move || {
        let entries = repo.tree(&branch, "", false).unwrap_or_default();
        let readme = entries.into_iter().map(|entry| entry.name).find(|name| name.to_lowercase().starts_with("readme"));
        Ok::<_, ApiError>(present::Content { empty: repo.is_empty(), readme })
    })
    .await
}

/// A project as its caller sees it.
pub(crate) async fn shown(forge: &Forge, visible: &Visible) -> ApiResult<Value> {
    Ok(present::full(forge, visible, &content(forge, &visible.project).await?))
}

/// The visible ones of `rows`, filtered, ordered and paged as the parameters say.
pub(crate) async fn list_visible(forge: &Forge, caller: &Caller, place: &Place, params: &Params, rows: Vec<ProjectRow>) -> ApiResult {
    let member = params.flag("membership")?.unwrap_or(false) || params.flag("owned")?.unwrap_or(false);
    let owned = params.flag("owned")?.unwrap_or(false);
    let least = params.number("min_access_level")?.unwrap_or(0);
    let search = params.filled("search").map(|text| text.to_lowercase());
    let (visibility, topics, archived) = (params.filled("visibility"), params.list("topic"), params.flag("archived")?);
    let time = |key: &str| Ok::<_, ApiError>(params.time(key)?.map(crate::clock::text));
    let (active_after, active_before) = (time("last_activity_after")?, time("last_activity_before")?);
    let (updated_after, updated_before) = (time("updated_after")?, time("updated_before")?);
    // Nothing here has stars, issues, topics with numbers or a past elsewhere.
    let never: [&str; 3] = ["starred", "imported", "with_issues_enabled"];
    let nothing = params.has("topic_id") || never.iter().map(|key| params.flag(key)).collect::<ApiResult<Vec<_>>>()?.contains(&Some(true));
    let spaces = params.flag("search_namespaces")?.unwrap_or(false);
    params.one_of("order_by", &["id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"])?;
    params.one_of("sort", &["asc", "desc"])?;
    self::visibility(params)?;
    let (before, after) = (params.number("id_before")?, params.number("id_after")?);
    let mut found = Vec::new();
    for row in rows {
        let space = if spaces { row.full_path() } else { String::new() };
        let haystack = format!("{} {} {} {space}", row.name, row.path, row.description.as_deref().unwrap_or_default()).to_lowercase();
        let fits = !nothing
            && active_after.as_ref().is_none_or(|time| row.last_activity_at > *time)
            && active_before.as_ref().is_none_or(|time| row.last_activity_at < *time)
            && updated_after.as_ref().is_none_or(|time| row.updated_at > *time)
            && updated_before.as_ref().is_none_or(|time| row.updated_at < *time)
            && search.as_ref().is_none_or(|text| haystack.contains(text))
            && visibility.as_ref().is_none_or(|wanted| *wanted == row.visibility)
            && topics.iter().all(|topic| row.topics.split(',').any(|known| known == topic))
            && archived.is_none_or(|wanted| wanted == (row.archived))
            && before.is_none_or(|id| row.id < id)
            && after.is_none_or(|id| row.id > id);
        if !fits {
            continue;
        }
        if let Some(visible) = forge.visible(caller, row).await? {
            let own = visible.roles.project.max(visible.roles.group).unwrap_or(0);
            if (!member || own > 0) && (!owned || own >= OWNER) && visible.level >= least {
                found.push(visible);
            }
        }
    }
    sort(&mut found, params);
    let paging = Paging::read(params)?;
    let cursor = params.filled("pagination").as_deref() == Some("keyset");
    if cursor && params.filled("order_by").as_deref().is_some_and(|by| by != "id") {
        return Err(ApiError::Json(StatusCode::METHOD_NOT_ALLOWED, json!({ "error": "Keyset pagination is not yet available for this type of request" })));
    }
    let simple = params.flag("simple")?.unwrap_or(false) || caller.person().is_none();
    let total = found.len();
    let (skip, take) = if cursor { (0, paging.per_page) } else { (paging.skip(), paging.per_page) };
    let last = found.get(take.saturating_sub(1)).map(|visible| visible.project.id);
    let mut values = Vec::new();
    for (index, visible) in found.iter().enumerate() {
        // Only the page that is shown needs its repositories opened.
        let value = if index < skip || index >= skip + take {
            Value::Null
        } else if simple {
            present::basic(forge, &visible.project, &content(forge, &visible.project).await?)
        } else {
            shown(forge, visible).await?
        };
        values.push(value);
    }
    if cursor {
        values.truncate(take);
        let ascending = params.filled("sort").as_deref() == Some("asc");
        let next = last.filter(|_| total > take).map(|id| (if ascending { "id_after" } else { "id_before" }, id.to_string()));
        return Ok(keyset(place, values, next));
    }
    Ok(whole_list(place, paging, values))
}

fn sort(found: &mut [Visible], params: &Params) {
    match params.filled("order_by").as_deref() {
        Some("id") => found.sort_by_key(|v| v.project.id),
        Some("name") => found.sort_by_key(|v| v.project.name.to_lowercase()),
        Some("path") => found.sort_by_key(|v| v.project.path.to_lowercase()),
        Some("updated_at") => found.sort_by_key(|v| v.project.updated_at.clone()),
        Some("last_activity_at") => found.sort_by_key(|v| v.project.last_activity_at.clone()),
        _ => found.sort_by_key(|v| (v.project.created_at.clone(), v.project.id)),
    }
    if params.filled("sort").as_deref() != Some("asc") {
        found.reverse();
    }
}

/// A visibility that exists.
pub(crate) fn visibility(params: &Params) -> ApiResult<Option<String>> {
    params.one_of("visibility", &["private", "internal", "public"])
}

/// `GET /projects`
pub async fn list_projects(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    let rows = projects::projects(&forge.db, None).await?;
    list_visible(&forge, &caller, &place, &params, rows).await
}

/// `GET /projects/:id`
pub async fn get_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    if caller.person().is_none() {
        return Ok(Json(present::basic(&forge, &visible.project, &content(&forge, &visible.project).await?)));
    }
    Ok(Json(super::forks::shown_alone(&forge, &caller, &visible).await?))
}

/// `POST /projects`
pub async fn create_project(State(forge): State<Forge>, caller: Caller, params: Params) -> ApiResult<Response> {
    let user = caller.user()?;
    let (name, path) = (params.filled("name"), params.filled("path"));
    if name.is_none() && path.is_none() {
        return Err(ApiError::Parameter("name is missing, path is missing, at least one parameter must be provided".to_owned()));
    }
    let path = path.unwrap_or_else(|| name.clone().unwrap_or_default().trim().replace(' ', "-").to_lowercase());
    if !valid_path(&path) {
        let text = "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', end in '.git' or end in '.atom'";
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "path": [text] })));
    }
    let namespace = match params.filled("namespace_id") {
        Some(key) => {
            let row = projects::namespace(&forge.db, &key).await?.ok_or_else(|| ApiError::missing("Namespace"))?;
            let level = projects::group_role(&forge.db, row.id, user.id).await?.unwrap_or(0);
            if !user.admin && level < MAINTAINER {
                return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "namespace": ["is not valid"] })));
            }
            row
        }
        None => projects::namespace(&forge.db, &user.username).await?.ok_or_else(|| ApiError::missing("Namespace"))?,
    };
    if projects::project_by_path(&forge.db, &format!("{}/{path}", namespace.path)).await?.is_some() {
        let taken = json!(["has already been taken"]);
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "name": taken, "path": taken, "project_namespace.name": taken })));
    }
    let topics = [params.list("topics"), params.list("tag_list")].concat().join(",");
    let id = forge
        .create_project(&NewProject {
            namespace: namespace.id,
            name: name.unwrap_or_else(|| path.clone()),
            path,
            description: params.text("description"),
            visibility: visibility(&params)?.unwrap_or_else(|| "private".to_owned()),
            default_branch: params.filled("default_branch").unwrap_or_else(|| "main".to_owned()),
            topics,
            creator: user.id,
        })
        .await?;
    if params.flag("initialize_with_readme")?.unwrap_or(false) {
        forge.write_first_readme(id, user).await?;
    }
    let visible = forge.project(&caller, &id.to_string()).await?;
    Ok((StatusCode::CREATED, Json(shown(&forge, &visible).await?)).into_response())
}

/// `DELETE /projects/:id`
pub async fn delete_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(OWNER)?;
    forge.delete_project(&visible.project).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "message": "202 Accepted" }))).into_response())
}

/// `GET /projects/:id/languages`: shares of bytes by file extension.
pub async fn list_languages(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let repo = forge.repo(visible.project.id);
    let paths = blocking(move || Ok::<_, ApiError>(repo.paths("HEAD").unwrap_or_default())).await?;
    const KNOWN: [(&str, &str); 8] =
        [("py", "Python"), ("sh", "Shell"), ("rs", "Rust"), ("js", "JavaScript"), ("c", "C"), ("mo", "Modelica"), ("java", "Java"), ("ipynb", "Jupyter Notebook")];
    let mut counts = serde_json::Map::new();
    let named: Vec<&str> =
        paths.iter().filter_map(|path| path.rsplit_once('.')).filter_map(|(_, end)| KNOWN.iter().find(|(known, _)| *known == end)).map(|(_, name)| *name).collect();
    for name in &named {
        let share = named.iter().filter(|other| *other == name).count() as f64 * 100.0 / named.len() as f64;
        counts.insert((*name).to_owned(), json!((share * 100.0).round() / 100.0));
    }
    Ok(Json(Value::Object(counts)))
}

/// `GET /projects/:id/releases`: tags are not released here.
pub async fn list_releases(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    forge.project(&caller, &id).await?.require_code()?;
    Ok(whole_list(&place, Paging::read(&params)?, Vec::new()))
}

async fn with_people(forge: &Forge, rows: Vec<MemberRow>) -> ApiResult<Vec<Value>> {
    let mut values = Vec::new();
    for row in rows {
        if let Some(person) = identity::user(&forge.db, row.user_id).await? {
            values.push(people::member(forge, &row, &person));
        }
    }
    Ok(values)
}

/// Members of a project (with its group's, if `all`) or of a group.
pub(crate) async fn member_list(forge: &Forge, project: Option<i64>, group: Option<i64>) -> ApiResult<Vec<Value>> {
    with_people(forge, projects::members(&forge.db, project, group).await?).await
}

/// Those that `query` (part of a name) and `user_ids` ask for.
fn narrowed(mut members: Vec<Value>, params: &Params) -> Vec<Value> {
    let (text, ids) = (params.filled("query").map(|text| text.to_lowercase()), params.list("user_ids"));
    let holds = |member: &Value, key: &str, text: &str| member[key].as_str().is_some_and(|word| word.to_lowercase().contains(text));
    members.retain(|member| text.as_ref().is_none_or(|text| holds(member, "username", text) || holds(member, "name", text)));
    members.retain(|member| ids.is_empty() || ids.contains(&member["id"].to_string()));
    members
}

/// `GET /projects/:id/users`
pub async fn list_project_users(state: State<Forge>, caller: Caller, id: Path<String>, place: Place, params: Params) -> ApiResult {
    list_all_members(state, caller, id, place, params).await
}

/// `GET /projects/:id/members`
pub async fn list_members(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    let values = narrowed(member_list(&forge, Some(visible.project.id), None).await?, &params);
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `GET /projects/:id/members/all`
pub async fn list_all_members(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = forge.project(&caller, &id).await?;
    let values = narrowed(member_list(&forge, Some(visible.project.id), Some(visible.project.namespace_id)).await?, &params);
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

async fn one_member(forge: &Forge, caller: &Caller, id: &str, user: i64, inherited: bool) -> ApiResult<Json<Value>> {
    let visible = forge.project(caller, id).await?;
    let group = inherited.then_some(visible.project.namespace_id);
    let all = member_list(forge, Some(visible.project.id), group).await?;
    all.into_iter().find(|member| member["id"] == user).map(Json).ok_or_else(ApiError::no_record)
}

/// `GET /projects/:id/members/:user`
pub async fn get_member(State(forge): State<Forge>, caller: Caller, Path((id, user)): Path<(String, i64)>) -> ApiResult<Json<Value>> {
    one_member(&forge, &caller, &id, user, false).await
}

/// `GET /projects/:id/members/all/:user`
pub async fn get_any_member(State(forge): State<Forge>, caller: Caller, Path((id, user)): Path<(String, i64)>) -> ApiResult<Json<Value>> {
    one_member(&forge, &caller, &id, user, true).await
}

/// The day on which a membership ends, if it does: a date that is not past.
fn last_day(params: &Params) -> ApiResult<Option<String>> {
    let Some(time) = params.time("expires_at")? else { return Ok(None) };
    let past = time < chrono::Utc::now();
    if past { Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "expires_at": ["cannot be a date in the past"] }))) } else { Ok(Some(time.format("%Y-%m-%d").to_string())) }
}

/// The person, role and last day of a membership request.
pub(crate) async fn read_member(forge: &Forge, params: &Params) -> ApiResult<(i64, i64, Option<String>)> {
    let level = params.number("access_level")?.ok_or_else(|| ApiError::Parameter("access_level is missing".to_owned()))?;
    if ![5, 10, 15, 20, 25, 30, 40, 50].contains(&level) {
        return Err(ApiError::Parameter("access_level does not have a valid value".to_owned()));
    }
    let person = match (params.number("user_id")?, params.filled("username")) {
        (Some(id), _) => identity::user(&forge.db, id).await?,
        (None, Some(name)) => identity::user_by_name(&forge.db, &name).await?,
        (None, None) => return Err(ApiError::Parameter("user_id, username are missing, exactly one parameter must be provided".to_owned())),
    };
    Ok((person.ok_or_else(|| ApiError::missing("User"))?.id, level, last_day(params)?))
}

/// `POST /projects/:id/members`
pub async fn add_member(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(MAINTAINER)?;
    let (user, level, until) = read_member(&forge, &params).await?;
    if level > visible.level {
        return Err(ApiError::forbidden(""));
    }
    let project = visible.project.id;
    if projects::roles(&forge.db, &visible.project, user).await?.project.is_some() {
        return Err(ApiError::new(StatusCode::CONFLICT, "Member already exists"));
    }
    forge.set_member(Some(project), None, user, level, until).await?;
    let Json(member) = one_member(&forge, &caller, &id, user, false).await?;
    Ok((StatusCode::CREATED, Json(member)).into_response())
}

/// `PUT /projects/:id/members/:user`
pub async fn update_member(State(forge): State<Forge>, caller: Caller, Path((id, user)): Path<(String, i64)>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require(MAINTAINER)?;
    let level = params.number("access_level")?.ok_or_else(|| ApiError::Parameter("access_level is missing".to_owned()))?;
    // Who lowers themselves cannot get up again, so GitLab leaves that to another Owner.
    let Json(known) = one_member(&forge, &caller, &id, user, false).await?;
    // Nobody gives a role above their own, or takes one away.
    if level > visible.level || known["access_level"].as_i64() > Some(visible.level) || caller.user()?.id == user {
        return Err(ApiError::forbidden(""));
    }
    let until = if params.has("expires_at") { last_day(&params)? } else { known["expires_at"].as_str().map(str::to_owned) };
    forge.set_member(Some(visible.project.id), None, user, level, until).await?;
    one_member(&forge, &caller, &id, user, false).await
}

/// `DELETE /projects/:id/members/:user`
pub async fn remove_member(State(forge): State<Forge>, caller: Caller, Path((id, user)): Path<(String, i64)>) -> ApiResult<StatusCode> {
    let visible = forge.project(&caller, &id).await?;
    if caller.user()?.id != user {
        visible.require(MAINTAINER)?;
        let Json(known) = one_member(&forge, &caller, &id, user, false).await?;
        if known["access_level"].as_i64() > Some(visible.level) {
            return Err(ApiError::forbidden(""));
        }
    } else if visible.roles.project == Some(OWNER) {
        return Err(ApiError::forbidden("The last owner of a project cannot leave it"));
    }
    let done = sqlx::query("DELETE FROM members WHERE project_id = ? AND user_id = ?").bind(visible.project.id).bind(user).execute(&forge.db).await?;
    if done.rows_affected() == 0 { Err(ApiError::no_record()) } else { Ok(StatusCode::NO_CONTENT) }
}
