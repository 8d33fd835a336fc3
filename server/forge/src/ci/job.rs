//! The parts of a compiled CI configuration.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When a job may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// After success before it.
    #[default]
    OnSuccess,
    /// After a failure before it.
    OnFailure,
    /// Whatever happened before.
    Always,
    /// When a person says so.
    Manual,
    /// After `start_in`.
    Delayed,
    /// Not at all.
    Never,
}

impl When {
    /// From the word in the file; unknown words were refused by the shape check.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "on_failure" => Self::OnFailure,
            "always" => Self::Always,
            "manual" => Self::Manual,
            "delayed" => Self::Delayed,
            "never" => Self::Never,
            _ => Self::OnSuccess,
        }
    }
}

/// A variable of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Its text before expansion.
    pub value: String,
    /// `expand: false`: the text is taken as it is.
    pub raw: bool,
}

/// Whether a failure counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AllowFailure {
    /// Any failure is only a warning.
    pub always: bool,
    /// Failures with these exit codes are.
    pub exit_codes: Vec<i64>,
}

/// One job another one waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The name of the job.
    pub job: String,
    /// Whether its artifacts are wanted.
    pub artifacts: bool,
    /// Whether it may be absent.
    pub optional: bool,
}

/// What a job leaves behind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Artifacts {
    /// Globs below the project folder.
    pub paths: Vec<String>,
    /// Globs that are left out.
    pub exclude: Vec<String>,
    /// `on_success`, `on_failure` or `always`.
    pub when: String,
    /// Everything git does not know.
    pub untracked: bool,
    /// The name of the archive, without `.zip`.
    pub name: Option<String>,
    /// Seconds until it is deleted; `None` for never.
    pub expire_in: Option<u64>,
    /// Report kinds to their globs (`dotenv`, `junit`).
    pub reports: Vec<(String, Vec<String>)>,
}

/// A downstream pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Paths of the files that make up the child's configuration.
    pub local: Vec<String>,
    /// A file out of a job's artifacts: `(job, path)`.
    pub artifact: Option<(String, String)>,
    /// A project of this backend, instead of a child.
    pub project: Option<String>,
    /// The branch there.
    pub branch: Option<String>,
    /// `depend` or `mirror`: the bridge follows the downstream pipeline.
    pub strategy: Option<String>,
    /// Whether the file's variables go down (they do unless said otherwise).
    pub yaml_variables: bool,
    /// Whether the pipeline's own variables go down.
    pub pipeline_variables: bool,
    /// Values for the child's `spec: inputs`.
    pub inputs: serde_json::Map<String, Value>,
}

/// One `rules` entry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The expression, if there is one.
    pub condition: Option<String>,
    /// Globs of which one must have changed.
    pub changes: Option<Vec<String>>,
    /// Globs of which one must exist.
    pub exists: Option<Vec<String>>,
    /// What the job's `when` becomes.
    pub when: Option<When>,
    /// With `delayed`.
    pub start_in: Option<u64>,
    /// What `allow_failure` becomes.
    pub allow_failure: Option<AllowFailure>,
    /// Variables added to the job.
    pub variables: Vec<Variable>,
    /// What `needs` becomes.
    pub needs: Option<Vec<Need>>,
    /// What `interruptible` becomes.
    pub interruptible: Option<bool>,
    /// Workflow rules only: what happens to other jobs when one fails.
    pub on_job_failure: Option<String>,
}

/// `only` or `except`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Branch and tag names, patterns, keywords.
    pub refs: Option<Vec<String>>,
    /// Expressions.
    pub variables: Option<Vec<String>>,
    /// Globs.
    pub changes: Option<Vec<String>>,
}

/// `environment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name, before expansion.
    pub name: String,
    /// Where it can be seen.
    pub url: Option<String>,
    /// `start`, `stop`, …
    pub action: String,
    /// The job that stops it.
    pub on_stop: Option<String>,
}

/// `retry`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// At most so many times, 0 to 2.
    pub max: u64,
    /// For these failures only; empty for all.
    pub when: Vec<String>,
    /// For these exit codes only; empty for all.
    pub exit_codes: Vec<i64>,
}

/// A job as the file defines it, defaults and `extends` applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name, unique in the pipeline.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Commands that run before `script`, in the same shell.
    pub before_script: Vec<String>,
    /// The commands.
    pub script: Vec<String>,
    /// Commands in a shell of their own afterwards, whatever happened.
    pub after_script: Vec<String>,
    /// Makes this a bridge.
    pub trigger: Option<Trigger>,
    /// When it may start.
    pub when: When,
    /// Seconds, with `delayed`.
    pub start_in: Option<u64>,
    /// Whether failure counts.
    pub allow_failure: AllowFailure,
    /// Jobs it waits for instead of the earlier stages.
    pub needs: Option<Vec<Need>>,
    /// Jobs whose artifacts it gets; `None` for all earlier ones.
    pub dependencies: Option<Vec<String>>,
    /// Rules that decide whether it is in the pipeline.
    pub rules: Option<Vec<Rule>>,
    /// The older way to say so.
    pub only: Option<Policy>,
    /// And its opposite.
    pub except: Option<Policy>,
    /// Its variables, the file's global ones first.
    pub variables: Vec<Variable>,
    /// What a runner must offer.
    pub tags: Vec<String>,
    /// Seconds it may take.
    pub timeout: Option<u64>,
    /// What happens after a failure.
    pub retry: Retry,
    /// What it leaves behind.
    pub artifacts: Option<Artifacts>,
    /// What it deploys to.
    pub environment: Option<Environment>,
    /// At most one job at a time with this key.
    pub resource_group: Option<String>,
    /// Whether a newer pipeline may cancel it.
    pub interruptible: bool,
    /// `[{variable: value}]`, one entry a copy; empty for a single job.
    pub parallel: Vec<Vec<(String, String)>>,
    /// Whether the copies are numbered (`parallel: 3`) rather than named by values.
    pub numbered: bool,
    /// The image it asks for, which a process runner ignores.
    pub image: Option<String>,
    /// Whether it asks for services, which a process runner ignores.
    pub services: bool,
    /// Asked before a manual job starts.
    pub manual_confirmation: Option<String>,
    /// Shown as coverage when it matches the log.
    pub coverage: Option<String>,
}

/// A whole configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Stages in order, `.pre` and `.post` included.
    pub stages: Vec<String>,
    /// `workflow: rules`.
    pub workflow: Option<Vec<Rule>>,
    /// `workflow: name`, before expansion.
    pub name: Option<String>,
    /// `workflow: auto_cancel: on_job_failure`.
    pub on_job_failure: Option<String>,
    /// The file's global variables.
    pub variables: Vec<Variable>,
    /// Every visible job.
    pub jobs: Vec<Job>,
    /// The whole file with includes merged, as lint returns it.
    pub merged: Value,
    /// Files that were included, in order.
    pub includes: Vec<String>,
    /// What is not wrong but will surprise.
    pub warnings: Vec<String>,
}
