//! Workspaces that commands of the administrator start, stop and look at.

use std::time::Duration;

use super::rig::Upstream;
use crate::mock::{Browser, Mock, Portal, portal};

const APP: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("x-twinport", "1")];

/// A “machine room”: files say how a workspace stands.
fn commands(folder: &std::path::Path, port: u16) -> String {
    let script = folder.join("room.sh");
    let text = format!(
        "#!/bin/sh\ncd {}\ncase $1 in\nstart) [ -f slow ] && {{ sleep 60 & echo $$ $! >begun.new; mv begun.new begun; wait; }}; [ -f broken ] && {{ echo no such image >&2; exit 1; }}; echo \"starting $2 for $3\"; env | grep ^TWINPORT_ > seen; touch up ;;\nstop) rm -f up ;;\nstatus) if [ -f up ]; then echo running http://127.0.0.1:{port} cpu=0.25 memory=1000000; elif [ -f mad ]; then echo maybe; else echo stopped; fi ;;\nesac\n",
        folder.display()
    );
    std::fs::write(&script, text).expect("it can be written");
    let words = |act: &str| format!("{act} = [\"sh\", \"{}\", \"{act}\", \"{{name}}\", \"{{user}}\"]\n", script.display());
    format!(
        "\n[workspaces]\ndomain = \"w.test\"\ndriver = \"command\"\n[workspaces.command]\nstart_seconds = 10\nhome = \"/lab\"\n{}{}{}",
        words("start"),
        words("stop"),
        words("status")
    )
}

async fn until(browser: &mut Browser, wanted: &str) -> serde_json::Value {
    for _ in 0..200 {
        let seen = browser.send("GET", "/workspaces/own", &APP).await.json();
        if seen["state"] == wanted {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never was {wanted}: {}", browser.send("GET", "/workspaces/own", &APP).await.body);
}

#[tokio::test]
async fn start_look_and_stop() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let upstream = Upstream::default();
    let port = upstream.start().await;
    let mock = Mock::default();
    mock.with(|seen| seen.lives = 7200);
    let url = mock.start().await;
    let portal = portal(&[("x", &url)], &commands(folder.path(), port)).await;
    let mut browser = Browser::of(&portal);
    assert_eq!(browser.send("GET", "/workspaces/own", &APP).await.status, 401);
    browser.sign_in("x").await;
    assert_eq!(browser.send("POST", "/workspaces/own/start", &[("sec-fetch-site", "cross-site"), ("x-twinport", "1")]).await.status, 403);
    assert_eq!(until(&mut browser, "stopped").await["starts"], true);

    // What goes wrong is told in the command's own words.
    std::fs::write(folder.path().join("broken"), "").expect("it can be written");
    assert_eq!(browser.send("POST", "/workspaces/own/start", &APP).await.status, 202);
    let failed = until(&mut browser, "failed").await;
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("no such image")), "{failed}");
    std::fs::remove_file(folder.path().join("broken")).expect("it was there");

    browser.send("POST", "/workspaces/own/start", &APP).await;
    let running = until(&mut browser, "running").await;
    assert_eq!((&running["cpu"], &running["memory"]), (&serde_json::json!(0.25), &serde_json::json!(1_000_000)));
    assert!(running["log"].as_str().is_some_and(|log| log.contains("starting ada for ada")), "{running}");

    // Its secret opens nothing but a token for git, and that only with the right to write.
    let seen = std::fs::read_to_string(folder.path().join("seen")).expect("the command saw it");
    let secret = seen.lines().find_map(|line| line.strip_prefix("TWINPORT_WORKSPACE_TOKEN=")).expect("it got one");
    let ask = |secret: String| {
        let mut other = Browser::of(&portal);
        async move { other.send("POST", "/workspaces/credential", &[("authorization", &format!("Bearer {secret}"))]).await }
    };
    let refused = ask(secret.to_owned()).await;
    assert_eq!((refused.status, refused.body.contains("only read")), (403, true), "{}", refused.body);
    assert_eq!(ask("rubbish".to_owned()).await.status, 401);
    assert_eq!(ask(String::new()).await.status, 401);

    assert_eq!(browser.send("POST", "/workspaces/own/stop", &APP).await.json()["state"], "stopped");
    assert_eq!(ask(secret.to_owned()).await.status, 401, "the secret of a stopped workspace");
    std::fs::write(folder.path().join("mad"), "").expect("it can be written");
    let failed = until(&mut browser, "failed").await;
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("maybe")), "{failed}");
}

