//! Which pipelines and jobs belong to a run: the parent, and the children that its bridges made. A
//! grant for one run shows no other.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde_json::Value;

use super::{Grant, reader};
use crate::State;
use crate::auth::backend::Backend;

/// What was found is believed so long; children come while a run goes on.
const FRESH: Duration = Duration::from_secs(5);
/// Runs that are remembered.
const MOST: usize = 1_000;

/// The pipelines of runs, by project and parent, and when that was found.
pub type Families = HashMap<(String, i64), (Instant, Vec<i64>)>;

async fn json(state: &State, backend: &Backend, grant: &Grant, path: &str) -> Option<Value> {
    let answer = reader::read(state, backend, grant.reads_as.as_deref(), path, HeaderMap::new()).await.ok()?;
    if answer.status().is_success() { answer.json().await.ok() } else { None }
}

/// The pipelines of a run.
async fn pipelines(state: &State, backend: &Backend, project: &str, grant: &Grant, run: i64) -> Vec<i64> {
    let key = (format!("{} {project} {}", backend.id, grant.reads_as.as_deref().unwrap_or_default()), run);
    let known = state.embeds.families.lock().unwrap_or_else(PoisonError::into_inner).get(&key).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, list)| list.clone());
    if let Some(known) = known {
        return known;
    }
    let bridges = json(state, backend, grant, &format!("v4/projects/{project}/pipelines/{run}/bridges?per_page=100")).await;
    let children = bridges.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(|bridge| bridge["downstream_pipeline"]["id"].as_i64());
    let list: Vec<i64> = std::iter::once(run).chain(children).collect();
    let mut families = state.embeds.families.lock().unwrap_or_else(PoisonError::into_inner);
    if families.len() >= MOST {
        families.clear();
    }
    families.insert(key, (Instant::now(), list.clone()));
    list
}

/// Whether a pipeline is of the run that a grant is for.
pub async fn has_pipeline(state: &State, backend: &Backend, project: &str, grant: &Grant, pipeline: i64) -> bool {
    match grant.subject.run {
        Some(run) => run == pipeline || pipelines(state, backend, project, grant, run).await.contains(&pipeline),
        None => false,
    }
}

/// Whether a job is.
pub async fn has_job(state: &State, backend: &Backend, project: &str, grant: &Grant, job: i64) -> bool {
    if grant.subject.job.is_some_and(|only| only != job) {
        return false;
    }
    let found = json(state, backend, grant, &format!("v4/projects/{project}/jobs/{job}")).await;
    match found.and_then(|job| job["pipeline"]["id"].as_i64()) {
        Some(pipeline) => has_pipeline(state, backend, project, grant, pipeline).await,
        None => false,
    }
}
