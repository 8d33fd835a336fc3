//! `GET /auth/{backend}/callback`: the answer of the backend, believed only if we asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use oauth2::{AuthorizationCode, PkceCodeVerifier, TokenResponse};
use serde::Deserialize;
use tower_sessions::session::Id;
use tower_sessions::{Expiry, Session, SessionStore};

use super::backend::Backend;
use super::grants::{Tokens, random_name};
use super::pending::{Pending, PendingLogins};
use super::{SignedIn, bounded, done, logout, set_signed_in, signed_in};
use crate::State;
use crate::failure::Failure;

/// What comes back.
#[derive(Debug, Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Answer {
    /// Whether it is one at all.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.state.is_some() && (self.code.is_some() || self.error.is_some())
    }
}

#[derive(Debug, Deserialize)]
struct Person {
    username: String,
    name: String,
}

/// Tokens out of an answer of `/oauth/token`. A scope that the answer does not name is the one that
/// was there before, or was asked for (RFC 6749 §5.1).
pub(crate) fn tokens(answer: &oauth2::basic::BasicTokenResponse, before: &str) -> Tokens {
    let seconds = answer.expires_in().map_or(7200, |time| i64::try_from(time.as_secs()).unwrap_or(7200));
    let scope = answer.scopes().map(|list| list.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
    Tokens {
        access: answer.access_token().secret().clone(),
        refresh: answer.refresh_token().map(|token| token.secret().clone()),
        expires_at: chrono::Utc::now().timestamp() + seconds,
        scope: scope.unwrap_or_else(|| before.to_owned()),
    }
}

/// Who the token belongs to.
async fn person(state: &State, backend: &Backend, access: &str) -> Result<Person, Failure> {
    let url = format!("{}/api/v4/user", backend.internal_url);
    let wrong = |reason: String| Failure::backend(backend, "said who you are", &reason);
    let answer = state.http.get(url).bearer_auth(access).send().await.and_then(|answer| answer.error_for_status());
    let answer = answer.map_err(|error| wrong(crate::failure::chain(&error)))?;
    let body = bounded::body(answer).await.map_err(wrong)?;
    serde_json::from_slice(&body).map_err(|error| wrong(error.to_string()))
}

/// Ends a sign-in.
pub async fn callback(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, Query(answer): Query<Answer>) -> Result<Response, Failure> {
    finish(&state, &session, &id, answer).await
}

/// Ends a sign-in at `id`, wherever its answer came in.
pub async fn finish(state: &State, session: &Session, id: &str, answer: Answer) -> Result<Response, Failure> {
    let backend = state.backend(id).ok_or_else(|| Failure::unknown_backend(id))?;
    let mut pending: PendingLogins = session.get(PendingLogins::KEY).await?.unwrap_or_default();
    let login = pending.take(id, answer.state.as_deref().unwrap_or_default(), chrono::Utc::now().timestamp());
    let login = login.ok_or_else(|| Failure::stale_login(backend))?;
    session.insert(PendingLogins::KEY, &pending).await?;
    session.save().await?;
    let then = login.then.clone();
    // The window that asks for more rights is asked for anew as what it was.
    let more = then == done::address(id);
    let (way, write) = (if more { done::ASKED.to_owned() } else { then.clone() }, more && login.scope.split(' ').any(|scope| scope == "api"));
    let (keeps, then) = answered(state, session, backend, login, answer).await.map_err(|failure| failure.on_the_way_to(&way, write)).map(|keeps| (keeps, then.clone()))?;
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    let mut response = (headers, Redirect::to(&then)).into_response();
    if keeps {
        response.extensions_mut().insert(KeepsCookie);
    }
    Ok(response)
}

/// What an answer to `login` comes to; whether the browser keeps its cookie.
async fn answered(state: &State, session: &Session, backend: &Backend, login: Pending, answer: Answer) -> Result<bool, Failure> {
    if !login.may_be_from(answer.iss.as_deref()) {
        return Err(Failure::mixed_up(backend));
    }
    if let Some(error) = &answer.error {
        return Err(Failure::refused(backend, error, answer.error_description.as_deref().unwrap_or_default()));
    }
    let code = answer.code.ok_or_else(|| Failure::stale_login(backend))?;
    let (state, session, backend) = (state.clone(), session.clone(), backend.clone());
    // From here on the code is used up: what it brings is written down, or ended, even when the browser goes away.
    let work = tokio::spawn(async move {
        let exchange = backend.client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(PkceCodeVerifier::new(login.verifier));
        let granted = exchange.request_async(&bounded::Bounded(&state.http)).await.map_err(|error| Failure::exchange(&backend, &error))?;
        let tokens = tokens(&granted, &login.scope);
        let outcome = match person(&state, &backend, &tokens.access).await {
            Ok(person) => written(&state, &session, &backend, &tokens, person).await,
            Err(failure) => Err(failure),
        };
        if outcome.is_err() {
            logout::revoke_tokens(&state, &backend, tokens).await;
        }
        outcome
    });
    work.await.map_err(Failure::internal)?
}

/// Writes a sign-in down; whether the browser has to keep the cookie that another answer brings it.
async fn written(state: &State, session: &Session, backend: &Backend, tokens: &Tokens, person: Person) -> Result<bool, Failure> {
    let (id, grant) = (&backend.id, random_name());
    state.grants.put(&grant, id, tokens, chrono::Utc::now().timestamp()).await.map_err(Failure::internal)?;
    let new = SignedIn { backend: id.clone(), username: person.username, name: person.name, grant };
    // Another sign-in may have ended while this one was on its way: one after the other, or the later would undo the earlier.
    let mut arrivals = state.arrivals.lock().await;
    let own = session.id();
    if let Some(other) = arrivals.moved(state, own).await.map_err(Failure::internal)? {
        add(state, &other, false, backend, new).await?;
        return Ok(true);
    }
    session.load().await?;
    add(state, session, true, backend, new).await?;
    arrivals.note(own, session.id());
    Ok(false)
}

/// An answer that leaves the browser's cookie as it is: a newer one is on its way to it.
#[derive(Debug, Clone, Copy)]
pub struct KeepsCookie;

/// How long a session's next name is known.
const KNOWN: Duration = Duration::from_secs(30);

/// Sign-ins that have ended a moment ago: what each session was called, and what it is called now. Two that began in one
/// session and end at once are both in it afterwards.
#[derive(Debug, Default)]
pub struct Arrivals(HashMap<Id, (Id, Instant)>);

impl Arrivals {
    fn note(&mut self, old: Option<Id>, new: Option<Id>) {
        self.0.retain(|_, (_, at)| at.elapsed() < KNOWN);
        if let (Some(old), Some(new)) = (old, new) {
            self.0.insert(old, (new, Instant::now()));
        }
    }

    /// The session that `old` has become, if it has.
    pub(super) async fn moved(&self, state: &State, old: Option<Id>) -> Result<Option<Session>, tower_sessions::session_store::Error> {
        let Some((mut id, _)) = old.and_then(|old| self.0.get(&old)).copied() else { return Ok(None) };
        while let Some((next, _)) = self.0.get(&id) {
            id = *next;
        }
        let there = state.sessions.load(&id).await?.is_some();
        Ok(there.then(|| Session::new(Some(id), Arc::new(state.sessions.clone()), Some(Expiry::OnInactivity(tower_sessions::cookie::time::Duration::seconds(state.limits.whole))))))
    }
}

/// Writes a sign-in into a session, in the place of an earlier one at the same backend. `rename` gives the session a new
/// name: one from before the sign-in must be worth nothing after it.
async fn add(state: &State, session: &Session, rename: bool, backend: &Backend, new: SignedIn) -> Result<(), tower_sessions::session::Error> {
    let mut list = signed_in(state, session).await?;
    for old in list.iter().filter(|old| old.backend == new.backend) {
        logout::revoke(state, backend, &old.grant).await;
    }
    list.retain(|old| old.backend != new.backend);
    list.push(new);
    if rename {
        session.cycle_id().await?;
    }
    set_signed_in(session, &list).await
}
