//! Where requests begin and end: B1 to B5.

use super::rig::{COOKIE, W, rig};

/// B1: what could be read in two ways is refused and the connection closed; what is behind it
/// reaches nobody.
#[tokio::test]
async fn nothing_is_smuggled() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    let vectors = [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        "Content-Length: 0, 0\r\n\r\n",
        "Content-Length: +0\r\n\r\n",
        "Content-Length: -0\r\n\r\n",
        "Content-Length : 0\r\n\r\n",
        "Content-Length: 0x0\r\n\r\n",
        "Content-Length: \r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "X: y\r\n folded\r\n\r\n",
        "X: y\n\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: a\0b\r\n\r\n",
        "X: a\rb\r\n\r\n",
        "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 10\r\n\r\n",
        "No colon here\r\n\r\n",
    ];
    for vector in vectors {
        rig.upstream.forget();
        let attack = format!(
            "POST /first HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\n{vector}GET /admin HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n\r\n"
        );
        let answer = rig.raw(attack.as_bytes()).await;
        assert_eq!(answer.status, 400, "{vector:?}: {}", answer.whole);
        assert_eq!(answer.whole.matches("HTTP/1.1 ").count(), 1, "{vector:?}: {}", answer.whole);
        assert_eq!(rig.upstream.requests(), 0, "{vector:?}: {}", rig.upstream.text());
    }
    for line in ["GET /x HTTP/0.9", "GET /x HTTP/1.2", "GET /x HTTP/2.0", "GET  /x HTTP/1.1", "GET /x", "G@T /x\tHTTP/1.1"] {
        let answer = rig.raw(format!("{line}\r\nHost: {W}\r\nCookie: {cookie}\r\n\r\n").as_bytes()).await;
        assert!(answer.status == 400 || answer.whole.is_empty(), "{line}: {}", answer.whole);
    }
}

/// B1, in chunks: a broken body ends the request, and does not become the next one.
#[tokio::test]
async fn chunks_are_read_strictly() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    for body in ["3\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3\r\nabcGET /admin", "ffffffffffffffffff\r\n", "3;\n\r\nabc\r\n0\r\n\r\n", "-1\r\n"] {
        rig.upstream.forget();
        let attack = format!(
            "POST /first HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\nTransfer-Encoding: chunked\r\n\r\n{body}GET /admin HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n\r\n"
        );
        let answer = rig.raw(attack.as_bytes()).await;
        assert!(!rig.upstream.text().contains("GET /admin HTTP"), "{body:?}: {}", rig.upstream.text());
        assert!(answer.whole.matches("HTTP/1.1 ").count() <= 1, "{body:?}: {}", answer.whole);
    }
    // A whole one goes through as it is, and so does the next request.
    rig.upstream.forget();
    let good = format!(
        "POST /first HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\nGET /second HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n\r\n"
    );
    let answer = rig.raw(good.as_bytes()).await;
    assert_eq!(answer.whole.matches("HTTP/1.1 200").count(), 2, "{}", answer.whole);
}

/// B2: not one byte goes on before the workspace has agreed to another protocol.
#[tokio::test]
async fn no_premature_tunnel() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    rig.upstream.forget();
    let attack = format!(
        "GET /ws HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: {W}\r\n\r\n"
    );
    let answer = rig.raw(attack.as_bytes()).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("connection").as_deref()), (200, "hello", Some("close")), "{}", answer.whole);
    assert!(!rig.upstream.text().contains("smuggled"), "{}", rig.upstream.text());
    // And h2c is not something to change to.
    let answer =
        rig.raw(format!("GET /x HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nConnection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert!(!rig.upstream.text().to_lowercase().contains("h2c"), "{}", rig.upstream.text());
}

/// B3: an answer that comes early does not leave the rest of the request on a connection that is
/// used again.
#[tokio::test]
async fn a_body_that_nobody_reads() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    rig.upstream.forget();
    rig.upstream.answers("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    let head = format!("POST /early HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\nContent-Length: 300000\r\n\r\n");
    let body = format!("GET /in-the-body HTTP/1.1\r\nHost: {W}\r\n\r\n").repeat(100);
    let answer = rig.raw(format!("{head}{body}").as_bytes()).await;
    assert_eq!(answer.status, 401, "{}", answer.whole);
    rig.upstream.answers(super::rig::ok("next"));
    let answer = rig.ask("GET", W, "/after", &[("cookie", &cookie)]).await;
    assert_eq!(answer.body, "next");
    let connections = rig.upstream.with(|seen| seen.connections.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect::<Vec<_>>());
    let after = connections.iter().find(|text| text.contains("GET /after")).expect("it came");
    assert!(after.starts_with("GET /after"), "a fresh connection, not what was left of another: {after}");
}

/// B4: one valid host, and few methods.
#[tokio::test]
async fn hosts_and_methods() {
    let rig = rig("").await;
    for (request, status) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET http://evil.test/healthz HTTP/1.1\r\nHost: portal.test\r\n\r\n", 421),
        ("GET http://ada.w.test/x HTTP/1.1\r\nHost: portal.test\r\n\r\n", 421),
        ("GET http://portal.test/healthz HTTP/1.1\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501),
        ("TRACE / HTTP/1.1\r\nHost: a\r\nCookie: secret\r\n\r\n", 405),
        ("GET /healthz HTTP/1.1\r\nHost: portal.test\r\n\r\n", 200),
    ] {
        let answer = rig.raw(request.as_bytes()).await;
        assert_eq!(answer.status, status, "{request:?}: {}", answer.whole);
        assert!(!answer.body.contains("secret"));
    }
}

/// B5, B10: paths that mean another place once they are decoded, on either kind of host.
#[tokio::test]
async fn paths_that_climb() {
    let mut rig = rig("").await;
    let cookie = format!("{COOKIE}={}", rig.pass().await);
    rig.upstream.forget();
    let hostile = [
        "/w/a/../../api/token",
        "/%2e%2e/x",
        "/.%2e/x",
        "/a/%252e%252e/x",
        "/a/..%2fadmin",
        "/a/..%5cadmin",
        "/a%5cb",
        "/a/..;x=/b",
        "//evil.test/x",
        "/a/.%00",
        "/a%00",
        "/a%0d%0aSet-Cookie:x",
        "/a%0ab",
        "/%c0%ae%c0%ae/a",
        "/%e0%80%af",
        "/a%",
        "/a%zz",
        "/./a",
    ];
    for path in hostile {
        for host in [W, "portal.test"] {
            let answer = rig.ask("GET", host, path, &[("cookie", &cookie)]).await;
            assert_eq!(answer.status, 400, "{host}{path}: {}", answer.whole);
            assert!(!answer.head.to_lowercase().contains("set-cookie"), "{path}");
        }
    }
    assert_eq!(rig.upstream.requests(), 0);
}
