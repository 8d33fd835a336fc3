//! From a configuration to the jobs of one pipeline: workflow, rules, `parallel`, `needs`.

use std::collections::HashMap;

use super::compile::set_variables;
use super::include::Files;
use super::job::{AllowFailure, Config, Job, Need, Variable, When};
use super::rules::Scope;
use super::variables;

/// Why there is no pipeline, in GitLab's words.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// `workflow: rules` said no.
    #[error("Pipeline filtered out by workflow rules.")]
    Workflow,
    /// No job is left.
    #[error("Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.")]
    Empty,
    /// The jobs that are left do not fit together.
    #[error("{0}")]
    Needs(String),
}

/// The jobs that a pipeline consists of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Every job, in the order of the stages.
    pub jobs: Vec<Job>,
    /// `workflow: name`, expanded.
    pub name: Option<String>,
    /// `all` when one failure cancels the rest.
    pub on_job_failure: Option<String>,
}

/// Applies the rules of `config` in `scope`.
pub fn plan(config: &Config, scope: &Scope, files: &dyn Files) -> Result<Plan, PlanError> {
    let mut scope = scope.clone();
    for variable in &config.variables {
        // Pipeline variables are stronger than the file's, and are in the scope already.
        let value = scope.expand(&variable.value);
        scope.variables.entry(variable.key.clone()).or_insert(value);
    }
    let mut extra: Vec<Variable> = Vec::new();
    let mut on_job_failure = config.on_job_failure.clone();
    if let Some(rules) = &config.workflow {
        let rule = rules.iter().find(|rule| scope.applies(rule, files)).ok_or(PlanError::Workflow)?;
        if rule.when == Some(When::Never) {
            return Err(PlanError::Workflow);
        }
        extra.clone_from(&rule.variables);
        on_job_failure = rule.on_job_failure.clone().or(on_job_failure);
        for variable in &extra {
            let value = scope.expand(&variable.value);
            scope.variables.insert(variable.key.clone(), value);
        }
    }
    let mut jobs = Vec::new();
    for stage in &config.stages {
        for job in config.jobs.iter().filter(|job| job.stage == *stage) {
            if let Some(mut job) = select(job, &scope, files) {
                let own = std::mem::take(&mut job.variables);
                job.variables.clone_from(&extra);
                set_variables(&mut job.variables, own);
                jobs.extend(copies(job));
            }
        }
    }
    if jobs.iter().all(|job| job.stage == ".pre" || job.stage == ".post") {
        return Err(PlanError::Empty);
    }
    link_needs(&mut jobs)?;
    let name = config.name.as_ref().map(|name| scope.expand(name)).filter(|name| !name.trim().is_empty());
    Ok(Plan { jobs, name, on_job_failure })
}

/// The job as its first matching rule leaves it, or nothing.
fn select(job: &Job, scope: &Scope, files: &dyn Files) -> Option<Job> {
    let mut job = job.clone();
    let mut own = scope.clone();
    let yaml: HashMap<&str, &Variable> = job.variables.iter().map(|v| (v.key.as_str(), v)).collect();
    for (key, variable) in yaml {
        let value = scope.expand(&variable.value);
        own.variables.entry(key.to_owned()).or_insert(value);
    }
    let Some(rules) = &job.rules else {
        return (job.when != When::Never && own.admits(job.only.as_ref(), job.except.as_ref())).then_some(job);
    };
    let rule = rules.iter().find(|rule| own.applies(rule, files))?.clone();
    job.when = rule.when.unwrap_or(job.when);
    job.start_in = rule.start_in.or(job.start_in);
    job.interruptible = rule.interruptible.unwrap_or(job.interruptible);
    job.needs = rule.needs.or(job.needs);
    if let Some(allow_failure) = rule.allow_failure {
        job.allow_failure = allow_failure;
    } else if rule.when == Some(When::Manual) && job.allow_failure == AllowFailure::default() {
        job.allow_failure = AllowFailure::default();
    }
    set_variables(&mut job.variables, rule.variables);
    (job.when != When::Never).then_some(job)
}

/// `parallel`: one job, or its numbered or named copies.
fn copies(job: Job) -> Vec<Job> {
    if job.parallel.is_empty() {
        return vec![job];
    }
    let total = job.parallel.len();
    let copy = |(index, row): (usize, &Vec<(String, String)>)| {
        let mut copy = job.clone();
        copy.parallel = Vec::new();
        copy.name = if job.numbered {
            format!("{} {}/{total}", job.name, index + 1)
        } else {
            let values: Vec<&str> = row.iter().map(|(_, value)| value.as_str()).collect();
            format!("{}: [{}]", job.name, values.join(", "))
        };
        let extra = row.iter().map(|(key, value)| Variable { key: key.clone(), value: value.clone(), raw: false });
        set_variables(&mut copy.variables, extra.collect());
        let node = [("CI_NODE_INDEX", index + 1), ("CI_NODE_TOTAL", total)];
        set_variables(&mut copy.variables, node.map(|(key, n)| Variable { key: key.to_owned(), value: n.to_string(), raw: true }).to_vec());
        copy
    };
    job.parallel.iter().enumerate().map(copy).collect()
}

/// Names the copies where a need names a parallel job; drops optional needs that are absent.
fn link_needs(jobs: &mut [Job]) -> Result<(), PlanError> {
    let names: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
    for job in jobs.iter_mut() {
        let Some(needs) = &job.needs else { continue };
        let mut linked = Vec::new();
        for need in needs {
            let is_copy = |name: &&String| {
                **name == need.job
                    || name
                        .strip_prefix(&need.job)
                        .is_some_and(|rest| rest.starts_with(": [") || rest.strip_prefix(' ').is_some_and(|n| n.contains('/') && n.chars().all(|c| c.is_ascii_digit() || c == '/')))
            };
            let found: Vec<&String> = names.iter().filter(is_copy).collect();
            if found.is_empty() && !need.optional {
                return Err(PlanError::Needs(format!(
                    "'{}' job needs '{}' job, but '{}' does not exist in the pipeline. This might be because of the only, except, or rules keywords. To need a job that sometimes does not exist in the pipeline, use needs:optional.",
                    job.name, need.job, need.job
                )));
            }
            linked.extend(found.into_iter().map(|name| Need { job: name.clone(), ..need.clone() }));
        }
        // All needs optional and absent: the job waits for the stages before it, as on GitLab.
        job.needs = Some(linked);
    }
    Ok(())
}

/// Expands the variables in a value that a job names before it runs (tags, environment, group).
#[must_use]
pub fn expand_with(text: &str, set: &HashMap<String, String>) -> String {
    variables::expand(text, &|name| set.get(name).cloned())
}
