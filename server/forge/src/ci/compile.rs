//! From the merged tree of a CI file to typed jobs: `extends`, `!reference`, `default`, `inherit`.

use serde_json::{Map, Value};

use super::document::{self, Room, resolve_references};
use super::duration;
use super::include::{self, Files};
use super::job::{AllowFailure, Artifacts, Config, Environment, Job, Need, Policy, Retry, Trigger, Variable, When};
use super::parallel;
use super::rules::{Scope, read_rules};
use super::shape::ROOT;

/// GitLab's limit on chains of `extends`.
const MAX_EXTENDS: usize = 11;
/// Artifacts are kept so long unless the file says otherwise.
const ARTIFACT_SECONDS: u64 = 30 * 86_400;

/// Compiles the text of a CI file. The errors are sentences for its author.
pub fn compile(text: &str, inputs: &Map<String, Value>, files: &dyn Files, scope: &Scope) -> Result<Config, Vec<String>> {
    let mut includes = Vec::new();
    let mut root = include::load(text, inputs, files, scope, &mut includes)?;
    let mut room = Room::default();
    extend_all(&mut root, &mut room).map_err(|error| vec![error])?;
    let before = root.clone();
    resolve_references(&mut root, &before, 0, &mut room).map_err(|error| vec![error])?;
    let errors = super::shape::check(&root);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut config = assemble(&root);
    config.includes = includes;
    let errors = consistency(&config, &root);
    if errors.is_empty() { Ok(config) } else { Err(errors) }
}

fn job_entries(root: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let reserved = |key: &str| ROOT.iter().any(|(name, _)| *name == key);
    root.as_object().into_iter().flatten().filter(move |(key, value)| !reserved(key) && value.is_object())
}

fn extend_all(root: &mut Value, room: &mut Room) -> Result<(), String> {
    let before = root.clone();
    let names: Vec<String> = job_entries(&before).map(|(name, _)| name.clone()).collect();
    for name in names {
        let job = extended(&name, &before, &mut vec![name.clone()], room)?;
        root[&name] = job;
    }
    Ok(())
}

fn extended(name: &str, root: &Value, chain: &mut Vec<String>, room: &mut Room) -> Result<Value, String> {
    let mut own = root[name].clone();
    let Some(parents) = own.as_object_mut().and_then(|map| map.shift_remove("extends")) else { return Ok(own) };
    let mut merged = Value::Object(Map::new());
    for parent in strings(&parents) {
        if root.get(&parent).is_none() {
            return Err(format!("{name}: unknown keys in `extends` ({parent})"));
        }
        if chain.contains(&parent) {
            return Err(format!("{name}: circular dependency detected in `extends`"));
        }
        if chain.len() > MAX_EXTENDS {
            return Err(format!("{name}: nesting too deep in `extends`"));
        }
        chain.push(parent.clone());
        document::merge(&mut merged, &extended(&parent, root, chain, room)?);
        chain.pop();
    }
    document::merge(&mut merged, &own);
    room.take(&merged)?;
    Ok(merged)
}

fn assemble(root: &Value) -> Config {
    let mut stages: Vec<String> = vec![".pre".to_owned()];
    match root.get("stages").or_else(|| root.get("types")) {
        Some(list) => stages.extend(flat(list)),
        None => stages.extend(["build", "test", "deploy"].map(str::to_owned)),
    }
    stages.push(".post".to_owned());
    let variables = root.get("variables").map(read_variables).unwrap_or_default();
    let jobs = job_entries(root).filter(|(name, _)| !name.starts_with('.')).map(|(name, value)| read_job(name, value, root, &variables)).collect();
    let workflow = root.get("workflow");
    Config {
        stages,
        workflow: workflow.and_then(|w| w.get("rules")).filter(|rules| !rules.is_null()).map(read_rules),
        name: workflow.and_then(|w| w.get("name")).and_then(Value::as_str).map(str::to_owned),
        on_job_failure: workflow.and_then(|w| w.pointer("/auto_cancel/on_job_failure")).and_then(Value::as_str).map(str::to_owned),
        variables,
        jobs,
        merged: root.clone(),
        ..Config::default()
    }
}

