//! `/oauth/token`, `/oauth/revoke`, `/oauth/token/info`, `/oauth/introspect`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Forge;
use crate::clock;
use crate::error::ApiResult;
use crate::params::Params;
use crate::secret;
use crate::store::identity::{self, ApplicationRow};

/// GitLab's two hours.
const ACCESS_SECONDS: i64 = 7200;

const GRANT: &str =
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.";
const CLIENT: &str = "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.";

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store, no-cache"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (status, headers, Json(json!({ "error": error, "error_description": description }))).into_response()
}

fn invalid_grant() -> Response {
    refuse(StatusCode::BAD_REQUEST, "invalid_grant", GRANT)
}

fn answer(body: Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store, no-cache"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(body)).into_response()
}

/// The client of a request: Basic, or id and secret in the body; public ones show no secret.
async fn client(forge: &Forge, headers: &HeaderMap, params: &Params) -> ApiResult<Option<ApplicationRow>> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (uid, given) = match basic.as_deref().and_then(|text| text.split_once(':')) {
        Some((uid, given)) => (decode(uid), Some(decode(given))),
        None => (params.text("client_id").unwrap_or_default(), params.filled("client_secret")),
    };
    let Some(application) = identity::application(&forge.db, &uid).await? else { return Ok(None) };
    let shown = given.filter(|given| !given.is_empty()).map(|given| secret::hash(&given));
    let fits = if application.confidential { shown.is_some() && shown == application.secret_hash } else { shown.is_none() || shown == application.secret_hash };
    Ok(fits.then_some(application))
}

/// `POST /oauth/token`
pub async fn issue(State(forge): State<Forge>, headers: HeaderMap, params: Params) -> ApiResult<Response> {
    let Some(application) = client(&forge, &headers, &params).await? else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "invalid_client", CLIENT));
    };
    match params.text("grant_type").as_deref() {
        Some("authorization_code") => with_code(&forge, &application, &params).await,
        Some("refresh_token") => with_refresh(&forge, &application, &params).await,
        Some(_) => Ok(refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")),
        None => Ok(refuse(StatusCode::BAD_REQUEST, "invalid_request", "Missing required parameter: grant_type.")),
    }
}

/// RFC 7636 §4.6.
fn verifier_fits(challenge: Option<&str>, method: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, method, verifier) {
        (None, _, verifier) => verifier.is_none_or(str::is_empty),
        (Some(challenge), Some("S256"), Some(verifier)) => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge,
        (Some(challenge), _, Some(verifier)) => challenge == verifier,
        (Some(_), _, None) => false,
    }
}

#[derive(sqlx::FromRow)]
struct CodeRow {
    code_hash: String,
    user_id: i64,
    redirect_uri: String,
    scopes: String,
    challenge: Option<String>,
    challenge_method: Option<String>,
    nonce: Option<String>,
    used_at: Option<String>,
}

async fn with_code(forge: &Forge, application: &ApplicationRow, params: &Params) -> ApiResult<Response> {
    let hash = secret::hash(&params.text("code").unwrap_or_default());
    let now = forge.clock.text();
    let mut transaction = forge.db.begin_with("BEGIN IMMEDIATE").await?;
    let row: Option<CodeRow> = sqlx::query_as("SELECT code_hash, user_id, redirect_uri, scopes, challenge, challenge_method, nonce, used_at FROM oauth_codes WHERE code_hash = ? AND application_id = ? AND expires_at > ?")
        .bind(&hash)
        .bind(application.id)
        .bind(&now)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = row else { return Ok(invalid_grant()) };
    if row.used_at.is_some() {
        // RFC 6749 §4.1.2: a code used twice was stolen once; what it gave is taken back.
        sqlx::query("UPDATE oauth_tokens SET revoked_at = ? WHERE code_hash = ? AND revoked_at IS NULL").bind(&now).bind(&hash).execute(&mut *transaction).await?;
        transaction.commit().await?;
        return Ok(invalid_grant());
    }
    let verifier = params.text("code_verifier");
    if params.text("redirect_uri").as_deref() != Some(&row.redirect_uri) || !verifier_fits(row.challenge.as_deref(), row.challenge_method.as_deref(), verifier.as_deref()) {
        return Ok(invalid_grant());
    }
    sqlx::query("UPDATE oauth_codes SET used_at = ? WHERE code_hash = ?").bind(&now).bind(&hash).execute(&mut *transaction).await?;
    let mut body = insert(forge, &mut transaction, application.id, row.user_id, &row.scopes, Some(&row.code_hash)).await?;
    transaction.commit().await?;
    if row.scopes.split_whitespace().any(|scope| scope == "openid") {
        body["id_token"] = json!(forge.id_token(application, row.user_id, &row.scopes, row.nonce.as_deref()).await?);
    }
    Ok(answer(body))
}

