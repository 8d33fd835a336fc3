//! B13: HTTP/2 written by hand, as those write it who mean harm: floods of frames, and fields that would be something else in
//! the HTTP/1.1 behind.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use server::edge::{Door, Front, Listener, acceptor, serve};
use server::workspaces::Gate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::rig::{COOKIE, Rig, W, rig};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
/// RFC 9113 §7.
const ENHANCE_YOUR_CALM: u32 = 11;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("it is short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A length with a prefix of seven bits (RFC 7541 §5.1).
fn length(of: usize) -> Vec<u8> {
    if of < 127 { vec![of as u8] } else { [vec![127], leb(of - 127)].concat() }
}

fn leb(of: usize) -> Vec<u8> {
    if of < 128 { vec![of as u8] } else { [vec![(of % 128) as u8 | 128], leb(of / 128)].concat() }
}

/// Fields, each written out in full (RFC 7541 §6.2.2).
fn fields(list: &[(&str, &str)]) -> Vec<u8> {
    list.iter().flat_map(|(name, value)| [vec![0], length(name.len()), name.as_bytes().to_vec(), length(value.len()), value.as_bytes().to_vec()].concat()).collect()
}

struct Client {
    stream: TlsStream<TcpStream>,
    read: Vec<u8>,
}

impl Client {
    /// Sends; whether the other side still takes it.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// The next frame: its kind, flags, stream and payload; nothing when the connection is over.
    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if let Some((head, rest)) = self.read.split_first_chunk::<9>() {
                let size = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                if rest.len() >= size {
                    let found = (head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), rest[..size].to_vec());
                    self.read.drain(..9 + size);
                    return Some(found);
                }
            }
            let bytes = tokio::time::timeout(Duration::from_secs(30), self.stream.read(&mut buffer)).await.expect("it says something, or ends").unwrap_or(0);
            if bytes == 0 {
                return None;
            }
            self.read.extend_from_slice(&buffer[..bytes]);
        }
    }

    /// What becomes of a stream: that it was answered, reset (with which error), or that the connection is over.
    async fn end_of(&mut self, stream: u32) -> Result<bool, u32> {
        while let Some((kind, flags, of, payload)) = self.next().await {
            let error = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().expect("four bytes"));
            match kind {
                RST_STREAM if of == stream => return Err(error(0)),
                GOAWAY if error(4) != 0 => return Err(error(4)),
                HEADERS | DATA if of == stream && flags & END_STREAM != 0 => return Ok(true),
                SETTINGS if flags & ACK == 0 => drop(self.send(&frame(SETTINGS, ACK, 0, &[])).await),
                PING if flags & ACK == 0 => drop(self.send(&frame(PING, ACK, 0, &payload)).await),
                _ => {}
            }
        }
        Ok(false)
    }

    /// Why the other side ends the connection, reading until it does; nothing where it says nothing.
    async fn why(&mut self) -> Option<u32> {
        while let Some((kind, flags, _, payload)) = self.next().await {
            match kind {
                GOAWAY => match u32::from_be_bytes(payload[4..8].try_into().expect("four bytes")) {
                    0 => {}
                    why => return Some(why),
                },
                PING if flags & ACK == 0 => drop(self.send(&frame(PING, ACK, 0, &payload)).await),
                _ => {}
            }
        }
        None
    }
}

/// The rig with an encrypted door.
struct Second {
    rig: Rig,
    root: CertificateDer<'static>,
    port: u16,
    _stop: DropGuard,
}

impl Second {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let rig = rig("").await;
        let made = rcgen::generate_simple_self_signed([W.to_owned(), "portal.test".to_owned()]).expect("a certificate can be made");
        let [certificate, key] = ["certificate", "key"].map(|name| rig.portal.folder.path().join(name));
        std::fs::write(&certificate, made.cert.pem()).expect("it can be written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("it can be written");
        let tls = acceptor(&certificate, &key).expect("they fit");
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = socket.local_addr().expect("it has an address").port();
        let front = Front { router: rig.portal.router.clone(), gate: Gate::of(&rig.portal.state), trusted: Arc::new([]), main: tokio::runtime::Handle::current() };
        let stop = CancellationToken::new();
        tokio::spawn(serve(vec![Listener { socket, door: Door::Main, tls: Some(tls) }], front, stop.clone()));
        Self { rig, root: made.cert.der().clone(), port, _stop: stop.drop_guard() }
    }

