//! A token that is good for a while. Of all requests, tabs and servers that need a new one, one
//! asks the backend; the others find what it brought. GitLab kills both old tokens at once
//! (GITLAB.md §5), so the new pair is written before anybody gets it.

use std::time::Duration;

use oauth2::RefreshToken;

use super::backend::Backend;
use super::callback::tokens;
use super::grants::Tokens;
use crate::State;

/// A token with less left than this is renewed first.
const MARGIN: i64 = 300;
/// Between looks whether whoever holds the lease is done.
const LOOK: Duration = Duration::from_millis(100);
/// Looks before giving up; longer than a lease.
const LOOKS: u32 = 250;

/// How a refresh can end badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The grant is dead; the person has to sign in again.
    Grant,
    /// The backend did not answer, or said something else than yes or no.
    Unreachable,
    /// The store is away.
    Store(String),
}

/// The tokens of `grant`, renewed if need be.
pub async fn fresh(state: &State, backend: &Backend, grant: &str) -> Result<Tokens, Lost> {
    for _ in 0..LOOKS {
        let now = chrono::Utc::now().timestamp();
        let current = state.grants.get(grant, &backend.id).await.map_err(Lost::Store)?.ok_or(Lost::Grant)?;
        if current.expires_at - now > MARGIN {
            return Ok(current);
        }
        let Some(refresh) = current.refresh.clone() else {
            return if current.expires_at > now { Ok(current) } else { Err(Lost::Grant) };
        };
        if !state.grants.lease(grant, now).await.map_err(Lost::Store)? {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        // Somebody may have brought a new pair between the look and the lease.
        match state.grants.get(grant, &backend.id).await.map_err(Lost::Store)? {
            Some(tokens) if tokens.refresh.as_ref() == Some(&refresh) => {}
            _ => {
                state.grants.release(grant).await;
                continue;
            }
        }
        return renew(state, backend, grant, current, refresh).await;
    }
    Err(Lost::Unreachable)
}

async fn renew(state: &State, backend: &Backend, grant: &str, current: Tokens, refresh: String) -> Result<Tokens, Lost> {
    let refresh = RefreshToken::new(refresh);
    let outcome = backend.client.exchange_refresh_token(&refresh).request_async(&state.http).await;
    let now = chrono::Utc::now().timestamp();
    match outcome {
        Ok(answer) => {
            let new = tokens(&answer, &current.scope);
            state.grants.put(grant, &backend.id, &new, now).await.map_err(Lost::Store)?;
            Ok(new)
        }
        // Only the word of the specification means that the grant is dead.
        Err(oauth2::RequestTokenError::ServerResponse(refusal)) if *refusal.error() == oauth2::basic::BasicErrorResponseType::InvalidGrant => {
            state.grants.remove(grant).await;
            Err(Lost::Grant)
        }
        Err(error) => {
            tracing::warn!(backend = backend.id, reason = crate::failure::chain(&error), "a refresh failed");
            state.grants.release(grant).await;
            if current.expires_at > now { Ok(current) } else { Err(Lost::Unreachable) }
        }
    }
}