async fn with_refresh(forge: &Forge, application: &ApplicationRow, params: &Params) -> ApiResult<Response> {
    let hash = secret::hash(&params.text("refresh_token").unwrap_or_default());
    let mut transaction = forge.db.begin_with("BEGIN IMMEDIATE").await?;
    let row: Option<(i64, i64, String)> = sqlx::query_as("SELECT id, user_id, scopes FROM oauth_tokens WHERE refresh_hash = ? AND application_id = ? AND revoked_at IS NULL")
        .bind(&hash)
        .bind(application.id)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some((id, user, scopes)) = row else { return Ok(invalid_grant()) };
    let wanted = params.filled("scope").unwrap_or_else(|| scopes.clone());
    if wanted.split_whitespace().any(|scope| !scopes.split_whitespace().any(|had| had == scope)) {
        return Ok(refuse(StatusCode::BAD_REQUEST, "invalid_scope", "The requested scope is invalid, unknown, or malformed."));
    }
    // Both old tokens end here, as on GitLab; the new pair is stored in the same transaction.
    sqlx::query("UPDATE oauth_tokens SET revoked_at = ? WHERE id = ?").bind(forge.clock.text()).bind(id).execute(&mut *transaction).await?;
    let body = insert(forge, &mut transaction, application.id, user, &wanted, None).await?;
    transaction.commit().await?;
    Ok(answer(body))
}

async fn insert(forge: &Forge, connection: &mut sqlx::SqliteConnection, application: i64, user: i64, scopes: &str, code: Option<&str>) -> ApiResult<Value> {
    let (access, refresh) = (secret::random_hex(), secret::random_hex());
    sqlx::query("INSERT INTO oauth_tokens (application_id, user_id, access_hash, refresh_hash, scopes, created_at, expires_at, code_hash) VALUES (?,?,?,?,?,?,?,?)")
        .bind(application)
        .bind(user)
        .bind(secret::hash(&access))
        .bind(secret::hash(&refresh))
        .bind(scopes)
        .bind(forge.clock.text())
        .bind(forge.clock.text_in(ACCESS_SECONDS))
        .bind(code)
        .execute(connection)
        .await?;
    Ok(json!({
        "access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS, "refresh_token": refresh, "scope": scopes,
        "created_at": forge.clock.now().timestamp(),
    }))
}

/// `POST /oauth/revoke` (RFC 7009): 200 `{}` for tokens that are unknown, too.
pub async fn revoke(State(forge): State<Forge>, headers: HeaderMap, params: Params) -> ApiResult<Response> {
    let Some(application) = client(&forge, &headers, &params).await? else {
        return Ok(refuse(StatusCode::FORBIDDEN, "unauthorized_client", "You are not authorized to revoke this token"));
    };
    let hash = secret::hash(&params.text("token").unwrap_or_default());
    let owner: Option<i64> =
        sqlx::query_scalar("SELECT application_id FROM oauth_tokens WHERE access_hash = ?1 OR refresh_hash = ?1").bind(&hash).fetch_optional(&forge.db).await?;
    if owner.is_some_and(|owner| owner != application.id) {
        return Ok(refuse(StatusCode::FORBIDDEN, "unauthorized_client", "You are not authorized to revoke this token"));
    }
    sqlx::query("UPDATE oauth_tokens SET revoked_at = ? WHERE (access_hash = ?2 OR refresh_hash = ?2) AND revoked_at IS NULL")
        .bind(forge.clock.text())
        .bind(&hash)
        .execute(&forge.db)
        .await?;
    Ok(answer(json!({})))
}

type Found = (i64, i64, String, String, String, String);

async fn find(forge: &Forge, token: &str) -> ApiResult<Option<Found>> {
    let found = sqlx::query_as(
        "SELECT t.id, t.user_id, t.scopes, t.created_at, t.expires_at, a.uid FROM oauth_tokens t JOIN oauth_applications a ON a.id = t.application_id \
         WHERE t.access_hash = ? AND t.revoked_at IS NULL AND t.expires_at > ?",
    )
    .bind(secret::hash(token))
    .bind(forge.clock.text())
    .fetch_optional(&forge.db)
    .await?;
    Ok(found)
}

/// `GET /oauth/token/info`
pub async fn info(State(forge): State<Forge>, headers: HeaderMap) -> ApiResult<Response> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim());
    let Some((_, user, scopes, created, expires, uid)) = find(&forge, token.unwrap_or_default()).await? else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "invalid_token", "The access token is invalid"));
    };
    let seconds = |text: &str| clock::parse(text).map(|time| time.timestamp()).unwrap_or_default();
    let left = seconds(&expires) - forge.clock.now().timestamp();
    let list: Vec<&str> = scopes.split_whitespace().collect();
    Ok(answer(json!({
        "resource_owner_id": user, "scope": list, "scopes": list, "expires_in": left, "expires_in_seconds": left, "application": { "uid": uid },
        "created_at": seconds(&created),
    })))
}

/// `POST /oauth/introspect` (RFC 7662), for the token's own client.
pub async fn introspect(State(forge): State<Forge>, headers: HeaderMap, params: Params) -> ApiResult<Response> {
    let Some(application) = client(&forge, &headers, &params).await?.filter(|application| application.confidential) else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "invalid_client", CLIENT));
    };
    let found = find(&forge, &params.text("token").unwrap_or_default()).await?.filter(|found| found.5 == application.uid);
    Ok(answer(match found {
        Some((_, user, scopes, created, expires, uid)) => {
            let seconds = |text: &str| clock::parse(text).map(|time| time.timestamp());
            json!({ "active": true, "scope": scopes, "client_id": uid, "token_type": "Bearer", "sub": user.to_string(), "iat": seconds(&created), "exp": seconds(&expires) })
        }
        None => json!({ "active": false }),
    }))
}