/// A job's own value, else the one of `default:` or of the old global keys, unless `inherit` forbids.
fn inherited<'a>(key: &str, job: &'a Value, root: &'a Value) -> Option<&'a Value> {
    if let Some(own) = job.get(key) {
        return Some(own);
    }
    let allowed = match job.pointer("/inherit/default") {
        Some(Value::Bool(all)) => *all,
        Some(Value::Array(list)) => list.iter().any(|item| item.as_str() == Some(key)),
        _ => true,
    };
    allowed.then(|| root.get("default").and_then(|default| default.get(key)).or_else(|| root.get(key))).flatten()
}

fn read_job(name: &str, job: &Value, root: &Value, globals: &[Variable]) -> Job {
    let get = |key: &str| inherited(key, job, root);
    let text = |key: &str| job.get(key).and_then(Value::as_str).map(str::to_owned);
    let (parallel, numbered) = parallel::read(job.get("parallel"));
    let rules = job.get("rules").filter(|rules| !rules.is_null()).map(read_rules);
    let when = text("when").map(|word| When::parse(&word)).unwrap_or_default();
    let allow_failure = match job.get("allow_failure") {
        Some(value) => read_allow_failure(value),
        // A manual job is optional unless it says otherwise; with `rules` it blocks.
        None => AllowFailure { always: when == When::Manual && rules.is_none(), ..AllowFailure::default() },
    };
    let mut variables = match job.pointer("/inherit/variables") {
        Some(Value::Bool(false)) => Vec::new(),
        Some(Value::Array(list)) => globals.iter().filter(|v| list.iter().any(|item| item.as_str() == Some(&v.key))).cloned().collect(),
        _ => globals.to_vec(),
    };
    set_variables(&mut variables, job.get("variables").map(read_variables).unwrap_or_default());
    Job {
        name: name.to_owned(),
        stage: text("stage").unwrap_or_else(|| "test".to_owned()),
        before_script: get("before_script").map(flat).unwrap_or_default(),
        script: job.get("script").map(flat).or_else(|| job.get("run").map(run_steps)).unwrap_or_default(),
        after_script: get("after_script").map(flat).unwrap_or_default(),
        trigger: job.get("trigger").map(read_trigger),
        when,
        start_in: text("start_in").and_then(|text| duration::seconds(&text)),
        allow_failure,
        needs: job.get("needs").map(read_needs),
        dependencies: job.get("dependencies").map(strings),
        rules,
        only: job.get("only").and_then(read_policy),
        except: job.get("except").and_then(read_policy),
        variables,
        tags: get("tags").map(strings).unwrap_or_default(),
        timeout: get("timeout").and_then(Value::as_str).and_then(duration::seconds),
        retry: get("retry").map(read_retry).unwrap_or_default(),
        artifacts: get("artifacts").map(read_artifacts),
        environment: job.get("environment").and_then(read_environment),
        resource_group: text("resource_group"),
        interruptible: get("interruptible").and_then(Value::as_bool).unwrap_or_default(),
        parallel,
        numbered,
        image: get("image").and_then(|image| image.as_str().or_else(|| image.get("name")?.as_str())).map(str::to_owned),
        services: get("services").and_then(Value::as_array).is_some_and(|list| !list.is_empty()),
        manual_confirmation: text("manual_confirmation"),
        coverage: text("coverage"),
    }
}

/// Sets `over` in `list`, replacing variables of the same name in place.
pub fn set_variables(list: &mut Vec<Variable>, over: Vec<Variable>) {
    for variable in over {
        match list.iter_mut().find(|known| known.key == variable.key) {
            Some(known) => *known = variable,
            None => list.push(variable),
        }
    }
}

/// A string, or the strings of a list.
#[must_use]
pub fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(scalar).collect(),
        other => scalar(other).into_iter().collect(),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn flat(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(flat).collect(),
        other => scalar(other).filter(|text| !text.is_empty()).into_iter().collect(),
    }
}

