//! Access tokens, in memory only: fetched from this server when they are first needed, once for
//! everybody who waits, again when a backend says that one is no longer good. They begin with the
//! right to read; the first write asks the person for more.

use std::cell::RefCell;
use std::collections::HashMap;

use gitlab::{Error, Response};
use leptos::prelude::{GetUntracked, RwSignal, Set, Update};
use serde_json::Value;

use crate::browser;
use crate::instances::gate;
use crate::routes::token_url;

#[derive(Debug, Clone)]
struct Token {
    access_token: String,
    /// Seconds that it is good for, by the server's clock; once it is here, until when, by a clock that nobody sets.
    ends: f64,
    scope: String,
    username: String,
}

impl Token {
    /// Out of what this server says (`server/src/auth/token.rs`).
    fn of(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Some(Self {
            access_token: text("access_token")?,
            ends: value["expires_in"].as_f64()?,
            scope: text("scope").unwrap_or_default(),
            username: text("username").unwrap_or_default(),
        })
    }

    fn may_write(&self) -> bool {
        self.scope.split_whitespace().any(|scope| scope == "api")
    }
}

/// Seconds before its end at which a token is no longer used.
const MARGIN: f64 = 60.0;
/// Milliseconds between looks whether more rights have come.
const LOOK: u32 = 200;

thread_local! {
    static TOKENS: RefCell<HashMap<String, Token>> = RefCell::default();
    static MORE: RefCell<Option<Wish>> = RefCell::default();
}

/// A wish for the right to write, which the frame shows.
#[derive(Debug, Clone, Copy)]
pub struct Wish(RwSignal<Option<String>>);

impl Wish {
    /// Of the page; there is one.
    #[must_use]
    pub fn of_page() -> Self {
        let wish = Self(RwSignal::new(None));
        MORE.with_borrow_mut(|more| *more = Some(wish));
        wish
    }

    /// The backend that is meant.
    #[must_use]
    pub fn backend(self) -> RwSignal<Option<String>> {
        self.0
    }
}

/// Asks this server, once for everybody who waits.
async fn fetch(backend: &str) -> Result<Token, Error> {
    let url = token_url(backend);
    let asked = gate::once(url.clone(), async move {
        let (status, text) = browser::post_home(&url).await.ok_or(Error::Unreachable)?;
        Ok(Response { status, headers: Vec::new(), body: text.into_bytes() })
    });
    let response = asked.await?;
    let mut token: Token = match response.status {
        200 => serde_json::from_slice(&response.body).ok().and_then(|value| Token::of(&value)).ok_or_else(|| Error::Unreadable { reason: "it is no token".to_owned() })?,
        401 => return Err(Error::SignedOut),
        502 | 504 => return Err(Error::Unreachable),
        _ => return Err(Error::from_response(&response)),
    };
    token.ends += browser::ticks() / 1000.0;
    TOKENS.with_borrow_mut(|tokens| tokens.insert(backend.to_owned(), token.clone()));
    Ok(token)
}

async fn current(backend: &str) -> Result<Token, Error> {
    let now = browser::ticks() / 1000.0;
    let known = TOKENS.with_borrow(|tokens| tokens.get(backend).filter(|token| token.ends - now > MARGIN).cloned());
    match known {
        Some(token) => Ok(token),
        None => fetch(backend).await,
    }
}

/// A token of `username` for `backend` that is good for a while; with the right to write if that is
/// wanted, for which the person is asked once.
pub async fn access_token(backend: &str, username: &str, write: bool) -> Result<String, Error> {
    let token = current(backend).await?;
    // Somebody else signed in there, in another tab: this page was made for who was there before.
    if token.username != username {
        return Err(Error::SignedOut);
    }
    if !write || token.may_write() {
        return Ok(token.access_token);
    }
    let Some(Wish(wish)) = MORE.with_borrow(|more| *more) else { return Ok(token.access_token) };
    // One question at a time: that about another backend is answered first.
    while wish.get_untracked().is_some_and(|other| other != backend) {
        browser::sleep(LOOK).await;
    }
    wish.set(Some(backend.to_owned()));
    // Until the dialog is gone: by the person, or because another tab brought the rights.
    while wish.get_untracked().as_deref() == Some(backend) {
        browser::sleep(LOOK).await;
    }
    let token = current(backend).await?;
    // Whoever allowed it may be somebody else than whoever wants to write.
    if token.username != username {
        return Err(Error::SignedOut);
    }
    if token.may_write() { Ok(token.access_token) } else { Err(Error::Forbidden { message: "you have not allowed Twinport to change anything there".to_owned() }) }
}

/// Keeps what lets an embedded view read, until `expires_at` (seconds since 1970).
pub fn keep(backend: &str, username: &str, pass: &str, expires_at: f64) {
    let ends = expires_at + (browser::ticks() - browser::now()) / 1000.0;
    let token = Token { access_token: pass.to_owned(), ends, scope: String::new(), username: username.to_owned() };
    TOKENS.with_borrow_mut(|tokens| tokens.insert(backend.to_owned(), token));
}

/// Forgets a token that a backend no longer takes.
pub fn forget(backend: &str) {
    TOKENS.with_borrow_mut(|tokens| tokens.remove(backend));
}

/// Somebody signed in to `backend`, perhaps in another tab: what waits for more rights goes on.
pub fn signed_in(backend: &str) {
    forget(backend);
    if let Some(Wish(wish)) = MORE.with_borrow(|more| *more) {
        wish.update(|wanted| {
            if wanted.as_deref() == Some(backend) {
                *wanted = None;
            }
        });
    }
}
