//! Small things that `python-gitlab`, `glab` and scripts do every day.

use std::net::IpAddr;

use forge::auth::Peer;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::actor::{Actor, World};

const P: &str = "/projects/dtaas%2Falice";

fn names(list: &Value, key: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|entry| entry[key].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn settings_are_kept_or_refused_and_never_forgotten() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let put = async |body: Value| alice.with("PUT", P, body).await;
    assert_eq!(put(json!({ "tag_list": ["one", "two"] })).await.expect(200).json()["topics"], json!(["one", "two"]));
    // What it is already may be said again; what it cannot be is refused, and nothing beside it is changed.
    put(json!({ "merge_method": "merge", "issues_enabled": false })).await.expect(200);
    let refused = put(json!({ "description": "changed", "merge_method": "ff" })).await.expect(400).json();
    assert!(refused["message"]["merge_method"][0].as_str().is_some_and(|text| text.contains("always")), "{refused}");
    put(json!({ "description": "changed", "build_timeout": 3 })).await.expect(400);
    assert_ne!(alice.get(P).await.json()["description"], "changed");
    put(json!({ "default_branch": "none" })).await.expect(400);
    put(json!({ "unheard_of": 1 })).await.expect(400);
    assert_eq!(put(json!({ "path": "renamed", "name": "Renamed" })).await.expect(200).json()["path_with_namespace"], "dtaas/renamed");
    alice.get(P).await.expect(404);
    assert_eq!(alice.with("PUT", "/projects/dtaas%2Frenamed/transfer", json!({ "namespace": "alice" })).await.expect(200).json()["path_with_namespace"], "alice/renamed");
    alice.with("PUT", "/projects/alice%2Frenamed/transfer", json!({ "namespace": "alice" })).await.expect(400);
    alice.with("PUT", "/projects/alice%2Frenamed/transfer", json!({ "namespace": "nowhere" })).await.expect(404);
}

#[tokio::test]
async fn searching_beyond_files() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice", &["api"]).await, world.person("bob", &["api"]).await);
    let found = alice.get("/search?scope=projects&search=alice").await.expect(200);
    assert_eq!((found.header("x-search-type"), names(&found.json(), "path")), ("basic", vec!["alice".to_owned()]));
    assert_eq!(bob.get("/search?scope=projects&search=alice").await.json(), json!([]));
    assert_eq!(names(&alice.get("/groups/dtaas/-/search?scope=projects&search=common").await.json(), "path"), ["common"]);
    alice.get("/search?scope=blobs&search=x").await.expect(400);
    world.anonymous().get("/search?scope=projects&search=x").await.expect(401);
    assert_eq!(names(&alice.get(&format!("{P}/search?scope=users&search=ALI")).await.json(), "username"), ["alice"]);
    let commits = alice.get(&format!("{P}/repository/commits")).await.json();
    let title = commits[0]["title"].as_str().unwrap_or_default().split(' ').next().unwrap_or_default().to_uppercase();
    assert!(!alice.get(&format!("{P}/search?scope=commits&search={title}")).await.json().as_array().is_some_and(Vec::is_empty));
    alice.post(&format!("{P}/repository/branches"), json!({ "branch": "work", "ref": "main" })).await.expect(201);
    let change = json!({ "branch": "work", "commit_message": "c", "actions": [{ "action": "create", "file_path": "new", "content": "1" }] });
    alice.post(&format!("{P}/repository/commits"), change).await.expect(201);
    alice.post(&format!("{P}/merge_requests"), json!({ "source_branch": "work", "target_branch": "main", "title": "Sharper gears" })).await.expect(201);
    assert_eq!(names(&alice.get(&format!("{P}/search?scope=merge_requests&search=gears")).await.json(), "title"), ["Sharper gears"]);
}

