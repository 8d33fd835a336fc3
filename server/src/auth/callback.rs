//! `GET /auth/{backend}/callback`: the answer of the backend, believed only if we asked.

use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use oauth2::{AuthorizationCode, PkceCodeVerifier, TokenResponse};
use serde::Deserialize;
use tower_sessions::Session;

use super::backend::Backend;
use super::grants::{Tokens, random_name};
use super::pending::PendingLogins;
use super::{SignedIn, set_signed_in, signed_in};
use crate::State;
use crate::failure::Failure;

/// What comes back.
#[derive(Debug, Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Person {
    username: String,
    name: String,
}

/// Tokens out of an answer of `/oauth/token`.
pub(crate) fn tokens(answer: &oauth2::basic::BasicTokenResponse) -> Tokens {
    let seconds = answer.expires_in().map_or(7200, |time| i64::try_from(time.as_secs()).unwrap_or(7200));
    let scope = answer.scopes().map(|list| list.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")).unwrap_or_default();
    Tokens {
        access: answer.access_token().secret().clone(),
        refresh: answer.refresh_token().map(|token| token.secret().clone()),
        expires_at: chrono::Utc::now().timestamp() + seconds,
        scope,
    }
}

/// Who the token belongs to.
async fn person(state: &State, backend: &Backend, access: &str) -> Result<Person, Failure> {
    let url = format!("{}/api/v4/user", backend.internal_url);
    let wrong = |reason: String| Failure::backend(backend, "said who you are", &reason);
    let answer = state.http.get(url).bearer_auth(access).send().await.map_err(|error| wrong(error.to_string()))?;
    let answer = answer.error_for_status().map_err(|error| wrong(error.to_string()))?;
    answer.json().await.map_err(|error| wrong(error.to_string()))
}

/// Ends a sign-in.
pub async fn callback(Shared(state): Shared<State>, session: Session, Path(id): Path<String>, Query(answer): Query<Answer>) -> Result<Response, Failure> {
    let backend = state.backend(&id).ok_or_else(|| Failure::unknown_backend(&id))?;
    let mut pending: PendingLogins = session.get(PendingLogins::KEY).await?.unwrap_or_default();
    let login = pending.take(&id, answer.state.as_deref().unwrap_or_default(), chrono::Utc::now().timestamp());
    session.insert(PendingLogins::KEY, &pending).await?;
    let login = login.ok_or_else(|| Failure::stale_login(backend))?;
    if let Some(error) = &answer.error {
        return Err(Failure::refused(backend, error, answer.error_description.as_deref().unwrap_or_default()));
    }
    let code = answer.code.ok_or_else(|| Failure::stale_login(backend))?;
    let exchange = backend.client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(PkceCodeVerifier::new(login.verifier));
    let granted = exchange.request_async(&state.http).await.map_err(|error| Failure::backend(backend, "accepted the sign-in", &crate::failure::chain(&error)))?;
    let tokens = tokens(&granted);
    let person = person(&state, backend, &tokens.access).await?;
    let grant = random_name();
    state.grants.put(&grant, &id, &tokens, chrono::Utc::now().timestamp()).await.map_err(Failure::internal)?;
    let mut list = signed_in(&session).await;
    for old in list.iter().filter(|old| old.backend == id) {
        state.grants.remove(&old.grant).await;
    }
    list.retain(|old| old.backend != id);
    list.push(SignedIn { backend: id, username: person.username, name: person.name, grant });
    // A session id from before the sign-in must be worth nothing after it.
    session.cycle_id().await?;
    set_signed_in(&session, &list).await?;
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    Ok((headers, Redirect::to(&login.then)).into_response())
}
