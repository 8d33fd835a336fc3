//! Services of instances: brokers, databases and dashboards that twins use. Their health is asked in
//! their own protocols; what they are asked with never leaves this server but as a masked CI variable.

pub mod api;
mod check;
pub mod hand;
pub mod influx;
mod mqtt;
mod rabbit;
pub mod stream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::config::service::Service;

/// What was seen of a service is good for so long.
const KEPT: Duration = Duration::from_secs(5);
/// Whether somebody belongs to an instance is asked so often.
const MEMBER: Duration = Duration::from_secs(55);

/// How a service does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It answers, with its version where it tells.
    Up(String),
    /// It answers, but takes long.
    Slow(String),
    /// It answers, and does not let us in.
    Refused(String),
    /// It does not answer.
    Down(String),
}

impl Health {
    /// For the app.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Slow(_) => "slow",
            Self::Refused(_) => "refused",
            Self::Down(_) => "down",
        }
    }

    /// In one sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Up(text) | Self::Slow(text) | Self::Refused(text) | Self::Down(text) => text,
        }
    }
}

/// A service with its secret, as it was read at the start.
#[derive(Clone)]
pub struct Known {
    /// As configured.
    pub settings: Service,
    /// Password or token.
    secret: Option<String>,
}

impl std::fmt::Debug for Known {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Known {
    /// Name and password, where there are any.
    fn login(&self) -> Option<(&str, &str)> {
        Some((self.settings.username.as_deref()?, self.secret.as_deref().unwrap_or_default()))
    }

    /// Host and port for this server.
    fn place(&self) -> (String, u16) {
        self.settings.host_and_port(&self.settings.url).unwrap_or_default()
    }
}

/// All services.
#[derive(Debug, Default)]
pub struct Services {
    all: Vec<Known>,
    seen: Mutex<HashMap<String, (Instant, Health)>>,
    /// One look at a service at a time.
    looking: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    members: Mutex<HashMap<(String, String), (Instant, bool)>>,
}

impl Services {
    /// Reads the secrets of what is configured.
    ///
    /// # Errors
    /// Which file cannot be read.
    pub fn open(list: &[Service]) -> Result<Self, String> {
        let mut all = Vec::new();
        for service in list {
            let secret = match &service.password_file {
                Some(file) => Some(std::fs::read_to_string(file).map_err(|error| format!("[[service]] “{}”: failed to read {}: {error}", service.id, file.display()))?),
                None => None,
            };
            all.push(Known { settings: service.clone(), secret: secret.map(|secret| secret.trim_end_matches(['\n', '\r']).to_owned()) });
        }
        Ok(Self { all, seen: Mutex::default(), looking: Mutex::default(), members: Mutex::default() })
    }

    /// Those of an instance.
    pub fn of(&self, instance: &str) -> impl Iterator<Item = &Known> {
        self.all.iter().filter(move |known| known.settings.instance == instance)
    }

    /// Origins of Grafanas, whose panels dashboards may frame, as a policy writes them.
    #[must_use]
    pub fn frames(&self) -> String {
        let grafanas = self.all.iter().filter(|known| known.settings.kind == crate::config::service::Kind::Grafana);
        let origin = |known: &Known| url::Url::parse(known.settings.link.as_ref().unwrap_or(&known.settings.url)).ok().map(|url| url.origin().ascii_serialization());
        let mut origins: Vec<String> = grafanas.filter_map(origin).collect();
        origins.sort_unstable();
        origins.dedup();
        if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") }
    }

    /// One of them.
    #[must_use]
    pub fn find(&self, instance: &str, id: &str) -> Option<&Known> {
        self.of(instance).find(|known| known.settings.id == id)
    }

    /// What was found out about somebody's membership of an instance a moment ago.
    pub(crate) fn member(&self, key: &(String, String)) -> Option<bool> {
        let members = self.members.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        members.get(key).filter(|(when, _)| when.elapsed() < MEMBER).map(|(_, is)| *is)
    }

    /// Remembers it for a while.
    pub(crate) fn note_member(&self, key: (String, String), is: bool) {
        let mut members = self.members.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        members.retain(|_, (when, _)| when.elapsed() < MEMBER);
        members.insert(key, (Instant::now(), is));
    }

    /// How a service does, asked at most once in a few seconds however many look.
    pub async fn health(&self, known: &Known) -> Health {
        let key = format!("{}/{}", known.settings.instance, known.settings.id);
        let one = self.looking.lock().unwrap_or_else(std::sync::PoisonError::into_inner).entry(key.clone()).or_default().clone();
        let _held = one.lock().await;
        let before = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&key).cloned();
        if let Some((_, health)) = before.filter(|(when, _)| when.elapsed() < KEPT) {
            return health;
        }
        let health = check::check(known).await;
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key, (Instant::now(), health.clone()));
        health
    }
}
