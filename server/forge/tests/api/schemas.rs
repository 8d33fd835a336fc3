//! One walk over everything that GitLab has a schema for; the other tests' answers are compared
//! too, as they come.

use serde_json::json;

use super::actor::World;
use super::form;

#[tokio::test]
async fn answers_have_gitlabs_form() {
    if form::folder().is_none() {
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
    let fixed = [
        "/user",
        "/users?username=alice",
        "/version",
        "/metadata",
        "/projects?simple=true",
        "/projects",
        "/groups/dtaas/projects?simple=true",
        "/groups/dtaas/members",
        "/groups/dtaas/members/all",
        "/users/alice/projects?simple=true",
        "/runners",
    ];
    let own = [
        "members",
        "members/all",
        "repository/branches",
        "repository/branches/main",
        "repository/tags",
        "repository/tags/v1",
        "repository/commits",
        "repository/commits?with_stats=true",
        "repository/commits/probe",
        "pipelines",
        "jobs",
        "runners",
    ];
    let questions: Vec<String> = fixed.iter().map(|path| (*path).to_owned()).chain(own.iter().map(|path| format!("{p}/{path}"))).collect();
    for path in &questions {
        alice.get(path).await.expect(200);
    }
    for path in [format!("{p}/pipelines/{}", run["id"]), format!("{p}/jobs/{}", jobs[0]["id"])] {
        alice.get(&path).await.expect(200);
    }
    let made = alice.post(&format!("{p}/pipeline"), json!({ "ref": "probe" })).await.expect(201).json();
    alice.with("PUT", &format!("{p}/pipelines/{}/metadata", made["id"]), json!({ "name": "second" })).await.expect(200);
    alice.post(&format!("{p}/pipelines/{}/cancel", made["id"]), json!({})).await.expect(200);
    alice.post(&format!("{p}/pipelines/{}/retry", made["id"]), json!({})).await.expect(201);
    println!("schemas: {} values of answers fit, {} questions here", form::compared(), questions.len() + 6);
}