#[tokio::test]
async fn memberships_end_on_their_day() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice", &["api"]).await, world.person("bob", &["api"]).await);
    let id = bob.get("/user").await.json()["id"].clone();
    alice.post(&format!("{P}/members"), json!({ "user_id": id, "access_level": 30, "expires_at": "2001-01-01" })).await.expect(400);
    let made = alice.post(&format!("{P}/members"), json!({ "user_id": id, "access_level": 30, "expires_at": "2999-01-01" })).await.expect(201).json();
    assert_eq!(made["expires_at"], "2999-01-01");
    bob.get(P).await.expect(200);
    // The day comes.
    sqlx::query("UPDATE members SET expires_at = date('now') WHERE expires_at = '2999-01-01'").execute(&world.forge.db).await.expect("it is written");
    bob.get(P).await.expect(404);
    assert_eq!(names(&alice.get(&format!("{P}/members")).await.json(), "username"), ["alice"]);
}

#[tokio::test]
async fn revisions_archives_and_lists_by_key() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    for name in ["b1", "b2", "b3"] {
        let change = json!({ "branch": name, "start_branch": "main", "commit_message": name, "actions": [{ "action": "create", "file_path": name, "content": name }] });
        alice.post(&format!("{P}/repository/commits"), change).await.expect(201);
    }
    let main = alice.get(&format!("{P}/repository/commits/main")).await.json()["id"].clone();
    assert_eq!(alice.get(&format!("{P}/repository/commits/b1~1")).await.expect(200).json()["id"], main);
    assert_eq!(alice.get(&format!("{P}/repository/commits/b1%5E")).await.expect(200).json()["id"], main);
    alice.get(&format!("{P}/repository/commits/b1~99")).await.expect(404);
    alice.get(&format!("{P}/repository/files/b1/raw?ref=b1~1")).await.expect(404);
    alice.post(&format!("{P}/merge_requests"), json!({ "source_branch": "b1~1", "target_branch": "main", "title": "t" })).await.expect(400);
    let both = alice.get(&format!("{P}/repository/commits?ref_name=b1...b2")).await.expect(200).json();
    assert_eq!(both.as_array().map(Vec::len), Some(2), "{both}");
    let packed = alice.get(&format!("{P}/repository/archive.tar.bz2?sha=b1")).await;
    assert!(packed.status == 501 || packed.body.starts_with(b"BZh"), "{}", packed.status);
    let whole = alice.get(&format!("{P}/repository/archive.tar?sha=b1")).await.expect(200).body;
    let less = alice.get(&format!("{P}/repository/archive.tar?sha=b1&exclude_paths=b1,digital_twins")).await.expect(200).body;
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&whole, "/b1") && holds(&whole, "/digital_twins/"));
    assert!(!holds(&less, "/b1\0") && !holds(&less, "/digital_twins/"));
    // Page by page, each by the link of the one before.
    let mut path = format!("{P}/repository/branches?pagination=keyset&per_page=2&private_token={}", alice.token());
    let mut seen = Vec::new();
    loop {
        let page = alice.get(&path).await.expect(200);
        seen.extend(names(&page.json(), "name"));
        let link = page.header("link").to_owned();
        assert!(!link.contains("token=gl"), "{link}");
        let Some((_, next)) = link.split_once("/api/v4") else { break };
        path = next.split('>').next().unwrap_or_default().to_owned();
    }
    assert_eq!(seen, ["b1", "b2", "b3", "main"]);
    alice.get(&format!("{P}/jobs?pagination=keyset&sort=asc")).await.expect(405);
    alice.get(&format!("{P}/jobs?pagination=keyset&order_by=id&sort=desc&scope[]=failed")).await.expect(200);
    alice.get(&format!("{P}/repository/branches/?per_page=1")).await.expect(200);
    assert_eq!(names(&alice.get(&format!("{P}/protected_branches")).await.expect(200).json(), "name"), ["main"]);
    alice.get(&format!("{P}/protected_branches/b1")).await.expect(404);
    assert_eq!(alice.get(&format!("{P}/releases")).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_token_ends_itself() {
    let world = World::new().await;
    let reader = world.person("alice", &["read_repository"]).await;
    assert_eq!(reader.get("/personal_access_tokens/self").await.expect(200).json()["name"], "test");
    reader.with("DELETE", "/personal_access_tokens/self", json!({})).await.expect(204);
    reader.get("/personal_access_tokens/self").await.expect(401);
}

#[tokio::test]
async fn variables_for_environments_and_no_more_than_fit() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    for (value, scope) in [("everywhere", "*"), ("review", "review/*"), ("one", "review/one"), ("other", "prod")] {
        alice.post(&format!("{P}/variables"), json!({ "key": "WHERE", "value": value, "environment_scope": scope })).await.expect(201);
    }
    let project = alice.get(P).await.json()["id"].as_i64().unwrap_or_default();
    let row = forge::store::projects::project(&world.forge.db, project).await.ok().flatten().expect("it is there");
    for (environment, expected) in [(None, "everywhere"), (Some("review/two"), "review"), (Some("review/one"), "one"), (Some("production"), "everywhere"), (Some("prod"), "other")]
    {
        let list = world.forge.stored_variables(&row, "main", environment).await.expect("they are read");
        assert_eq!(list.last().map(|row| row.value.as_str()), Some(expected), "{environment:?}");
    }
    let many: Vec<Value> = (0..1_001).map(|number| json!({ "key": format!("K{number}"), "value": "" })).collect();
    let refused = alice.post(&format!("{P}/pipeline"), json!({ "ref": "main", "variables": many })).await.expect(400).text();
    assert!(refused.contains("1001"), "{refused}");
    let large: Vec<Value> = (0..60).map(|number| json!({ "key": format!("K{number}"), "value": "x".repeat(9_000) })).collect();
    alice.post(&format!("{P}/pipeline"), json!({ "ref": "main", "variables": large })).await.expect(400);
}