/// `run:` with `script` steps only; the other kinds need a step runner and fail in words.
fn run_steps(value: &Value) -> Vec<String> {
    let step = |step: &Value| match step.get("script").and_then(Value::as_str) {
        Some(script) => script.to_owned(),
        None => "echo 'This backend runs only run: steps with script:.' >&2; exit 1".to_owned(),
    };
    value.as_array().map(|list| list.iter().map(step).collect()).unwrap_or_default()
}

/// The variables of a mapping, values as text.
#[must_use]
pub fn read_variables(value: &Value) -> Vec<Variable> {
    let one = |(key, value): (&String, &Value)| {
        let inner = value.get("value").unwrap_or(value);
        let raw = value.get("expand").and_then(Value::as_bool) == Some(false);
        Variable { key: key.clone(), value: scalar(inner).unwrap_or_default(), raw }
    };
    value.as_object().map(|map| map.iter().map(one).collect()).unwrap_or_default()
}

/// `true`, `false` or `{exit_codes: …}`.
#[must_use]
pub fn read_allow_failure(value: &Value) -> AllowFailure {
    AllowFailure { always: value.as_bool().unwrap_or_default(), exit_codes: value.get("exit_codes").map(numbers).unwrap_or_default() }
}

fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_i64).collect(),
        other => other.as_i64().into_iter().collect(),
    }
}

/// Names, or mappings with `job`.
#[must_use]
pub fn read_needs(value: &Value) -> Vec<Need> {
    let one = |value: &Value| {
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let job = value.as_str().or_else(|| value.get("job")?.as_str())?.to_owned();
        Some(Need { job, artifacts: flag("artifacts").unwrap_or(true), optional: flag("optional").unwrap_or_default() })
    };
    value.as_array().map(|list| list.iter().filter_map(one).collect()).unwrap_or_default()
}

fn read_policy(value: &Value) -> Option<Policy> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let list = |key: &str| map.get(key).map(strings);
            Some(Policy { refs: list("refs"), variables: list("variables"), changes: list("changes") })
        }
        other => Some(Policy { refs: Some(strings(other)), ..Policy::default() }),
    }
}

fn read_retry(value: &Value) -> Retry {
    match value {
        Value::Number(number) => Retry { max: number.as_u64().unwrap_or_default(), ..Retry::default() },
        other => Retry {
            max: other.get("max").and_then(Value::as_u64).unwrap_or(2),
            when: other.get("when").map(strings).unwrap_or_default(),
            exit_codes: other.get("exit_codes").map(numbers).unwrap_or_default(),
        },
    }
}

fn read_artifacts(value: &Value) -> Artifacts {
    let list = |key: &str| value.get(key).map(strings).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Artifacts {
        paths: list("paths"),
        exclude: list("exclude"),
        when: text("when").unwrap_or("on_success").to_owned(),
        untracked: value.get("untracked").and_then(Value::as_bool).unwrap_or_default(),
        name: text("name").map(str::to_owned),
        expire_in: match text("expire_in") {
            Some("never") => None,
            Some(text) => duration::seconds(text).or(Some(ARTIFACT_SECONDS)),
            None => Some(ARTIFACT_SECONDS),
        },
        reports: value.get("reports").and_then(Value::as_object).map(|map| map.iter().map(|(kind, paths)| (kind.clone(), strings(paths))).collect()).unwrap_or_default(),
    }
}

fn read_environment(value: &Value) -> Option<Environment> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Environment {
        name: value.as_str().map(str::to_owned).or_else(|| text("name"))?,
        url: text("url"),
        action: text("action").unwrap_or_else(|| "start".to_owned()),
        on_stop: text("on_stop"),
    })
}

