//! `POST /auth/{backend}/token`: a short-lived access token for the app's own pages, and nobody else.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tower_sessions::Session;

use super::fresh::{Lost, fresh};
use super::{set_signed_in, signed_in};
use crate::State;
use crate::failure::Failure;
use crate::middleware::is_asked_by_the_app;

/// A page does not wait longer than this for a refresh, which goes on: a browser has few
/// connections to a server, and one slow backend must not hold them all.
const PATIENCE: Duration = Duration::from_millis(3_500);

fn say(status: StatusCode, error: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({ "error": error }))).into_response()
}

/// Gives the page its token.
pub async fn token(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    if !is_asked_by_the_app(&state, &headers) {
        return Ok(say(StatusCode::FORBIDDEN, "foreign_request"));
    }
    let Some(backend) = state.backend(&id).cloned() else { return Ok(say(StatusCode::NOT_FOUND, "unknown_backend")) };
    let list = signed_in(&state, &session).await?;
    let Some(own) = list.iter().find(|own| own.backend == id).cloned() else { return Ok(say(StatusCode::UNAUTHORIZED, "signed_out")) };
    let username = own.username.clone();
    match tokio::time::timeout(PATIENCE, fresh(&state, &backend, &own.grant)).await {
        Err(_) => Ok(say(StatusCode::GATEWAY_TIMEOUT, "backend_slow")),
        Ok(Ok(tokens)) => {
            // A page that was made for somebody else sees that it is.
            let body = json!({ "access_token": tokens.access, "expires_at": tokens.expires_at, "expires_in": tokens.expires_at - chrono::Utc::now().timestamp(), "scope": tokens.scope, "username": username });
            Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
        }
        Ok(Err(Lost::Grant)) => {
            let _turn = state.arrivals.lock().await;
            session.load().await?;
            let mut rest = signed_in(&state, &session).await?;
            let known = rest.len();
            rest.retain(|other| other.grant != own.grant);
            // A session that has another name by now is not made anew under this one.
            if rest.len() < known {
                set_signed_in(&session, &rest).await?;
            }
            Ok(say(StatusCode::UNAUTHORIZED, "signed_out"))
        }
        Ok(Err(Lost::Unreachable)) => Ok(say(StatusCode::BAD_GATEWAY, "backend_unreachable")),
        Ok(Err(Lost::Store(error))) => Err(Failure::internal(error)),
    }
}
