//! OAuth applications: registered by administrators, found by authorization requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::SCOPES;
use crate::Forge;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::params::Params;
use crate::secret;

/// What an application is registered with.
#[derive(Debug, Clone)]
pub struct NewApplication {
    /// Shown on the consent page.
    pub name: String,
    /// One a line.
    pub redirect_uris: String,
    /// Space-separated.
    pub scopes: String,
    /// Whether it keeps a secret.
    pub confidential: bool,
    /// Whether nobody is asked for consent.
    pub trusted: bool,
    /// The client id, when it is not to be made up.
    pub uid: Option<String>,
    /// Who registers it.
    pub owner: Option<i64>,
}

impl Forge {
    /// Registers an application; its id and, if confidential, its secret, which is not shown again.
    pub async fn create_application(&self, new: &NewApplication) -> sqlx::Result<(i64, String, Option<String>)> {
        let uid = new.uid.clone().unwrap_or_else(secret::random_hex);
        let plain = new.confidential.then(|| secret::token("gloas-"));
        let done = sqlx::query(
            "INSERT INTO oauth_applications (uid, secret_hash, name, redirect_uris, scopes, confidential, trusted, owner_id, created_at) VALUES (?,?,?,?,?,?,?,?,?) \
             ON CONFLICT (uid) DO UPDATE SET redirect_uris = excluded.redirect_uris, scopes = excluded.scopes, name = excluded.name",
        )
        .bind(&uid)
        .bind(plain.as_deref().map(secret::hash))
        .bind(&new.name)
        .bind(&new.redirect_uris)
        .bind(&new.scopes)
        .bind(new.confidential)
        .bind(new.trusted)
        .bind(new.owner)
        .bind(self.clock.text())
        .execute(&self.db)
        .await?;
        Ok((done.last_insert_rowid(), uid, plain))
    }
}

fn fits(uri: &str) -> bool {
    url::Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.fragment().is_none() && url.has_host())
}

/// `POST /applications` (administrators) and `POST /user/applications`
pub async fn create_application(State(forge): State<Forge>, caller: Caller, params: Params) -> ApiResult<Response> {
    let user = caller.user()?;
    if !user.admin {
        return Err(ApiError::forbidden(""));
    }
    let (name, redirect_uris, scopes) = (params.required("name")?, params.required("redirect_uri")?, params.text("scopes").unwrap_or_default());
    if redirect_uris.trim().is_empty() || redirect_uris.lines().any(|uri| !fits(uri.trim())) {
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "redirect_uri": ["must be an absolute URI."] })));
    }
    if scopes.split_whitespace().any(|scope| !SCOPES.contains(&scope)) {
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "scopes": ["doesn't match configured on the server."] })));
    }
    let confidential = params.flag("confidential")?.unwrap_or(true);
    let new = NewApplication { name: name.clone(), redirect_uris: redirect_uris.clone(), scopes, confidential, trusted: false, uid: None, owner: Some(user.id) };
    let (id, uid, secret) = forge.create_application(&new).await?;
    let body = json!({ "id": id, "application_id": uid, "application_name": name, "callback_url": redirect_uris, "confidential": confidential, "secret": secret });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}
