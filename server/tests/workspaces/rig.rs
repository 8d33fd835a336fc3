//! A portal at a real socket, with a workspace behind it that keeps every byte it gets and answers
//! what it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use server::edge::{Door, Front, Listener, serve};
use server::workspaces::{Gate, watch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::mock::{Browser, HOST, Mock, Portal, portal};

/// The workspace's host; the person is called ada.
pub const W: &str = "ada.w.test";
pub const COOKIE: &str = "__Host-twinport-workspace";

/// What the workspace got, connection by connection, and what it answers.
#[derive(Clone, Default)]
pub struct Upstream(pub Arc<Mutex<Seen>>);

#[derive(Default)]
pub struct Seen {
    pub connections: Vec<Vec<u8>>,
    /// Answers, the last of them again and again.
    pub answers: Vec<Vec<u8>>,
    /// Keep the connection and answer nothing.
    pub silent: bool,
}

pub fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

impl Upstream {
    pub fn with<R>(&self, change: impl FnOnce(&mut Seen) -> R) -> R {
        change(&mut self.0.lock().expect("no test panicked with it"))
    }

    pub fn answers(&self, answer: impl Into<Vec<u8>>) {
        let answer = answer.into();
        self.with(|seen| seen.answers = vec![answer]);
    }

    /// All that it got, as text.
    pub fn text(&self) -> String {
        self.with(|seen| seen.connections.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect::<Vec<_>>().join("\n====\n"))
    }

    pub fn forget(&self) {
        self.with(|seen| seen.connections.clear());
    }

    /// Requests that it believes it got.
    pub fn requests(&self) -> usize {
        self.text().matches(" HTTP/1.1\r\n").count()
    }

    pub async fn start(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let upstream = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(upstream.clone().serve(stream));
            }
        });
        port
    }

    /// Answers each head with what is next; what follows a 101 comes back as it came.
    async fn serve(self, mut stream: TcpStream) {
        let number = self.with(|seen| {
            seen.connections.push(Vec::new());
            seen.connections.len() - 1
        });
        let (mut heads, mut echo, mut buffer) = (0, false, vec![0; 64 * 1024]);
        while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
            let (answers, silent) = self.with(|seen| {
                let Some(all) = seen.connections.get_mut(number) else { return (Vec::new(), true) };
                all.extend_from_slice(&buffer[..bytes]);
                let now = all.windows(4).filter(|window| window == b"\r\n\r\n").count();
                let fresh = if echo { 0 } else { now.saturating_sub(heads) };
                heads = now;
                let next: Vec<Vec<u8>> =
                    (0..fresh).map(|_| if seen.answers.len() > 1 { seen.answers.remove(0) } else { seen.answers.first().cloned().unwrap_or_else(|| ok("hello")) }).collect();
                (next, seen.silent)
            });
            if silent {
                continue;
            }
            if echo && stream.write_all(&buffer[..bytes]).await.is_err() {
                return;
            }
            for answer in answers {
                echo |= answer.starts_with(b"HTTP/1.1 101");
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
                if answer.windows(17).any(|window| window == b"Connection: close") {
                    return;
                }
            }
        }
    }
}

pub struct Rig {
    pub portal: Portal,
    pub upstream: Upstream,
    pub mock: Mock,
    pub browser: Browser,
    pub port: u16,
    stop: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What came back over a connection.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    /// All of it, with whatever followed.
    pub whole: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()))
    }
}

pub fn parse(bytes: &[u8]) -> Answer {
    let whole = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = whole.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned())).unwrap_or_default();
    Answer { status: head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0), head, body, whole }
}

/// `more` follows `[server]`, and may begin other sections; the workspace is ada's.
pub async fn rig(more: &str) -> Rig {
    let upstream = Upstream::default();
    let address = format!("http://127.0.0.1:{}", upstream.start().await);
    with(&address, more, upstream).await
}

pub async fn with(address: &str, more: &str, upstream: Upstream) -> Rig {
    let mock = Mock::default();
    mock.with(|seen| seen.lives = 7200);
    let url = mock.start().await;
    let portal = portal(&[("x", &url)], &format!("{more}\n[workspaces]\ndomain = \"w.test\"\ndriver = \"static\"\nstatic.ada = \"{address}\"\n")).await;
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = socket.local_addr().expect("it has an address").port();
    let stop = CancellationToken::new();
    let trusted = vec!["127.0.0.9/32".parse().expect("a net")];
    let front = Front { router: portal.router.clone(), gate: Gate::of(&portal.state), trusted: trusted.into(), main: tokio::runtime::Handle::current() };
    tokio::spawn(serve(vec![Listener { socket, door: Door::Main, tls: None }], front, stop.clone()));
    tokio::spawn(watch(portal.state.clone()));
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    Rig { portal, upstream, mock, browser, port, stop }
}

impl Rig {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens")
    }

    /// Sends bytes as they are; what comes back until it is closed, or nothing more comes.
    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        self.raw_for(bytes, Duration::from_millis(400)).await
    }

    pub async fn raw_for(&self, bytes: &[u8], quiet: Duration) -> Answer {
        let mut stream = self.connect().await;
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        // The first byte may take a while on a busy machine.
        let mut patience = Duration::from_secs(20);
        while let Ok(Ok(bytes @ 1..)) = tokio::time::timeout(patience, stream.read(&mut buffer)).await {
            all.extend_from_slice(&buffer[..bytes]);
            patience = quiet;
        }
        parse(&all)
    }

    /// One request to a host, closed afterwards.
    pub async fn ask(&self, method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.raw(format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n").as_bytes()).await
    }

    /// The way in, as far as the ticket: its path and query on the workspace's host, and the cookie of the
    /// browser that it is for.
    pub async fn ticket(&mut self, then: &str) -> (String, String) {
        let inside = |location: &str| location.strip_prefix(&format!("https://{W}")).map(str::to_owned).unwrap_or_else(|| panic!("{location} is no way in"));
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("then", then).finish();
        let first = inside(&self.browser.get(&format!("/workspaces/enter/ada?{query}")).await.location());
        let begun = self.ask("GET", W, &first, &[]).await;
        let way = begun.header("set-cookie").and_then(|set| set.split(';').next().map(str::to_owned)).unwrap_or_else(|| panic!("no way: {}", begun.whole));
        let back = begun.header("location").unwrap_or_default();
        let back = back.strip_prefix(&format!("https://{HOST}")).unwrap_or_else(|| panic!("{back} is not the app")).to_owned();
        (inside(&self.browser.get(&back).await.location()), way)
    }

    /// A pass: the cookie's value.
    pub async fn pass(&mut self) -> String {
        let (ticket, way) = self.ticket("/").await;
        let answer = self.ask("GET", W, &ticket, &[("cookie", &way)]).await;
        let set = answer.header("set-cookie").unwrap_or_else(|| panic!("no pass: {}", answer.whole));
        set.strip_prefix(&format!("{COOKIE}=")).and_then(|rest| rest.split(';').next()).expect("it is the pass").to_owned()
    }

    /// A GET with the pass, as one of its own pages makes it.
    pub async fn inside(&self, pass: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let cookie = format!("{COOKIE}={pass}");
        let mut all = vec![("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        all.extend_from_slice(headers);
        self.ask("GET", W, path, &all).await
    }

    pub fn app_host() -> &'static str {
        HOST
    }
}
