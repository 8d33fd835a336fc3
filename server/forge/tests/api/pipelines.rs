//! Pipelines from the wish to the artifacts, run for real.

use serde_json::{Value, json};

use super::actor::{Actor, World};

const PROJECT: &str = "/projects/dtaas%2Falice";

async fn commit_ci(alice: &Actor, text: &str) -> Value {
    let body = json!({ "branch": "probe", "start_branch": "main", "commit_message": "probe", "force": true, "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": text }] });
    alice.post(&format!("{PROJECT}/repository/commits"), body).await.expect(201);
    alice.until(&format!("{PROJECT}/pipelines?ref=probe"), |list| list.as_array().is_some_and(|list| !list.is_empty())).await[0].clone()
}

async fn ended(alice: &Actor, pipeline: &Value) -> Value {
    let path = format!("{PROJECT}/pipelines/{}", pipeline["id"]);
    alice.until(&path, |value| ["success", "failed", "canceled"].iter().any(|status| value["status"] == *status)).await
}

async fn job(alice: &Actor, pipeline: &Value, name: &str) -> Value {
    let jobs = alice.get(&format!("{PROJECT}/pipelines/{}/jobs", pipeline["id"])).await.json();
    jobs.as_array().and_then(|jobs| jobs.iter().find(|job| job["name"] == name)).cloned().unwrap_or_else(|| panic!("no job {name} in {jobs}"))
}

/// Whether jobs can run here at all; without bubblewrap they are refused, and that is another test.
fn runs(world: &World) -> bool {
    let works = matches!(world.forge.runner.sandbox, forge::runner::Sandbox::Bubblewrap { .. });
    if !works {
        println!("bubblewrap does not work here, so no job was run");
    }
    works
}