/// What a workspace's secret opens at a server.
async fn with_secret(portal: &Portal, secret: &str) -> (u16, String) {
    let answer = Browser::of(portal).send("POST", "/workspaces/credential", &[("authorization", &format!("Bearer {secret}"))]).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn it_runs_on_without_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let port = Upstream::default().start().await;
    let mock = Mock::default();
    mock.with(|seen| seen.lives = 7200);
    let url = mock.start().await;
    let [store, key, seen, up] = ["shared.db", "key", "seen", "up"].map(|name| folder.path().join(name));
    std::fs::write(&key, [7; 32]).expect("a key can be written");
    let more = format!("session_store = \"sqlite://{}\"\nkey_files = [\"{}\"]\n{}", store.display(), key.display(), commands(folder.path(), port));
    let first = portal(&[("x", &url)], &more).await;
    let mut browser = Browser::of(&first);
    browser.sign_in("x").await;
    browser.send("POST", "/workspaces/own/start", &APP).await;
    until(&mut browser, "running").await;
    let text = std::fs::read_to_string(&seen).expect("the command saw it");
    let secret = text.lines().find_map(|line| line.strip_prefix("TWINPORT_WORKSPACE_TOKEN=")).expect("it got one");
    std::fs::remove_file(&seen).expect("it is there");

    // Another server, which has seen nothing of it: it knows whose it is, and has nothing to give before its person comes.
    let second = portal(&[("x", &url)], &more).await;
    let (status, said) = with_secret(&second, secret).await;
    assert_eq!((status, said.contains("open the workspace")), (403, true), "{said}");
    let mut there = Browser { router: second.router.clone(), cookie: browser.cookie.clone() };
    there.send("POST", "/workspaces/own/start", &APP).await;
    until(&mut there, "running").await;
    assert!(!seen.exists(), "it was started a second time");
    let (status, said) = with_secret(&second, secret).await;
    assert_eq!((status, said.contains("only read")), (403, true), "{said}");
    there.send("POST", "/workspaces/own/stop", &APP).await;
    assert!(!up.exists());
    for portal in [&first, &second] {
        assert_eq!(with_secret(portal, secret).await.0, 401, "the secret of a stopped workspace");
    }
}

#[tokio::test]
async fn a_start_is_given_up() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let port = Upstream::default().start().await;
    let mock = Mock::default();
    mock.with(|seen| seen.lives = 7200);
    let url = mock.start().await;
    let portal = portal(&[("x", &url)], &commands(folder.path(), port)).await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let [slow, begun] = ["slow", "begun"].map(|name| folder.path().join(name));
    std::fs::write(&slow, "").expect("it can be written");
    browser.send("POST", "/workspaces/own/start", &APP).await;
    while !begun.exists() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // It would take a minute, and is refused after ten seconds: it is over at once, with all that it began.
    let stopped = browser.send("POST", "/workspaces/own/stop", &APP).await.json();
    assert_eq!(stopped["state"], "stopped");
    let text = std::fs::read_to_string(&begun).expect("it is there");
    let runs = |number: &str| std::fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..50 {
        if !text.split_whitespace().any(runs) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(text.split_whitespace().count() == 2 && !text.split_whitespace().any(runs), "{text} still run");
    std::fs::remove_file(&slow).expect("it is there");
    browser.send("POST", "/workspaces/own/start", &APP).await;
    until(&mut browser, "running").await;
    // What was given up does not come back and say that it failed.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let seat = portal.state.workspaces.as_ref().and_then(|workspaces| workspaces.seat("ada")).expect("it is there");
    assert!(seat.address().is_some(), "{:?}", seat.standing());
}
