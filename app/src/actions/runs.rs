//! Start, cancel, retry.

use gitlab::endpoint::ask;
use gitlab::jobs::{PlayJob, RetryJob};
use gitlab::pipelines::{CancelPipeline, CreatePipeline};
use gitlab::projects::GetProject;
use gitlab::{Error, JobId, PipelineId};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;

/// Starts a twin with its person's own rights: the two variables of DTAAS.md §2.3 and nothing
/// else. Returns the number of the parent pipeline.
pub async fn start(client: Client, owner: Owner, twin: String) -> Result<i64, Problem> {
    let work = async || -> Result<i64, Error> {
        let branch = match client.instance.branch.clone() {
            Some(branch) => branch,
            None => ask(&client, &GetProject(client.project(owner))).await?.default_branch.unwrap_or_else(|| "main".to_owned()),
        };
        let wish = CreatePipeline::new(client.project(owner), branch).variable("DTName", &twin).variable("RunnerTag", &client.instance.runner_tag);
        Ok(ask(&client, &wish).await?.id.0)
    };
    work().await.map_err(|error| Problem::new(&error, &format!("start “{twin}”"), &client.instance.name))
}

/// Cancels pipelines, children first, so that nothing new is started on the way.
pub async fn cancel(client: Client, owner: Owner, pipelines: Vec<PipelineId>) -> Result<(), Problem> {
    for pipeline in pipelines.into_iter().rev() {
        ask(&client, &CancelPipeline::new(client.project(owner), pipeline)).await.map_err(|error| Problem::new(&error, "cancel the run", &client.instance.name))?;
    }
    Ok(())
}

/// Runs a job again; the number of the new one.
pub async fn retry(client: Client, owner: Owner, job: JobId) -> Result<i64, Problem> {
    let job = ask(&client, &RetryJob::new(client.project(owner), job)).await;
    job.map(|job| job.id.0).map_err(|error| Problem::new(&error, "run the job again", &client.instance.name))
}

/// Starts a manual job.
pub async fn play(client: Client, owner: Owner, job: JobId) -> Result<(), Problem> {
    let job = ask(&client, &PlayJob::new(client.project(owner), job)).await;
    job.map(|_| ()).map_err(|error| Problem::new(&error, "start the job", &client.instance.name))
}
