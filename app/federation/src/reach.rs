//! The conductor's acts as requests to GitLab, over whatever carries them.

pub mod record;
mod watch;

use gitlab::endpoint::{ask, ask_all};
use gitlab::graph::{ListRuns, Run};
use gitlab::jobs::{Job, PlayJob};
use gitlab::pipelines::{CancelPipeline, CreatePipeline, ListBridges, ListGiven, ListJobs, ListPipelines};
use gitlab::projects::GetProject;
use gitlab::{Error, JobId, PipelineId, ProjectRef, Status, Transport};
use twin::lifecycle::{PhaseJob, terminator};

use crate::conductor::Refusal;
pub use watch::Watch;

/// The variable that carries an attempt's mark.
pub const MARK: &str = "TWINPORT_FEDERATED_RUN";
/// The variable that tells a member its own name.
pub const MEMBER: &str = "TWINPORT_MEMBER";
/// A lost start is looked for in pages of so many pipelines.
const NEWEST: u32 = 100;
/// Pages of that many.
const PAGES: usize = 3;
/// How many runs of a project one look at it shows; GitLab's limit on what a question may cost.
const SHOWN: u32 = 60;

/// What a start needs to know.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The project's full path.
    pub project: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// The twin's folder.
    pub twin: &'a str,
    /// The tag that its jobs ask of a runner.
    pub tag: &'a str,
    /// The member's name.
    pub member: &'a str,
    /// The attempt's mark.
    pub mark: &'a str,
    /// More pipeline variables.
    pub variables: Vec<(String, String)>,
}

/// Starts a member's pipeline, with the two variables of the contract (DTAAS.md §2.3).
///
/// # Errors
/// Whether the backend said no, was not asked, or may have been.
pub async fn start(transport: &impl Transport, order: &Order<'_>) -> Result<i64, Refusal> {
    let mut pipeline = CreatePipeline::new(ProjectRef::path(order.project), order.branch)
        .variable("DTName", order.twin)
        .variable("RunnerTag", order.tag)
        .variable(MARK, order.mark)
        .variable(MEMBER, order.member);
    for (key, value) in &order.variables {
        pipeline = pipeline.variable(key, value);
    }
    match ask(transport, &pipeline).await {
        Ok(pipeline) => Ok(pipeline.id.0),
        Err(error @ (Error::SignedOut | Error::TooMany)) => Err(Refusal::NotSent(sentence(&error))),
        Err(error @ (Error::Unreachable | Error::TimedOut | Error::Unreadable { .. })) => Err(Refusal::Unsure(sentence(&error))),
        Err(error @ Error::Refused { status: 500.., .. }) => Err(Refusal::Unsure(sentence(&error))),
        Err(error) => Err(Refusal::No(sentence(&error))),
    }
}

/// Seconds since 1970 of the beginning of an ISO 8601 time in UTC, by the days of the civil calendar.
fn seconds(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + number(11, 13)?) * 60 + number(14, 16)?) * 60 + number(17, 19)?)
}

/// Clocks of browsers and backends may differ by so many seconds.
const SKEW: i64 = 3_600;

/// Looks for a pipeline with this mark among those that came since the run began (ISO 8601).
///
/// # Errors
/// Why the backend could not be asked, or that somebody else's pipelines are among them, of which
/// nobody but they and maintainers may see what they were started with.
pub async fn find(transport: &impl Transport, project: &str, mark: &str, begun: &str) -> Result<Option<i64>, String> {
    let recent = |created: &str| match (seconds(created), seconds(begun)) {
        (Some(created), Some(begun)) => created >= begun - SKEW,
        _ => true,
    };
    let mut hidden = false;
    let list = ListPipelines::new(ProjectRef::path(project), NEWEST).source("api");
    let listed = ask_all(transport, &list, PAGES).await.map_err(|error| sentence(&error))?;
    for pipeline in listed.into_iter().filter(|pipeline| recent(&pipeline.created_at)) {
        match ask(transport, &ListGiven::new(ProjectRef::path(project), pipeline.id)).await {
            Ok(given) if given.iter().any(|given| given.key == MARK && given.value == mark) => return Ok(Some(pipeline.id.0)),
            // Variables of other people's pipelines are not shown.
            Err(Error::Forbidden { .. }) => hidden = true,
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(sentence(&error)),
        }
    }
    if hidden {
        return Err("The answer to its start was lost, and runs that others started there meanwhile hide whether it came. Whoever began this run, or a maintainer, can lead it on; or go on without it.".to_owned());
    }
    Ok(None)
}

