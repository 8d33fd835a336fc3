//! Input that means harm, or has gone wrong: refused in words, and the forge goes on.

use serde_json::{Value, json};

use super::actor::{Actor, World};

const P: &str = "/projects/dtaas%2Falice";

fn commit(branch: &str, path: &str, content: &str) -> Value {
    let action = if path == ".gitlab-ci.yml" { "update" } else { "create" };
    json!({ "branch": branch, "start_branch": "main", "commit_message": "x", "actions": [{ "action": action, "file_path": path, "content": content }] })
}

async fn lint(alice: &Actor, text: String) -> String {
    alice.post(&format!("{P}/ci/lint"), json!({ "content": text })).await.expect(200).json()["errors"].to_string()
}

#[tokio::test]
async fn repetition_does_not_explode() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let mut text = ".r0: {script: [\"echo aaaaaaaaaaaaaaaa\"]}\n".to_owned();
    for level in 1..9 {
        let line = format!("    - !reference [.r{}, script]\n", level - 1);
        text += &format!(".r{level}:\n  script:\n{}", line.repeat(10));
    }
    text += "job: {script: [!reference [.r8, script]]}\n";
    assert!(lint(&alice, text).await.contains("8 MB"));
    let variables: String = (0..1000).map(|n| format!("    V{n}: some text that is not short\n")).collect();
    let jobs: String = (0..2000).map(|n| format!("j{n}: {{extends: .e}}\n")).collect();
    assert!(lint(&alice, format!(".e:\n  script: [a]\n  variables:\n{variables}{jobs}")).await.contains("8 MB"));
}

#[tokio::test]
async fn paths_that_no_disk_or_clone_can_take_are_refused() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    for path in [format!("{}y", "d/".repeat(2100)), "n".repeat(300), ".git ".to_owned(), "git~1".to_owned(), "a/.GIT/config".to_owned()] {
        let answer = alice.post(&format!("{P}/repository/commits"), commit("odd", &path, "")).await.expect(400);
        assert!(answer.text().contains("invalid path"), "{}", answer.text());
    }
    alice.post(&format!("{P}/repository/tags"), json!({ "tag_name": "HEAD", "ref": "main" })).await.expect(400);
    alice.post(&format!("{P}/variables"), json!({ "key": "LONG", "value": "x".repeat(10_001) })).await.expect(400);
}

#[tokio::test]
async fn a_broken_file_that_was_pushed_says_what_is_wrong() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    alice.post(&format!("{P}/repository/commits"), commit("broken", ".gitlab-ci.yml", "a: [")).await.expect(201);
    let run = alice.get(&format!("{P}/pipelines/latest?ref=broken")).await.expect(200).json();
    assert_eq!(run["status"], "failed");
    assert!(run["yaml_errors"].as_str().is_some_and(|text| !text.is_empty()), "{run}");
}

#[tokio::test]
async fn a_second_cancel_ends_what_comes_after_the_script() {
    let world = World::new().await;
    if !matches!(world.forge.runner.sandbox, forge::runner::Sandbox::Bubblewrap { .. }) {
        println!("sandbox: not here, no job to cancel");
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let ci = "job: {script: [echo begun, sleep 1000], after_script: [echo after, sleep 1000]}\n";
    alice.post(&format!("{P}/repository/commits"), commit("slow", ".gitlab-ci.yml", ci)).await.expect(201);
    let run = alice.until(&format!("{P}/pipelines/latest?ref=slow"), |value| value["id"].is_i64()).await;
    let job = alice.until(&format!("{P}/pipelines/{}/jobs", run["id"]), |jobs| jobs[0]["status"] == "running").await[0]["id"].clone();
    let trace = async |word: &str| {
        for _ in 0..600 {
            if alice.get(&format!("{P}/jobs/{job}/trace")).await.text().contains(word) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the log never said {word}");
    };
    trace("begun").await;
    alice.post(&format!("{P}/pipelines/{}/cancel", run["id"]), json!({})).await.expect(200);
    trace("after\n").await;
    alice.post(&format!("{P}/jobs/{job}/cancel"), json!({ "force": true })).await.expect(201);
    alice.until(&format!("{P}/jobs/{job}"), |job| job["status"] == "canceled").await;
}

#[tokio::test]
async fn a_schedule_variable_names_no_path() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let made = alice.post(&format!("{P}/pipeline_schedules"), json!({ "description": "d", "ref": "main", "cron": "0 4 * * *" })).await.expect(201).json();
    let list = format!("{P}/pipeline_schedules/{}/variables", made["id"]);
    for key in ["/tmp/x", "../../../hooks/pre-receive", "a/b", "..", "a b", ""] {
        alice.post(&list, json!({ "key": key, "value": "x", "variable_type": "file" })).await.expect(400);
    }
    alice.with("PUT", &format!("{list}/..%2Fx"), json!({ "value": "x", "variable_type": "file" })).await.expect(400);
    alice.post(&list, json!({ "key": "LONG", "value": "x".repeat(10_001) })).await.expect(400);
    alice.post(&list, json!({ "key": "GOOD_1", "value": "x", "variable_type": "file" })).await.expect(201);
}
