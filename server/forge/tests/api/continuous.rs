//! Twins that have no end: environments, schedules, and a server that stops under them.

use serde_json::{Value, json};

use super::actor::{Actor, World};

const P: &str = "/projects/dtaas%2Falice";

async fn push(alice: &Actor, branch: &str, ci: &str) -> Value {
    let commit = json!({ "branch": branch, "start_branch": "main", "commit_message": "x", "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": ci }] });
    alice.post(&format!("{P}/repository/commits"), commit).await.expect(201);
    alice.until(&format!("{P}/pipelines/latest?ref={branch}"), |value| value["id"].is_i64()).await
}

fn jobs_run(world: &World) -> bool {
    let runs = matches!(world.forge.runner.sandbox, forge::runner::Sandbox::Bubblewrap { .. });
    if !runs {
        println!("sandbox: not here, no job runs");
    }
    runs
}

#[tokio::test]
async fn an_environment_is_stopped_by_its_own_job() {
    let world = World::new().await;
    if !jobs_run(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let ci = "watch:\n  script: [sleep 1000]\n  environment: {name: twins/$CI_COMMIT_BRANCH, url: \"http://t.test/\", on_stop: halt}\n\
              halt:\n  script: [echo halted]\n  needs: []\n  when: manual\n  environment: {name: twins/$CI_COMMIT_BRANCH, action: stop}\n";
    let run = push(&alice, "watch", ci).await;
    let list = alice.until(&format!("{P}/environments"), |list| list[0]["state"] == "available").await;
    assert_eq!((&list[0]["name"], &list[0]["slug"], &list[0]["external_url"]), (&json!("twins/watch"), &json!("twins-watch"), &json!("http://t.test/")));
    let one = format!("{P}/environments/{}", list[0]["id"]);
    alice.with("DELETE", &one, json!({})).await.expect(403);
    let stopping = alice.post(&format!("{one}/stop"), json!({})).await.expect(200).json();
    assert_eq!(stopping["state"], "stopping");
    alice.until(&one, |environment| environment["state"] == "stopped").await;
    let jobs = alice.get(&format!("{P}/pipelines/{}/jobs", run["id"])).await.json();
    assert!(jobs.as_array().is_some_and(|jobs| jobs.iter().any(|job| job["name"] == "halt" && job["status"] == "success")), "{jobs}");
    alice.post(&format!("{P}/pipelines/{}/cancel", run["id"]), json!({})).await.expect(200);
    alice.with("DELETE", &one, json!({})).await.expect(204);
    assert_eq!(alice.get(&format!("{P}/environments?states=stopped")).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_schedule_starts_pipelines_with_its_variables() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    push(&alice, "clockwork", "a: {script: [\"true\"], rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\" && $WHO == \"me\"'}]}\nb: {script: [\"true\"], rules: [{if: '$CI_PIPELINE_SOURCE == \"push\"'}]}\n").await;
    let schedules = format!("{P}/pipeline_schedules");
    let wrong = alice.post(&schedules, json!({ "description": "d", "ref": "clockwork", "cron": "every day" })).await.expect(400).json();
    assert_eq!(wrong["message"]["cron"], json!(["is invalid syntax"]));
    let made = alice.post(&schedules, json!({ "description": "daily", "ref": "clockwork", "cron": "0 4 * * *" })).await.expect(201).json();
    let one = format!("{schedules}/{}", made["id"]);
    assert_eq!(made["ref"], "refs/heads/clockwork");
    assert!(made["next_run_at"].as_str().is_some_and(|time| time.contains("T04:00:00")), "{made}");
    alice.post(&format!("{one}/variables"), json!({ "key": "WHO", "value": "me" })).await.expect(201);
    // A day goes by.
    world.clock.advance(25 * 3600);
    let runs = alice.until(&format!("{P}/pipelines?source=schedule"), |list| list[0]["id"].is_i64()).await;
    let jobs = alice.get(&format!("{P}/pipelines/{}/jobs", runs[0]["id"])).await.json();
    assert_eq!((jobs[0]["name"].as_str(), jobs.as_array().map(Vec::len)), (Some("a"), Some(1)));
    let after = alice.until(&one, |schedule| schedule["last_pipeline"]["id"] == runs[0]["id"]).await;
    assert!(after["next_run_at"].as_str() > made["next_run_at"].as_str(), "{after}");
    alice.post(&format!("{one}/play"), json!({})).await.expect(201);
    alice.with("PUT", &one, json!({ "active": false })).await.expect(200);
    assert_eq!(alice.get(&one).await.json()["next_run_at"], Value::Null);
    alice.with("DELETE", &one, json!({})).await.expect(204);
}

#[tokio::test]
async fn what_asks_for_it_comes_back_after_the_server_stopped() {
    let world = World::new().await;
    if !jobs_run(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let ci = "twin: {script: [echo begun, sleep 1000], retry: {max: 1, when: [runner_system_failure]}}\nother: {script: [echo begun, sleep 1000]}\n";
    let run = push(&alice, "lasting", ci).await;
    let path = format!("{P}/pipelines/{}/jobs?include_retried=true", run["id"]);
    alice.until(&path, |jobs| jobs.as_array().is_some_and(|jobs| jobs.iter().filter(|job| job["status"] == "running").count() == 2)).await;
    world.halt().await;
    let jobs = alice.until(&path, |jobs| jobs.as_array().is_some_and(|jobs| jobs.len() == 3)).await;
    let states: Vec<_> = jobs.as_array().into_iter().flatten().map(|job| (job["name"].as_str(), job["status"].as_str(), job["failure_reason"].as_str())).collect();
    assert!(states.contains(&(Some("other"), Some("failed"), Some("runner_system_failure"))), "{states:?}");
    assert!(states.iter().any(|(name, status, _)| *name == Some("twin") && matches!(status, Some("pending" | "created"))), "{states:?}");
    let again = world.start_again();
    alice.until(&path, |jobs| jobs.as_array().is_some_and(|jobs| jobs.iter().any(|job| job["name"] == "twin" && job["status"] == "running"))).await;
    again.abort();
}

#[tokio::test]
async fn an_environment_whose_stop_fails_is_still_there() {
    let world = World::new().await;
    if !jobs_run(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let ci = "watch:\n  script: [sleep 1000]\n  environment: {name: t, on_stop: halt}\nhalt:\n  script: [sleep 1, exit 1]\n  needs: []\n  when: manual\n  environment: {name: t, action: stop}\n";
    push(&alice, "stubborn", ci).await;
    let list = alice.until(&format!("{P}/environments"), |list| list[0]["state"] == "available").await;
    let one = format!("{P}/environments/{}", list[0]["id"]);
    for _ in 0..2 {
        assert_eq!(alice.post(&format!("{one}/stop"), json!({})).await.expect(200).json()["state"], "stopping");
    }
    alice.until(&one, |environment| environment["state"] == "available").await;
}

#[tokio::test]
async fn what_a_person_cancelled_does_not_come_back() {
    let world = World::new().await;
    if !jobs_run(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let ci = "twin: {script: [\"trap '' TERM; echo begun; while true; do sleep 0.2; done\"], retry: {max: 2, when: [runner_system_failure]}}\n";
    let run = push(&alice, "unwanted", ci).await;
    let path = format!("{P}/pipelines/{}/jobs?include_retried=true", run["id"]);
    alice.until(&path, |jobs| jobs[0]["status"] == "running").await;
    alice.post(&format!("{P}/pipelines/{}/cancel", run["id"]), json!({})).await.expect(200);
    world.halt().await;
    let jobs = alice.get(&path).await.json();
    assert_eq!((jobs.as_array().map(Vec::len), jobs[0]["status"].as_str()), (Some(1), Some("canceled")), "{jobs}");
}

#[tokio::test]
async fn a_schedule_is_its_owners() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice", &["api"]).await, world.person("bob", &["api"]).await);
    let bob_id = bob.get("/user").await.json()["id"].clone();
    alice.post(&format!("{P}/members"), json!({ "user_id": bob_id, "access_level": 30 })).await.expect(201);
    let schedules = format!("{P}/pipeline_schedules");
    let wish = json!({ "description": "d", "ref": "main", "cron": "0 4 * * *" });
    let of_alice = format!("{schedules}/{}", alice.post(&schedules, wish.clone()).await.expect(201).json()["id"]);
    let of_bob = format!("{schedules}/{}", bob.post(&schedules, wish).await.expect(201).json()["id"]);
    alice.post(&format!("{of_alice}/variables"), json!({ "key": "SECRET", "value": "x" })).await.expect(201);
    assert!(bob.get(&of_alice).await.expect(200).json().get("variables").is_none());
    bob.with("PUT", &of_alice, json!({ "ref": "other" })).await.expect(403);
    bob.with("DELETE", &of_alice, json!({})).await.expect(403);
    // Not even a maintainer changes what runs with another's rights.
    alice.with("PUT", &of_bob, json!({ "ref": "other" })).await.expect(403);
    alice.post(&format!("{of_bob}/take_ownership"), json!({})).await.expect(201);
    alice.with("PUT", &of_bob, json!({ "description": "mine" })).await.expect(200);
    // Whoever has left starts nothing any more.
    let third = format!("{schedules}/{}", bob.post(&schedules, json!({ "description": "d", "ref": "main", "cron": "0 4 * * *" })).await.expect(201).json()["id"]);
    alice.with("DELETE", &format!("{P}/members/{bob_id}"), json!({})).await.expect(204);
    world.clock.advance(25 * 3600);
    alice.until(&third, |schedule| schedule["next_run_at"].as_str().is_some_and(|time| time > "2026")).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(alice.get(&third).await.json()["last_pipeline"], Value::Null);
}