/// The branch that a project's runs are on unless somebody says otherwise.
///
/// # Errors
/// Why the backend could not be asked.
pub async fn default_branch(transport: &impl Transport, project: &str) -> Result<String, Error> {
    Ok(ask(transport, &GetProject(ProjectRef::path(project))).await?.default_branch.unwrap_or_else(|| "main".to_owned()))
}

/// The newest runs of a project, all in one question.
///
/// # Errors
/// Why the backend could not be asked.
pub async fn runs(transport: &impl Transport, project: &str) -> Result<Vec<Run>, String> {
    let answer = ask(transport, &ListRuns::new(vec![(project.to_owned(), None)], SHOWN)).await.map_err(|error| sentence(&error))?;
    Ok(answer.into_iter().next().flatten().unwrap_or_default().list)
}

/// The pipelines of a run that have jobs, children last.
async fn family(transport: &impl Transport, project: &str, pipeline: i64) -> Result<Vec<PipelineId>, Error> {
    let bridges = ask(transport, &ListBridges::new(ProjectRef::path(project), PipelineId(pipeline))).await?.items;
    let children = bridges.into_iter().filter_map(|bridge| bridge.downstream_pipeline).map(|child| child.id);
    Ok(std::iter::once(PipelineId(pipeline)).chain(children).collect())
}

async fn jobs(transport: &impl Transport, project: &str, pipeline: PipelineId) -> Result<Vec<Job>, Error> {
    let mut jobs = ask_all(transport, &ListJobs::new(ProjectRef::path(project), pipeline), 5).await?;
    jobs.reverse();
    Ok(jobs)
}

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopping {
    /// The twin's terminate phase runs: ask again.
    Terminating,
    /// All of its pipelines are cancelled.
    Cancelled,
}

/// One step of stopping a run in order: its terminate phase if it has one, and then the rest.
///
/// # Errors
/// Why it could not be stopped.
pub async fn stop(transport: &impl Transport, project: &str, pipeline: i64) -> Result<Stopping, String> {
    step(transport, project, pipeline).await.map_err(|error| sentence(&error))
}

async fn step(transport: &impl Transport, project: &str, pipeline: i64) -> Result<Stopping, Error> {
    let family = family(transport, project, pipeline).await?;
    for member in &family {
        let jobs = jobs(transport, project, *member).await?;
        let phases: Vec<PhaseJob<'_>> = jobs.iter().map(|job| PhaseJob { id: job.id.0, name: &job.name, stage: &job.stage, status: job.status.as_str() }).collect();
        if let Some(job) = terminator(&phases) {
            ask(transport, &PlayJob::new(ProjectRef::path(project), JobId(job))).await?;
            return Ok(Stopping::Terminating);
        }
        let ends = |job: &&Job| [&job.stage, &job.name].iter().any(|word| word.eq_ignore_ascii_case("terminate"));
        // A terminate phase that failed has had its chance: the rest is cancelled all the same.
        if jobs.iter().filter(ends).any(|job| job.status.is_active() && job.status != Status::Created) {
            return Ok(Stopping::Terminating);
        }
    }
    for member in family.into_iter().rev() {
        match ask(transport, &CancelPipeline::new(ProjectRef::path(project), member)).await {
            // One that has ended already cannot be cancelled, and need not be.
            Ok(_) | Err(Error::Refused { status: 400..500, .. } | Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Stopping::Cancelled)
}

/// An error as a sentence about a member or its instance.
#[must_use]
pub fn sentence(error: &Error) -> String {
    match error {
        Error::Unreachable => "Its instance does not answer.".to_owned(),
        Error::TimedOut => "Its instance did not answer in time.".to_owned(),
        Error::SignedOut => "Nobody is signed in at its instance any more. Sign in there, and it goes on.".to_owned(),
        Error::TooMany => "Its instance wants fewer requests for a while.".to_owned(),
        Error::Forbidden { message } => format!("Your role there does not allow it ({message})."),
        Error::NotFound { message } => format!("It is not there, or you may not see it ({message})."),
        Error::Refused { message, .. } => format!("Its instance refused: {message}."),
        Error::Unreadable { .. } => "What answered at its instance's address is no GitLab.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times() {
        assert_eq!(super::seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(super::seconds("2000-02-29T12:30:15.123Z"), Some(951_827_415));
        assert_eq!(super::seconds("2026-11-26T03:04:05Z"), Some(1_795_662_245));
        assert_eq!(super::seconds("yesterday"), None);
    }
}
