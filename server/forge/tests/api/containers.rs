//! Jobs in real containers: podman with images made here, so that no registry is asked. Without podman, or where it
//! cannot run anything, these tests print a line and pass.

use std::path::Path;
use std::process::{Command, Stdio};

use forge::runner::{ContainerConfig, RunnerConfig};
use serde_json::{Value, json};

use super::actor::{Actor, World};

const P: &str = "/projects/dtaas%2Falice";

/// podman with everything in `folder`, and an image `localhost/small` of busybox; a reason when that is not to be had.
fn engine(folder: &Path) -> Result<Vec<String>, String> {
    let root = folder.join("engine");
    let [store, run, files] = ["store", "run", "files"].map(|name| root.join(name));
    let place = |path: &Path| path.display().to_string();
    let mut words = vec!["podman".to_owned(), "--root".to_owned(), place(&store), "--runroot".to_owned(), place(&run), "--storage-driver".to_owned(), "vfs".to_owned()];
    words.extend(["--cgroup-manager", "cgroupfs"].map(str::to_owned));
    if Path::new("/usr/sbin/runc").exists() {
        // The other runtime gives up on machines that mount both kinds of control groups.
        words.extend(["--runtime", "runc"].map(str::to_owned));
    }
    let bin = files.join("bin");
    std::fs::create_dir_all(&bin).map_err(|error| error.to_string())?;
    std::fs::create_dir_all(files.join("etc")).map_err(|error| error.to_string())?;
    std::fs::copy("/bin/busybox", bin.join("busybox")).map_err(|error| format!("busybox: {error}"))?;
    for name in ["sh", "cat", "echo", "id", "ls", "sleep", "mkdir", "setsid", "grep", "env", "touch"] {
        std::os::unix::fs::symlink("busybox", bin.join(name)).map_err(|error| error.to_string())?;
    }
    std::fs::write(files.join("etc/mark"), "made for this test\n").map_err(|error| error.to_string())?;
    let archive = root.join("image.tar");
    let packed = Command::new("tar").arg("-C").arg(&files).arg("-cf").arg(&archive).arg(".").status().map_err(|error| error.to_string())?;
    assert!(packed.success());
    let ask = |more: &[&str]| -> Result<(), String> {
        let output = Command::new(&words[0]).args(&words[1..]).args(more).stdin(Stdio::null()).output().map_err(|error| format!("podman: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
    };
    ask(&["import", &place(&archive), "localhost/small"])?;
    ask(&["import", "--change", "USER 1234", &place(&archive), "localhost/person"])?;
    ask(&["run", "--rm", "--network", "none", "--ulimit", "nofile=64:64", "--ulimit", "nproc=8192:8192", "localhost/small", "/bin/echo"])?;
    Ok(words)
}

/// A forge whose jobs with the tag `container` run in podman.
async fn world(folder: &Path, image_user: bool) -> Option<(World, Actor)> {
    let command = match engine(folder) {
        Ok(command) => command,
        Err(reason) => {
            println!("containers: not here ({reason}), no job runs in one");
            return None;
        }
    };
    let containers = ContainerConfig {
        tags: vec!["container".to_owned()],
        command,
        image: "localhost/small".to_owned(),
        images: vec!["localhost/*".to_owned()],
        network: Some("none".to_owned()),
        image_user,
        options: vec!["--pull".to_owned(), "never".to_owned()],
    };
    let world = World::with(RunnerConfig { containers: vec![containers], ..RunnerConfig::default() }).await;
    let alice = world.person("alice", &["api"]).await;
    Some((world, alice))
}

/// Pushes a CI file, and gives its pipeline's jobs once all have ended.
async fn run(alice: &Actor, branch: &str, ci: &str) -> Vec<Value> {
    let commit = json!({ "branch": branch, "start_branch": "main", "commit_message": "x", "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": ci }] });
    alice.post(&format!("{P}/repository/commits"), commit).await.expect(201);
    let pipeline = alice.until(&format!("{P}/pipelines/latest?ref={branch}"), |value| value["id"].is_i64()).await;
    let over = |job: &Value| ["success", "failed", "canceled", "skipped"].contains(&job["status"].as_str().unwrap_or_default());
    let jobs = alice.until(&format!("{P}/pipelines/{}/jobs", pipeline["id"]), |list| list.as_array().is_some_and(|jobs| jobs.iter().all(over))).await;
    jobs.as_array().cloned().unwrap_or_default()
}

async fn log(alice: &Actor, jobs: &[Value], name: &str) -> (Value, String) {
    let job = jobs.iter().find(|job| job["name"] == name).unwrap_or_else(|| panic!("{name} is among {jobs:?}")).clone();
    let text = alice.get(&format!("{P}/jobs/{}/trace", job["id"])).await.text();
    (job, text)
}

#[tokio::test]
async fn the_image_of_a_job_is_what_it_runs_in() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Some((_world, alice)) = world(folder.path(), false).await else { return };
    alice.post(&format!("{P}/variables"), json!({ "key": "SECRET", "value": "tell-nobody-this", "masked": true })).await.expect(201);
    let ci = r#"
default: {tags: [container]}
stages: [make, use]
made:
  stage: make
  image: {name: "$KIND/small"}
  variables: {KIND: localhost, ODD: "it's $$(id)\n\"two\" lines", LD_PRELOAD: /evil.so, CONTAINERS_CONF: /evil}
  script:
    - cat /etc/mark
    - echo "<$ODD>"
    - echo "user $(id -u) in $CI_PROJECT_DIR by $CI_RUNNER_ID"
    - echo "secret $SECRET"
    - grep CapEff /proc/self/status
    - cat "$HOST_FILE" || echo "no such file"
    - mkdir out && echo written > out/result.txt
  after_script: [echo "after $CI_JOB_STATUS"]
  artifacts: {paths: [out]}
