//! `/groups` and `/namespaces`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::projects::{list_visible, member_list, read_member, visibility};
use crate::Forge;
use crate::access::OWNER;
use crate::admin::valid_path;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::people;
use crate::store::projects;

/// `GET /groups`
pub async fn list_groups(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    let search = params.filled("search").map(|text| text.to_lowercase());
    let least = params.number("min_access_level")?.unwrap_or(0);
    let (seen_by, owned, skipped) = (visibility(&params)?, params.flag("owned")?.unwrap_or(false), params.list("skip_groups"));
    let least = if owned { OWNER } else { least };
    let mut values = Vec::new();
    for row in projects::namespaces(&forge.db, Some("group")).await? {
        let fits = seen_by.as_ref().is_none_or(|wanted| *wanted == row.visibility) && !skipped.contains(&row.id.to_string());
        let fits = fits && search.as_ref().is_none_or(|text| row.path.to_lowercase().contains(text) || row.name.to_lowercase().contains(text));
        if let (true, Ok((row, level))) = (fits, forge.group(&caller, &row.id.to_string()).await)
            && level >= least
        {
            values.push(people::group(&forge, &row));
        }
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `GET /groups/:id`
pub async fn get_group(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let (row, _) = forge.group(&caller, &id).await?;
    let mut value = people::group(&forge, &row);
    value["shared_with_groups"] = json!([]);
    value["prevent_sharing_groups_outside_hierarchy"] = json!(false);
    Ok(Json(value))
}

/// `POST /groups`
pub async fn create_group(State(forge): State<Forge>, caller: Caller, params: Params) -> ApiResult<Response> {
    let user = caller.user()?;
    if !user.admin {
        return Err(ApiError::forbidden(""));
    }
    let (name, path) = (params.required("name")?, params.required("path")?);
    let taken = projects::namespace(&forge.db, &path).await?.is_some();
    if taken || !valid_path(&path) {
        let reason = if taken { "has already been taken" } else { "can contain only letters, digits, '_', '-' and '.'" };
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "path": [reason] })));
    }
    let seen_by = visibility(&params)?.unwrap_or_else(|| "private".to_owned());
    let id = forge.create_namespace("group", &path, &name, &seen_by, Some(user.id)).await?;
    let (row, _) = forge.group(&caller, &id.to_string()).await?;
    Ok((StatusCode::CREATED, Json(people::group(&forge, &row))).into_response())
}

/// `GET /groups/:id/projects`
pub async fn list_group_projects(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let (group, _) = forge.group(&caller, &id).await?;
    let rows = projects::projects(&forge.db, Some(group.id)).await?;
    list_visible(&forge, &caller, &place, &params, rows).await
}

/// `GET /groups/:id/subgroups`: there are none.
pub async fn list_subgroups(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    forge.group(&caller, &id).await?;
    Ok(whole_list(&place, Paging::read(&params)?, Vec::new()))
}

/// `GET /groups/:id/members`
pub async fn list_members(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let (group, _) = forge.group(&caller, &id).await?;
    Ok(whole_list(&place, Paging::read(&params)?, member_list(&forge, None, Some(group.id)).await?))
}

/// `POST /groups/:id/members`
pub async fn add_member(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let (group, level) = forge.group(&caller, &id).await?;
    if level < OWNER {
        return Err(ApiError::forbidden(""));
    }
    let (user, role, until) = read_member(&forge, &params).await?;
    if projects::group_role(&forge.db, group.id, user).await?.is_some() {
        return Err(ApiError::new(StatusCode::CONFLICT, "Member already exists"));
    }
    forge.set_member(None, Some(group.id), user, role, until).await?;
    let all = member_list(&forge, None, Some(group.id)).await?;
    let member = all.into_iter().find(|member| member["id"] == user).unwrap_or(Value::Null);
    Ok((StatusCode::CREATED, Json(member)).into_response())
}

/// `DELETE /groups/:id/members/:user`
pub async fn remove_member(State(forge): State<Forge>, caller: Caller, Path((id, user)): Path<(String, i64)>) -> ApiResult<StatusCode> {
    let (group, level) = forge.group(&caller, &id).await?;
    if level < OWNER {
        return Err(ApiError::forbidden(""));
    }
    let done = sqlx::query("DELETE FROM members WHERE namespace_id = ? AND user_id = ?").bind(group.id).bind(user).execute(&forge.db).await?;
    if done.rows_affected() == 0 { Err(ApiError::no_record()) } else { Ok(StatusCode::NO_CONTENT) }
}

/// `GET /namespaces`
pub async fn list_namespaces(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    let user = caller.user()?.clone();
    let search = params.filled("search").map(|text| text.to_lowercase());
    let mut values = Vec::new();
    for row in projects::namespaces(&forge.db, None).await? {
        let member = projects::group_role(&forge.db, row.id, user.id).await?.is_some();
        if (member || user.admin) && search.as_ref().is_none_or(|text| row.path.to_lowercase().contains(text)) {
            values.push(people::namespace(&forge, &row));
        }
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `GET /namespaces/:id`
pub async fn get_namespace(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let user = caller.user()?;
    let row = projects::namespace(&forge.db, &id).await?.ok_or_else(|| ApiError::missing("Namespace"))?;
    let member = projects::group_role(&forge.db, row.id, user.id).await?.is_some();
    if member || user.admin || row.visibility != "private" { Ok(Json(people::namespace(&forge, &row))) } else { Err(ApiError::missing("Namespace")) }
}