#[tokio::test]
async fn a_twin_runs_through_its_child_pipeline_to_its_results() {
    let world = World::new().await;
    if !runs(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let variables = json!([{ "key": "DTName", "value": "mass-spring-damper" }, { "key": "RunnerTag", "value": "linux" }]);
    let parent = alice.post(&format!("{PROJECT}/pipeline"), json!({ "ref": "main", "variables": variables })).await.expect(201).json();
    let bridges = alice.get(&format!("{PROJECT}/pipelines/{}/bridges", parent["id"])).await.json();
    assert_eq!(bridges[0]["name"], "trigger_mass-spring-damper");
    let child = ended(&alice, &bridges[0]["downstream_pipeline"]).await;
    assert_eq!((child["status"].as_str(), child["source"].as_str()), (Some("success"), Some("parent_pipeline")));
    let execute = job(&alice, &child, "execute").await;
    let csv = alice.get(&format!("{PROJECT}/jobs/{}/artifacts/digital_twins/mass-spring-damper/output/result.csv", execute["id"])).await.expect(200).text();
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!((rows[0], rows.len()), ("time,cart_1.x1,cart_1.v1,cart_2.x2,cart_2.v2,cart_2.f", 802));
    // At rest in the end: the dampers have taken the energy.
    let last: Vec<f64> = rows[801].split(',').filter_map(|cell| cell.parse().ok()).collect();
    assert!(last[0] == 40.0 && last[1].abs() < 0.1 && last[3].abs() < 0.1, "{last:?}");
    let summary = job(&alice, &child, "analyze").await;
    let tree = alice.get(&format!("{PROJECT}/jobs/{}/artifacts/tree?recursive=true", summary["id"])).await.json();
    assert!(tree.as_array().is_some_and(|list| list.iter().any(|file| file["name"] == "summary.json")), "{tree}");
}

#[tokio::test]
async fn secrets_do_not_reach_the_log_and_the_log_can_be_read_in_pieces() {
    let world = World::new().await;
    if !runs(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    alice.post(&format!("{PROJECT}/variables"), json!({ "key": "SECRET", "value": "hunter2-hunter2", "masked": true })).await.expect(201);
    let script = "probe:\n  script:\n    - printf hunter2-; sleep 0.2; printf 'hunter2\\n'\n    - echo \"$SECRET\"; echo \"$CI_JOB_TOKEN\"; env | grep -c SECRET\n";
    let pipeline = commit_ci(&alice, script).await;
    assert_eq!(ended(&alice, &pipeline).await["status"], "success");
    let path = format!("{PROJECT}/jobs/{}/trace", job(&alice, &pipeline, "probe").await["id"]);
    let whole = alice.get(&path).await.expect(200).text();
    assert!(whole.contains("[MASKED]\n") && !whole.contains("hunter2-hunter2") && !whole.contains("glcbt-"), "{whole}");
    let piece = alice.send("GET", &path, &[("range", "bytes=10-19")], "").await.expect(206);
    assert_eq!((piece.text(), piece.header("content-range").to_owned()), (whole[10..20].to_owned(), format!("bytes 10-19/{}", whole.len())));
    let slice = alice.get(&format!("{path}?byte_offset=10&byte_limit=5")).await.expect(200);
    assert_eq!(slice.text(), whole[10..15]);
    let range = format!("bytes={}-", whole.len());
    alice.send("GET", &path, &[("range", &range)], "").await.expect(416);
}

#[tokio::test]
async fn what_a_job_leaves_running_ends_with_it() {
    let world = World::new().await;
    if !runs(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    // A number that only these processes carry.
    let script = "probe:\n  script:\n    - setsid sleep 54321 &\n    - (trap '' TERM; sleep 54321) &\n    - nohup sleep 54321 >/dev/null 2>&1 &\n    - echo started; wait\n";
    let pipeline = commit_ci(&alice, script).await;
    let probe = job(&alice, &pipeline, "probe").await;
    let trace = format!("{PROJECT}/jobs/{}/trace", probe["id"]);
    for _ in 0..200 {
        if alice.get(&trace).await.text().contains("\nstarted") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    alice.post(&format!("{PROJECT}/jobs/{}/cancel", probe["id"]), json!({})).await.expect(201);
    assert_eq!(ended(&alice, &pipeline).await["status"], "canceled");
    let left: Vec<String> = std::fs::read_dir("/proc")
        .expect("/proc is there")
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.starts_with("sleep 54321"))
        .collect();
    assert!(left.is_empty(), "still there: {left:?}");
}

#[tokio::test]
async fn a_job_sees_nothing_of_the_machine() {
    let world = World::new().await;
    if !runs(&world) {
        return;
    }
    let alice = world.person("alice", &["api"]).await;
    let home = std::env::var("HOME").unwrap_or_default();
    let script = format!(
        "probe:\n  script:\n    - test ! -e {home}/.cargo && test ! -e /etc/shadow && ! touch /usr/x && ! (echo > /dev/tcp/127.0.0.1/22)\n    - ln -s /etc/hostname link; mkdir out; ln -s / out/root; echo fine > out/file\n    - echo contained\n  artifacts:\n    paths: [out, link]\n"
    );
    let pipeline = commit_ci(&alice, &script).await;
    let probe = job(&alice, &pipeline, "probe").await;
    let status = ended(&alice, &pipeline).await["status"].clone();
    assert_eq!(status, "success", "{}", alice.get(&format!("{PROJECT}/jobs/{}/trace", probe["id"])).await.text());
    let tree = alice.get(&format!("{PROJECT}/jobs/{}/artifacts/tree?recursive=true", probe["id"])).await.json();
    let files: Vec<&str> = tree.as_array().into_iter().flatten().filter(|file| file["type"] == "file").filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(files, ["out/file"]);
}

#[tokio::test]
async fn refusals_name_what_is_wrong() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let refused = async |body: Value| alice.post(&format!("{PROJECT}/pipeline"), body).await.expect(400).json()["message"]["base"][0].as_str().unwrap_or_default().to_owned();
    assert_eq!(refused(json!({ "ref": "none" })).await, "Reference not found");
    let nothing = "Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.";
    assert_eq!(refused(json!({ "ref": "main" })).await, nothing);
    let lint = async |content: &str| alice.post(&format!("{PROJECT}/ci/lint"), json!({ "content": content, "ref": "" })).await.expect(200).json();
    assert_eq!(lint("a: {script: x}\n").await["valid"], true);
    for (content, expected) in [
        ("a: {stage: nowhere, script: x}", "a job: chosen stage nowhere does not exist; available stages are .pre, build, test, deploy, .post"),
        ("a: {}", "jobs:a config should implement the script:, run:, or trigger: keyword"),
        ("a: [", "Invalid YAML"),
        ("include: {remote: 'https://x.test/y.yml'}\na: {script: x}", "`include: remote` (`https://x.test/y.yml`) is not available on this backend"),
        ("a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}", "The pipeline has circular dependencies: a, b"),
    ] {
        let answer = lint(content).await;
        let first = answer["errors"][0].as_str().unwrap_or_default().to_owned();
        assert!(answer["valid"] == false && first.starts_with(expected), "{content}: {answer}");
    }
}

#[tokio::test]
async fn trigger_tokens_start_pipelines_and_are_whole_for_their_owner_only() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice", &["api"]).await, world.person("bob", &["api"]).await);
    let trigger = alice.post(&format!("{PROJECT}/triggers"), json!({ "description": "t" })).await.expect(201).json();
    let token = trigger["token"].as_str().unwrap_or_default().to_owned();
    let bob_id = bob.get("/user").await.json()["id"].clone();
    alice.post(&format!("{PROJECT}/members"), json!({ "user_id": bob_id, "access_level": 40 })).await.expect(201);
    assert_eq!(bob.get(&format!("{PROJECT}/triggers")).await.json()[0]["token"].as_str().map(str::len), Some(4));
    let nobody = world.anonymous();
    let form = format!("token={token}&ref=main&variables[DTName]=hello-world&variables[RunnerTag]=linux");
    let started = nobody.send("POST", &format!("{PROJECT}/trigger/pipeline"), &[("content-type", "application/x-www-form-urlencoded")], form).await.expect(201).json();
    assert_eq!(started["source"], "trigger");
    nobody.post(&format!("{PROJECT}/trigger/pipeline"), json!({ "token": "glptt-wrong", "ref": "main" })).await.expect(404);
}
