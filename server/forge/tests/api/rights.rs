//! Who may do what: absent and forbidden look as they do on GitLab.

use serde_json::json;

use super::actor::World;

#[tokio::test]
async fn what_one_may_not_see_is_not_there() {
    let world = World::new().await;
    let (alice, bob, nobody) = (world.person("alice", &["api"]).await, world.person("bob", &["api"]).await, world.anonymous());
    alice.get("/projects/dtaas%2Falice").await.expect(200);
    for other in [&bob, &nobody] {
        for path in ["/projects/dtaas%2Falice", "/projects/dtaas%2Falice/repository/tree", "/projects/dtaas%2Falice/pipelines", "/projects/dtaas%2Falice/variables"] {
            let answer = other.get(path).await;
            assert!(answer.status == 404 || answer.status == 401, "{path}: {}", answer.status);
        }
    }
    assert_eq!(bob.get("/projects/dtaas%2Falice").await.json()["message"], "404 Project Not Found");
    bob.get("/projects/dtaas%2Fcommon").await.expect(200);
    assert_eq!(bob.get("/projects").await.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn scopes_and_tokens() {
    let world = World::new().await;
    let reader = world.person("alice", &["read_api"]).await;
    reader.get("/projects/dtaas%2Falice").await.expect(200);
    let refused = reader.post("/projects/dtaas%2Falice/pipeline", json!({ "ref": "main" })).await.expect(403).json();
    assert_eq!((refused["error"].as_str(), refused["scope"].as_str()), (Some("insufficient_scope"), Some("api")));
    let profile = world.person("alice", &["read_user"]).await;
    profile.get("/user").await.expect(200);
    profile.get("/projects").await.expect(403);
    // A wrong token is refused on public things too.
    let wrong = world.with_token("glpat-wrong").get("/projects").await.expect(401).json();
    assert_eq!(wrong["message"], "401 Unauthorized");
    world.anonymous().get("/version").await.expect(401);
}

#[tokio::test]
async fn unknown_routes_and_foreign_origins() {
    let world = World::new().await;
    let alice = world.person("alice", &["api"]).await;
    for path in ["/nope", "/projects/dtaas%2Falice/issues", "/projects/dtaas%2Falice/wikis"] {
        let answer = alice.get(path).await.expect(404);
        assert_eq!(answer.json(), json!({ "error": "404 Not Found" }), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    let preflight = alice.send("OPTIONS", "/projects/1", &[("origin", "https://x.test"), ("access-control-request-headers", "authorization")], "").await.expect(204);
    assert_eq!((preflight.header("access-control-allow-origin"), preflight.header("access-control-allow-headers")), ("*", "authorization"));
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
}

#[tokio::test]
async fn names_that_cannot_be() {
    let world = World::new().await;
    for name in ["", "../x", "$(x)", "a b", "-rf", ".hidden", "a/b", "x.git", "common", "DTAAS", &"x".repeat(300)] {
        let error = world.forge.add_user(name, None, false).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("cannot be a name") || error.contains("reserved"), "{name:?}: {error}");
    }
    world.forge.add_user("Alice", None, false).await.expect("the name is free");
    assert!(world.forge.add_user("alice", None, false).await.is_err_and(|error| error.to_string().contains("exists already")));
}
