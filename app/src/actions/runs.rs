//! Start, cancel, retry.

use gitlab::endpoint::ask;
use gitlab::environments::{EnvironmentAct, OnEnvironment};
use gitlab::jobs::{GetJob, PlayJob, RetryJob};
use gitlab::pipelines::{CancelPipeline, CreatePipeline, NamePipeline};
use gitlab::projects::GetProject;
use gitlab::{Error, JobId, PipelineId, Status};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::start::given;

/// How a twin is to be started; what is left out is the instance's.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The branch.
    pub branch: Option<String>,
    /// The tag that its jobs ask of a runner.
    pub tag: Option<String>,
    /// Pipeline variables beside the two of the contract.
    pub variables: Vec<(String, String)>,
    /// Pipeline inputs.
    pub inputs: Vec<(String, serde_json::Value)>,
}

/// Starts a twin with its person's own rights: the two variables of DTAAS.md §2.3 and what `wish`
/// says. Returns the number of the parent pipeline.
pub async fn start(client: Client, owner: Owner, twin: String, wish: Start) -> Result<i64, Problem> {
    let work = async || -> Result<i64, Error> {
        let branch = match wish.branch.clone().or(client.instance.branch.clone()) {
            Some(branch) => branch,
            None => ask(&client, &GetProject(client.project(owner))).await?.default_branch.unwrap_or_else(|| "main".to_owned()),
        };
        let tag = wish.tag.as_ref().unwrap_or(&client.instance.runner_tag);
        let mut pipeline = CreatePipeline::new(client.project(owner), branch).variable("DTName", &twin).variable("RunnerTag", tag);
        for (key, value) in &wish.variables {
            pipeline = pipeline.variable(key, value);
        }
        for (name, value) in &wish.inputs {
            pipeline = pipeline.input(name, value.clone());
        }
        Ok(ask(&client, &pipeline).await?.id.0)
    };
    work().await.map_err(|error| Problem::new(&error, &format!("start “{twin}”"), &client.instance.name))
}

/// Starts a twin once more as it was started: its branch, and the variables that may be seen.
pub async fn start_again(client: Client, owner: Owner, twin: String, run: i64, branch: Option<String>) -> Result<i64, Problem> {
    let mut wish = Start { branch, ..Start::default() };
    let given = given(&client, owner, run).await.map_err(|error| Problem {
        advice: "“Run again with…” lets you give them yourself.".to_owned(),
        ..Problem::new(&error, &format!("read what run {run} was given"), &client.instance.name)
    })?;
    for given in given {
        match given.key.as_str() {
            "DTName" => {}
            "RunnerTag" => wish.tag = Some(given.value),
            _ => wish.variables.push((given.key, given.value)),
        }
    }
    start(client, owner, twin, wish).await
}

/// Gives a run a note: its pipeline's name.
pub async fn rename(client: Client, owner: Owner, pipeline: i64, name: String) -> Result<(), Problem> {
    let asked = NamePipeline::new(client.project(owner), PipelineId(pipeline), name);
    ask(&client, &asked).await.map(|_| ()).map_err(|error| Problem::new(&error, "write the note", &client.instance.name))
}

/// Cancels pipelines, children first, so that nothing new is started on the way.
pub async fn cancel(client: Client, owner: Owner, pipelines: Vec<PipelineId>) -> Result<(), Problem> {
    for pipeline in pipelines.into_iter().rev() {
        ask(&client, &CancelPipeline::new(client.project(owner), pipeline)).await.map_err(|error| Problem::new(&error, "cancel the run", &client.instance.name))?;
    }
    Ok(())
}

/// Milliseconds between two looks at the phase that stops a twin, and how many there are.
const LOOKS: (u32, u32) = (2_000, 900);

/// Stops a twin in order: its terminate phase, and then whatever is left.
pub async fn terminate(client: Client, owner: Owner, job: JobId, pipelines: Vec<PipelineId>) -> Result<(), Problem> {
    play(client.clone(), owner, job).await?;
    for _ in 0..LOOKS.1 {
        crate::browser::sleep(LOOKS.0).await;
        let seen = ask(&client, &GetJob::new(client.project(owner), job)).await;
        // One look that fails is no reason to leave the twin half stopped.
        match seen.map(|job| job.status) {
            Ok(Status::Success) => return cancel(client, owner, pipelines).await,
            Ok(status) if status.is_complete() => {
                return Err(Problem {
                    title: "The terminate phase did not pass, so the twin goes on.".to_owned(),
                    advice: "Its log says why. Run that job again, or cancel the run to end the twin without it.".to_owned(),
                    sign_in: false,
                });
            }
            _ => {}
        }
    }
    Err(Problem { title: "The terminate phase is still running.".to_owned(), advice: "Its log says what it waits for. Cancel the run to end it now.".to_owned(), sign_in: false })
}

/// Stops a twin through its environment, whose own job (`on_stop`) knows how; then whatever is left.
pub async fn stop_environment(client: Client, owner: Owner, environment: i64, pipelines: Vec<PipelineId>) -> Result<(), Problem> {
    let of = |act| OnEnvironment(client.project(owner), act);
    let fail = |error: Error| Problem::new(&error, "stop the twin's environment", &client.instance.name);
    ask(&client, &of(EnvironmentAct::Stop(environment))).await.map_err(fail)?;
    for _ in 0..LOOKS.1 {
        crate::browser::sleep(LOOKS.0).await;
        let state = ask(&client, &of(EnvironmentAct::Get(environment))).await.ok().and_then(|mut found| found.pop()).map(|found| found.state);
        match state.as_deref() {
            Some("stopped") => return cancel(client, owner, pipelines).await,
            Some("available") => {
                return Err(Problem {
                    title: "The environment was not stopped, so the twin goes on.".to_owned(),
                    advice: "The log of the job that stops it says why. Or cancel the run to end the twin without it.".to_owned(),
                    sign_in: false,
                });
            }
            _ => {}
        }
    }
    Err(Problem {
        title: "The environment is still being stopped.".to_owned(),
        advice: "The log of its job says what it waits for. Cancel the run to end it now.".to_owned(),
        sign_in: false,
    })
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
