//! `POST /auth/{backend}/logout`: tokens revoked there, forgotten here.

use std::time::Duration;

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use super::backend::Backend;
use super::callback::KeepsCookie;
use super::grants::{Tokens, random_name};
use super::{set_signed_in, signed_in};
use crate::State;
use crate::failure::Failure;
use crate::middleware::is_asked_by_the_app;

/// A backend that is away is told again, after pauses that grow.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_secs(2);
/// Days after which nobody tries any more.
const DAYS: i64 = 7;
/// Under which name that is kept.
const LEFT: &str = "revocation";

/// Forgets a grant, and has the backend forget it as well, in its own time.
pub async fn revoke(state: &State, backend: &Backend, grant: &str) {
    if let Ok(Some(tokens)) = state.grants.get(grant, &backend.id).await {
        revoke_tokens(state, backend, tokens).await;
    }
    state.grants.remove(grant).await;
}

/// Has the backend forget tokens, in its own time. What is left to do is kept (sealed) until it is done, so that the end of this
/// server is not the end of that.
pub async fn revoke_tokens(state: &State, backend: &Backend, tokens: Tokens) {
    // That which lasts goes first.
    let mut dead: Vec<(String, String)> = tokens.refresh.map(|refresh| ("refresh_token".to_owned(), refresh)).into_iter().collect();
    dead.push(("access_token".to_owned(), tokens.access));
    let id = format!("{LEFT}:{}", random_name());
    let body = serde_json::to_vec(&(&backend.id, &dead)).ok().and_then(|plain| state.grants.seal_text(LEFT, &plain).ok());
    if let Some(body) = body {
        let _ = state.put_granted(&id, LEFT, &body, chrono::Utc::now().timestamp() + DAYS * 24 * 3600).await;
    }
    let (state, backend) = (state.clone(), backend.clone());
    tokio::spawn(async move {
        if forgotten(&state, &backend, &dead, TRIES).await {
            let _ = state.take_back(&id, LEFT).await;
        }
    });
}

/// Whether a backend has forgotten tokens, or never will.
async fn forgotten(state: &State, backend: &Backend, dead: &[(String, String)], tries: u32) -> bool {
    let mut all = true;
    for (kind, token) in dead {
        let mut turn = 0;
        loop {
            // By hand (RFC 7009 §2.1): the crate refuses addresses without TLS, which a forge on this machine has.
            let form = backend.credentials().into_iter().chain([("token", token.clone()), ("token_type_hint", kind.clone())]);
            let answer = state.http.post(format!("{}/oauth/revoke", backend.internal_url)).form(&form.collect::<Vec<_>>()).send().await;
            match answer.map(|answer| answer.status()) {
                Ok(status) if status.is_success() => break,
                // A refusal is an answer: asking again would not change it.
                Ok(status) if status.is_client_error() && ![408, 429].contains(&status.as_u16()) => {
                    tracing::warn!(backend = backend.id, %status, "a token could not be revoked");
                    break;
                }
                _ if turn >= tries => {
                    all = false;
                    break;
                }
                _ => tokio::time::sleep(PAUSE * 2_u32.pow(turn)).await,
            }
            turn += 1;
        }
    }
    all
}

/// Goes on with what was left to revoke, by this server before its last start or by another. What cannot be opened here, or is of
/// a backend that is not known here, may be another server's; it is forgotten in its time.
pub async fn go_on(state: &State) {
    let mut away = std::collections::HashSet::new();
    for (id, body) in state.granted_by(LEFT).await.unwrap_or_default() {
        let read = state.grants.open_text(LEFT, &body).and_then(|plain| serde_json::from_slice::<(String, Vec<(String, String)>)>(&plain).ok());
        let Some((backend, dead)) = read.and_then(|(id, dead)| Some((state.backend(&id)?, dead))).filter(|(backend, _)| !away.contains(&backend.id)) else { continue };
        if forgotten(state, backend, &dead, 0).await {
            let _ = state.take_back(&id, LEFT).await;
        } else {
            away.insert(&backend.id);
        }
    }
}

/// Signs out of one backend. A backend that is away does not keep anybody signed in here.
pub async fn logout(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    if !is_asked_by_the_app(&state, &headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    // Another request of this session may be changing the list: one after the other, from what is kept.
    let turn = state.arrivals.lock().await;
    // A sign-in that ended meanwhile has given the session another name.
    let moved = turn.moved(&state, session.id()).await.map_err(Failure::internal)?;
    let keeps = moved.is_some();
    let session = moved.unwrap_or(session);
    session.load().await?;
    let mut list = signed_in(&state, &session).await?;
    if let (Some(own), Some(backend)) = (list.iter().find(|own| own.backend == id), state.backend(&id)) {
        revoke(&state, backend, &own.grant).await;
    }
    list.retain(|own| own.backend != id);
    let mut response = StatusCode::NO_CONTENT.into_response();
    if list.is_empty() {
        session.flush().await?;
    } else {
        set_signed_in(&session, &list).await?;
        if keeps {
            response.extensions_mut().insert(KeepsCookie);
        }
    }
    Ok(response)
}
