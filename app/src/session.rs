//! Access tokens, in memory only: fetched from this server when they are first needed, once for
//! everybody who waits, again when a backend says that one is no longer good.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use gitlab::Error;
use serde::Deserialize;

use crate::browser;
use crate::routes::token_url;

#[derive(Debug, Clone, Deserialize)]
struct Token {
    access_token: String,
    expires_at: f64,
}

/// Seconds before its end at which a token is no longer used.
const MARGIN: f64 = 60.0;

type Wait = Shared<LocalBoxFuture<'static, Result<Token, Error>>>;

thread_local! {
    static TOKENS: RefCell<HashMap<String, Token>> = RefCell::default();
    static WAITS: RefCell<HashMap<String, Wait>> = RefCell::default();
}

async fn fetch(backend: String) -> Result<Token, Error> {
    let outcome = match browser::post_home(&token_url(&backend)).await {
        Some((200, text)) => serde_json::from_str::<Token>(&text).map_err(|error| Error::Unreadable { reason: error.to_string() }),
        Some((401, _)) => Err(Error::SignedOut),
        Some((502, _)) | None => Err(Error::Unreachable),
        Some((status, text)) => Err(Error::Refused { status, message: text }),
    };
    if let Ok(token) = &outcome {
        TOKENS.with_borrow_mut(|tokens| tokens.insert(backend.clone(), token.clone()));
    }
    WAITS.with_borrow_mut(|waits| waits.remove(&backend));
    outcome
}

/// A token for `backend` that is good for a while.
pub async fn access_token(backend: &str) -> Result<String, Error> {
    let now = browser::now() / 1000.0;
    let known = TOKENS.with_borrow(|tokens| tokens.get(backend).filter(|token| token.expires_at - now > MARGIN).map(|token| token.access_token.clone()));
    if let Some(token) = known {
        return Ok(token);
    }
    let wait = WAITS.with_borrow_mut(|waits| waits.entry(backend.to_owned()).or_insert_with(|| fetch(backend.to_owned()).boxed_local().shared()).clone());
    wait.await.map(|token| token.access_token)
}

/// Forgets a token that a backend no longer takes.
pub fn forget(backend: &str) {
    TOKENS.with_borrow_mut(|tokens| tokens.remove(backend));
}
