//! Signing in, staying signed in, and ending it: rows D and E of SECURITY.md §9, against a backend
//! that rotates tokens as GitLab does. Each test fails when its defence is taken out.

#[path = "auth/framing.rs"]
mod framing;
#[path = "auth/leading.rs"]
mod leading;
#[path = "auth/mock.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod mock;
#[path = "auth/refresh.rs"]
mod refresh;
#[path = "auth/sessions.rs"]
mod sessions;

use std::time::{Duration, Instant};

use base64::Engine;
use mock::{Browser, HOST, Mock, portal};
use serde_json::json;
use sha2::Digest;

/// D1: an answer is believed once, by the browser and the backend that began, and PKCE is fresh each time.
#[tokio::test]
async fn answers_that_nobody_asked_for() {
    let mock = Mock::default();
    let url = mock.start().await;
    let portal = portal(&[("x", &url), ("y", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let (state, begun) = browser.begin("x", "/").await;
    let mut stranger = Browser::of(&portal);
    for (who, path) in [(&mut stranger, format!("/auth/x/callback?code=c&state={state}"))] {
        assert_eq!(who.get(&path).await.status, 400, "without the cookie");
    }
    for path in [format!("/auth/y/callback?code=c&state={state}"), "/auth/x/callback?code=c&state=other".to_owned(), "/auth/x/callback?code=c".to_owned()] {
        assert_eq!(browser.get(&path).await.status, 400, "{path}");
    }
    assert_eq!(mock.with(|seen| seen.codes), 0);
    assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}")).await.status, 303);
    assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}")).await.status, 400, "a second time");
    assert_eq!(mock.with(|seen| seen.codes), 1);
    // What is sent with the code is what the challenge was made of (RFC 7636 §4.6).
    let verifier = mock.with(|seen| seen.verifiers.clone()).concat();
    let hashed = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&verifier));
    assert!(begun.location().contains(&format!("code_challenge={hashed}")), "{} {verifier}", begun.location());
    let mut challenges = std::collections::HashSet::new();
    for _ in 0..50 {
        let (_, answer) = browser.begin("x", "/").await;
        let pairs: std::collections::HashMap<String, String> = url::Url::parse(&answer.location()).expect("it is an address").query_pairs().into_owned().collect();
        assert_eq!((pairs["code_challenge_method"].as_str(), pairs["scope"].as_str()), ("S256", "read_api"));
        assert!(pairs["code_challenge"].len() >= 43 && challenges.insert(pairs["code_challenge"].clone()));
    }
}

/// D2 and D3: an answer that names another issuer, or none where one is promised, gets no code exchanged.
#[tokio::test]
async fn answers_of_another_backend() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.metadata = Some(json!({ "issuer": url, "authorization_response_iss_parameter_supported": true })));
    let portal = portal(&[("x", &url)], "").await;
    let own: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
    let mut browser = Browser::of(&portal);
    for iss in [String::new(), "&iss=https%3A%2F%2Fevil.test".to_owned(), format!("&iss={own}%2F")] {
        let (state, _) = browser.begin("x", "/").await;
        assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}{iss}")).await.status, 400, "{iss}");
    }
    assert_eq!(mock.with(|seen| seen.codes), 0);
    let (state, _) = browser.begin("x", "/").await;
    assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}&iss={own}")).await.status, 303);
}

/// D4: who somebody is comes from the backend itself, with the token. An ID token is neither asked for nor read.
#[tokio::test]
async fn id_tokens_say_nothing() {
    let mock = Mock::default();
    let url = mock.start().await;
    // `{"alg":"none"}` and `{"sub":"root","preferred_username":"root"}`.
    mock.with(|seen| seen.more = Some(("id_token".to_owned(), json!("eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290IiwicHJlZmVycmVkX3VzZXJuYW1lIjoicm9vdCJ9."))));
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let (state, begun) = browser.begin("x", "/").await;
    assert!(!begun.location().contains("openid"), "{}", begun.location());
    assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}")).await.status, 303);
    assert_eq!(browser.token("x").await.json()["username"], "ada");
}

