//! Logins on their way: several at once, ten minutes each, found by backend and state, taken once.

use serde::{Deserialize, Serialize};

use super::issuer::Issuer;

/// A login may take so long.
const SECONDS: i64 = 600;
/// More at once is nobody's wish.
const MOST: usize = 60;

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
    /// The scope that was asked for.
    #[serde(default)]
    pub scope: String,
    /// Seconds since 1970.
    pub expires_at: i64,
    /// The issuer that the backend said it is.
    issuer: Option<String>,
    /// Whether the answer must name it.
    named: bool,
}

impl Pending {
    /// Begun at `now`.
    #[must_use]
    pub fn new(backend: &str, state: &str, verifier: &str, then: &str, now: i64) -> Self {
        let own = str::to_owned;
        Self { backend: own(backend), state: own(state), verifier: own(verifier), then: own(then), scope: String::new(), expires_at: now + SECONDS, issuer: None, named: false }
    }

    /// For this scope.
    #[must_use]
    pub fn for_scope(mut self, scope: String) -> Self {
        self.scope = scope;
        self
    }

    /// By a backend that says this of itself.
    #[must_use]
    pub fn issued_by(mut self, issuer: Option<Issuer>) -> Self {
        if let Some(Issuer { issuer, named }) = issuer {
            (self.issuer, self.named) = (Some(issuer), named);
        }
        self
    }

    /// Whether an answer that names `iss` can be the backend's (RFC 9207 §2.4): the right name, or
    /// none where it does not promise one.
    #[must_use]
    pub fn may_be_from(&self, iss: Option<&str>) -> bool {
        match (iss, &self.issuer) {
            (Some(iss), Some(known)) => iss == known,
            // Nothing was promised, and there is nothing to hold the name against.
            (Some(_), None) => true,
            (None, _) => !self.named,
        }
    }
}

/// All logins of a browser that were begun.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PendingLogins(Vec<Pending>);

impl PendingLogins {
    /// Under which they are kept in a session.
    pub const KEY: &'static str = "pending";

    /// Adds one, forgetting those that are over, and the oldest when there are too many.
    pub fn add(&mut self, login: Pending) {
        let now = login.expires_at - SECONDS;
        self.0.retain(|pending| pending.expires_at > now);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(login);
    }

    /// Takes the one that this answer belongs to; a second try finds nothing.
    pub fn take(&mut self, backend: &str, state: &str, now: i64) -> Option<Pending> {
        let place = self.0.iter().position(|pending| pending.backend == backend && pending.state == state)?;
        Some(self.0.remove(place)).filter(|pending| pending.expires_at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{Issuer, Pending, PendingLogins};

    #[test]
    fn taken_once_and_only_where_it_was_begun() {
        let mut logins = PendingLogins::default();
        logins.add(Pending::new("a", "s1", "v1", "/", 0));
        logins.add(Pending::new("b", "s2", "v2", "/", 0));
        assert!(logins.take("b", "s1", 10).is_none(), "an answer of another backend");
        assert_eq!(logins.take("a", "s1", 10).map(|pending| pending.verifier), Some("v1".to_owned()));
        assert!(logins.take("a", "s1", 10).is_none(), "a second time");
        assert!(logins.take("b", "s2", 601).is_none(), "too late");
    }

    #[test]
    fn an_answer_names_its_issuer_where_that_was_promised() {
        let of = |issuer: Option<(&str, bool)>| {
            let issuer = issuer.map(|(issuer, named)| Issuer { issuer: issuer.to_owned(), named });
            Pending::new("a", "s", "v", "/", 0).issued_by(issuer)
        };
        for (issuer, iss, good) in [
            (Some(("https://a", true)), Some("https://a"), true),
            (Some(("https://a", true)), None, false),
            (Some(("https://a", true)), Some("https://b"), false),
            (Some(("https://a", false)), None, true),
            (Some(("https://a", false)), Some("https://b"), false),
            (None, None, true),
        ] {
            assert_eq!(of(issuer).may_be_from(iss), good, "{issuer:?} {iss:?}");
        }
    }
}
