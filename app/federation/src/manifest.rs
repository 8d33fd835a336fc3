//! `federation.yml`, version 1: which twins work together, in which order, over which services. Its
//! JSON Schema is `public/schema/federation-1.json`.

mod fields;
mod members;

use std::collections::BTreeSet;

use fields::Fields;
use members::{link, member, rollout, said};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// The name of the file in a twin's folder.
pub const FILE: &str = "federation.yml";
/// The newest version that is understood.
pub const VERSION: i64 = 1;
/// The most copies that one member stands for.
const MOST_COPIES: i64 = 1_000;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Keys from the top to where it is.
    pub at: Vec<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Fault {
    /// The line, from 1, where it is in `text`: that of the last of its keys that is written there.
    #[must_use]
    pub fn line(&self, text: &str) -> usize {
        let mut place = 0;
        for key in &self.at {
            let Some(found) = text[place..].find(key.as_str()) else { break };
            place += found;
        }
        text[..place].matches('\n').count() + 1
    }
}

/// How the members belong together (Frasheri et al., “Towards Federated Digital Twin Platforms”, §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Twins of parts that make up one thing.
    Composite,
    /// Many twins of one sort.
    Fleet,
    /// Twins of which some lead others.
    Hierarchical,
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Composite => "composite",
            Self::Fleet => "fleet",
            Self::Hierarchical => "hierarchical",
        }
    }
}

/// An instance as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whereabouts {
    /// The portal whose federation card lists it; the reader's own when absent.
    pub card: Option<String>,
    /// Its id there.
    pub id: String,
}

/// When a member counts as ready, so that those behind it may start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ready {
    /// One of its jobs runs.
    Started,
    /// A phase is done: a job of that name or stage has passed.
    Phase(String),
    /// Its log has this text.
    Log(String),
    /// Its log has had this text within so many seconds, and goes on having it.
    Heartbeat(String, u32),
    /// It has ended well.
    Ended,
}

/// What happens when a member has failed and is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Those behind it wait until a person decides.
    Hold,
    /// Those behind it go on without it.
    Continue,
    /// All others are stopped.
    Stop,
}

/// What happens when a member's instance does not answer before it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IfAway {
    /// It is waited for.
    Wait,
    /// The others go on without it.
    Skip,
}

/// One member, or several copies of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in the manifest.
    pub name: String,
    /// Where it lives; copies are dealt out in turn. The manifest's own instance when empty.
    pub instances: Vec<Whereabouts>,
    /// The project's full path; the manifest's own when absent.
    pub project: Option<String>,
    /// The twin's folder below `digital_twins`.
    pub twin: String,
    /// What it does for the whole, in words.
    pub role: String,
    /// The branch to run.
    pub branch: Option<String>,
    /// Members that must be ready before it starts.
    pub after: Vec<String>,
    /// When it is ready.
    pub ready: Ready,
    /// Pipeline variables; `{n}` is the number of the copy.
    pub variables: Vec<(String, String)>,
    /// How many times a failure is tried again.
    pub retries: u32,
    /// And what then.
    pub on_failure: OnFailure,
    /// What happens when its instance does not answer.
    pub if_away: IfAway,
    /// How many of it there are.
    pub copies: Option<u32>,
    /// Variables with all their values: there is one of it for each combination.
    pub sweep: Vec<(String, Vec<String>)>,
}

/// How members exchange data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The service that carries it, by its id in the configuration of the instance.
    pub service: String,
    /// Topic, queue or measurement.
    pub via: String,
    /// Who sends.
    pub from: Vec<String>,
    /// Who receives.
    pub to: Vec<String>,
    /// What goes over it, in words, with its unit.
    pub data: String,
}

/// How many members are started at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// So many go first, and must be ready before the others follow.
    pub canary: u32,
    /// So many start at the same time on one instance.
    pub at_once: u32,
    /// After so many failures nothing more is started until a person goes on; never when 0.
    pub pause_after: u32,
}

impl Default for Rollout {
    fn default() -> Self {
        Self { canary: 0, at_once: 10, pause_after: 0 }
    }
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// How its members belong together.
    pub kind: Kind,
    /// What it is, in a line.
    pub title: String,
    /// Members in the order of the file.
    pub members: Vec<Member>,
    /// What goes between them.
    pub links: Vec<Link>,
    /// Services that it needs; whoever starts it is told when one is not up.
    pub services: Vec<String>,
    /// How many at once.
    pub rollout: Rollout,
}

fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Real(text) => text.parse::<f64>().map_or_else(|_| Value::from(text.as_str()), Value::from),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Boolean(value) => Value::from(*value),
        Yaml::Array(list) => list.iter().map(json).collect(),
        Yaml::Hash(map) => Value::Object(map.iter().map(|(key, value)| (key.as_str().map_or_else(|| json(key).to_string(), str::to_owned), json(value))).collect()),
        _ => Value::Null,
    }
}

/// Reads the text of a `federation.yml`.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file; never empty.
pub fn read(text: &str) -> Result<Manifest, Vec<Fault>> {
    let top = |message: String| vec![Fault { at: Vec::new(), message }];
    let documents = YamlLoader::load_from_str(text).map_err(|error| {
        let at = text.lines().nth(error.marker().line().saturating_sub(1)).map(|line| vec![line.trim().to_owned()]).unwrap_or_default();
        vec![Fault { at, message: format!("This is no YAML: {}.", error.info()) }]
    })?;
    let value = documents.first().map(json).unwrap_or_default();
    let Some(map) = value.as_object() else { return Err(top("A federation is a map with the keys version, kind and members.".to_owned())) };
    // What a newer version means nobody here knows: one sentence, and no guesses about the rest.
    match map.get("version").map(Value::as_i64) {
        Some(Some(VERSION)) => {}
        Some(Some(newer)) if newer > VERSION => {
            return Err(vec![Fault { at: vec!["version".to_owned()], message: format!("This federation has version {newer}, and this Twinport knows {VERSION}: update it.") }]);
        }
        Some(_) => return Err(vec![Fault { at: vec!["version".to_owned()], message: format!("The version must be {VERSION}.") }]),
        None => return Err(top(format!("The key version is missing; write “version: {VERSION}”."))),
    }
    let mut faults = Vec::new();
    let manifest = whole(&mut Fields::new(map, Vec::new(), &mut faults));
    if faults.is_empty() { Ok(manifest) } else { Err(faults) }
}

fn whole(top: &mut Fields<'_>) -> Manifest {
    top.skip("version");
    let kind = top.word("kind", &[("composite", Kind::Composite), ("fleet", Kind::Fleet), ("hierarchical", Kind::Hierarchical)], None).unwrap_or(Kind::Composite);
    let title = top.text("title").unwrap_or_default();
    let services = top.list("services");
    let rollout = top.map("rollout").map(|(map, at)| rollout(&mut Fields::new(map, at, top.faults))).unwrap_or_default();
    let mut members = Vec::new();
    match top.map("members") {
        Some((map, at)) if !map.is_empty() => {
            for (name, value) in map {
                let at: Vec<String> = at.iter().chain([name]).cloned().collect();
                match value.as_object() {
                    Some(map) => members.push(member(name, &mut Fields::new(map, at, top.faults))),
                    None => top.faults.push(Fault { at, message: format!("The member {name} must be a map with at least the key twin.") }),
                }
            }
        }
        _ => top.fault("members", "There must be members: a map from names to twins.".to_owned()),
    }
    let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    for member in &members {
        for other in &member.after {
            let at = vec!["members".to_owned(), member.name.clone(), "after".to_owned()];
            if other == &member.name {
                top.faults.push(Fault { at, message: format!("{other} cannot come after itself.") });
            } else if !names.contains(other.as_str()) {
                top.faults.push(Fault { at, message: format!("{} comes after {other}, which is no member. Members are {}.", member.name, said(&names)) });
            }
        }
    }
    let mut links = Vec::new();
    for (number, value) in top.values("links").iter().enumerate() {
        let at = vec!["links".to_owned()];
        match value.as_object() {
            Some(map) => links.push(link(&mut Fields::new(map, at, top.faults), &names)),
            None => top.faults.push(Fault { at, message: format!("Link {} must be a map with the keys service, via, from and to.", number + 1) }),
        }
    }
    top.rest();
    Manifest { kind, title, members, links, services, rollout }
}

#[cfg(test)]
mod tests;
