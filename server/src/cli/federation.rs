//! `twinport check`, `twinport import-env` and `twinport import-card`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::card::{Card, VERSION};
use crate::check::{Verdict, look};
use crate::config::Config;
use crate::import::{from_card, from_env};

use super::say;

/// All looks together take no longer.
const TIME: Duration = Duration::from_secs(14);
/// The largest card that is read.
const MOST: usize = 1024 * 1024;

/// Validates the file and probes every backend, one line each.
pub async fn check(config: Option<PathBuf>) -> Result<(), String> {
    let config = Config::load(config.as_deref()).map_err(|error| error.to_string())?;
    say(&format!("ok   the configuration is well formed; browsers reach this server at {}", config.public_url()))?;
    let findings = tokio::time::timeout(TIME, look(&config)).await.map_err(|_| "the backends could not be looked at within 14 seconds".to_owned())?;
    for finding in &findings {
        say(&finding.to_string())?;
    }
    match findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count() {
        0 => Ok(()),
        1 => Err("one thing has to be put right; the line above says how".to_owned()),
        many => Err(format!("{many} things have to be put right; the lines above say how")),
    }
}

/// A DTaaS client's configuration, as a `twinport.toml` on standard output.
pub fn import_env(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("failed to read {}: {error}", file.display()))?;
    say(from_env(&text)?.trim_end())
}

/// Another portal's instances, as part of a `twinport.toml` on standard output.
pub async fn import_card(portal: &str) -> Result<(), String> {
    let portal = portal.trim_end_matches('/');
    let address = if portal.ends_with(".json") { portal.to_owned() } else { format!("{portal}/.well-known/dtaas-federation.json") };
    let failed = |error: &dyn std::fmt::Display| format!("the card at {address} could not be read: {error}. Check the portal's address");
    let http = reqwest::ClientBuilder::new().timeout(TIME).build().map_err(|error| failed(&error))?;
    let mut answer = http.get(&address).send().await.and_then(reqwest::Response::error_for_status).map_err(|error| failed(&error))?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| failed(&error))? {
        body.extend_from_slice(&part);
        if body.len() > MOST {
            return Err(failed(&"it is larger than a megabyte"));
        }
    }
    let card: Card = serde_json::from_slice(&body).map_err(|error| failed(&error))?;
    if card.version > VERSION {
        return Err(format!("the card at {address} has version {}, and this twinport knows {VERSION}: update it", card.version));
    }
    say(from_card(&card, portal).trim_end())
}
