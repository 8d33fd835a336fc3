//! Who comes in.

use super::rig::{COOKIE, Rig, W, rig};

/// A2, A11, C2: without a pass nothing is learnt, and nothing comes through.
#[tokio::test]
async fn nobody_comes_in_without_a_pass() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.forget();
    let navigation = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("accept", "text/html")];
    for headers in [&[][..], &[("cookie", "__Host-twinport-workspace=rubbish")], &[("cookie", "a=b")], &[("authorization", "Bearer x")]] {
        assert_eq!(rig.ask("GET", W, "/api/contents", headers).await.status, 401);
    }
    let upgrade = [("upgrade", "websocket"), ("connection", "upgrade"), ("origin", "https://ada.w.test"), ("sec-websocket-key", "x"), ("sec-websocket-version", "13")];
    assert_eq!(rig.ask("GET", W, "/api/kernels/1/channels", &upgrade).await.status, 401);
    // One that is not there, and one that is somebody else's.
    for headers in [&navigation[..], &[]] {
        let [one, other] = [rig.ask("GET", "bob.w.test", "/lab?x=1", headers).await, rig.ask("GET", "nobody.w.test", "/lab?x=1", headers).await];
        // All of it but the time, and the name that the browser is known by.
        let plain = |answer: &super::rig::Answer, name: &str| {
            let lines = answer.whole.lines().filter(|line| !line.starts_with("date: ") && !line.starts_with("set-cookie: "));
            lines.map(|line| line.replace(name, "").split("&way=").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(plain(&one, "bob"), plain(&other, "nobody"));
    }
    for label in ["bob", "nobody"] {
        let [one, other] = [rig.browser.get(&format!("/workspaces/enter/{label}")).await, rig.browser.get("/workspaces/enter/zzz").await];
        assert_eq!((one.status, &one.body), (404, &other.body), "{label}");
    }
    // A pass is for its own host.
    let cookie = format!("{COOKIE}={pass}");
    assert_eq!(rig.ask("GET", "bob.w.test", "/x", &[("cookie", &cookie), ("sec-fetch-site", "same-origin")]).await.status, 401);
    assert_eq!(rig.upstream.requests(), 0);
    assert_eq!(rig.inside(&pass, "/x", &[]).await.status, 200);
}

/// A3: a host is written in one way.
#[tokio::test]
async fn other_ways_to_write_a_host() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    rig.upstream.forget();
    for host in ["ADA.w.test", "ada.w.test.", "ada.w.test:81", "xn--ada.w.test", "8080--id--ada.w.test.w.test", "a.ada.w.test", "ada.W.test"] {
        let answer = rig.ask("GET", host, "/x", &[("cookie", &cookie), ("sec-fetch-site", "same-origin")]).await;
        assert!(matches!(answer.status, 401 | 404 | 421), "{host}: {}", answer.whole);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert_eq!(rig.upstream.requests(), 0);
}

/// A1: what is the app's is not on a workspace's host, and the app does not answer its pages.
#[tokio::test]
async fn tokens_stay_with_the_app() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let session = rig.browser.cookie.clone();
    for (site, origin) in [("cross-site", "https://ada.w.test"), ("same-site", "https://ada.w.test"), ("cross-site", "null")] {
        let answer = rig.browser.send("POST", "/auth/x/token", &[("sec-fetch-site", site), ("origin", origin), ("x-twinport", "1")]).await;
        assert_eq!(answer.status, 403, "{site}");
    }
    let cookie = format!("{session}; {COOKIE}={pass}");
    for path in ["/auth/x/token", "/relay/x/api/v4/user", "/workspaces/own", "/healthz"] {
        let answer = rig
            .ask("POST", W, path, &[("cookie", &cookie), ("sec-fetch-site", "same-origin"), ("origin", "https://ada.w.test"), ("x-twinport", "1"), ("content-length", "0")])
            .await;
        assert_eq!(answer.status, 404, "{path} is answered by the workspace");
    }
    assert_eq!(rig.upstream.requests(), 4);
    // And a pass is nothing to the app.
    let answer = rig
        .ask("POST", Rig::app_host(), "/auth/x/token", &[("cookie", &format!("{COOKIE}={pass}")), ("sec-fetch-site", "same-origin"), ("x-twinport", "1"), ("content-length", "0")])
        .await;
    assert_eq!(answer.status, 401);
}

