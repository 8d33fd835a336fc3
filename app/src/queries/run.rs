//! One run: the parent pipeline, the children found through its bridges, all their jobs.

use gitlab::endpoint::ask;
use gitlab::environments::{Environment, EnvironmentAct, OnEnvironment};
use gitlab::jobs::Job;
use gitlab::pipelines::{GetPipeline, ListBridges, ListJobs, Pipeline};
use gitlab::{Error, JobId, PipelineId, Status};
use leptos::prelude::RwSignal;
use twin::asset::Owner;
use twin::lifecycle::{Life, PhaseJob, Step, life, strip, terminator};

use super::runs::twin_of;
use crate::instances::Client;
use crate::problem::Problem;

/// A pipeline of a run with its jobs, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its jobs.
    pub jobs: Vec<Job>,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// The twin, by its trigger job.
    pub twin: Option<String>,
    /// The parent first, then its children; parts without jobs are left out.
    pub parts: Vec<Part>,
    /// The parent pipeline.
    pub parent: Pipeline,
    /// What the whole amounts to.
    pub status: Status,
    /// Why a child could not be made.
    pub message: Option<String>,
    /// It was deleted since: this is how it was last.
    pub gone: bool,
}

impl RunView {
    /// How a twin stands that goes on until it is stopped; `quiet` as [`life`] wants it.
    #[must_use]
    pub fn life(&self, quiet: Option<f64>) -> Option<Life> {
        life(&self.phase_jobs(), self.status.as_str(), quiet)
    }

    /// Whether nothing will change any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.gone || (self.status.is_complete() && self.parent.status.is_complete())
    }

    fn phase_jobs(&self) -> Vec<PhaseJob<'_>> {
        self.jobs().map(|job| PhaseJob { id: job.id.0, name: &job.name, stage: &job.stage, status: job.status.as_str() }).collect()
    }

    /// Where the twin stands in its life.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        strip(&self.phase_jobs(), self.status.is_complete())
    }

    /// The job that stops the twin in order, if there is one to start.
    #[must_use]
    pub fn terminator(&self) -> Option<JobId> {
        terminator(&self.phase_jobs()).map(JobId)
    }

    /// Every job, in order.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.parts.iter().flat_map(|part| &part.jobs)
    }

    /// The job to show when none was chosen: one that runs, else one that failed, else the last
    /// that has something to show.
    #[must_use]
    pub fn best_job(&self) -> Option<&Job> {
        let with = |wanted: &[Status]| self.jobs().find(|job| wanted.contains(&job.status));
        with(&[Status::Running, Status::Canceling])
            .or_else(|| with(&[Status::Failed]))
            .or_else(|| self.jobs().filter(|job| job.started_at.is_some()).last())
            .or_else(|| self.jobs().next())
    }
}

/// When the log that is looked at was written to last, milliseconds since 1970, as far as is known: a twin's sign of life.
#[derive(Clone, Copy)]
pub struct Heartbeat(pub RwSignal<Option<f64>>);

async fn part(client: &Client, owner: Owner, pipeline: PipelineId) -> Result<Part, Error> {
    let (get, list) = (GetPipeline::new(client.project(owner), pipeline), ListJobs::new(client.project(owner), pipeline));
    let (pipeline, jobs) = futures_util::future::join(ask(client, &get), ask(client, &list)).await;
    let mut jobs = jobs?.items;
    jobs.reverse();
    Ok(Part { pipeline: pipeline?, jobs })
}

/// What a run amounts to: its child, as the parent is done at once (no `strategy`).
fn overall(parent: &Pipeline, children: &[Part]) -> Status {
    let failed = parent.status == Status::Failed || parent.status == Status::Canceled;
    match children.last() {
        Some(child) if !failed || !child.pipeline.status.is_complete() => child.pipeline.status.clone(),
        _ => parent.status.clone(),
    }
}

