//! `POST /workspaces/credential`: the token with which `git` in a workspace pushes. The workspace
//! shows the secret that it got when it was started; what it gets is the short-lived token of the
//! person who opened it, for the backend of its projects and no other.

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Seat;
use crate::State;
use crate::auth::fresh::fresh;
use crate::auth::grants::random_name;

/// Seconds that a workspace may run before its secret is forgotten.
const LONGEST: i64 = 366 * 24 * 3600;

fn refuse(status: StatusCode, words: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], format!("{words}\n")).into_response()
}

/// Under which a secret is kept: whoever reads the table cannot show it.
fn id_of(secret: &str) -> String {
    format!("workspace:{}", hex::encode(Sha256::digest(secret)))
}

fn maker(seat: &Seat) -> String {
    format!("workspace:{}", seat.label)
}

/// Gives a workspace that starts a secret, and takes back those that it had. It is kept where sessions are, so that other
/// servers of this portal, and this one after its next start, know it too.
pub async fn make(state: &State, seat: &Seat) -> Result<(), String> {
    forget(state, seat).await?;
    let secret = random_name();
    let kept = state.put_granted(&id_of(&secret), &maker(seat), &seat.user, chrono::Utc::now().timestamp() + LONGEST).await;
    kept.map_err(|reason| format!("its secret cannot be kept: {reason}"))?;
    seat.set_token(&secret);
    Ok(())
}

/// Takes back every secret of a workspace.
pub async fn forget(state: &State, seat: &Seat) -> Result<(), String> {
    let work = async {
        for (id, _) in state.granted_by(&maker(seat)).await? {
            state.take_back(&id, &maker(seat)).await?;
        }
        Ok(())
    };
    let outcome: Result<(), String> = work.await;
    outcome.map_err(|reason| {
        tracing::error!(workspace = seat.label, reason, "the secret of a workspace could not be taken back");
        format!("its secret could not be taken back: {reason}. Stop it once more")
    })
}

/// Answers in the form of git's credential helpers (git-credential(1)).
pub async fn credential(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    let Some(workspaces) = &state.workspaces else { return refuse(StatusCode::NOT_FOUND, "there are no workspaces here") };
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    let user = state.granted(&id_of(shown)).await;
    let Some(seat) = user.and_then(|user| workspaces.seat(&user)) else {
        return refuse(StatusCode::UNAUTHORIZED, "this workspace was stopped, or started by another Twinport: stop and start it");
    };
    let signed_out = || refuse(StatusCode::FORBIDDEN, "you have signed out of Twinport: open the workspace from there once more");
    let (Some(grant), Some(backend)) = (seat.grant(), state.backend(&workspaces.backend)) else { return signed_out() };
    match fresh(&state, backend, &grant).await {
        Ok(tokens) if tokens.scope.split(' ').any(|scope| scope == "api") => {
            let body = format!("username=oauth2\npassword={}\npassword_expiry_utc={}\n", tokens.access, tokens.expires_at);
            ([(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "text/plain")], body).into_response()
        }
        Ok(_) => refuse(StatusCode::FORBIDDEN, "Twinport may only read there for you: on the page of your workspace, allow git to write"),
        Err(crate::auth::fresh::Lost::Grant) => signed_out(),
        Err(_) => refuse(StatusCode::BAD_GATEWAY, "the backend did not give a token: try again in a minute"),
    }
}

/// What `git` in a workspace is told, as environment (git-config(1), `GIT_CONFIG_COUNT`): who the
/// person is, whom to ask for a token, and, where the backend is this server, the way to it from here.
#[must_use]
pub fn git_settings(state: &State, user: &str, program: &str) -> Vec<(String, String)> {
    let Some(backend) = state.workspaces.as_ref().and_then(|workspaces| state.backend(&workspaces.backend)) else { return Vec::new() };
    let host = url::Url::parse(&backend.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let mut pairs = vec![
        ("user.name".to_owned(), user.to_owned()),
        ("user.email".to_owned(), format!("{user}@users.noreply.{host}")),
        (format!("credential.{}.helper", backend.url), format!("{program} git-credential")),
        ("safe.directory".to_owned(), "*".to_owned()),
    ];
    if backend.internal_url != backend.url {
        pairs.push((format!("url.{}/.insteadOf", backend.internal_url), format!("{}/", backend.url)));
        pairs.push((format!("credential.{}.helper", backend.internal_url), format!("{program} git-credential")));
    }
    let count = ("GIT_CONFIG_COUNT".to_owned(), pairs.len().to_string());
    let numbered = pairs.into_iter().enumerate().flat_map(|(at, (key, value))| [(format!("GIT_CONFIG_KEY_{at}"), key), (format!("GIT_CONFIG_VALUE_{at}"), value)]);
    std::iter::once(count).chain(numbered).collect()
}
