//! What is passed on, and what never is.

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
