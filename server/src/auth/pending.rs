//! Logins on their way: several at once, ten minutes each, found by backend and state, taken once.

use serde::{Deserialize, Serialize};

/// A login may take so long.
const SECONDS: i64 = 600;
/// More at once is nobody's wish.
const MOST: usize = 8;

/// A login that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Where.
    pub backend: String,
    /// What has to come back.
    pub state: String,
    /// What proves that it was us who began.
    pub verifier: String,
    /// Where to go afterwards.
    pub then: String,
    /// Seconds since 1970.
    pub expires_at: i64,
}

/// All logins of a browser that were begun.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PendingLogins(Vec<Pending>);

impl PendingLogins {
    /// Under which they are kept in a session.
    pub const KEY: &'static str = "pending";

    /// Adds one, forgetting the oldest when there are too many.
    pub fn add(&mut self, backend: &str, state: &str, verifier: &str, then: &str, now: i64) {
        self.0.retain(|pending| pending.expires_at > now);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(Pending { backend: backend.to_owned(), state: state.to_owned(), verifier: verifier.to_owned(), then: then.to_owned(), expires_at: now + SECONDS });
    }

    /// Takes the one that this answer belongs to; a second try finds nothing.
    pub fn take(&mut self, backend: &str, state: &str, now: i64) -> Option<Pending> {
        let place = self.0.iter().position(|pending| pending.backend == backend && pending.state == state)?;
        Some(self.0.remove(place)).filter(|pending| pending.expires_at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::PendingLogins;

    #[test]
    fn taken_once_and_only_where_it_was_begun() {
        let mut logins = PendingLogins::default();
        logins.add("a", "s1", "v1", "/", 0);
        logins.add("b", "s2", "v2", "/", 0);
        assert!(logins.take("b", "s1", 10).is_none(), "an answer of another backend");
        assert_eq!(logins.take("a", "s1", 10).map(|pending| pending.verifier), Some("v1".to_owned()));
        assert!(logins.take("a", "s1", 10).is_none(), "a second time");
        assert!(logins.take("b", "s2", 601).is_none(), "too late");
    }
}
