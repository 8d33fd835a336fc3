//! What is passed on, and what never is.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::rig::{COOKIE, W, rig};

/// A4, A5, A6, B7, B8, B9: nobody speaks for the front, and our cookies stay here.
#[tokio::test]
async fn what_the_workspace_hears() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    let cookie = format!("_xsrf=2|a|b; {COOKIE}={pass}; __Host-twinport=secret; user=\"a\"; __Host-twinport-embed=secret; x=y=z");
    rig.upstream.forget();
    let hostile = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("authorization", "Bearer theirs"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-host", "bob.w.test"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/x"),
        ("x-forwarded-uri", "/x"),
        ("x-forwarded-method", "DELETE"),
        ("forwarded", "for=6.6.6.6;host=bob.w.test"),
        ("x-real-ip", "6.6.6.6"),
        ("x_forwarded_user", "root"),
        ("X.Forwarded.User", "root"),
        ("x-Twinport_user", "root"),
        ("connection", "close, x-forwarded-for, x-forwarded-user, x-real-ip"),
        ("x-xsrftoken", "kept"),
    ];
    assert_eq!(rig.ask("GET", W, "/a%20b%2Fc/%C3%A4+d?x=%2F&y=..", &hostile).await.status, 200);
    let heard = rig.upstream.text();
    assert!(heard.starts_with("GET /a%20b%2Fc/%C3%A4+d?x=%2F&y=.. HTTP/1.1\r\n"), "{heard}");
    let mut lines: Vec<&str> = heard.lines().skip(1).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "authorization: Bearer theirs",
            "cookie: _xsrf=2|a|b; user=\"a\"; x=y=z",
            "host: ada.w.test",
            "sec-fetch-site: same-origin",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: ada.w.test",
            "x-forwarded-proto: https",
            "x-forwarded-user: ada",
            "x-real-ip: 127.0.0.1",
            "x-xsrftoken: kept",
        ]
    );
}

/// B9: a proxy that is trusted says who calls, and of what it says counts the last that is no proxy of ours.
#[tokio::test]
async fn whom_a_trusted_proxy_names() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    let claims = "X-Forwarded-For: 6.6.6.6, 7.7.7.7, 127.0.0.9\r\nX-Forwarded-Host: bob.w.test\r\nX-Forwarded-Proto: gopher\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n";
    for (from, shown) in [("127.0.0.9", "7.7.7.7"), ("127.0.0.8", "127.0.0.8")] {
        rig.upstream.forget();
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{from}:0").parse().expect("an address")).expect("it is ours");
        let mut stream = socket.connect(([127, 0, 0, 1], rig.port).into()).await.expect("it listens");
        let request = format!("GET /x HTTP/1.1\r\nHost: {W}\r\nConnection: close\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n{claims}\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is taken");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("it is answered");
        let heard = rig.upstream.text();
        for line in [format!("x-forwarded-for: {shown}\r\n"), format!("x-real-ip: {shown}\r\n"), format!("x-forwarded-host: {W}\r\n"), "x-forwarded-proto: https\r\n".to_owned()] {
            assert!(heard.contains(&line), "{from}: {line} is not in {heard}");
        }
        assert!(!heard.contains("6.6.6.6") && !heard.contains("forwarded: for"), "{heard}");
    }
}