#[tokio::test]
async fn statuses_of_a_commit_are_its_jobs() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let change = json!({ "branch": "probe", "start_branch": "main", "commit_message": "probe",
        "actions": [{ "action": "update", "file_path": ".gitlab-ci.yml", "content": "one: {script: [\"true\"]}\ntwo: {script: [\"true\"], tags: [nobody]}\n" }] });
    let sha = alice.post(&format!("{P}/repository/commits"), change).await.expect(201).json()["id"].clone();
    let path = format!("{P}/repository/commits/{}/statuses", sha.as_str().unwrap_or_default());
    let list = alice.until(&path, |list| list.as_array().is_some_and(|list| list.len() == 2)).await;
    assert_eq!((names(&list, "name"), list[1]["status"].as_str(), list[0]["author"]["username"].as_str()), (vec!["one".into(), "two".into()], Some("pending"), Some("alice")));
}

/// One try to sign in, as the server in front passes it on.
async fn guess(world: &World, address: &str, name: &str, password: &str) -> u16 {
    let form = format!("username={name}&password={password}");
    let mut request = axum::http::Request::post("/users/sign_in").header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", "same-origin");
    let peer = Peer(Some(address.parse::<IpAddr>().expect("it is an address")));
    if let Some(extensions) = request.extensions_mut() {
        extensions.insert(peer);
    }
    let request = request.body(axum::body::Body::from(form)).expect("it can be built");
    world.forge.router().oneshot(request).await.expect("the router answers").status().as_u16()
}

#[tokio::test]
async fn many_names_from_one_place_are_stopped_and_nobody_else() {
    let world = World::new().await;
    let _alice: Actor = world.person("alice", &["api"]).await;
    for number in 0..100 {
        assert_eq!(guess(&world, &format!("2001:db8:1:2::{number:x}"), &format!("name{number}"), "wrong").await, 422);
    }
    assert_eq!(guess(&world, "2001:db8:1:2:ffff::1", "alice", "a+good+password").await, 429);
    assert_eq!(guess(&world, "2001:db8:1:3::1", "alice", "a+good+password").await, 303);
}
