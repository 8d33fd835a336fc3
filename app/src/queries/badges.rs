//! How many of one's own runs go on at an instance, and how many failed since one looked.

use gitlab::Status;
use gitlab::endpoint::ask;
use gitlab::mine::ListMine;

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;

/// What a badge counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs that go on.
    pub going: usize,
    /// Runs that failed since.
    pub failed: usize,
}

/// Of the newest runs of whoever is signed in; `since` in milliseconds since 1970.
pub async fn counts(client: Client, since: f64) -> Result<Counts, Problem> {
    let Some(username) = client.username.clone() else { return Ok(Counts::default()) };
    let asked = ListMine::new(client.owners().iter().map(|owner| client.project_path(*owner)).collect(), username);
    let mine = ask(&client, &asked).await.map_err(|error| Problem::new(&error, "count your runs", &client.instance.name))?;
    let failed = mine.iter().filter(|run| run.status == Status::Failed && browser::parse_time(&run.updated_at).is_some_and(|at| at > since));
    Ok(Counts { going: mine.iter().filter(|run| run.status.is_active()).count(), failed: failed.count() })
}
