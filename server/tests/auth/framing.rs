//! F1: no page of ours is shown in a page of others, but for views that were made for that.

use super::mock::{Browser, Mock, portal};

/// What may be framed, and is asked by others' pages; each has a policy or a kind of its own.
const OTHERS: [&str; 6] = ["/embed/{view}", "/embed/view.js", "/embed/badge.svg", "/embed/api/{*rest}", "/embed/claim", "/oembed"];

#[tokio::test]
async fn nobody_frames_us() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "[embed]\nallowed_parents = [\"https://lab.test\"]\n").await;
    let mut browser = Browser::of(&portal);
    // Every address, as the routes say it; a new one is looked at here by itself.
    let routes = include_str!("../../src/routes.rs");
    let all: Vec<&str> = routes.lines().filter(|line| line.contains(".route(\"")).filter_map(|line| line.split('"').nth(1)).collect();
    assert!(all.len() >= 25, "{all:?}");
    for signed_in in [false, true] {
        if signed_in {
            browser.sign_in("x").await;
        }
        let pages = ["/", "/i/x/library", "/all/library", "/i/x/runs", "/i/nowhere/library", "/help", "/nothing", "/admin", "/twinport.toml"];
        let given = all.iter().filter(|path| !OTHERS.contains(path)).map(|path| {
            let filled =
                path.replace("{backend}", "x").replace("{instance}", "x").replace("{id}", "broker").replace("{label}", "me").replace("{hash}", "0").replace("{file}", "a.json");
            filled.replace("{*file}", "a.js").replace("{*rest}", "v4/user")
        });
        for path in given.chain(pages.map(str::to_owned)) {
            for method in ["GET", "POST", "HEAD"] {
                let answer = browser.clone().send(method, &path, &[]).await;
                let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
                // A monitor's answer is no page.
                if path == "/healthz" {
                    continue;
                }
                assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{method} {path} ({}): {}", answer.status, header("content-security-policy"));
                assert_eq!((header("x-frame-options").as_str(), header("x-content-type-options").as_str()), ("DENY", "nosniff"), "{method} {path}");
            }
        }
    }
    // A view that is refused may be framed by the pages that are allowed to show views, so that they see why.
    let answer = browser.get("/embed/card?grant=nothing").await;
    let policy = answer.headers.get("content-security-policy").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(answer.status == 403 && policy.contains("frame-ancestors https://lab.test") && !answer.headers.contains_key("x-frame-options"), "{policy}");
}
