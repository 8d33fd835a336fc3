//! `GET /auth/{backend}?then=…`: on the way to the backend's own sign-in.

use app::routes::Route;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use serde::Deserialize;
use tower_sessions::Session;

use super::backend::SCOPES;
use super::pending::PendingLogins;
use crate::State;
use crate::failure::Failure;

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Then {
    then: Option<String>,
}

/// Whether the browser came by the public address; the answer will.
fn at_home(state: &State, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    state.public_url.split_once("://").is_some_and(|(_, public)| public == host)
}

/// Begins a sign-in.
pub async fn begin(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, Query(query): Query<Then>, headers: HeaderMap) -> Result<Response, Failure> {
    let backend = state.backend(&id).ok_or_else(|| Failure::unknown_backend(&id))?;
    // Only what is a page of ours is gone to afterwards; anything else becomes the front page.
    let then = Route::parse(query.then.as_deref().unwrap_or("/")).to_string();
    if !at_home(&state, &headers) {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("then", &then).finish();
        return Ok(Redirect::to(&format!("{}/auth/{id}?{query}", state.public_url)).into_response());
    }
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = backend.client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    let (url, csrf) = request.add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned()))).url();
    let mut pending: PendingLogins = session.get(PendingLogins::KEY).await?.unwrap_or_default();
    pending.add(&id, csrf.secret(), verifier.secret(), &then, chrono::Utc::now().timestamp());
    session.insert(PendingLogins::KEY, &pending).await?;
    session.save().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Redirect::to(url.as_str())).into_response())
}
