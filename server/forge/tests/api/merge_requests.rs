//! Forks, merge requests from them, what is said, merging, and undoing.

use serde_json::{Value, json};

use super::actor::{Actor, World};

const COMMON: &str = "/projects/dtaas%2Fcommon";

async fn commit(who: &Actor, project: &str, branch: &str, start: Option<&str>, path: &str, text: &str) -> Value {
    let exists = who.get(&format!("{project}/repository/files/{path}?ref={}", start.unwrap_or(branch))).await.status == 200;
    let action = json!({ "action": if exists { "update" } else { "create" }, "file_path": path.replace("%2F", "/"), "content": text });
    let mut body = json!({ "branch": branch, "commit_message": format!("change {path}"), "actions": [action] });
    if let Some(start) = start {
        body["start_branch"] = json!(start);
    }
    who.post(&format!("{project}/repository/commits"), body).await.expect(201).json()
}

#[tokio::test]
async fn from_a_fork_to_a_merge() {
    let world = World::new().await;
    let (alice, admin) = (world.person("alice", &["api"]).await, world.person("admin", &["api"]).await);
    let fork = alice.post(&format!("{COMMON}/fork"), json!({})).await.expect(201).json();
    assert_eq!(fork["path_with_namespace"], "alice/common");
    alice.post(&format!("{COMMON}/fork"), json!({})).await.expect(409);
    assert_eq!(alice.get(&format!("{COMMON}/forks")).await.expect(200).json().as_array().map(Vec::len), Some(1));
    let own = format!("/projects/{}", fork["id"]);
    assert_eq!(alice.get(&format!("{own}/repository/commits/main")).await.json()["id"], alice.get(&format!("{COMMON}/repository/commits/main")).await.json()["id"]);
    commit(&alice, &own, "better", Some("main"), "models%2Fnew.md", "new\n").await;
    let wish =
        json!({ "source_branch": "better", "target_branch": "main", "target_project_id": admin.get(COMMON).await.json()["id"], "title": "A model", "description": "From afar" });
    let made = alice.post(&format!("{own}/merge_requests"), wish.clone()).await.expect(201).json();
    assert_eq!(
        (made["iid"].as_i64(), made["state"].as_str(), made["detailed_merge_status"].as_str(), made["changes_count"].as_str()),
        (Some(1), Some("opened"), Some("mergeable"), Some("1"))
    );
    let again = alice.post(&format!("{own}/merge_requests"), wish).await.expect(409).json();
    assert_eq!(again["message"][0], "Another open merge request already exists for this source branch: !1");

    let one = format!("{COMMON}/merge_requests/1");
    assert_eq!(admin.get(&format!("{COMMON}/merge_requests?state=opened")).await.expect(200).json()[0]["title"], "A model");
    assert_eq!(alice.get("/merge_requests").await.expect(200).json()[0]["iid"], 1);
    let diffs = admin.get(&format!("{one}/diffs")).await.expect(200).json();
    assert_eq!((diffs[0]["new_path"].as_str(), diffs[0]["diff"].as_str()), (Some("models/new.md"), Some("@@ -0,0 +1 @@\n+new\n")));
    assert_eq!(admin.get(&format!("{one}/commits")).await.expect(200).json()[0]["title"], "change models%2Fnew.md");

    // What is pushed later is part of it.
    commit(&alice, &own, "better", None, "models%2Fnew.md", "newer\n").await;
    assert_eq!(admin.get(&format!("{one}/commits")).await.json().as_array().map(Vec::len), Some(2));
    let note = admin.post(&format!("{one}/notes"), json!({ "body": "Looks *good*" })).await.expect(201).json();
    admin.post(&format!("{one}/notes"), json!({ "body": " " })).await.expect(400);
    assert_eq!(alice.get(&format!("{one}/notes?sort=asc")).await.expect(200).json()[0]["id"], note["id"]);
    assert_eq!(admin.post(&format!("{one}/approve"), json!({})).await.expect(201).json()["approved_by"][0]["user"]["username"], "admin");
    admin.post(&format!("{one}/approve"), json!({})).await.expect(401);
    assert_eq!(alice.get(&format!("{one}/approvals")).await.expect(200).json()["approved"], true);

    admin.with("PUT", &format!("{one}/merge"), json!({ "sha": "0".repeat(40) })).await.expect(409);
    let merged = admin.with("PUT", &format!("{one}/merge"), json!({ "should_remove_source_branch": true })).await.expect(200).json();
    assert_eq!((merged["state"].as_str(), merged["merge_user"]["username"].as_str()), (Some("merged"), Some("admin")));
    admin.with("PUT", &format!("{one}/merge"), json!({})).await.expect(405);
    let text = admin.get(&format!("{COMMON}/repository/files/models%2Fnew.md/raw?ref=main")).await.expect(200).text();
    assert_eq!(text, "newer\n");
    let sha = merged["merge_commit_sha"].as_str().unwrap_or_default().to_owned();
    assert_eq!(admin.get(&format!("{COMMON}/repository/commits/{sha}/merge_requests")).await.expect(200).json()[0]["iid"], 1);

    // A merge is undone against its first parent, once.
    let undone = admin.post(&format!("{COMMON}/repository/commits/{sha}/revert"), json!({ "branch": "main" })).await.expect(201).json();
    assert!(undone["title"].as_str().is_some_and(|title| title.starts_with("Revert \"Merge branch 'better'")), "{undone}");
    admin.get(&format!("{COMMON}/repository/files/models%2Fnew.md/raw?ref=main")).await.expect(404);
    let refused = admin.post(&format!("{COMMON}/repository/commits/{sha}/revert"), json!({ "branch": "main" })).await.expect(400).json();
    assert!(refused["message"].as_str().is_some_and(|message| message.starts_with("Sorry, we cannot revert this commit")), "{refused}");
}

