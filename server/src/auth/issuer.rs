//! What a backend says of itself (`/.well-known/openid-configuration`): its issuer, and whether its
//! answers name it (RFC 9207). Asked when somebody signs in, and kept for an hour.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::backend::Backend;

/// The backend has so long, and may say so much.
const TIME: Duration = Duration::from_secs(3);
const MOST: usize = 64 * 1024;
const KEEP: Duration = Duration::from_secs(3600);
/// A backend that did not say is asked again after so long.
const AGAIN: Duration = Duration::from_secs(20);

/// What matters of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issuer {
    /// Its name.
    pub issuer: String,
    /// Whether every answer carries it.
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub named: bool,
}

/// Whether two addresses are the same, however each is written.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    let read = |text: &str| url::Url::parse(text.trim_end_matches('/')).ok();
    read(one).is_some() && read(one) == read(other)
}

impl Issuer {
    /// Whether it is the backend that was asked (RFC 8414 §3.3): the names have to be the same.
    #[must_use]
    pub fn is_of(&self, backend: &Backend) -> bool {
        same(&self.issuer, &backend.url)
    }
}

/// What was heard last, and when.
pub type Heard = tokio::sync::Mutex<Option<(Instant, Option<Issuer>)>>;

async fn read(http: &oauth2::reqwest::Client, url: String) -> Option<Issuer> {
    let mut answer = http.get(url).send().await.ok().filter(|answer| answer.status().is_success())?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.ok()? {
        body.extend_from_slice(&part);
        if body.len() > MOST {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// Asks `backend`; nothing when it does not say, which older GitLabs need not.
pub async fn of(http: &oauth2::reqwest::Client, backend: &Backend) -> Option<Issuer> {
    let mut heard = backend.heard.lock().await;
    if let Some((at, known)) = heard.as_ref()
        && at.elapsed() < if known.as_ref().is_some_and(|known| known.is_of(backend)) { KEEP } else { AGAIN }
    {
        return known.clone();
    }
    let url = format!("{}/.well-known/openid-configuration", backend.internal_url);
    let found = tokio::time::timeout(TIME, read(http, url)).await.ok().flatten();
    // What it promised once (RFC 9207) is not forgotten because it could not be asked again.
    let known = found.or_else(|| heard.take().and_then(|(_, before)| before));
    *heard = Some((Instant::now(), known.clone()));
    known
}
