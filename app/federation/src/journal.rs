//! What must be remembered of a federated run so that anybody can go on with it, and nothing is
//! started twice: an attempt is written here before its pipeline is asked for. It is kept as a file
//! on a branch of the managing project, and changed only by whoever saw its last state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The newest version that is understood.
pub const VERSION: u32 = 1;
/// The branch that journals are on. It is never merged; nothing runs on it.
pub const BRANCH: &str = "twinport-runs";
/// Words in the commit's message that keep CI from running (doc/ci/pipelines/_index.md, “Skip a pipeline”).
pub const QUIET: &str = "[skip ci]";

/// The folder of a twin's journals.
#[must_use]
pub fn folder(twin: &str) -> String {
    format!("federated-runs/{twin}")
}

/// The file of one journal.
#[must_use]
pub fn path(twin: &str, run: &str) -> String {
    format!("{}/{run}.json", folder(twin))
}

/// What is wanted of the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// Start what may start.
    #[default]
    Run,
    /// Start nothing more.
    Pause,
    /// Stop everything.
    Stop,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Well.
    Done,
    /// Badly.
    Failed,
    /// Somebody stopped it.
    Stopped,
    /// Its pipeline never came.
    Never,
}

/// One try to run a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its pipeline, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<i64>,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Over>,
    /// Why, where somebody said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What is known of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// In the order in which they were made.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Whether the others go on without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
}

/// The whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Of this form.
    pub version: u32,
    /// The run's id.
    pub id: String,
    /// The federated twin.
    pub twin: String,
    /// Who began it.
    pub by: String,
    /// When, ISO 8601.
    pub begun: String,
    /// The page or program that leads it.
    pub leader: String,
    /// What is wanted.
    pub wish: Wish,
    /// So many failures a person has seen and gone on after.
    #[serde(default)]
    pub forgiven: u32,
    /// Values that members are started with beside their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// What the whole came to, once nothing of it is going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_to: Option<String>,
    /// Members by name.
    pub seats: BTreeMap<String, Entry>,
}

/// One thing that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A member is about to be started for the time with this number.
    Attempt(String, usize),
    /// The pipeline of an attempt.
    Pipeline(String, usize, i64),
    /// The end of an attempt, and why.
    Over(String, usize, Over, String),
    /// Whether the others go on without a member.
    LeaveOut(String, bool),
    /// What is wanted.
    Wish(Wish, u32),
    /// Who leads.
    Leader(String),
    /// What the whole came to; nothing while it goes on.
    CameTo(Option<String>),
}

impl Journal {
    /// Reads one.
    ///
    /// # Errors
    /// Why it cannot be gone on with.
    pub fn read(text: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("its record is no JSON: {error}"))?;
        match value["version"].as_u64() {
            Some(version) if version > u64::from(VERSION) => Err(format!("its record has version {version}, and this Twinport knows {VERSION}: update it")),
            _ => serde_json::from_value(value).map_err(|error| format!("its record cannot be read: {error}")),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn print(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// What is known of a member.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.seats.get(name)
    }

    /// Takes a change in; once more is the same as once.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Attempt(name, number) => {
                let attempts = &mut self.seats.entry(name.clone()).or_default().attempts;
                if attempts.len() == *number {
                    attempts.push(Attempt::default());
                }
            }
            Change::Pipeline(name, number, pipeline) => {
                if let Some(attempt) = self.attempt(name, *number) {
                    attempt.pipeline = Some(*pipeline);
                }
            }
            Change::Over(name, number, over, why) => {
                if let Some(attempt) = self.attempt(name, *number) {
                    (attempt.over, attempt.why) = (Some(*over), why.clone());
                }
            }
            Change::LeaveOut(name, left_out) => self.seats.entry(name.clone()).or_default().left_out = *left_out,
            // What is being stopped is not started again: that is another run.
            Change::Wish(wish, forgiven) if self.wish != Wish::Stop => (self.wish, self.forgiven) = (*wish, *forgiven),
            Change::Wish(..) => {}
            Change::Leader(leader) => self.leader.clone_from(leader),
            Change::CameTo(outcome) => self.came_to.clone_from(outcome),
        }
    }

    fn attempt(&mut self, name: &str, number: usize) -> Option<&mut Attempt> {
        self.seats.get_mut(name)?.attempts.get_mut(number)
    }
}

/// The mark that an attempt's pipeline carries as its variable `TWINPORT_FEDERATED_RUN`, by which it
/// is found again when the answer to its start was lost.
#[must_use]
pub fn mark(run: &str, seat: &str, attempt: usize) -> String {
    format!("{run}/{seat}/{attempt}")
}
