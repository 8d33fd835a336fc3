//! A token that is good for a while. Of all requests, tabs and servers that need a new one, one
//! asks the backend; the others find what it brought. GitLab kills both old tokens at once
//! (GITLAB.md §5), so the new pair is written before anybody gets it.

use std::time::{Duration, Instant};

use oauth2::RefreshToken;

use super::backend::Backend;
use super::callback::tokens;
use super::grants::{Held, Tokens};
use super::{bounded, logout};
use crate::State;

/// A token with less left than this is renewed first.
const MARGIN: i64 = 300;
/// Between looks whether whoever holds the lease is done.
const LOOK: Duration = Duration::from_millis(100);
/// Before a refresh that failed is tried again: at most ten a minute for each sign-in, and not all at the same moment.
const REST: Duration = Duration::from_secs(6);
/// So many milliseconds more, by chance.
const MORE: u64 = 1_500;
/// Tries to write what a refresh brought.
const WRITES: u32 = 6;
/// Looks before giving up; longer than a lease.
const LOOKS: u32 = 350;

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

/// The tokens of `grant`, renewed if need be. Whoever asked may go away meanwhile: a refresh that has begun is brought to
/// its end, or the new pair would be lost.
pub async fn fresh(state: &State, backend: &Backend, grant: &str) -> Result<Tokens, Lost> {
    let (state, backend, grant) = (state.clone(), backend.clone(), grant.to_owned());
    let work = tokio::spawn(async move { looked_at(&state, &backend, &grant).await });
    work.await.unwrap_or_else(|panic| Err(Lost::Store(panic.to_string())))
}

/// Whether a refresh of `grant` has failed a moment ago.
async fn rests(state: &State, grant: &str) -> bool {
    state.resting.lock().await.get(grant).is_some_and(|until| Instant::now() < *until)
}

async fn looked_at(state: &State, backend: &Backend, grant: &str) -> Result<Tokens, Lost> {
    for _ in 0..LOOKS {
        let now = chrono::Utc::now().timestamp();
        let current = state.grants.get(grant, &backend.id).await.map_err(Lost::Store)?.ok_or(Lost::Grant)?;
        if current.expires_at - now > MARGIN {
            return Ok(current);
        }
        let Some(refresh) = current.refresh.clone() else {
            return if current.expires_at > now { Ok(current) } else { Err(Lost::Grant) };
        };
        // After a refresh that failed nobody asks again for a moment, and a token that is still good does.
        if rests(state, grant).await {
            return if current.expires_at > now { Ok(current) } else { Err(Lost::Unreachable) };
        }
        if !state.grants.lease(grant).await.map_err(Lost::Store)? {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        // Somebody may have failed, or have brought a new pair, between the look and the lease.
        if rests(state, grant).await {
            state.grants.release(grant).await;
            continue;
        }
        match state.grants.hold(grant, &backend.id).await.map_err(Lost::Store)? {
            Some(held) if held.tokens.refresh.as_ref() == Some(&refresh) => return renew(state, backend, grant, held, refresh).await,
            _ => state.grants.release(grant).await,
        }
    }
    Err(Lost::Unreachable)
}

async fn renew(state: &State, backend: &Backend, grant: &str, held: Held, refresh: String) -> Result<Tokens, Lost> {
    let outcome = backend.client.exchange_refresh_token(&RefreshToken::new(refresh.clone())).request_async(&bounded::Bounded(&state.http)).await;
    let now = chrono::Utc::now().timestamp();
    let current = &held.tokens;
    match outcome {
        Ok(answer) => {
            let new = tokens(&answer, &current.scope);
            keep(state, backend, grant, &held, new, now).await
        }
        // Only the word of the specification means that the grant is dead, and only if nobody
        // brought another one meanwhile.
        Err(oauth2::RequestTokenError::ServerResponse(refusal)) if *refusal.error() == oauth2::basic::BasicErrorResponseType::InvalidGrant => {
            match state.grants.get(grant, &backend.id).await.map_err(Lost::Store)? {
                Some(other) if other.refresh.as_ref() != Some(&refresh) => return Ok(other),
                _ => state.grants.remove(grant).await,
            }
            Err(Lost::Grant)
        }
        Err(error) => {
            tracing::warn!(backend = backend.id, reason = crate::failure::chain(&error), "a refresh failed");
            {
                let mut resting = state.resting.lock().await;
                resting.retain(|_, until| Instant::now() < *until);
                resting.insert(grant.to_owned(), Instant::now() + REST + Duration::from_millis(rand::random_range(0..MORE)));
            }
            // Only now: whoever takes the lease has to find the note.
            state.grants.release(grant).await;
            if current.expires_at > now { Ok(current.clone()) } else { Err(Lost::Unreachable) }
        }
    }
}

/// Writes a new pair down. The old one is dead, so a store that is away is asked again; a grant that
/// was ended meanwhile stays ended, at the backend too.
async fn keep(state: &State, backend: &Backend, grant: &str, held: &Held, new: Tokens, now: i64) -> Result<Tokens, Lost> {
    let mut outcome = Err(String::new());
    for turn in 0..WRITES {
        outcome = state.grants.renew(grant, &backend.id, held, &new, now).await;
        if outcome.is_ok() {
            break;
        }
        tokio::time::sleep(LOOK * 2_u32.pow(turn)).await;
    }
    // A write may have been done although its answer was lost.
    if outcome.map_err(Lost::Store)? || state.grants.get(grant, &backend.id).await.is_ok_and(|kept| kept.is_some_and(|kept| kept.refresh == new.refresh)) {
        return Ok(new);
    }
    logout::revoke_tokens(state, backend, new).await;
    Err(Lost::Grant)
}
