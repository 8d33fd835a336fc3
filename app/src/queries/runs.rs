//! Run history, from the backend: the newest parent pipelines, and which twin each one ran.

use gitlab::endpoint::ask;
use gitlab::graph::{ListRuns, Run};
use gitlab::{Error, Status};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::fan::Give;

/// How many of a project are listed.
const NEWEST: u32 = 30;

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunRow {
    /// Where it ran.
    pub instance: String,
    /// Whose project it ran in.
    pub owner: Owner,
    /// The parent pipeline.
    pub pipeline: i64,
    /// The commit.
    pub sha: String,
    /// The twin, by its trigger job.
    pub twin: Option<String>,
    /// What somebody wrote of it.
    pub note: String,
    /// Whether it is kept in sight.
    pub pinned: bool,
    /// The child's state, or the parent's while there is no child.
    pub status: Status,
    /// ISO 8601.
    pub created_at: String,
    /// When the child ended, ISO 8601.
    pub updated_at: String,
}

/// The twin that a trigger job is for (`trigger_NAME`, DTAAS.md §2.3).
#[must_use]
pub fn twin_of(bridge: &str) -> Option<String> {
    bridge.strip_prefix("trigger_").map(str::to_owned)
}

fn row(client: &Client, owner: Owner, run: Run) -> RunRow {
    let child = run.children.into_iter().next();
    let twin = run.triggers.iter().find_map(|name| twin_of(name));
    let (status, updated_at) = child.map_or((run.status, run.updated_at), |child| (child.status, child.updated_at));
    let (pinned, note) = twin::run::note(&run.name);
    RunRow { instance: client.instance.id.clone(), owner, pipeline: run.id.0, sha: run.sha, twin, note: note.to_owned(), pinned, status, created_at: run.created_at, updated_at }
}

/// Runs of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Newest first.
    pub rows: Vec<RunRow>,
    /// Whose project has older ones, and behind what.
    pub older: Vec<(Owner, String)>,
}

/// The newest runs of an instance.
pub async fn of_instance(client: Client, _: Give<Listed>) -> Result<Listed, Problem> {
    of_owners(&client, client.owners().iter().map(|owner| (*owner, None)).collect()).await
}

/// Those that come behind others.
pub async fn older(client: Client, behind: Vec<(Owner, String)>) -> Result<Listed, Problem> {
    of_owners(&client, behind.into_iter().map(|(owner, behind)| (owner, Some(behind))).collect()).await
}

async fn of_owners(client: &Client, owners: Vec<(Owner, Option<String>)>) -> Result<Listed, Problem> {
    let fail = |error: Error| Problem::new(&error, "load the runs", &client.instance.name);
    let (whose, behind): (Vec<Owner>, Vec<Option<String>>) = owners.into_iter().unzip();
    let projects = whose.iter().map(|owner| client.project_path(*owner)).zip(behind).collect();
    let answer = ask(client, &ListRuns::new(projects, NEWEST)).await.map_err(fail)?;
    let mut listed = Listed::default();
    for (owner, runs) in whose.into_iter().zip(answer) {
        let runs = runs.unwrap_or_default();
        listed.older.extend(runs.older.map(|older| (owner, older)));
        listed.rows.extend(runs.list.into_iter().map(|run| row(client, owner, run)));
    }
    listed.rows.sort_by(|a, b| b.created_at.cmp(&a.created_at));
    Ok(listed)
}

/// The newest runs of one owner's project, of one twin if named.
pub async fn of_owner(client: Client, owner: Owner, twin: Option<String>) -> Result<Vec<RunRow>, Problem> {
    let listed = of_owners(&client, vec![(owner, None)]).await?;
    Ok(listed.rows.into_iter().filter(|row| twin.is_none() || row.twin == twin).collect())
}
