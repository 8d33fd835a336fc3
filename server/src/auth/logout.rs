//! `POST /auth/{backend}/logout`: tokens revoked there, forgotten here.

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use oauth2::{AccessToken, RefreshToken, StandardRevocableToken};
use tower_sessions::Session;

use super::{set_signed_in, signed_in};
use crate::State;
use crate::failure::Failure;
use crate::middleware::from_our_pages;

/// Signs out of one backend. A backend that is away does not keep anybody signed in here.
pub async fn logout(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    if !from_our_pages(&state, &headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let mut list = signed_in(&session).await;
    if let (Some(own), Some(backend)) = (list.iter().find(|own| own.backend == id).cloned(), state.backend(&id).cloned()) {
        if let Some(tokens) = state.grants.get(&own.grant, &id).await {
            let mut dead = vec![StandardRevocableToken::AccessToken(AccessToken::new(tokens.access))];
            dead.extend(tokens.refresh.map(|refresh| StandardRevocableToken::RefreshToken(RefreshToken::new(refresh))));
            let http = state.http.clone();
            tokio::spawn(async move {
                for token in dead {
                    if let Ok(request) = backend.client.revoke_token(token) {
                        let _ = request.request_async(&http).await;
                    }
                }
            });
        }
        state.grants.remove(&own.grant).await;
    }
    list.retain(|own| own.backend != id);
    if list.is_empty() {
        session.flush().await?;
    } else {
        set_signed_in(&session, &list).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
