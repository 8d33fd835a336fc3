//! `/user`, `/users`, `/version`.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::projects::list_visible;
use crate::Forge;
use crate::auth::{Caller, credential};
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::people;
use crate::store::identity;

/// `GET /user`
pub async fn get_user(State(forge): State<Forge>, caller: Caller) -> ApiResult<Json<Value>> {
    let user = caller.user()?;
    let own = crate::store::projects::namespace(&forge.db, &user.username).await?;
    Ok(Json(people::current_user(&forge, user, own.map(|own| own.id))))
}

/// `GET /users`
pub async fn list_users(State(forge): State<Forge>, caller: Caller, place: Place, params: Params) -> ApiResult {
    caller.user()?;
    let rows = identity::users(&forge.db, params.filled("username").as_deref(), params.filled("search").as_deref()).await?;
    let mut rows = rows;
    // Nobody here is blocked or from outside.
    if params.flag("blocked")?.unwrap_or(false) || params.flag("external")?.unwrap_or(false) {
        rows.clear();
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    if params.one_of("sort", &["asc", "desc"])?.as_deref() == Some("asc") {
        rows.reverse();
    }
    Ok(whole_list(&place, Paging::read(&params)?, rows.iter().map(|row| people::user(&forge, row)).collect()))
}

/// `GET /users/:id`
pub async fn get_user_by_id(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    caller.user()?;
    let id = id.parse().map_err(|_| ApiError::Parameter("id is invalid".to_owned()))?;
    let row = identity::user(&forge.db, id).await?.ok_or_else(|| ApiError::missing("User"))?;
    let mut value = people::user(&forge, &row);
    value["created_at"] = json!(row.created_at);
    Ok(Json(value))
}

/// `GET /users/:id/projects`
pub async fn list_user_projects(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let row = match id.parse() {
        Ok(id) => identity::user(&forge.db, id).await?,
        Err(_) => identity::user_by_name(&forge.db, &id).await?,
    };
    let row = row.ok_or_else(|| ApiError::missing("User"))?;
    let own = crate::store::projects::namespace(&forge.db, &row.username).await?;
    let rows = crate::store::projects::projects(&forge.db, own.map(|own| own.id).or(Some(-1))).await?;
    list_visible(&forge, &caller, &place, &params, rows).await
}

/// `GET /version` and `GET /metadata`
pub async fn get_version(caller: Caller) -> ApiResult<Json<Value>> {
    caller.user()?;
    let kas = json!({ "enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null });
    Ok(Json(json!({ "version": crate::VERSION, "revision": crate::REVISION, "kas": kas, "enterprise": false })))
}

/// The hash of the token that a request carries.
fn own_hash(headers: &HeaderMap, query: Option<String>) -> String {
    crate::secret::hash(&credential(headers, &query.unwrap_or_default()).unwrap_or_default())
}

/// `GET /personal_access_tokens/self`
pub async fn get_own_token(State(forge): State<Forge>, caller: Caller, headers: HeaderMap, RawQuery(query): RawQuery) -> ApiResult<Response> {
    let user = caller.user()?;
    let found: Option<(i64, String, String, String, Option<String>)> =
        sqlx::query_as("SELECT id, name, scopes, created_at, expires_at FROM access_tokens WHERE token_hash = ?").bind(own_hash(&headers, query)).fetch_optional(&forge.db).await?;
    let (id, name, scopes, created_at, expires_at) = found.ok_or_else(|| ApiError::missing("Token"))?;
    let scopes: Vec<&str> = scopes.split_whitespace().collect();
    Ok(Json(json!({
        "id": id, "name": name, "revoked": false, "created_at": created_at, "description": null, "scopes": scopes, "user_id": user.id,
        "last_used_at": null, "active": true, "expires_at": expires_at.map(|text| text[..10].to_owned()),
    }))
    .into_response())
}

/// `DELETE /personal_access_tokens/self`: whoever has found a token can make it worthless, whatever it may do.
pub async fn revoke_own_token(State(forge): State<Forge>, caller: Caller, headers: HeaderMap, RawQuery(query): RawQuery) -> ApiResult<StatusCode> {
    caller.user()?;
    let done = sqlx::query("UPDATE access_tokens SET revoked_at = ? WHERE token_hash = ? AND revoked_at IS NULL")
        .bind(forge.clock.text())
        .bind(own_hash(&headers, query))
        .execute(&forge.db)
        .await?;
    if done.rows_affected() == 0 { Err(ApiError::bad("This method is only for personal access tokens")) } else { Ok(StatusCode::NO_CONTENT) }
}
