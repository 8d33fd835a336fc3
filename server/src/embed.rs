//! Views in pages of others: a grant says what is shown, where, and until when. It is made here by a
//! person, or by a portal that shares a secret with us, and then it is good once. Either can be taken back.
//! What a view reads, this server reads for it, as a robot, and nothing else than the grant names.

pub mod api;
pub mod badge;
mod family;
pub mod links;
pub mod oembed;
pub mod page;
pub mod person;
pub mod portals;
mod reader;

use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::State;
use crate::config::Config;
use crate::config::embed::Embed as Settings;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// A twin: what it is, and how its last run went.
    Card,
    /// A run: its jobs and how they stand.
    Run,
    /// The log of a job as it grows.
    Log,
    /// A table out of a job's artifacts, drawn.
    Plot,
    /// The twins of a project and how their last runs went.
    Board,
}

/// A view of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Which view.
    pub view: View,
    /// The instance, by its name in addresses.
    pub instance: String,
    /// The project's path at its backend.
    pub project: String,
    /// The twin, for cards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// The parent pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<i64>,
    /// The job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<i64>,
    /// The artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What somebody may see.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grant {
    /// Its own name, under which it is kept; one that was taken back is not there any more.
    pub id: String,
    /// What.
    pub subject: Subject,
    /// The origins that may frame it.
    pub parents: Vec<String>,
    /// Until when, in seconds since 1970.
    pub until: i64,
    /// The sign-in whose rights it has, where a person looks for themselves; else a robot reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads_as: Option<String>,
}

impl Grant {
    /// Whether it is a link that somebody made here, which others may show again.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.reads_as.is_none() && !self.id.starts_with(portals::NAMES)
    }
}

impl Subject {
    /// Whether a view has what it needs, and no part is anything but a name.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let name = |text: &str| !text.is_empty() && text.len() <= 500 && !text.chars().any(char::is_control) && !text.split('/').any(|part| matches!(part, "" | "." | ".."));
        let needs = match self.view {
            View::Card => self.twin.is_some(),
            View::Run => self.run.is_some(),
            View::Log => self.run.is_some() && self.job.is_some(),
            View::Plot => self.run.is_some() && self.job.is_some() && self.path.is_some(),
            View::Board => true,
        };
        needs && name(&self.project) && self.twin.as_deref().is_none_or(|twin| name(twin) && !twin.contains('/')) && self.path.as_deref().is_none_or(name)
    }
}

/// All that this server knows of embedding.
pub struct Embeds {
    /// `[embed]`
    pub settings: Settings,
    portals: portals::Portals,
    readers: HashMap<String, String>,
    families: Mutex<family::Families>,
    /// Sign-ins that frames wait for.
    waiting: Mutex<HashMap<String, (i64, String)>>,
}

impl Embeds {
    /// Reads the secrets that the configuration names.
    pub fn open(config: &Config) -> Result<Self, String> {
        let read = |path: &std::path::Path| std::fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(|error| format!("{} cannot be read: {error}", path.display()));
        let settings = config.embed.clone();
        let readers = settings.reader.iter().map(|reader| Ok((reader.gitlab.clone(), read(&reader.token_file)?))).collect::<Result<_, String>>()?;
        let secrets = settings.portal.iter().map(|portal| Ok((portal.id.clone(), read(&portal.secret_file)?))).collect::<Result<Vec<_>, String>>()?;
        Ok(Self { portals: portals::Portals::new(secrets)?, settings, readers, families: Mutex::default(), waiting: Mutex::default() })
    }

    /// Under which names what portals signed is kept.
    pub fn makers(&self) -> impl Iterator<Item = String> {
        self.settings.portal.iter().map(|portal| portals::maker(&portal.id))
    }

    /// The origins among `wanted` that the configuration allows; all of those when none is named.
    #[must_use]
    pub fn parents(&self, wanted: &[String]) -> Vec<String> {
        self.settings.allowed_parents.iter().filter(|parent| wanted.is_empty() || wanted.contains(parent)).cloned().collect()
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

/// What is said of a view of something unknown.
const ELSEWHERE: &str = "It names something that is not here.";

/// Whether a view can be shown by this server: of one of its instances, with all that it needs.
fn names_ours(state: &State, subject: &Subject) -> bool {
    state.instances.iter().any(|instance| instance.id == subject.instance) && subject.is_whole()
}

/// The grant that an address brings: one of ours, or one that a portal signed.
pub async fn grant(state: &State, text: &str) -> Result<Grant, &'static str> {
    let found = if text.contains('.') { state.embeds.portals.grant(state, text).await? } else { links::kept(state, text).await? };
    if found.until <= now() {
        return Err("It has expired.");
    }
    if names_ours(state, &found.subject) { Ok(found) } else { Err(ELSEWHERE) }
}
