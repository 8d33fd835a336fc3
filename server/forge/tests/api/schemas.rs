//! Answers against GitLab's own JSON Schemas (`../shared/gitlab/schemas`). Without that folder the
//! test prints a line and passes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::actor::World;

/// Fields that GitLab's code sends and its older schemas do not know (GITLAB.md §11).
const NEWER: [(&str, &[&str]); 3] =
    [("job.json", &["allow_failure", "failure_reason"]), ("runner.json", &["paused", "runner_type", "created_by", "created_at", "job_execution_status"]), ("tag.json", &[])];

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

#[tokio::test]
async fn answers_have_gitlabs_form() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/gitlab/schemas/public_api/v4");
    if !root.exists() {
        println!("schemas: not here, nothing to compare with");
        return;
    }
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let p = "/projects/dtaas%2Falice";
    alice.post(&format!("{p}/repository/tags"), json!({ "tag_name": "v1", "ref": "main", "message": "one" })).await.expect(201);
    let ci = "ok: {script: [echo ok > out], artifacts: {paths: [out]}}\nbad: {script: [\"false\"], allow_failure: true}\n";
    let commit = json!({ "branch": "probe", "start_branch": "main", "commit_message": "probe", "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": ci }] });
    alice.post(&format!("{p}/repository/commits"), commit).await.expect(201);
    let run = alice.until(&format!("{p}/pipelines/latest?ref=probe"), |value| value["id"].is_i64()).await;
    if matches!(world.forge.runner.sandbox, forge::runner::Sandbox::Bubblewrap { .. }) {
        alice.until(&format!("{p}/pipelines/{}", run["id"]), |value| value["status"] == "success" || value["status"] == "failed").await;
    }
    let jobs = alice.get(&format!("{p}/pipelines/{}/jobs", run["id"])).await.json();
    let questions = [
        ("/user".to_owned(), "user/public.json", false),
        ("/users?username=alice".to_owned(), "user/basics.json", false),
        ("/version".to_owned(), "metadata.json", false),
        ("/projects?simple=true".to_owned(), "projects.json", false),
        (format!("{p}/members/all"), "members.json", false),
        (format!("{p}/repository/branches"), "branches.json", false),
        (format!("{p}/repository/branches/main"), "branch.json", false),
        (format!("{p}/repository/tags"), "tags.json", false),
        (format!("{p}/repository/tags/v1"), "tag.json", false),
        (format!("{p}/repository/commits"), "commits.json", false),
        (format!("{p}/repository/commits?with_stats=true"), "commits_with_stats.json", false),
        (format!("{p}/repository/commits/probe"), "commit/detail.json", false),
        (format!("{p}/pipelines"), "pipelines.json", false),
        (format!("{p}/pipelines/{}", run["id"]), "pipeline/detail.json", false),
        (format!("{p}/jobs"), "job.json", true),
        (format!("{p}/jobs/{}", jobs[0]["id"]), "job.json", false),
        ("/runners".to_owned(), "runner.json", true),
    ];
    let mut wrong = Vec::new();
    for (path, schema, each) in &questions {
        let answer = alice.get(path).await.expect(200).json();
        let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&load(&root.join(schema))).expect("the schema compiles");
        let values = if *each { answer.as_array().cloned().unwrap_or_default() } else { vec![answer] };
        assert!(!values.is_empty(), "{path} gave nothing to look at");
        for value in values {
            wrong.extend(validator.iter_errors(&value).map(|error| format!("{path} {schema} {}: {error}", error.instance_path)));
        }
    }
    println!("schemas: {} of {} answers fit", questions.len().saturating_sub(wrong.len()), questions.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