/// D15: a backend that stalls, redirects or lies about itself does not hold up a sign-in for long.
#[tokio::test]
async fn metadata_that_does_harm() {
    let mock = Mock::default();
    let url = mock.start().await;
    let named = |more: usize| json!({ "issuer": url, "authorization_response_iss_parameter_supported": true, "padding": "y".repeat(more) });
    let other = Mock::default();
    other.with(|seen| seen.metadata = Some(named(0)));
    let elsewhere = format!("{}/.well-known/openid-configuration", other.start().await);
    // What a redirect leads to, and what is too large, is not believed: both would demand a name in the answer.
    for metadata in [json!("stall"), json!(elsewhere), named(70_000), json!([1])] {
        mock.with(|seen| seen.metadata = Some(metadata.clone()));
        let portal = portal(&[("x", &url)], "").await;
        let began = Instant::now();
        let mut browser = Browser::of(&portal);
        let (state, answer) = browser.begin("x", "/").await;
        assert!(answer.status == 303 && !state.is_empty() && began.elapsed() < Duration::from_secs(10), "{metadata:.40}");
        assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}")).await.status, 303, "{metadata:.40}");
    }
    // A promise that was read is kept when it can be read no more.
    mock.with(|seen| seen.metadata = Some(named(0)));
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let (state, _) = browser.begin("x", "/").await;
    assert_eq!(browser.get(&format!("/auth/x/callback?code=c&state={state}")).await.status, 400);
}

/// D15: a backend that says it is another one is not signed in to, and answers without end are not read to it.
#[tokio::test]
async fn backends_that_are_not_what_they_say() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| (seen.lives, seen.metadata) = (7200, Some(json!({ "issuer": "https://other.test" }))));
    let other = portal(&[("x", &url)], "").await;
    let (_, answer) = Browser::of(&other).begin("x", "/").await;
    assert!(answer.status == 502 && answer.location().is_empty(), "{}", answer.status);
    assert!(answer.body.contains("https://other.test") && answer.body.contains("url in [[gitlab]]"), "{}", answer.body);
    mock.with(|seen| seen.metadata = None);
    let long = json!("y".repeat(300_000));
    for (in_token, in_user) in [(Some(("padding".to_owned(), long.clone())), None), (None, Some(json!({ "username": "ada", "name": long })))] {
        mock.with(|seen| (seen.more, seen.user) = (in_token, in_user));
        let portal = portal(&[("x", &url)], "").await;
        let mut browser = Browser::of(&portal);
        let (state, _) = browser.begin("x", "/help").await;
        let answer = browser.get(&format!("/auth/x/callback?code=c&state={state}")).await;
        assert_eq!(answer.status, 502);
        assert!(answer.body.contains("/auth/x?then=%2Fhelp"), "the way on leads where the first was to lead: {}", answer.body);
        assert_eq!(browser.token("x").await.status, 401);
    }
    // What was given out before the second answer failed is taken back.
    for _ in 0..100 {
        if mock.with(|seen| seen.revoked.len()) == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", mock.with(|seen| seen.revoked.clone()));
}

/// D14: signing out revokes both tokens, even at a backend that is away at first.
#[tokio::test]
async fn signing_out_reaches_the_backend() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| (seen.lives, seen.deaf) = (7200, 1));
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let mut old = browser.clone();
    assert_eq!(browser.logout("x").await.status, 204);
    assert_eq!(old.token("x").await.status, 401, "the old cookie is worth nothing");
    for _ in 0..100 {
        if mock.with(|seen| seen.revoked.len()) == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(mock.with(|seen| seen.revoked.clone()), ["refresh-1", "access-1"]);
}

/// Everything that a page of ours asks with a person's cookie and that changes or hands out something.
const ASKED_BY_THE_APP: [&str; 10] = [
    "/auth/x/token",
    "/auth/x/logout",
    "/relay/x/api/v4/user",
    "/workspaces/own/start",
    "/workspaces/own/stop",
    "/workspaces/own/open",
    "/embed/links",
    "/embed/links/revoke",
    "/services/x/broker/query",
    "/services/x/broker/hand",
];