async fn load(client: &Client, owner: Owner, pipeline: PipelineId) -> Result<RunView, Error> {
    let bridges = ListBridges::new(client.project(owner), pipeline);
    let (parent, bridges) = futures_util::future::join(part(client, owner, pipeline), ask(client, &bridges)).await;
    let (parent, bridges) = (parent?, bridges?.items);
    let children = bridges.iter().filter_map(|bridge| bridge.downstream_pipeline.as_ref()).map(|child| part(client, owner, child.id));
    let children: Result<Vec<Part>, Error> = futures_util::future::join_all(children).await.into_iter().collect();
    let children = children?;
    let status = overall(&parent.pipeline, &children);
    let broken = bridges.iter().any(|bridge| bridge.status == Status::Failed && bridge.downstream_pipeline.is_none());
    let pipeline = parent.pipeline.clone();
    Ok(RunView {
        twin: bridges.first().and_then(|bridge| twin_of(&bridge.name)),
        parts: std::iter::once(parent).chain(children).filter(|part| !part.jobs.is_empty()).collect(),
        parent: pipeline,
        status,
        message: broken.then(|| twin::run::reason("downstream_pipeline_creation_failed").to_owned()),
        gone: false,
    })
}

/// A run one request later: what is most likely to have changed is asked for, everything only when
/// a pipeline begins or ends. One that is followed costs no more than a request at a time: of several pipelines that go
/// on, `turn` says whose turn it is.
async fn next(client: &Client, owner: Owner, before: RunView, turn: usize) -> Result<RunView, Error> {
    let (project, parent) = (client.project(owner), before.parent.id);
    let open: Vec<usize> = (0..before.parts.len()).rev().filter(|place| !before.parts[*place].pipeline.status.is_complete()).collect();
    let Some(place) = open.get(turn % open.len().max(1)).copied() else {
        // A child that is not there yet, or the end of all.
        let bridges = ask(client, &ListBridges::new(project, parent)).await?.items;
        let known = |id| before.parts.iter().any(|part| part.pipeline.id == id);
        let same = bridges.iter().all(|bridge| bridge.downstream_pipeline.as_ref().is_none_or(|child| known(child.id)) && !bridge.status.is_complete());
        return if same { Ok(before) } else { load(client, owner, parent).await };
    };
    let pipeline = before.parts[place].pipeline.id;
    let mut jobs = ask(client, &ListJobs::new(project, pipeline)).await?.items;
    jobs.reverse();
    let status = jobs.iter().find_map(|job| job.pipeline.as_ref()).filter(|standing| standing.id == pipeline).map(|standing| standing.status.clone());
    match status {
        Some(status) if !status.is_complete() => {
            let mut view = before;
            let part = &mut view.parts[place];
            (part.jobs, part.pipeline.status) = (jobs, status);
            if part.pipeline.id == parent {
                view.parent.status = part.pipeline.status.clone();
            }
            view.status = overall(&view.parent, view.parts.get(usize::from(view.parts[0].pipeline.id == parent)..).unwrap_or_default());
            Ok(view)
        }
        _ => load(client, owner, parent).await,
    }
}

/// A run that was looked at before, as it is now; `turn` counts these looks.
pub async fn again(client: Client, owner: Owner, before: RunView, turn: usize) -> Result<RunView, Problem> {
    let (pipeline, last) = (before.parent.id, before.clone());
    let answer = match next(&client, owner, before, turn).await {
        // A job list that is not there may be that of a child; the run itself says whether all is gone.
        Err(Error::NotFound { .. }) => match ask(&client, &GetPipeline::new(client.project(owner), pipeline)).await {
            Err(Error::NotFound { .. }) => Ok(RunView { gone: true, ..last }),
            Err(error) => Err(error),
            Ok(_) => load(&client, owner, pipeline).await,
        },
        answer => answer,
    };
    answer.map_err(|error| Problem::new(&error, &format!("load run {pipeline}"), &client.instance.name))
}

/// A run as it is now.
pub async fn run(client: Client, owner: Owner, pipeline: i64) -> Result<RunView, Problem> {
    load(&client, owner, PipelineId(pipeline)).await.map_err(|error| Problem::new(&error, &format!("load run {pipeline}"), &client.instance.name))
}

/// Environments that are looked at one by one, at most.
const LOOKED_AT: usize = 5;

/// The environment that a run keeps, if it keeps one that can be seen.
pub async fn environment_of(client: Client, owner: Owner, pipelines: Vec<PipelineId>) -> Option<Environment> {
    let of = |act| OnEnvironment(client.project(owner), act);
    let list = ask(&client, &of(EnvironmentAct::List)).await.ok()?;
    for known in list.iter().rev().take(LOOKED_AT) {
        let found = ask(&client, &of(EnvironmentAct::Get(known.id))).await.ok()?.pop()?;
        if found.pipeline.is_some_and(|pipeline| pipelines.contains(&pipeline)) {
            return Some(found);
        }
    }
    None
}
