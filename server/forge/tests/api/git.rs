//! `git` itself against the forge, over a real socket.

use std::process::{Command, Output};

use serde_json::json;

use super::actor::World;

/// A served forge, and a clone of alice's project.
struct Clone {
    folder: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Clone {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Clone {
    async fn new(world: &World, token: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let router = world.forge.router();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        let clone = Self { folder: tempfile::tempdir().expect("a temporary folder can be made"), server };
        let cloned = clone.git(&["clone", "-q", &format!("http://alice:{token}@{address}/dtaas/alice.git"), "."]).await;
        assert!(cloned.status.success(), "{}", words(&cloned));
        clone
    }

    async fn git(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.current_dir(self.folder.path()).args(["-c", "user.name=A", "-c", "user.email=a@b", "-c", "protocol.version=2"]).args(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("git runs")).await.expect("nothing panics")
    }

    async fn refused(&self, arguments: &[&str], words_of_refusal: &str) {
        let output = self.git(arguments).await;
        assert!(!output.status.success() && words(&output).contains(words_of_refusal), "{arguments:?}: {}", words(&output));
    }

    async fn done(&self, arguments: &[&str]) {
        let output = self.git(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", words(&output));
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn the_default_branch_is_protected_and_other_names_are_the_servers() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let clone = Clone::new(&world, alice.token()).await;
    clone.done(&["commit", "-q", "--allow-empty", "-m", "one [skip ci]"]).await;
    clone.done(&["push", "-q", "origin", "main"]).await;
    clone.refused(&["push", "origin", "+HEAD~1:main"], "not allowed to force push").await;
    clone.refused(&["push", "origin", "--delete", "main"], "default branch of a project cannot be deleted").await;
    for name in ["refs/keep-around/1", "refs/pipelines/9", "refs/merge-requests/1/head", "refs/heads/refs/tags/odd"] {
        clone.refused(&["push", "origin", &format!("HEAD:{name}")], "not allowed").await;
    }
    let id = "ab".repeat(20);
    for name in [format!("refs/heads/{id}"), format!("refs/tags/{id}"), "refs/heads/HEAD".to_owned()] {
        clone.refused(&["push", "origin", &format!("HEAD:{name}")], "not allowed").await;
    }
    clone.done(&["push", "-q", "origin", "HEAD:feature", "HEAD:refs/notes/x"]).await;
    clone.done(&["push", "-q", "origin", "+HEAD~1:feature"]).await;
    clone.done(&["fetch", "-q", "--filter=blob:none", "origin"]).await;
}

#[tokio::test]
async fn push_options_skip_and_give_variables() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let clone = Clone::new(&world, alice.token()).await;
    let p = "/projects/dtaas%2Falice";
    std::fs::write(clone.folder.path().join(".gitlab-ci.yml"), "a: {script: [\"true\"]}\n").expect("it can be written");
    clone.done(&["commit", "-q", "-a", "-m", "a file that runs"]).await;
    clone.done(&["push", "-q", "-o", "ci.skip", "origin", "HEAD:skipped"]).await;
    assert_eq!(alice.get(&format!("{p}/pipelines?ref=skipped")).await.json(), json!([]));
    clone.done(&["push", "-q", "-o", "ci.variable=NAME=it's \"$(x)\"", "-o", "something.else", "origin", "HEAD:given"]).await;
    let run = alice.get(&format!("{p}/pipelines?ref=given")).await.json();
    let variables = alice.get(&format!("{p}/pipelines/{}/variables", run[0]["id"])).await.json();
    assert_eq!(variables[0]["value"], "it's \"$(x)\"", "{variables}");
}

#[tokio::test]
async fn a_tag_beside_a_branch_of_its_name_can_be_run() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let p = "/projects/dtaas%2Falice";
    let ci = json!({ "branch": "twice", "start_branch": "main", "commit_message": "x [skip ci]", "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": "a: {script: [\"true\"]}\n" }] });
    let tagged = alice.post(&format!("{p}/repository/commits"), ci).await.expect(201).json();
    alice.post(&format!("{p}/repository/tags"), json!({ "tag_name": "twice", "ref": "twice" })).await.expect(201);
    let more = json!({ "branch": "twice", "commit_message": "y [skip ci]", "actions": [{ "action": "create", "file_path": "y", "content": "y" }] });
    let newer = alice.post(&format!("{p}/repository/commits"), more).await.expect(201).json();
    for (reference, sha, tag) in [("refs/tags/twice", &tagged, true), ("twice", &newer, false), ("refs/heads/twice", &newer, false)] {
        let run = alice.post(&format!("{p}/pipeline"), json!({ "ref": reference })).await.expect(201).json();
        assert_eq!((&run["sha"], &run["ref"], &run["tag"]), (&sha["id"], &json!("twice"), &json!(tag)), "{reference}");
    }
}

#[tokio::test]
async fn names_that_are_in_each_others_way_are_said_so() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let p = "/projects/dtaas%2Falice";
    let refusal = alice.post(&format!("{p}/repository/branches"), json!({ "branch": "main/sub", "ref": "main" })).await.expect(400);
    assert!(refusal.text().contains("refs/heads/main"), "{}", refusal.text());
    let commit = json!({ "branch": "main/sub", "start_branch": "main", "commit_message": "x", "actions": [{ "action": "create", "file_path": "x", "content": "" }] });
    assert!(alice.post(&format!("{p}/repository/commits"), commit).await.expect(400).text().contains("refs/heads/main"));
    alice.post(&format!("{p}/repository/branches"), json!({ "branch": "a".repeat(40), "ref": "main" })).await.expect(400);
    alice.get(&format!("{p}/repository/archive.tar.gz?path=nowhere")).await.expect(404);
    assert!(!alice.get(&format!("{p}/repository/archive.tar.gz?path=digital_twins")).await.expect(200).body.is_empty());
}
