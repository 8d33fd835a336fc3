//! What embedded views ask: a few REST questions that the server lets a grant ask, and nothing else.

use futures_util::future::join_all;
use gitlab::endpoint::{ask, ask_all};
use gitlab::pipelines::{ListBridges, ListPipelines};
use gitlab::repository::{EntryKind, ListTree};
use gitlab::{Error, Status};
use serde::Deserialize;
use twin::asset::Owner;

use super::runs::twin_of;
use crate::instances::Client;
use crate::problem::Problem;

/// What is shown; the server has looked that it is whole.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Subject {
    /// `card`, `run`, `log`, `plot` or `board`.
    pub view: String,
    /// The instance.
    pub instance: String,
    /// The twin.
    pub twin: Option<String>,
    /// The parent pipeline.
    pub run: Option<i64>,
    /// The job.
    pub job: Option<i64>,
    /// The artifact.
    pub path: Option<String>,
}

/// What the page was told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Told {
    /// What.
    pub subject: Subject,
    /// Whether it is of the common assets.
    pub common: bool,
    /// What lets it be read.
    pub pass: String,
    /// Until when, in seconds since 1970.
    pub until: f64,
    /// The pages that may frame it.
    pub parents: Vec<String>,
    /// `light` or `dark`, where the page says so.
    pub theme: Option<String>,
}

/// A run in short.
#[derive(Debug, Clone, PartialEq)]
pub struct Short {
    /// The parent pipeline.
    pub run: i64,
    /// Its twin.
    pub twin: Option<String>,
    /// The child's state, or the parent's while there is no child.
    pub status: Status,
    /// ISO 8601.
    pub updated_at: String,
}

/// How many runs are looked through for the last one of each twin.
const NEWEST: u32 = 15;

/// The newest runs of a project.
pub async fn newest(client: Client, owner: Owner) -> Result<Vec<Short>, Problem> {
    let fail = |error: Error| Problem::new(&error, "load the runs", &client.instance.name);
    let page = ask(&client, &ListPipelines::new(client.project(owner), NEWEST)).await.map_err(fail)?;
    let one = |pipeline: gitlab::pipelines::Pipeline| {
        let client = &client;
        async move {
            let bridges = ask(client, &ListBridges::new(client.project(owner), pipeline.id)).await.map(|page| page.items).unwrap_or_default();
            let twin = bridges.iter().find_map(|bridge| twin_of(&bridge.name));
            let child = bridges.into_iter().find_map(|bridge| bridge.downstream_pipeline);
            let (status, updated_at) = child.map_or((pipeline.status, pipeline.updated_at), |child| (child.status, child.updated_at));
            Short { run: pipeline.id.0, twin, status, updated_at }
        }
    };
    Ok(join_all(page.items.into_iter().map(one)).await)
}

/// The twins of a project, each with its last run.
pub async fn board(client: Client, owner: Owner) -> Result<Vec<(String, Option<Short>)>, Problem> {
    let listing = ListTree::new(client.project(owner), "digital_twins").at(client.branch());
    let entries = ask_all(&client, &listing, 5).await.map_err(|error| Problem::new(&error, "list the twins", &client.instance.name))?;
    let runs = newest(client, owner).await?;
    let last = |name: &str| runs.iter().find(|run| run.twin.as_deref() == Some(name)).cloned();
    Ok(entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Tree)
        .map(|entry| (last(&entry.name).map(Some).unwrap_or(None), entry.name))
        .map(|(run, name)| (name, run))
        .collect())
}