here:
  stage: use
  tags: [linux]
  script: [cat out/result.txt, test ! -e /etc/mark]
fails: {stage: make, allow_failure: true, script: [echo before, exit 7]}
lost: {stage: make, allow_failure: true, image: localhost/nowhere, script: [echo never]}
option: {stage: make, allow_failure: true, image: --privileged, script: [echo never]}
other: {stage: make, allow_failure: true, image: "docker.io/library/debian", script: [echo never]}
"#;
    let ci = ci.replace("$HOST_FILE", &folder.path().join("engine/image.tar").display().to_string());
    let jobs = run(&alice, "boxes", &ci).await;
    let (job, text) = log(&alice, &jobs, "made").await;
    assert_eq!(job["status"], "success", "{text}");
    for wanted in [
        "made for this test",
        "<it's $(id)",
        "\"two\" lines>",
        "user 20",
        "in /builds/dtaas/alice by 2",
        "secret [MASKED]",
        "CapEff:\t0000000000000000",
        "no such file",
        "after success",
        "with the image localhost/small",
    ] {
        assert!(text.contains(wanted), "{wanted} is in {text}");
    }
    assert_eq!(job["runner"]["id"], 2);
    if matches!(_world.forge.runner.sandbox, forge::runner::Sandbox::Bubblewrap { .. }) {
        let (job, text) = log(&alice, &jobs, "here").await;
        assert!(job["status"] == "success" && text.contains("written"), "{text}");
    }
    let (job, text) = log(&alice, &jobs, "fails").await;
    assert_eq!((&job["status"], &job["failure_reason"]), (&json!("failed"), &json!("script_failure")), "{text}");
    assert!(text.contains("exit code 7"), "{text}");
    for (name, why) in [("lost", "could not be started"), ("option", "cannot be the name of an image"), ("other", "may not be used here; allowed are localhost/*")] {
        let (job, text) = log(&alice, &jobs, name).await;
        assert_eq!(job["failure_reason"], "runner_system_failure", "{text}");
        assert!(text.contains(why), "{why} is in {text}");
    }
    let runners = alice.get("/runners?tag_list=container").await.expect(200).json();
    assert_eq!(runners.as_array().map(Vec::len), Some(1), "{runners}");
    let details = alice.get("/runners/2").await.expect(200).json();
    assert_eq!((&details["tag_list"], &details["run_untagged"]), (&json!(["container"]), &json!(false)));
}

#[tokio::test]
async fn an_images_own_user_can_work_where_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Some((_world, alice)) = world(folder.path(), true).await else { return };
    let ci = "default: {tags: [container]}\nperson:\n  image: localhost/person\n  script: [\"echo user $(id -u)\", mkdir out, touch out/a, cat .gitlab-ci.yml]\n  artifacts: {paths: [out]}\n\
              root: {script: [\"echo user $(id -u)\", touch made]}\n";
    let jobs = run(&alice, "people", ci).await;
    for (name, user) in [("person", "user 1234"), ("root", "user 0")] {
        let (job, text) = log(&alice, &jobs, name).await;
        assert!(job["status"] == "success" && text.contains(user), "{text}");
    }
}

#[tokio::test]
async fn nothing_of_a_container_is_left_when_it_is_cancelled_or_its_server_is_gone() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Some((world, alice)) = world(folder.path(), false).await else { return };
    let ci = "forever:\n  tags: [container]\n  script: [\"setsid sleep 97531 & sleep 97532\"]\n";
    let commit = json!({ "branch": "long", "start_branch": "main", "commit_message": "x", "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": ci }] });
    alice.post(&format!("{P}/repository/commits"), commit).await.expect(201);
    let pipeline = alice.until(&format!("{P}/pipelines/latest?ref=long"), |value| value["status"] == "running").await;
    let alive = |number: &str| {
        let list = std::fs::read_dir("/proc").expect("processes can be listed");
        list.flatten().filter(|entry| std::fs::read(entry.path().join("cmdline")).is_ok_and(|words| words == format!("sleep\0{number}\0").as_bytes())).count()
    };
    for _ in 0..400 {
        if alive("97531") == 1 && alive("97532") == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!((alive("97531"), alive("97532")), (1, 1), "the job began");
    alice.post(&format!("{P}/pipelines/{}/cancel", pipeline["id"]), json!({})).await.expect(200);
    alice.until(&format!("{P}/pipelines/{}", pipeline["id"]), |value| value["status"] == "canceled").await;
    assert_eq!((alive("97531"), alive("97532")), (0, 0));
    // The same when the server is gone all at once: what holds the container's pipe ends, as it would then.
    alice.post(&format!("{P}/pipelines/{}/retry", pipeline["id"]), json!({})).await.expect(201);
    for _ in 0..400 {
        if alive("97531") == 1 && alive("97532") == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let folder = folder.path().display().to_string();
    let clients = std::fs::read_dir("/proc").expect("processes can be listed").flatten().filter(|entry| {
        let words = String::from_utf8_lossy(&std::fs::read(entry.path().join("cmdline")).unwrap_or_default()).replace('\0', " ");
        words.starts_with("podman ") && words.contains(&folder) && words.contains(" run --rm ")
    });
    let numbers: Vec<String> = clients.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    assert!(Command::new("kill").arg("-KILL").args(&numbers).status().is_ok_and(|status| status.success()));
    for _ in 0..200 {
        if alive("97531") + alive("97532") == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!((alive("97531"), alive("97532")), (0, 0));
    world.halt().await;
}