fn read_trigger(value: &Value) -> Trigger {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let forward = |key: &str| value.pointer(&format!("/forward/{key}")).and_then(Value::as_bool);
    let mut trigger = Trigger {
        local: Vec::new(),
        artifact: None,
        project: value.as_str().map(str::to_owned).or_else(|| text(value, "project")),
        branch: text(value, "branch"),
        strategy: text(value, "strategy"),
        yaml_variables: forward("yaml_variables").unwrap_or(true),
        pipeline_variables: forward("pipeline_variables").unwrap_or(false),
        inputs: value.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default(),
    };
    let entries = match value.get("include") {
        Some(Value::Array(list)) => list.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    };
    for entry in &entries {
        if let (Some(artifact), Some(job)) = (text(entry, "artifact"), text(entry, "job")) {
            trigger.artifact = Some((job, artifact));
        } else if let Some(path) = entry.as_str().map(str::to_owned).or_else(|| text(entry, "local")) {
            trigger.local.push(path.trim_start_matches('/').to_owned());
        }
        if let Some(inputs) = entry.get("inputs").and_then(Value::as_object) {
            trigger.inputs.extend(inputs.clone());
        }
    }
    trigger
}

/// What only shows when the whole file is known.
fn consistency(config: &Config, root: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    if config.jobs.is_empty() {
        errors.push("jobs config should contain at least one visible job".to_owned());
    }
    for job in &config.jobs {
        let name = &job.name;
        if job.script.is_empty() && job.trigger.is_none() {
            errors.push(format!("jobs:{name} config should implement the script:, run:, or trigger: keyword"));
        }
        if !config.stages.contains(&job.stage) {
            errors.push(format!("{name} job: chosen stage {} does not exist; available stages are {}", job.stage, config.stages.join(", ")));
        }
        if job.rules.is_some() && (job.only.is_some() || job.except.is_some()) {
            errors.push(format!("jobs:{name} config key may not be used with `rules`: only, except"));
        }
        if job.parallel.len() > parallel::MOST_COPIES {
            errors.push(format!("jobs:{name}:parallel config generates too many jobs (maximum is {})", parallel::MOST_COPIES));
        }
        if job.when == When::Delayed && job.start_in.is_none() {
            errors.push(format!("jobs:{name} start in should be a duration"));
        }
        let timeout = root.get(name).and_then(|job| job.get("timeout")).and_then(Value::as_str);
        if timeout.is_some_and(|text| duration::seconds(text).is_none()) {
            errors.push(format!("jobs:{name}:timeout config should be a duration"));
        }
        for rule in job.rules.iter().flatten() {
            if let Some(Err(error)) = rule.condition.as_deref().map(super::expression::Expression::parse) {
                errors.push(format!("jobs:{name}:rules:rule if {error}"));
            }
        }
        for need in job.needs.iter().flatten() {
            let exists =
                config.jobs.iter().any(|other| other.name == need.job || need.job.starts_with(&format!("{}: [", other.name)) || need.job.starts_with(&format!("{} ", other.name)));
            if !exists && !need.optional {
                errors.push(format!("{name} job: undefined need: {}", need.job));
            }
        }
        if job.trigger.as_ref().is_some_and(|trigger| trigger.local.is_empty() && trigger.artifact.is_none() && trigger.project.is_none()) {
            errors.push(format!("{name} job: `trigger: include` of this kind is not available on this backend, which reads files of the same project only"));
        }
    }
    errors.extend(cycle(&config.jobs));
    errors
}

fn cycle(jobs: &[Job]) -> Option<String> {
    let mut done: Vec<&str> = Vec::new();
    loop {
        let before = done.len();
        for job in jobs.iter().filter(|job| !done.contains(&job.name.as_str())).collect::<Vec<_>>() {
            let known = |need: &Need| !jobs.iter().any(|other| other.name == need.job) || done.contains(&need.job.as_str());
            if job.needs.iter().flatten().all(known) {
                done.push(&job.name);
            }
        }
        if done.len() == jobs.len() {
            return None;
        }
        if done.len() == before {
            let stuck: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).filter(|name| !done.contains(name)).collect();
            return Some(format!("The pipeline has circular dependencies: {}", stuck.join(", ")));
        }
    }
}