/// E1: the token endpoint answers our own pages only, and signing out too.
#[tokio::test]
async fn requests_from_elsewhere() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let own = format!("https://{HOST}");
    for path in ASKED_BY_THE_APP {
        for site in [Some("same-site"), Some("cross-site"), Some("none"), None] {
            for mode in ["cors", "no-cors", "navigate", "websocket"] {
                for origin in [Some("null"), Some("https://evil.test"), Some("https://portal.test.evil.test"), None] {
                    let mut headers = vec![("x-twinport", "1"), ("sec-fetch-mode", mode)];
                    headers.extend(site.map(|site| ("sec-fetch-site", site)));
                    headers.extend(origin.map(|origin| ("origin", origin)));
                    assert_eq!(browser.send("POST", path, &headers).await.status, 403, "{path} {headers:?}");
                }
            }
        }
        assert_eq!(browser.send("POST", path, &[("sec-fetch-site", "same-origin")]).await.status, 403, "{path} without the header that no form can send");
        for method in ["GET", "PUT", "DELETE"] {
            let status = browser.send(method, path, &[("sec-fetch-site", "cross-site"), ("x-twinport", "1")]).await.status;
            assert!([403, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    assert_eq!(browser.send("POST", "/auth/x/token", &[("origin", &own), ("x-twinport", "1")]).await.status, 200, "an older browser of ours");
}

/// E2: there are no functions of the server that a form could call, and no form is taken where none is expected.
#[tokio::test]
async fn forms_from_elsewhere() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    // Every address that takes a POST, as the routes say it; a new one is either asked by the app or named here.
    let routes = include_str!("../src/routes.rs");
    let posted = routes.lines().filter(|line| line.contains("post(")).filter_map(|line| line.split('"').nth(1));
    let posted: Vec<String> = posted.map(|path| path.replace("{backend}", "x").replace("{instance}", "x").replace("{id}", "broker")).collect();
    const OTHERS: [&str; 3] = ["/workspaces/credential", "/embed/sign-in", "/embed/claim"];
    for path in &posted {
        assert!(ASKED_BY_THE_APP.contains(&path.as_str()) || OTHERS.contains(&path.as_str()), "{path} takes a POST: say here what keeps forms from elsewhere out");
    }
    assert!(posted.len() >= 10, "{posted:?}");
    for path in posted.iter().map(String::as_str).chain(["/", "/api/sign_out", "/all/library", "/i/x/runs"]) {
        for kind in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"] {
            let answer = browser.send("POST", path, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test"), ("content-type", kind)]).await;
            // The credential helper has a secret of its own and no cookie; pages take no POST at all; everything else refuses before it reads.
            let refused: &[u16] = if path == "/workspaces/credential" {
                &[400, 401, 404, 415, 422]
            } else if posted.iter().any(|known| known == path) {
                &[403]
            } else {
                &[404, 405]
            };
            assert!(refused.contains(&answer.status), "{path}: {}", answer.status);
        }
    }
    assert_eq!(browser.token("x").await.status, 200, "nobody was signed out by it");
}

/// E3 and E4: the cookie is bound to this host, and a sign-in makes a new one.
#[tokio::test]
async fn the_cookie() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let (state, answer) = browser.begin("x", "/").await;
    let planted = browser.clone();
    let after = browser.get(&format!("/auth/x/callback?code=c&state={state}")).await;
    let removal = browser.clone().logout("x").await;
    for (answer, what) in [(&answer, "begin"), (&after, "callback"), (&removal, "logout")] {
        let set = answer.headers.get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase();
        assert!(
            set.starts_with("__host-twinport=") && set.contains("httponly") && set.contains("path=/") && !set.contains("domain") && set.contains("samesite=lax"),
            "{what}: {set}"
        );
        assert!(set.contains("secure"), "{what}: {set}");
    }
    assert_ne!(planted.cookie, browser.cookie);
    assert_eq!(planted.clone().token("x").await.status, 401, "the cookie from before the sign-in");
}

/// D6: nothing of a sign-in stays where it can be read later: in an address, a cache or a `Referer`.
#[tokio::test]
async fn codes_stay_nowhere() {
    let mock = Mock::default();
    let url = mock.start().await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let (state, _) = browser.begin("x", "/help").await;
    let answer = browser.get(&format!("/auth/x/callback?code=secret-code&state={state}")).await;
    let text = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!((answer.status, text("cache-control"), text("referrer-policy"), answer.location()), (303, "no-store".into(), "no-referrer".into(), "/help".into()));
    assert!(!answer.body.contains("secret-code"));
    // A wrong secret of the application is told to whoever can mend it, without the secret.
    mock.with(|seen| seen.secret = Some("right".to_owned()));
    let answer = browser.sign_in("x").await;
    assert!(answer.status >= 400 && answer.body.contains("client_secret_file") && !answer.body.contains("code=c"), "{}", answer.body);
}

/// D12: the relay follows a redirect to a store that is named, without the token, and to no other place.
#[tokio::test]
async fn tokens_go_to_the_backend_alone() {
    let (mock, store) = (Mock::default(), Mock::default());
    let (url, place) = (mock.start().await, store.start().await);
    mock.with(|seen| (seen.lives, seen.metadata) = (7200, Some(json!({ "store": place }))));
    let more = format!(
        "[[gitlab]]\nid = \"x\"\nurl = \"{url}\"\nclient_id = \"app\"\naccess = \"relay\"\nstorage = [\"{place}\"]\n[[instance]]\nid = \"x\"\nname = \"X\"\ngitlab = \"x\"\n"
    );
    let portal = portal(&[], &more).await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let mut ask =
        async |job: &str| browser.send("GET", &format!("/relay/x/api/v4/projects/1/jobs/{job}/artifacts"), &[("sec-fetch-site", "same-origin"), ("x-twinport", "1")]).await;
    let answer = ask("7").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "bytes"));
    assert_eq!(store.with(|seen| seen.stored.clone()), [None]);
    assert_eq!(ask("8").await.status, 502);
}

