//! `GET /auth/{backend}?then=…`: on the way to the backend's own sign-in; with `scope=api`, for the
//! right to write.

use app::routes::Route;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use serde::Deserialize;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, Session};

use super::pending::{Pending, PendingLogins};
use super::{done, issuer, signed_in};
use crate::State;
use crate::embed::person;
use crate::failure::Failure;

/// Where to go afterwards, and what for.
#[derive(Debug, Deserialize)]
pub struct Then {
    then: Option<String>,
    scope: Option<String>,
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
    let then = match query.then.as_deref() {
        Some(done::ASKED) => done::address(&id),
        Some(way) if person::is_way(way) => way.to_owned(),
        then => Route::safe(then.unwrap_or("/")),
    };
    let write = query.scope.as_deref() == Some("api");
    if !at_home(&state, &headers) {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("then", query.then.as_deref().unwrap_or("/"));
        if write {
            pairs.append_pair("scope", "api");
        }
        return Ok(Redirect::to(&format!("{}/auth/{id}?{}", state.public_url, pairs.finish())).into_response());
    }
    let known = issuer::of(&state.http, backend).await;
    if let Some(known) = known.as_ref().filter(|known| !known.is_of(backend)) {
        return Err(Failure::another_issuer(backend, &known.issuer));
    }
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = backend.client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    let (url, csrf) = request.add_scopes(backend.scopes(write).iter().map(|scope| Scope::new((*scope).to_owned()))).url();
    let login = Pending::new(&id, csrf.secret(), verifier.secret(), &then, chrono::Utc::now().timestamp()).issued_by(known).for_scope(backend.scopes(write).join(" "));
    // A session that lasted too long ends here, before anything is written into it.
    let nobody = signed_in(&state, &session).await?.is_empty();
    let mut pending: PendingLogins = session.get(PendingLogins::KEY).await?.unwrap_or_default();
    pending.add(login);
    session.insert(PendingLogins::KEY, &pending).await?;
    if nobody {
        // Whoever only looked at the sign-in, a robot perhaps, leaves nothing for days.
        session.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
    }
    session.save().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Redirect::to(url.as_str())).into_response())
}
