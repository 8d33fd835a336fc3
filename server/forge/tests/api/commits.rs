//! Files and commits: atomic, guarded, exact about what is refused.

use serde_json::json;

use super::actor::World;

const COMMITS: &str = "/projects/dtaas%2Falice/repository/commits";

#[tokio::test]
async fn five_actions_make_one_commit_or_none() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let commit = |actions: serde_json::Value| json!({ "branch": "main", "commit_message": "change", "actions": actions });
    let first = commit(json!([
        { "action": "create", "file_path": "a/one.txt", "content": "1" },
        { "action": "create", "file_path": "a/two.bin", "content": "AAECAw==", "encoding": "base64" },
        { "action": "create", "file_path": "a/run", "content": "#!", "execute_filemode": true },
    ]));
    alice.post(COMMITS, first).await.expect(201);
    let second = commit(json!([
        { "action": "update", "file_path": "a/one.txt", "content": "2" },
        { "action": "move", "file_path": "b/two.bin", "previous_path": "a/two.bin" },
        { "action": "chmod", "file_path": "a/run", "execute_filemode": false },
    ]));
    let answer = alice.post(COMMITS, second).await.expect(201).json();
    assert_eq!(answer["short_id"].as_str().map(str::len), Some(8));
    let moved = alice.get("/projects/dtaas%2Falice/repository/files/b%2Ftwo.bin?ref=main").await.expect(200).json();
    assert_eq!((moved["content"].as_str(), moved["size"].as_u64()), (Some("AAECAw=="), Some(4)));
    let head = alice.get("/projects/dtaas%2Falice/repository/commits/main").await.json()["id"].clone();
    // The last of three actions cannot be done, so none is.
    let broken = commit(json!([
        { "action": "create", "file_path": "c", "content": "" }, { "action": "delete", "file_path": "a/one.txt" }, { "action": "update", "file_path": "none", "content": "" },
    ]));
    let refused = alice.post(COMMITS, broken).await.expect(400).json();
    assert_eq!(refused["message"], "A file with this name doesn't exist");
    assert_eq!(alice.get("/projects/dtaas%2Falice/repository/commits/main").await.json()["id"], head);
}

#[tokio::test]
async fn refusals_are_gitlabs() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let refused = async |body: serde_json::Value| alice.post(COMMITS, body).await.expect(400).json()["message"].as_str().unwrap_or_default().to_owned();
    let with = |action: serde_json::Value| json!({ "branch": "main", "commit_message": "x", "actions": [action] });
    for (body, expected) in [
        (json!({ "commit_message": "x" }), "400 Bad request - branch is required"),
        (json!({ "branch": "main", "commit_message": "x", "actions": [] }), "400 Bad request - Provide at least one action, or set allow_empty to true"),
        (with(json!({ "action": "explode", "file_path": "a" })), "400 Bad request - actions[0][action] must be one of: create, update, move, delete, chmod"),
        (with(json!({ "action": "create", "file_path": "../x", "content": "" })), "Path cannot include directory traversal"),
        (with(json!({ "action": "create", "file_path": "README.md", "content": "" })), "A file with this name already exists"),
        (with(json!({ "action": "create", "file_path": "models", "content": "" })), "A directory with this name already exists"),
        (
            json!({ "branch": "new", "commit_message": "x", "actions": [{ "action": "create", "file_path": "a", "content": "" }] }),
            "You can only create or edit files when you are on a branch",
        ),
    ] {
        assert_eq!(refused(body).await, expected);
    }
}

#[tokio::test]
async fn a_stale_edit_is_refused_and_an_unrelated_one_is_not() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let file = "/projects/dtaas%2Falice/repository/files/README.md";
    let before = alice.get(&format!("{file}?ref=main")).await.json()["last_commit_id"].clone();
    let edit = |text: &str| json!({ "branch": "main", "commit_message": "x", "content": text, "last_commit_id": before });
    let other = json!({ "branch": "main", "commit_message": "x", "actions": [{ "action": "create", "file_path": "other", "content": "" }] });
    alice.post(COMMITS, other).await.expect(201);
    alice.with("PUT", file, edit("first")).await.expect(200);
    let refused = alice.with("PUT", file, edit("second")).await.expect(400).json();
    assert_eq!(refused["message"], "You are attempting to update a file that has changed since you started editing it.");
}

#[tokio::test]
async fn lists_are_paged_as_gitlab_pages() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let page = alice.get("/projects/dtaas%2Falice/repository/tree?recursive=true&per_page=5&page=2").await.expect(200);
    assert_eq!((page.header("x-page"), page.header("x-per-page"), page.header("x-next-page"), page.header("x-prev-page")), ("2", "5", "3", "1"));
    assert!(page.header("link").contains("rel=\"prev\"") && page.header("link").contains("rel=\"last\""));
    // Following the cursor gives every entry once.
    let mut path = "/projects/dtaas%2Falice/repository/tree?recursive=true&pagination=keyset&per_page=7".to_owned();
    let mut seen = Vec::new();
    loop {
        let answer = alice.get(&path).await.expect(200);
        seen.extend(answer.json().as_array().cloned().unwrap_or_default().into_iter().map(|entry| entry["path"].to_string()));
        let link = answer.header("link").to_owned();
        match link.split('<').nth(1).and_then(|rest| rest.split('>').next()) {
            Some(url) => path = url.split_once("/api/v4").map(|(_, path)| path.to_owned()).unwrap_or_default(),
            None => break,
        }
    }
    let total: usize = page.header("x-total").parse().unwrap_or_default();
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (total, total));
    let tag = page.header("etag").to_owned();
    let again = alice.send("GET", "/projects/dtaas%2Falice/repository/tree?recursive=true&per_page=5&page=2", &[("if-none-match", &tag)], "").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

/// What git would take for the end of a name is left out of it, and is no error of the server.
#[tokio::test]
async fn names_of_authors_are_cleaned() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    for (n, (name, email, kept)) in
        [("<svg onload=x>", "a@b.test", "svg onload=x"), ("<>", "<a@b.test>", "Unknown"), ("\"';", "'", "Unknown"), ("Ada\nLovelace Jr.", "", "AdaLovelace Jr.")]
            .into_iter()
            .enumerate()
    {
        let actions = json!([{ "action": "create", "file_path": format!("data/author-{n}"), "content": "x" }]);
        let body = json!({ "branch": "main", "commit_message": "x", "author_name": name, "author_email": email, "actions": actions });
        let commit = alice.post("/projects/dtaas%2Falice/repository/commits", body).await.expect(201).json();
        assert_eq!(commit["author_name"], kept, "{commit}");
        assert!(!commit["author_email"].as_str().unwrap_or_default().contains(['<', '>']), "{commit}");
    }
}
