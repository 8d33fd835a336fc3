//! Every answer that a test gets is held against GitLab's own JSON Schema for it
//! (`../shared/gitlab/schemas`). Without that folder nothing is compared.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

/// Fields that GitLab's code sends and its older schemas do not know (GITLAB.md §11).
const NEWER: [(&str, &[&str]); 2] =
    [("job.json", &["allow_failure", "failure_reason"]), ("runner.json", &["paused", "runner_type", "created_by", "created_at", "job_execution_status"])];

/// What answers where: the end of the path below `/api/v4` (`*` is one segment), the schema, and
/// whether it is one entry's where the answer is a list.
const FORMS: [(&str, &str, bool); 35] = [
    ("/projects/*/merge_requests", "merge_requests.json", false),
    ("/projects/*/merge_requests/*", "merge_request.json", false),
    ("/user", "user/public.json", false),
    ("/users", "user/basics.json", false),
    ("/version", "metadata.json", false),
    ("/metadata", "metadata.json", false),
    ("/projects", "projects.json", false),
    ("/groups/*/projects", "projects.json", false),
    ("/users/*/projects", "projects.json", false),
    ("/projects/*/members", "members.json", false),
    ("/projects/*/members/all", "members.json", false),
    ("/groups/*/members", "members.json", false),
    ("/groups/*/members/all", "members.json", false),
    ("/projects/*/repository/branches", "branches.json", false),
    ("/projects/*/repository/branches/*", "branch.json", false),
    ("/projects/*/repository/tags", "tags.json", false),
    ("/projects/*/repository/tags/*", "tag.json", false),
    ("/projects/*/repository/commits", "commits.json", false),
    ("/projects/*/repository/commits/*", "commit/detail.json", false),
    ("/projects/*/pipeline", "pipeline/detail.json", false),
    ("/projects/*/trigger/pipeline", "pipeline/detail.json", false),
    ("/projects/*/pipelines", "pipelines.json", false),
    ("/projects/*/pipelines/*", "pipeline/detail.json", false),
    ("/projects/*/pipelines/*/cancel", "pipeline/detail.json", false),
    ("/projects/*/pipelines/*/retry", "pipeline/detail.json", false),
    ("/projects/*/pipelines/*/metadata", "pipeline/detail.json", false),
    ("/projects/*/pipelines/*/jobs", "job.json", true),
    ("/projects/*/jobs", "job.json", true),
    ("/projects/*/jobs/*", "job.json", false),
    ("/projects/*/search", "blobs.json", false),
    ("/projects/*/environments", "environment.json", true),
    ("/projects/*/environments/*", "environment.json", false),
    ("/projects/*/environments/*/stop", "environment.json", false),
    ("/runners", "runner.json", true),
    ("/projects/*/runners", "runner.json", true),
];

static COMPARED: AtomicUsize = AtomicUsize::new(0);
static VALIDATORS: LazyLock<Mutex<HashMap<&'static str, Validator>>> = LazyLock::new(Mutex::default);

/// How many values were compared so far.
pub fn compared() -> usize {
    COMPARED.load(Ordering::Relaxed)
}

/// Where the schemas are, if they are.
pub fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/gitlab/schemas/public_api/v4");
    folder.exists().then_some(folder)
}

/// A schema with every `$ref` to a file put in its place.
fn load(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{} is not there", path.display()));
    let mut schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    inline(&mut schema, path.parent().unwrap_or(path));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Some((_, extra)) = NEWER.iter().find(|(known, _)| *known == name) {
        for field in *extra {
            schema["properties"][field] = json!({});
        }
    }
    schema
}

fn inline(value: &mut Value, folder: &Path) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str).map(str::to_owned) {
        let (file, pointer) = reference.split_once('#').unwrap_or((&reference, ""));
        if !file.is_empty() {
            let loaded = load(&folder.join(file));
            *value = loaded.pointer(pointer).cloned().unwrap_or(loaded);
        }
        return;
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| inline(inner, folder)),
        Value::Array(list) => list.iter_mut().for_each(|inner| inline(inner, folder)),
        _ => {}
    }
}

fn form_of(method: &str, path: &str) -> Option<(&'static str, bool)> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.trim_end_matches('/');
    let fits = |pattern: &str| {
        let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
        pattern.len() == path.len() && pattern.iter().zip(&path).all(|(wanted, word)| *wanted == "*" || wanted == word)
    };
    let (pattern, schema, each) = *FORMS.iter().find(|(pattern, ..)| fits(pattern))?;
    // What `POST` makes is one of the list, in the form of the single entry.
    Some(match (method, pattern) {
        ("POST", "/projects/*/repository/branches") => ("branch.json", each),
        ("POST", "/projects/*/repository/tags") => ("tag.json", each),
        ("POST", "/projects/*/repository/commits") => ("commit/detail.json", each),
        ("POST", "/projects/*/merge_requests") => ("merge_request.json", each),
        ("PUT", "/projects/*/merge_requests/*") => ("merge_request.json", each),
        ("POST" | "PUT", _) if !pattern.contains("pipeline") => return None,
        // In full, projects have more than this old schema knows.
        ("GET", "/projects" | "/groups/*/projects" | "/users/*/projects") if !query.contains("simple=true") => return None,
        ("GET", "/projects/*/search") if query.contains("scope=commits") => ("commits.json", each),
        ("GET", "/projects/*/search") if query.contains("scope=merge_requests") => ("merge_requests.json", each),
        ("GET", "/projects/*/search") if query.contains("scope=users") => return None,
        ("GET", "/projects/*/repository/commits") if query.contains("with_stats=true") => ("commits_with_stats.json", each),
        _ => (schema, each),
    })
}

/// Fails when an answer has not the form that GitLab's schema demands.
pub fn check(method: &str, path: &str, body: &[u8]) {
    let Some((schema, each)) = form_of(method, path) else { return };
    let (Some(folder), Ok(answer)) = (folder(), serde_json::from_slice::<Value>(body)) else { return };
    let mut validators = VALIDATORS.lock().expect("no test panicked while it held this");
    let validator =
        validators.entry(schema).or_insert_with(|| jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&load(&folder.join(schema))).expect("the schema compiles"));
    let values = match answer {
        Value::Array(list) if each => list,
        value => vec![value],
    };
    let wrong: Vec<String> = values.iter().flat_map(|value| validator.iter_errors(value)).map(|error| format!("{}: {error}", error.instance_path)).collect();
    COMPARED.fetch_add(values.len(), Ordering::Relaxed);
    drop(validators);
    assert!(wrong.is_empty(), "{method} {path} does not fit {schema}:\n{}", wrong.join("\n"));
}
