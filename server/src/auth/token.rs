//! `POST /auth/{backend}/token`: a short-lived access token for the app's own pages, and nobody else.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oauth2::RefreshToken;
use serde_json::json;
use tower_sessions::Session;

use super::backend::Backend;
use super::callback::tokens;
use super::grants::Tokens;
use super::{set_signed_in, signed_in};
use crate::State;
use crate::failure::Failure;
use crate::middleware::from_our_pages;

/// A token with less left than this is renewed first.
const MARGIN: i64 = 300;

/// How a refresh can end badly.
enum Lost {
    /// The grant is dead; the person has to sign in again.
    Grant,
    /// The backend did not answer; what is there may still do.
    Unreachable,
}

/// A token that is good for a while. One request at a time asks the backend; the others find
/// what it brought.
async fn fresh(state: &State, backend: &Backend, grant: &str) -> Result<Tokens, Lost> {
    let lock = state.grants.lock(grant);
    let _held = lock.lock().await;
    let now = chrono::Utc::now().timestamp();
    let current = state.grants.get(grant, &backend.id).await.ok_or(Lost::Grant)?;
    if current.expires_at - now > MARGIN {
        return Ok(current);
    }
    let Some(refresh) = current.refresh.clone() else {
        return if current.expires_at > now { Ok(current) } else { Err(Lost::Grant) };
    };
    let refresh = RefreshToken::new(refresh);
    match backend.client.exchange_refresh_token(&refresh).request_async(&state.http).await {
        Ok(answer) => {
            let new = tokens(&answer);
            state.grants.put(grant, &backend.id, &new, now).await.map_err(|_| Lost::Unreachable)?;
            Ok(new)
        }
        Err(oauth2::RequestTokenError::ServerResponse(_)) => {
            state.grants.remove(grant).await;
            Err(Lost::Grant)
        }
        Err(_) if current.expires_at > now => Ok(current),
        Err(_) => Err(Lost::Unreachable),
    }
}

fn say(status: StatusCode, error: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({ "error": error }))).into_response()
}

/// Gives the page its token.
pub async fn token(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    if !from_our_pages(&state, &headers) || headers.get("x-twinport").is_none_or(|value| value != "1") {
        return Ok(say(StatusCode::FORBIDDEN, "foreign_request"));
    }
    let Some(backend) = state.backend(&id).cloned() else { return Ok(say(StatusCode::NOT_FOUND, "unknown_backend")) };
    let list = signed_in(&session).await;
    let Some(own) = list.iter().find(|own| own.backend == id).cloned() else { return Ok(say(StatusCode::UNAUTHORIZED, "signed_out")) };
    // A browser that goes away must not cost the pair that a refresh brought.
    let work = {
        let state = state.clone();
        tokio::spawn(async move { fresh(&state, &backend, &own.grant).await })
    };
    match work.await {
        Ok(Ok(tokens)) => {
            let body = json!({ "access_token": tokens.access, "expires_at": tokens.expires_at, "scope": tokens.scope });
            Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
        }
        Ok(Err(Lost::Grant)) => {
            let rest: Vec<_> = list.into_iter().filter(|own| own.backend != id).collect();
            set_signed_in(&session, &rest).await?;
            Ok(say(StatusCode::UNAUTHORIZED, "signed_out"))
        }
        Ok(Err(Lost::Unreachable)) => Ok(say(StatusCode::BAD_GATEWAY, "backend_unreachable")),
        Err(panic) => Err(Failure::internal(panic.to_string())),
    }
}
