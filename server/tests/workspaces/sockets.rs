//! Tunnels: C1, C3, C4, C5.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rig::{COOKIE, Rig, W, parse, rig};

const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: second\r\n\r\n";

fn request(pass: &str, origin: Option<&str>) -> String {
    let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
    format!(
        "GET /ws HTTP/1.1\r\nHost: {W}\r\nCookie: {COOKIE}={pass}\r\n{origin}Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: first, second\r\n\r\n"
    )
}

async fn open(rig: &Rig, pass: &str) -> TcpStream {
    let mut stream = rig.connect().await;
    stream.write_all(request(pass, Some("https://ada.w.test")).as_bytes()).await.expect("it is taken");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer comes"));
    }
    let answer = parse(&head);
    assert_eq!((answer.status, answer.header("sec-websocket-protocol").as_deref()), (101, Some("second")), "{}", answer.whole);
    stream
}

/// C1: only the workspace's own pages open a tunnel.
#[tokio::test]
async fn only_its_own_pages() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.answers(AGREED);
    rig.upstream.forget();
    let others = [
        None,
        Some("null"),
        Some("https://evil.test"),
        Some("https://portal.test"),
        Some("https://ada.w.test:8443"),
        Some("http://ada.w.test"),
        Some("https://bob.w.test"),
        Some("https://ada.w.test.evil.test"),
        Some("https://ada.w.test, https://evil.test"),
        Some("https://ADA.w.test"),
        Some("https://ada.w.test/"),
    ];
    for origin in others {
        let answer = rig.raw(request(&pass, origin).as_bytes()).await;
        assert_eq!(answer.status, 403, "{origin:?}: {}", answer.whole);
    }
    assert_eq!(rig.upstream.requests(), 0);
    open(&rig, &pass).await;
}

/// C3: bytes go through as they are, in both directions, also what is no frame at all.
#[tokio::test]
async fn bytes_stay_bytes() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.answers(AGREED);
    let mut stream = open(&rig, &pass).await;
    let text: Vec<u8> = (0..300_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    let (mut reader, mut writer) = stream.split();
    let mut back = vec![0; text.len()];
    let (sent, got) = tokio::join!(writer.write_all(&text), reader.read_exact(&mut back));
    sent.expect("it is sent");
    got.expect("it comes back");
    assert!(back == text);
}

/// C4: signing out closes what is open, with a reason that a page can read.
#[tokio::test]
async fn signing_out_closes_tunnels() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.answers(AGREED);
    let mut streams = [open(&rig, &pass).await, open(&rig, &pass).await, open(&rig, &pass).await];
    rig.browser.logout("x").await;
    for stream in &mut streams {
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.expect("it is closed").expect("in order");
        assert_eq!(rest, [0x88, 0x02, 0x0f, 0xa1]);
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or(0)
}

/// C5: nothing is left of tunnels that were closed, from whichever side.
#[tokio::test]
async fn nothing_is_left_behind() {
    let mut rig = rig("").await;
    let pass = rig.pass().await;
    rig.upstream.answers(AGREED);
    drop(open(&rig, &pass).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = descriptors();
    for round in 0..200 {
        let mut streams = Vec::new();
        for _ in 0..10 {
            streams.push(open(&rig, &pass).await);
        }
        for (number, stream) in streams.iter_mut().enumerate() {
            match (round + number) % 3 {
                0 => drop(stream.shutdown().await),
                1 => drop(stream.write_all(b"some bytes").await),
                _ => {}
            }
        }
    }
    // Workspaces that end in the middle of it.
    rig.upstream.answers(AGREED.replace("Accept: x", "Accept: x\r\nX: Connection: close"));
    for _ in 0..10 {
        let mut streams = Vec::new();
        for _ in 0..20 {
            streams.push(open(&rig, &pass).await);
        }
        for stream in &mut streams {
            let _ = stream.write_all(b"nobody hears this").await;
        }
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), streams[0].read_to_end(&mut rest)).await.expect("the end of one side is the end of the other");
    }
    let mut after = descriptors();
    for _ in 0..100 {
        if after <= before + 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        after = descriptors();
    }
    assert!(after <= before + 5, "{before} descriptors became {after}");
}