    async fn agree(&self) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.root.clone()).expect("it is one");
        let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        let name = ServerName::try_from(W).expect("it is a name");
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS is agreed on");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        stream
    }

    async fn connect(&self) -> Client {
        let mut client = Client { stream: self.agree().await, read: Vec::new() };
        assert!(client.send(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, &[])].concat()).await);
        client
    }
}

/// What every request begins with.
fn begin<'a>(cookie: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![(":method", "GET"), (":scheme", "https"), (":authority", W), (":path", path), ("cookie", cookie), ("sec-fetch-site", "same-origin")]
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_stay_fields() {
    let mut second = Second::open().await;
    let cookie = format!("{COOKIE}={}", second.rig.pass().await);
    second.rig.upstream.forget();
    let mut client = second.connect().await;
    assert!(client.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&begin(&cookie, "/good")))).await);
    assert_eq!(client.end_of(1).await, Ok(true));
    assert!(second.rig.upstream.text().starts_with("GET /good HTTP/1.1\r\n"));
    second.rig.upstream.forget();
    let hostile = [
        ("foo", "a\r\nGET /smuggled HTTP/1.1"),
        ("foo", "a\nb"),
        ("foo", "a\0b"),
        ("foo\r\nbar", "x"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        (":path", "/twice"),
        ("Foo", "capital"),
        ("content-length", "5"),
    ];
    for (name, value) in hostile {
        let mut client = second.connect().await;
        let list = [begin(&cookie, "/bad"), vec![(name, value)]].concat();
        assert!(client.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&list))).await);
        let end = client.end_of(1).await;
        assert!(end.is_err() || end == Ok(false), "{name}: {value:?}: {end:?}");
        assert_eq!(second.rig.upstream.requests(), 0, "{name}: {value:?}: {}", second.rig.upstream.text());
    }
    // Another host than the authority is answered, with a refusal.
    let mut client = second.connect().await;
    let list = [begin(&cookie, "/bad"), vec![("host", "bob.w.test")]].concat();
    assert!(client.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&list))).await);
    let _ = client.end_of(1).await;
    assert_eq!(second.rig.upstream.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_end_the_connection() {
    let mut second = Second::open().await;
    let cookie = format!("{COOKIE}={}", second.rig.pass().await);
    second.rig.upstream.forget();
    let request = fields(&begin(&cookie, "/flood"));

    // Requests that are taken back at once (CVE-2023-44487).
    let mut client = second.connect().await;
    for number in 0..10_000_u32 {
        let stream = 2 * number + 1;
        if !client.send(&[frame(HEADERS, END_HEADERS | END_STREAM, stream, &request), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()).await {
            break;
        }
    }
    let why = client.why().await;
    assert_eq!(why, Some(ENHANCE_YOUR_CALM));
    assert!(second.rig.upstream.requests() < 1_000, "{} of 10,000 went through", second.rig.upstream.requests());

    // A head without an end (CERT VU#421644).
    let mut client = second.connect().await;
    let mut sent = client.send(&frame(HEADERS, END_STREAM, 1, &request)).await;
    let more = frame(CONTINUATION, 0, 1, &fields(&[("x", &"y".repeat(16_000))]));
    let mut taken = 0;
    while sent && taken < 64 * 1024 * 1024 {
        sent = client.send(&more).await;
        taken += more.len();
    }
    assert!(!sent, "{taken} bytes of one head were taken");

    // A body of nothing at all, for ever.
    let mut client = second.connect().await;
    let list: Vec<(&str, &str)> = begin(&cookie, "/flood").into_iter().map(|(name, value)| if name == ":method" { (name, "POST") } else { (name, value) }).collect();
    assert!(client.send(&frame(HEADERS, END_HEADERS, 1, &fields(&list))).await);
    let nothing = frame(DATA, 0, 1, &[]).repeat(1_000);
    let mut rounds = 0;
    while rounds < 2_000 && client.send(&nothing).await {
        rounds += 1;
    }
    assert!(rounds < 2_000, "two million empty frames were taken");

    // Everybody else is served all the while.
    assert_eq!(second.rig.inside(cookie.split_once('=').expect("it is a pair").1, "/x", &[]).await.status, 200);
}

/// Who agrees on TLS and then says nothing, not even that it is HTTP/2, is let go.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_stays_for_nothing() {
    let second = Second::open().await;
    let mut silent = second.agree().await;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), silent.read_to_end(&mut rest)).await.expect("it is ended");
    let mut idle = second.connect().await;
    while idle.next().await.is_some() {}
}