#[tokio::test]
async fn conflicts_rights_and_states() {
    let world = World::new().await;
    let (alice, admin, bob) = (world.person("alice", &["api"]).await, world.person("admin", &["api"]).await, world.person("bob", &["api"]).await);
    let own = "/projects/dtaas%2Falice";
    commit(&alice, own, "mine", Some("main"), "README.md", "mine\n").await;
    commit(&alice, own, "main", None, "README.md", "theirs\n").await;
    let wish = json!({ "source_branch": "mine", "target_branch": "main", "title": "Draft: mine" });
    let made = alice.post(&format!("{own}/merge_requests"), wish).await.expect(201).json();
    assert_eq!((made["draft"].as_bool(), made["has_conflicts"].as_bool(), made["detailed_merge_status"].as_str()), (Some(true), Some(true), Some("conflict")));
    let one = format!("{own}/merge_requests/1");
    alice.with("PUT", &format!("{one}/merge"), json!({})).await.expect(405);
    assert_eq!(alice.with("PUT", &one, json!({ "title": "mine" })).await.expect(200).json()["draft"], false);
    assert_eq!(alice.with("PUT", &format!("{one}/merge"), json!({})).await.expect(422).json()["message"], "Branch cannot be merged");
    assert_eq!(alice.with("PUT", &one, json!({ "state_event": "close" })).await.expect(200).json()["state"], "closed");
    assert_eq!(alice.with("PUT", &one, json!({ "state_event": "reopen" })).await.expect(200).json()["state"], "opened");
    for (body, status, said) in [
        (json!({ "source_branch": "mine" }), 400, "target_branch is missing, title is missing"),
        (json!({ "source_branch": "none", "target_branch": "main", "title": "x" }), 400, "Source branch does not exist"),
        (json!({ "source_branch": "main", "target_branch": "none", "title": "x" }), 400, "Target branch does not exist"),
        (json!({ "source_branch": "main", "target_branch": "main", "title": "x" }), 422, "same project/branch"),
    ] {
        let text = alice.post(&format!("{own}/merge_requests"), body).await.expect(status).text();
        assert!(text.contains(said), "{text}");
    }
    // Whoever may only look may not merge or approve.
    let seen = bob.get(&one).await.status.as_u16();
    if seen == 200 {
        bob.with("PUT", &format!("{one}/merge"), json!({})).await.expect(401);
        bob.post(&format!("{one}/approve"), json!({})).await.expect(401);
    } else {
        assert!(seen == 404 || seen == 403, "{seen}");
    }
    world.anonymous().post(&format!("{own}/merge_requests"), json!({})).await.expect(404);
    // A squash brings one commit.
    commit(&alice, own, "two", Some("main"), "a.txt", "1").await;
    commit(&alice, own, "two", None, "a.txt", "2").await;
    let made =
        alice.post(&format!("{own}/merge_requests"), json!({ "source_branch": "two", "target_branch": "main", "title": "two in one", "squash": true })).await.expect(201).json();
    let merged = admin.with("PUT", &format!("{own}/merge_requests/{}/merge", made["iid"]), json!({})).await.expect(200).json();
    let squash = merged["squash_commit_sha"].as_str().unwrap_or_default();
    assert_eq!(alice.get(&format!("{own}/repository/commits/{squash}")).await.expect(200).json()["title"], "two in one");
    // Commits may start in another project.
    let body = json!({ "branch": "from-common", "start_project": "dtaas/common", "start_branch": "main", "commit_message": "x", "actions": [{ "action": "create", "file_path": "x", "content": "" }] });
    let made = alice.post(&format!("{own}/repository/commits"), body).await.expect(201).json();
    assert_eq!(made["parent_ids"][0], admin.get(&format!("{COMMON}/repository/commits/main")).await.json()["id"]);
}

#[tokio::test]
async fn only_what_is_offered_comes_along() {
    let world = World::new().await;
    let (alice, admin) = (world.person("alice", &["api"]).await, world.person("admin", &["api"]).await);
    let fork = alice.post(&format!("{COMMON}/fork"), json!({ "visibility": "private" })).await.expect(201).json();
    assert_eq!(fork["forked_from_project"]["path_with_namespace"], "dtaas/common");
    alice.post(&format!("{COMMON}/fork"), json!({ "path": "odd", "visibility": "everybody" })).await.expect(400);
    let own = format!("/projects/{}", fork["id"]);
    let secret = commit(&alice, &own, "secret", Some("main"), "secret.txt", "nobody").await;
    commit(&alice, &own, "offered", Some("main"), "offered.txt", "1").await;
    let target = admin.get(COMMON).await.json()["id"].clone();
    let wish = json!({ "source_branch": "offered", "target_branch": "main", "target_project_id": target, "title": "x" });
    alice.post(&format!("{own}/merge_requests"), wish).await.expect(201);
    let hidden = format!("{COMMON}/repository/commits/{}", secret["id"].as_str().unwrap_or_default());
    admin.get(&hidden).await.expect(404);
    // What has nothing to do with the target is no source.
    let stranger = json!({ "source_branch": "main", "target_branch": "main", "target_project_id": target, "title": "x" });
    alice.post("/projects/dtaas%2Falice/merge_requests", stranger).await.expect(422);
}