/// A redirect URI that was registered for a DTaaS client keeps working.
#[tokio::test]
async fn the_old_redirect_address() {
    let mock = Mock::default();
    let url = mock.start().await;
    let library = format!(
        "[[gitlab]]\nid = \"old\"\nurl = \"{url}\"\nclient_id = \"app\"\nredirect_path = \"/Library\"\nread_first = false\n[[instance]]\nid = \"old\"\nname = \"Old\"\ngitlab = \"old\"\n"
    );
    let portal = portal(&[], &library).await;
    let mut browser = Browser::of(&portal);
    let (state, answer) = browser.begin("old", "/help").await;
    assert!(answer.location().contains(&format!("redirect_uri=https%3A%2F%2F{HOST}%2FLibrary")) && answer.location().ends_with("scope=api"), "{}", answer.location());
    assert_eq!(browser.get(&format!("/Library?code=c&state={state}")).await.location(), "/help");
    assert_eq!(browser.get("/Library").await.location(), "/all/library");
}

/// How the server does is for those who run it, with what to write where.
#[tokio::test]
async fn the_page_of_whoever_runs_the_server() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let other = portal(&[("x", &url)], "admins = [\"eve@x\", \"ada@y\"]").await;
    let mut browser = Browser::of(&other);
    assert_eq!(browser.get("/admin").await.status, 403);
    browser.sign_in("x").await;
    let refused = browser.get("/admin").await;
    assert!(refused.status == 403 && refused.body.contains("[server] admins"), "{}", refused.body);
    let portal = portal(&[("x", &url)], "admins = [\"ada@x\"]").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let page = browser.get("/admin").await;
    assert_eq!(page.status, 200);
    for part in
        [format!("{url} answers as a GitLab"), format!("https://{HOST}/auth/x/callback"), "read_api, api".to_owned(), "the group dtaas cannot be seen with your account".to_owned()]
    {
        assert!(page.body.contains(&part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("access-1"));
}
