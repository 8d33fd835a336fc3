//! The graph and the search: what an instance shows in a few requests, under the caller's rights.

use serde_json::{Value, json};

use gitlab::graph::{Folder, ListFolders, ListRuns, Page, ReadTexts, Runs};
use gitlab::mine::ListMine;
use gitlab::{Endpoint, Response};

use super::actor::{Actor, World};

/// Asks what the app asks, and reads the answer as it does.
async fn put<E: Endpoint>(actor: &Actor, question: &E) -> E::Output {
    let body = question.request().body.expect("a question has a body");
    let answer = actor.send("POST", "!/api/graphql", &[("content-type", "application/json")], body.to_string()).await.expect(200);
    let response = Response { status: 200, headers: Vec::new(), body: answer.body };
    question.decode(response).unwrap_or_else(|error| panic!("{error}"))
}

/// Two projects within what people may spend, one within what guests may.
#[tokio::test]
async fn the_questions_of_the_app_fit() {
    let kinds = || {
        ["digital_twins", "functions", "models", "tools", "data"].map(|path| Folder {
            path: path.to_owned(),
            trees: Some(Page::First),
            blobs: (path != "digital_twins").then_some(Page::First),
        })
    };
    let world = World::new().await;
    let alice = world.person("alice", &["read_api"]).await;
    let (own, common) = ("dtaas/alice".to_owned(), "dtaas/common".to_owned());
    let found = put(&alice, &ListFolders::new(vec![own.clone(), common.clone()], "HEAD", kinds())).await;
    assert!(found[0].as_ref().is_some_and(|folders| folders[0].trees.contains(&"hello-world".to_owned())), "{found:?}");
    assert!(found[1].as_ref().is_some_and(|folders| folders[2].trees.contains(&"spring-mass".to_owned())), "{found:?}");
    assert_eq!(put(&alice, &ListFolders::new(vec!["dtaas/none".to_owned()], "HEAD", kinds())).await, [None]);
    let many = (0..100).map(|n| format!("digital_twins/t{n}/description.md")).collect();
    assert_eq!(put(&alice, &ReadTexts::new(&own, "HEAD", many)).await, []);
    assert_eq!(put(&alice, &ListRuns::new(vec![(own.clone(), None), (common.clone(), None)], 30)).await, [Some(Runs::default()), Some(Runs::default())]);
    assert_eq!(put(&alice, &ListMine::new(vec![own.clone(), common.clone()], "alice")).await, []);
    let admin = world.person("admin", &["api"]).await;
    admin.with("PUT", "/projects/dtaas%2Fcommon", json!({ "visibility": "public" })).await.expect(200);
    let guest = put(&world.anonymous(), &ListFolders::new(vec![common], "HEAD", kinds())).await;
    assert!(guest[0].as_ref().is_some_and(|folders| !folders[2].trees.is_empty()), "{guest:?}");
    // What follows is asked with both cursors, of one project at a time.
    let after = |path: &str| Folder { path: path.to_owned(), trees: Some(Page::After("MTAw".into())), blobs: Some(Page::First) };
    let rest = put(&world.anonymous(), &ListFolders::new(vec!["dtaas/common".to_owned()], "HEAD", ["digital_twins", "functions", "models", "tools", "data"].map(after))).await;
    assert!(rest[0].as_ref().is_some_and(|folders| folders.len() == 5), "{rest:?}");
}

/// Asks the graph, which lies beside the versioned API.
async fn ask(actor: &Actor, query: &str) -> Value {
    let body = json!({ "query": query }).to_string();
    actor.send("POST", "!/api/graphql", &[("content-type", "application/json")], body).await.expect(200).json()
}

const TREES: &str = r#"{ project(fullPath: "dtaas/common") { repository { tree(path: "functions", ref: "HEAD") {
    trees(first: 100) { nodes { name sha } pageInfo { hasNextPage } } blobs { nodes { name } } } } } }"#;

