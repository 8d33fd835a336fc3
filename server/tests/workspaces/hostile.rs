//! Workspaces that are away, slow or mad, and clients that dawdle: B11, B12, B14.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::rig::{COOKIE, Upstream, W, rig, with};

/// B11: whatever a workspace answers, the browser gets a whole answer that is no worse than 502.
#[tokio::test]
async fn mad_answers() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(1_000_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X: y\r\n".repeat(5_000));
    let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(40_000);
    for answer in [
        "rubbish\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        &long,
        &many,
        &flood,
    ] {
        rig.upstream.answers(answer);
        let begin = Instant::now();
        let got = rig.inside(&pass, "/x", &[]).await;
        let shown: String = answer.chars().take(60).collect();
        assert_eq!(got.status, 502, "{shown:?}: {}", got.whole);
        assert!(got.body.contains("did not answer"), "{shown:?}: {}", got.body);
        assert!(begin.elapsed() < Duration::from_secs(15), "{shown:?} took {:?}", begin.elapsed());
        assert_eq!(got.whole.matches("HTTP/1.1 ").count(), 1, "{shown:?}");
    }
    // A body that breaks off breaks off for the browser too: it must not look whole.
    rig.upstream.answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n");
    let got = rig.inside(&pass, "/x", &[]).await;
    assert!(matches!(got.status, 0 | 200) && !got.whole.ends_with("0\r\n\r\n"), "{}", got.whole);
    rig.upstream.answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhello");
    let got = rig.inside(&pass, "/x", &[]).await;
    assert!(got.whole.is_empty() || (got.header("content-length").as_deref() == Some("10") && got.body.len() < 10), "{}", got.whole);
    // What is said behind the size of a chunk is not gathered for ever.
    rig.upstream.answers(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;{}", "a=b;".repeat(1_000_000)));
    let got = rig.inside(&pass, "/x", &[]).await;
    assert!(matches!(got.status, 0 | 200 | 502) && got.whole.len() < 64 * 1024 && !got.whole.ends_with("0\r\n\r\n"), "{} bytes", got.whole.len());
    rig.upstream.answers(super::rig::ok("well"));
    assert_eq!(rig.inside(&pass, "/x", &[]).await.body, "well", "it is still served");
}

/// A person who comes to a workspace that is away gets a page with a reason and a way on.
#[tokio::test]
async fn a_page_for_people() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let mut rig = with(&format!("http://{gone}/lab"), "", Upstream::default()).await;
    let pass = rig.pass().await;
    let navigate = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let answer = rig.inside(&pass, "/lab?<b>", &navigate).await;
    assert!(answer.status == 400 || answer.status == 502, "{}", answer.whole);
    let answer = rig.inside(&pass, "/lab?a=%3Cb%3E", &navigate).await;
    assert_eq!(answer.status, 502);
    for part in ["<h1>The workspace does not answer</h1>", "nothing answers there", "href=\"/lab?a=%3Cb%3E\">Try again</a>", "https://portal.test/i/x/workspace"] {
        assert!(answer.body.contains(part), "{part} is not in {}", answer.body);
    }
    assert_eq!(answer.header("x-frame-options").as_deref(), Some("DENY"));
}

/// B12: who dawdles is cut off, and nobody else waits for it.
#[tokio::test]
async fn clients_that_dawdle() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    let cookie = format!("{COOKIE}={pass}");
    let starts = [
        "GET / HTTP/1.1\r\nHost: ".to_owned(),
        String::new(),
        format!("POST /x HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\nContent-Length: 100000\r\n\r\nab"),
        format!("POST /x HTTP/1.1\r\nHost: {W}\r\nCookie: {cookie}\r\nOrigin: https://{W}\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nab"),
    ];
    rig.upstream.with(|seen| seen.silent = true);
    let mut waiting = Vec::new();
    for start in &starts {
        let mut stream = rig.connect().await;
        stream.write_all(start.as_bytes()).await.expect("it is taken");
        waiting.push(tokio::spawn(async move {
            // One byte now and then keeps nobody's place.
            let begin = Instant::now();
            let mut buffer = [0; 4096];
            while begin.elapsed() < Duration::from_secs(25) {
                match tokio::time::timeout(Duration::from_secs(2), stream.read(&mut buffer)).await {
                    Ok(Ok(0) | Err(_)) => return begin.elapsed(),
                    Ok(Ok(_)) => {}
                    Err(_) if stream.write_all(b"x").await.is_err() => return begin.elapsed(),
                    Err(_) => {}
                }
            }
            begin.elapsed()
        }));
    }
    assert_eq!(rig.ask("GET", "portal.test", "/healthz", &[]).await.status, 200);
    for (task, start) in waiting.into_iter().zip(&starts) {
        let time = task.await.expect("it ended");
        assert!(time < Duration::from_secs(20), "{start:?} was held {time:?}");
    }
}

/// B14: what is too large is refused.
#[tokio::test]
async fn too_much() {
    let rig = rig("").await;
    let path = format!("/{}", "x".repeat(70_000));
    let answer = rig.raw(format!("GET {path} HTTP/1.1\r\nHost: {W}\r\n\r\n").as_bytes()).await;
    assert!(matches!(answer.status, 400 | 414 | 431), "{}", answer.status);
    let answer = rig.raw(format!("GET / HTTP/1.1\r\nHost: {W}\r\n{}\r\n", "X: y\r\n".repeat(500)).as_bytes()).await;
    assert_eq!(answer.status, 431);
    let answer = rig.raw(format!("GET / HTTP/1.1\r\nHost: {W}\r\nCookie: {}\r\n\r\n", "x".repeat(500_000)).as_bytes()).await;
    assert!(matches!(answer.status, 0 | 400 | 431), "{}", answer.status);
}
