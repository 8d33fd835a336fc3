//! Signing in at backends: begin, callback, token, logout, and the grants that come of it.
//! The server holds refresh tokens; browsers get access tokens, for their memory only.

pub mod backend;
pub mod begin;
pub mod bounded;
pub mod callback;
pub mod done;
pub mod fresh;
pub mod grants;
pub mod issuer;
pub mod logout;
pub mod pending;
pub mod token;

use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::State;

/// Who somebody is at a backend, as pages show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The backend.
    pub backend: String,
    /// The name there.
    pub username: String,
    /// The name on screen.
    pub name: String,
    /// Under which the tokens are kept; never shown.
    pub grant: String,
}

const SIGNED_IN: &str = "signed_in";
const TIMES: &str = "times";
/// A session is marked as used once in so many seconds.
const TOUCH: i64 = 60;

/// When a session began and when it was last used, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Times {
    began: i64,
    used: i64,
}

/// How long sessions last, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without being used.
    pub idle: i64,
    /// In all.
    pub whole: i64,
}

impl Times {
    fn is_over(self, limits: Limits, now: i64) -> bool {
        now - self.used >= limits.idle || now - self.began >= limits.whole
    }
}

/// Everywhere this browser is signed in. A session that lasted too long, or was not used for too
/// long, is ended here.
pub async fn signed_in(state: &State, session: &Session) -> Result<Vec<SignedIn>, tower_sessions::session::Error> {
    let list: Vec<SignedIn> = session.get(SIGNED_IN).await?.unwrap_or_default();
    if list.is_empty() {
        return Ok(list);
    }
    let now = chrono::Utc::now().timestamp();
    let times: Times = session.get(TIMES).await?.unwrap_or(Times { began: now, used: now });
    if times.is_over(state.limits, now) {
        for own in &list {
            if let Some(backend) = state.backend(&own.backend) {
                logout::revoke(state, backend, &own.grant).await;
            }
        }
        session.flush().await?;
        return Ok(Vec::new());
    }
    if now - times.used >= TOUCH && session.insert(TIMES, Times { used: now, ..times }).await.is_ok() {
        let _ = session.save().await;
    }
    Ok(list)
}

/// Writes down where this browser is signed in.
pub async fn set_signed_in(session: &Session, list: &[SignedIn]) -> Result<(), tower_sessions::session::Error> {
    let now = chrono::Utc::now().timestamp();
    let times: Option<Times> = session.get(TIMES).await?;
    session.insert(TIMES, times.unwrap_or(Times { began: now, used: now })).await?;
    session.insert(SIGNED_IN, list).await?;
    session.save().await
}

#[cfg(test)]
mod tests {
    use super::{Limits, Times};

    #[test]
    fn sessions_end_by_rest_and_by_age() {
        let limits = Limits { idle: 8 * 3600, whole: 7 * 24 * 3600 };
        let hour = 3600;
        assert!(!Times { began: 0, used: 0 }.is_over(limits, 7 * hour));
        assert!(Times { began: 0, used: 0 }.is_over(limits, 8 * hour), "not used for too long");
        assert!(!Times { began: 0, used: 100 * hour }.is_over(limits, 107 * hour));
        assert!(Times { began: 0, used: 168 * hour }.is_over(limits, 168 * hour), "however much it is used");
    }
}