#[tokio::test]
async fn folders_and_files_in_one_answer() {
    let world = World::new().await;
    let reader = world.person("alice", &["read_api"]).await;
    let answer = ask(&reader, TREES).await;
    let tree = &answer["data"]["project"]["repository"]["tree"];
    assert_eq!(tree["trees"]["nodes"][0]["name"], "statistics", "{answer}");
    assert_eq!(tree["trees"]["nodes"][0]["sha"].as_str().map(str::len), Some(40));
    let files = r#"{ project(fullPath: "dtaas/common") { repository { blobs(paths: ["functions/statistics/description.md", "none"]) { nodes { path rawTextBlob } } } } }"#;
    let nodes = ask(&reader, files).await["data"]["project"]["repository"]["blobs"]["nodes"].clone();
    assert_eq!(nodes.as_array().map(Vec::len), Some(1), "{nodes}");
    assert!(nodes[0]["rawTextBlob"].as_str().is_some_and(|text| !text.is_empty()));
}

#[tokio::test]
async fn pages_end_where_they_say() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let actions: Vec<Value> = (0..5).map(|n| json!({ "action": "create", "file_path": format!("models/m{n}/x"), "content": "x" })).collect();
    alice.post("/projects/dtaas%2Falice/repository/commits", json!({ "branch": "main", "commit_message": "Add", "actions": actions })).await.expect(201);
    let mut names = Vec::new();
    let mut after = String::new();
    for _ in 0..10 {
        let query = format!(
            r#"{{ project(fullPath: "dtaas/alice") {{ repository {{ tree(path: "models") {{ trees(first: 2{after}) {{ nodes {{ name }} pageInfo {{ hasNextPage endCursor }} }} }} }} }} }}"#
        );
        let trees = ask(&alice, &query).await["data"]["project"]["repository"]["tree"]["trees"].clone();
        names.extend(trees["nodes"].as_array().into_iter().flatten().map(|node| node["name"].as_str().unwrap_or_default().to_owned()));
        if trees["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = format!(", after: {}", trees["pageInfo"]["endCursor"]);
    }
    assert_eq!(names, ["m0", "m1", "m2", "m3", "m4", "pendulum"]);
}

