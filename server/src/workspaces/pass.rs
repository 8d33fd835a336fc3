//! Tickets, which take somebody from the app's host to a workspace's once, and passes, which let
//! them in there. Both are sealed with the server's keys and say for whom they are; a pass is worth
//! nothing once the sign-in has ended that it was made from.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Seat;
use super::place::Place;
use crate::State;
use crate::auth::grants::random_name;

/// A ticket is good for so many seconds.
const TICKET: i64 = 30;
/// Passes that are remembered.
const MOST: usize = 20_000;

/// What is sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    label: String,
    user: String,
    grant: String,
    until: i64,
    /// Of tickets: a name of its own, where it leads, and the browser that it is for.
    once: Option<(String, String, String)>,
}

/// Somebody who is inside.
pub struct Pass {
    /// Whose workspace.
    pub label: String,
    /// Who.
    pub user: String,
    grant: String,
    until: i64,
    used: AtomicI64,
    /// The origin of the workspace's own pages, and its host.
    pub origin: String,
    pub host: Option<HeaderValue>,
    /// Ends everything that is open.
    pub stop: CancellationToken,
}

/// Whoever is inside, by the cookie that says so.
#[derive(Default)]
pub struct Passes {
    live: RwLock<HashMap<String, Arc<Pass>>>,
    /// Cookies that rested for too long, until they would be over anyway.
    rested: Mutex<HashMap<String, i64>>,
    redeemed: Mutex<HashMap<String, i64>>,
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

const TICKETS: &str = "workspace ticket";
const PASSES: &str = "workspace pass";

fn open(state: &State, purpose: &str, text: &str) -> Option<Claims> {
    let claims: Claims = serde_json::from_slice(&state.grants.open_text(purpose, text)?).ok()?;
    (claims.until > now()).then_some(claims)
}

fn seal(state: &State, purpose: &str, claims: &Claims) -> Result<String, String> {
    state.grants.seal_text(purpose, &serde_json::to_vec(claims).map_err(|error| error.to_string())?)
}

impl Passes {
    /// A ticket to a workspace, for whoever signed in with `grant` and the browser that `way` names; it
    /// leads to the path `then`.
    pub fn ticket(&self, state: &State, seat: &Seat, grant: &str, (then, way): (&str, &str)) -> Result<String, String> {
        let once = Some((random_name(), then.to_owned(), way.to_owned()));
        let claims = Claims { label: seat.label.clone(), user: seat.user.clone(), grant: grant.to_owned(), until: now() + TICKET, once };
        seal(state, TICKETS, &claims)
    }

    /// Takes a ticket, once, at the host that it is for (any, where all share one): the value of the
    /// cookie, and where to go.
    pub fn redeem(&self, state: &State, label: Option<&str>, ticket: &str, way: &str) -> Option<(String, String)> {
        let claims = open(state, TICKETS, ticket)?;
        let (name, then, browser) = claims.once?;
        if browser != way || label.is_some_and(|label| label != claims.label) {
            return None;
        }
        let mut redeemed = self.redeemed.lock().unwrap_or_else(PoisonError::into_inner);
        redeemed.retain(|_, until| *until > now());
        if redeemed.insert(name, claims.until).is_some() {
            return None;
        }
        let pass = Claims { until: now() + state.limits.whole, once: None, ..claims };
        Some((seal(state, PASSES, &pass).ok()?, then))
    }

    /// Whoever comes with this cookie.
    pub async fn of(&self, state: &State, (backend, place): (&str, &Place), cookie: &str) -> Option<Arc<Pass>> {
        let known = self.live.read().unwrap_or_else(PoisonError::into_inner).get(cookie).cloned();
        if let Some(pass) = known {
            let now = pass.touch();
            return (pass.until > now && !pass.stop.is_cancelled()).then_some(pass);
        }
        if self.rested.lock().unwrap_or_else(PoisonError::into_inner).contains_key(cookie) {
            return None;
        }
        let Claims { label, user, grant, until, .. } = open(state, PASSES, cookie)?;
        if !state.grants.is_alive(&grant, backend).await.ok()? {
            return None;
        }
        let (origin, host) = (place.origin(&label), HeaderValue::from_str(&place.host(&label)).ok());
        let pass = Arc::new(Pass { label, user, grant, until, used: AtomicI64::new(now()), origin, host, stop: CancellationToken::new() });
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.len() >= MOST {
            // Whoever was away longest comes again with the cookie they have; what they have open ends, because from here on
            // nobody would look whether they may still have it.
            let oldest = live.iter().min_by_key(|(_, pass)| pass.used.load(Ordering::Relaxed)).map(|(cookie, _)| cookie.clone());
            if let Some(gone) = oldest.and_then(|cookie| live.remove(&cookie)) {
                gone.stop.cancel();
            }
        }
        Some(live.entry(cookie.to_owned()).or_insert(pass).clone())
    }

    /// Ends the passes of those who signed out, here or at another server, and of those who were away
    /// for too long.
    pub async fn look_through(&self, state: &State, backend: &str) {
        let all: Vec<(String, Arc<Pass>)> = self.live.read().unwrap_or_else(PoisonError::into_inner).iter().map(|(cookie, pass)| (cookie.clone(), pass.clone())).collect();
        let mut dead = HashSet::new();
        let mut asked = HashSet::new();
        for (_, pass) in &all {
            // A store that does not answer is no reason to throw anybody out.
            if asked.insert(pass.grant.clone()) && state.grants.is_alive(&pass.grant, backend).await == Ok(false) {
                dead.insert(pass.grant.clone());
            }
        }
        for (cookie, pass) in all {
            let rested = now() - pass.used.load(Ordering::Relaxed) >= state.limits.idle;
            if rested {
                self.rested.lock().unwrap_or_else(PoisonError::into_inner).insert(cookie.clone(), pass.until);
            }
            if rested || dead.contains(&pass.grant) || pass.until <= now() {
                pass.stop.cancel();
                self.live.write().unwrap_or_else(PoisonError::into_inner).remove(&cookie);
            }
        }
        self.rested.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now());
    }
}

impl Pass {
    /// Something moves for them: they are not away. Gives the time, in seconds since 1970.
    pub fn touch(&self) -> i64 {
        let now = now();
        // Threads that write the same number to the same place wait for each other.
        if self.used.load(Ordering::Relaxed) != now {
            self.used.store(now, Ordering::Relaxed);
        }
        now
    }
}