/// A10: a ticket is for one host, once, and does not stay in the address.
#[tokio::test]
async fn a_ticket_is_taken_once() {
    let mut rig = rig("").await;
    let (ticket, way) = rig.ticket("/lab/tree/a%20b?x=1").await;
    let own = [("cookie", way.as_str())];
    assert_eq!(rig.ask("GET", "bob.w.test", &ticket, &own).await.status, 400, "another host");
    assert_eq!(rig.ask("GET", W, &ticket, &[]).await.status, 400, "another browser");
    assert_eq!(rig.ask("GET", W, &ticket, &[("cookie", "__Host-twinport-way=another")]).await.status, 400, "another browser");
    assert_eq!(rig.ask("POST", W, &ticket, &[own[0], ("content-length", "0")]).await.status, 400, "no link posts");
    let first = rig.ask("GET", W, &ticket, &own).await;
    assert_eq!((first.status, first.header("location").as_deref()), (303, Some("/lab/tree/a%20b?x=1")));
    assert_eq!(first.header("referrer-policy").as_deref(), Some("no-referrer"));
    let set = first.header("set-cookie").unwrap_or_default();
    assert!(set.starts_with("__Host-twinport-workspace=") && set.ends_with("; Secure; HttpOnly; SameSite=Lax; Path=/"), "{set}");
    assert_eq!(rig.ask("GET", W, &ticket, &own).await.status, 400, "a second time");
    let (ticket, way) = rig.ticket("/").await;
    let own = [("cookie", way.as_str())];
    let value = ticket.split("ticket=").nth(1).unwrap_or_default();
    // It is no pass, and a changed one is nothing.
    assert_eq!(rig.inside(value, "/x", &[]).await.status, 401);
    let changed = format!("{}x{}", &value[..value.len() - 2], &value[value.len() - 1..]);
    assert_eq!(rig.ask("GET", W, &format!("/.twinport/enter?ticket={changed}"), &own).await.status, 400);
    for then in ["//evil.test", "https://evil.test", "/\\evil.test", "/%0d%0aX: y"] {
        let (ticket, way) = rig.ticket(then).await;
        assert_eq!(rig.ask("GET", W, &ticket, &[("cookie", &way)]).await.header("location").as_deref(), Some("/"), "{then}");
    }
}

/// A10: a ticket is over after half a minute.
#[tokio::test]
async fn a_ticket_is_soon_over() {
    let mut rig = rig("").await;
    let (ticket, way) = rig.ticket("/").await;
    let grants = &rig.portal.state.grants;
    let sealed = ticket.split("ticket=").nth(1).unwrap_or_default();
    let claims: serde_json::Value = grants.open_text("workspace ticket", sealed).and_then(|plain| serde_json::from_slice(&plain).ok()).expect("it is ours");
    let now = chrono::Utc::now().timestamp();
    assert!(claims["until"].as_i64().is_some_and(|until| until > now && until <= now + 30), "{claims}");
    for (seconds, status) in [(-1, 400), (0, 400), (20, 303)] {
        let mut other = claims.clone();
        other["until"] = (chrono::Utc::now().timestamp() + seconds).into();
        let path = format!("/.twinport/enter?ticket={}", grants.seal_text("workspace ticket", other.to_string().as_bytes()).expect("there is a key"));
        assert_eq!(rig.ask("GET", W, &path, &[("cookie", &way)]).await.status, status, "{seconds} seconds to go");
    }
}

/// E1 on the workspaces' side: a pass is used by the workspace's own pages and by people who follow
/// links, and by nobody else.
#[tokio::test]
async fn whose_wish_it_is() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    let page = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let frame = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
    let own = ("origin", "https://ada.w.test");
    for (method, headers, status) in [
        ("GET", vec![("sec-fetch-site", "same-origin")], 200),
        ("GET", vec![("sec-fetch-site", "none")], 200),
        ("GET", vec![], 200),
        ("GET", [vec![("sec-fetch-site", "cross-site")], page.to_vec()].concat(), 200),
        ("GET", [vec![("sec-fetch-site", "same-site")], page.to_vec()].concat(), 200),
        ("GET", [vec![("sec-fetch-site", "cross-site")], frame.to_vec()].concat(), 403),
        ("GET", vec![("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], 403),
        ("GET", vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], 403),
        ("GET", vec![("sec-fetch-site", "same-origin"), ("origin", "https://bob.w.test")], 403),
        ("POST", [vec![("sec-fetch-site", "cross-site")], page.to_vec()].concat(), 403),
        ("POST", vec![], 403),
        ("POST", vec![("origin", "null")], 403),
        ("POST", vec![own], 200),
        ("DELETE", vec![("sec-fetch-site", "same-origin"), own], 200),
        ("PUT", vec![("sec-fetch-site", "same-site"), own], 403),
    ] {
        let mut all = vec![("cookie", cookie.as_str()), ("content-length", "0")];
        all.extend(headers.iter().copied());
        assert_eq!(rig.ask(method, W, "/x", &all).await.status, status, "{method} {headers:?}");
    }
}

/// C4: whoever signs out is shown out.
#[tokio::test]
async fn signing_out_ends_passes() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    assert_eq!(rig.inside(&pass, "/x", &[]).await.status, 200);
    rig.browser.logout("x").await;
    let mut status = 200;
    for _ in 0..100 {
        status = rig.inside(&pass, "/x", &[]).await.status;
        if status == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status, 401);
    // C2: nor does it open a tunnel any more; it is told so before anything goes on.
    rig.upstream.forget();
    let (cookie, origin) = (format!("{COOKIE}={pass}"), format!("https://{W}"));
    let upgrade =
        [("cookie", cookie.as_str()), ("upgrade", "websocket"), ("connection", "upgrade"), ("origin", &origin), ("sec-websocket-key", "x"), ("sec-websocket-version", "13")];
    assert_eq!(rig.ask("GET", W, "/api/kernels/1/channels", &upgrade).await.status, 401);
    assert_eq!(rig.upstream.requests(), 0);
    assert_eq!(rig.mock.with(|seen| seen.codes), 1);
    assert!(rig.portal.state.workspaces.is_some());
}