#[tokio::test]
async fn others_projects_are_not_in_the_graph() {
    let world = World::new().await;
    let _alice = world.person("alice", &["api"]).await;
    let (bob, nobody) = (world.person("bob", &["read_api"]).await, world.anonymous());
    for caller in [&bob, &nobody] {
        assert_eq!(ask(caller, r#"{ project(fullPath: "dtaas/alice") { id } }"#).await["data"]["project"], Value::Null);
        assert_eq!(ask(caller, r#"{ projects(fullPaths: ["dtaas/alice"]) { nodes { id } } }"#).await["data"]["projects"]["nodes"], json!([]));
    }
    let wrong = world.with_token("glpat-wrong").send("POST", "!/api/graphql", &[("content-type", "application/json")], "{\"query\":\"{ currentUser { id } }\"}").await.expect(401);
    assert_eq!(wrong.json()["errors"][0]["message"], "Invalid token");
    assert_eq!(ask(&bob, "{ currentUser { username } }").await["data"]["currentUser"]["username"], "bob");
}

#[tokio::test]
async fn what_costs_too_much_is_refused() {
    let world = World::new().await;
    let reader = world.person("alice", &["read_api"]).await;
    let many: String = (0..40).map(|n| format!("p{n}: project(fullPath: \"dtaas/common\") {{ id name fullPath webUrl visibility }} ")).collect();
    let answer = ask(&reader, &format!("{{ {many} }}")).await;
    let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("Query has complexity of") && message.ends_with("exceeds max complexity of 250"), "{answer}");
    let deep = format!("{}id{}", "{ project(fullPath: \"dtaas/common\") { pipelines { nodes { ".to_owned() + &"downstream { nodes { ".repeat(10), " } }".repeat(10) + " } } } }");
    assert!(ask(&reader, &deep).await["errors"][0]["message"].is_string());
    assert_eq!(ask(&reader, "{ __schema { types { name } } }").await["data"]["__schema"], Value::Null, "introspection is off");
    let long = json!({ "query": format!("{{ currentUser {{ id }} }} #{}", "x".repeat(10_000)) }).to_string();
    reader.send("POST", "!/api/graphql", &[("content-type", "application/json")], long).await.expect(422);
    let bomb = json!({ "query": "query { ...a } fragment a on Query { ...b ...b } fragment b on Query { currentUser { id } }" }).to_string();
    reader.send("POST", "!/api/graphql", &[("content-type", "application/json")], bomb).await.expect(422);
    let huge = format!("[{}0]", "0,".repeat(200_000));
    reader.send("POST", "!/api/graphql", &[("content-type", "application/json")], huge).await.expect(413);
    let paths = json!(vec!["README.md"; 50]);
    let twice = ask(&reader, &format!("{{ project(fullPath: \"dtaas/common\") {{ repository {{ blobs(paths: {paths}) {{ nodes {{ path }} }} }} }} }}")).await;
    assert_eq!(twice["data"]["project"]["repository"]["blobs"]["nodes"].as_array().map(Vec::len), Some(1), "{twice}");
    for (body, status) in [("", 400), ("nonsense", 400), ("3", 422), ("[]", 200)] {
        reader.send("POST", "!/api/graphql", &[("content-type", "application/json")], body).await.expect(status);
    }
}

#[tokio::test]
async fn runs_with_what_they_started() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    let variables = json!([{ "key": "DTName", "value": "hello-world" }, { "key": "RunnerTag", "value": "linux" }]);
    let started = alice.post("/projects/dtaas%2Falice/pipeline", json!({ "ref": "main", "variables": variables })).await.expect(201).json();
    alice.until(&format!("/projects/dtaas%2Falice/pipelines/{}/bridges", started["id"]), |list| list[0]["downstream_pipeline"].is_object()).await;
    let query = r#"{ project(fullPath: "dtaas/alice") { pipelines(first: 30) { nodes { id status downstream(first: 5) { nodes { id status sourceJob { name } } } } } } }"#;
    let answer = ask(&alice, query).await;
    let nodes = &answer["data"]["project"]["pipelines"]["nodes"];
    let newest = &nodes[0];
    assert_eq!(newest["id"], format!("gid://gitlab/Ci::Pipeline/{}", started["id"]), "{answer}");
    assert_eq!(newest["downstream"]["nodes"][0]["sourceJob"]["name"], "trigger_hello-world", "{answer}");
    assert!(newest["status"].as_str().is_some_and(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_')));
}

#[tokio::test]
async fn text_in_files() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice", &["read_api"]).await, world.person("bob", &["read_api"]).await);
    let found = alice.get("/projects/dtaas%2Falice/search?scope=blobs&search=PENDULUM").await.expect(200);
    assert_eq!(found.header("x-search-type"), "basic");
    let list = found.json();
    let paths: Vec<&str> = list.as_array().into_iter().flatten().filter_map(|entry| entry["path"].as_str()).collect();
    assert!(paths.contains(&"models/pendulum/README.md"), "{paths:?}");
    assert!(list.as_array().into_iter().flatten().any(|entry| entry["data"].as_str().is_some_and(|text| text.to_lowercase().contains("pendulum"))));
    assert_eq!(alice.get("/projects/dtaas%2Falice/search?scope=blobs&search=%5B.*").await.expect(200).json(), json!([]), "no pattern, plain text");
    alice.get("/projects/dtaas%2Falice/search?scope=blobs&search=--help").await.expect(200);
    alice.get("/projects/dtaas%2Falice/search?scope=blobs").await.expect(400);
    alice.get("/projects/dtaas%2Falice/search?scope=everything&search=x").await.expect(400);
    bob.get("/projects/dtaas%2Falice/search?scope=blobs&search=x").await.expect(404);
    world.anonymous().get("/projects/dtaas%2Fcommon/search?scope=blobs&search=x").await.expect(401);
}
