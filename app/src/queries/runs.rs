//! Run history, from the backend: the newest parent pipelines, and which twin each one ran.

use gitlab::endpoint::ask;
use gitlab::pipelines::{ListBridges, ListPipelines, Pipeline};
use gitlab::{Error, Status};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;

/// How many are listed.
const NEWEST: u32 = 30;

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Whose project it ran in.
    pub owner: Owner,
    /// The parent pipeline.
    pub pipeline: Pipeline,
    /// The twin, by its trigger job.
    pub twin: Option<String>,
    /// The child's state, or the parent's while there is no child.
    pub status: Status,
    /// When the child ended, ISO 8601.
    pub updated_at: String,
}

/// The twin that a trigger job is for (`trigger_NAME`, DTAAS.md §2.3).
#[must_use]
pub fn twin_of(bridge: &str) -> Option<String> {
    bridge.strip_prefix("trigger_").map(str::to_owned)
}

async fn row(client: &Client, owner: Owner, pipeline: Pipeline) -> Result<RunRow, Error> {
    let bridges = ask(client, &ListBridges::new(client.project(owner), pipeline.id)).await?.items;
    let bridge = bridges.into_iter().next();
    let child = bridge.as_ref().and_then(|bridge| bridge.downstream_pipeline.clone());
    let status = child.as_ref().map_or_else(|| pipeline.status.clone(), |child| child.status.clone());
    let updated_at = child.map_or_else(|| pipeline.updated_at.clone(), |child| child.updated_at);
    Ok(RunRow { owner, twin: bridge.and_then(|bridge| twin_of(&bridge.name)), pipeline, status, updated_at })
}

/// The newest runs of one owner's project, of one twin if named.
pub async fn of_owner(client: Client, owner: Owner, twin: Option<String>) -> Result<Vec<RunRow>, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("load the runs of {} twins", owner.word()), &client.instance.name);
    let pipelines = ask(&client, &ListPipelines::new(client.project(owner), NEWEST)).await.map_err(fail)?.items;
    let rows = futures_util::future::join_all(pipelines.into_iter().map(|pipeline| row(&client, owner, pipeline))).await;
    let rows: Result<Vec<RunRow>, Error> = rows.into_iter().collect();
    let wanted = |row: &RunRow| twin.is_none() || row.twin == twin;
    Ok(rows.map_err(fail)?.into_iter().filter(wanted).collect())
}