/// B10: nothing that is asked for becomes a line of an answer's head.
#[tokio::test]
async fn words_become_no_headers() {
    let mut rig = rig("").await;
    let cookie = rig.browser.cookie.clone();
    let ticket = rig.ticket("/%0d%0aSet-Cookie:%20split=1").await.0;
    let evil = "%0d%0aSet-Cookie:%20split=1%0d%0a%0d%0a<html>";
    for (host, path) in [
        ("portal.test", format!("/auth/x?then=/{evil}")),
        ("portal.test", format!("/auth/x?then={evil}")),
        ("portal.test", format!("/auth/x/callback?error={evil}&error_description={evil}&state={evil}")),
        ("portal.test", format!("/workspaces/enter/me?then=/{evil}&way={evil}")),
        ("portal.test", format!("/workspaces/enter/{evil}")),
        ("portal.test", format!("/embed/card?grant={evil}&theme={evil}")),
        ("portal.test", format!("/embed/badge.svg?grant={evil}")),
        ("portal.test", format!("/oembed?url={evil}&callback={evil}")),
        ("portal.test", format!("/oembed?url=https://portal.test/embed/card?grant={evil}")),
        ("portal.test", format!("/pkg/{evil}/{evil}")),
        ("portal.test", format!("/schema/{evil}")),
        ("portal.test", format!("/i/x/library?q={evil}")),
        (W, ticket),
        (W, format!("/.twinport/enter?then={evil}")),
        (W, format!("/x?{evil}")),
    ] {
        let answer = rig.ask("GET", host, &path, &[("cookie", &cookie), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]).await;
        assert!(answer.status >= 200 && !answer.head.lines().any(|line| line.to_lowercase().starts_with("set-cookie: split")), "{path}: {}", answer.head);
        assert_eq!(answer.whole.matches("HTTP/1.1 ").count(), 1, "{path}");
    }
}

/// A7, A9: nothing of a workspace binds a whole origin or sets what is ours.
#[tokio::test]
async fn what_the_browser_hears() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.answers(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1; Domain=w.test; Path=/\r\nSet-Cookie: __Host-twinport=x; Secure; Path=/\r\nSet-Cookie: twinport=x\r\nSet-Cookie: __Host-twinport-workspace=x\r\n\
         Set-Cookie: b=2; HttpOnly\r\nService-Worker-Allowed: /\r\nClear-Site-Data: \"*\"\r\nStrict-Transport-Security: max-age=1; includeSubDomains\r\nAlt-Svc: h3=\":1\"\r\nReport-To: {}\r\nNEL: {}\r\n\
         Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nKeep-Alive: timeout=5\r\nX-Kept: yes\r\n\r\nok",
    );
    let answer = rig.inside(&pass, "/x", &[]).await;
    let lower = answer.head.to_lowercase();
    let cookies: Vec<&str> = lower.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
    assert_eq!(cookies, ["a=1; path=/", "b=2; httponly"]);
    for name in ["service-worker-allowed", "clear-site-data", "strict-transport", "alt-svc", "report-to", "nel:", "access-control", "keep-alive", "domain="] {
        assert!(!lower.contains(name), "{name}: {lower}");
    }
    assert!(lower.contains("x-kept: yes") && lower.contains("content-security-policy: frame-ancestors 'self'") && answer.body == "ok");
}

/// A12: a redirect goes to the browser, never from here.
#[tokio::test]
async fn redirects_are_not_followed() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    let admin = super::rig::Upstream::default();
    let port = admin.start().await;
    rig.upstream.answers(format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{port}/admin\r\nContent-Length: 0\r\n\r\n"));
    let answer = rig.inside(&pass, "/x", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (307, Some(format!("http://127.0.0.1:{port}/admin"))));
    assert!(admin.with(|seen| seen.connections.is_empty()));
}

/// B6: what is decided is decided on the path, and nothing else says who one is.
#[tokio::test]
async fn nothing_else_opens_the_gate() {
    let rig = rig("").await;
    for (path, headers) in [
        ("/api/secret?x=/healthz", &[][..]),
        ("/healthz", &[]),
        ("/.twinport/enter/../../x", &[]),
        ("/x", &[("user-agent", "kube-probe/1.27")]),
        ("/x", &[("x-forwarded-uri", "/healthz")]),
        ("/x", &[("x-original-url", "/healthz")]),
        ("/x", &[("x-forwarded-user", "ada")]),
    ] {
        let status = rig.ask("GET", W, path, headers).await.status;
        assert!(matches!(status, 400 | 401), "{path} {headers:?}: {status}");
    }
    assert_eq!(rig.upstream.requests(), 0);
}
