//! D7 to D10: one refresh for everybody who needs it, in one server or several, and what is left
//! when it goes wrong. With PostgreSQL and Redis too, where Debian's packages are installed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::future::join_all;

use super::mock::{Browser, Mock, Portal, portal};

async fn backend(lives: i64, slow: u64) -> (Mock, String) {
    let mock = Mock::default();
    mock.with(|seen| (seen.lives, seen.slow) = (lives, slow));
    let url = mock.start().await;
    (mock, url)
}

/// Fifty requests at each of these servers, all of which need a new token.
async fn fifty_each(portals: &[&Portal], mock: &Mock) {
    let mut browser = Browser::of(portals[0]);
    assert_eq!(browser.sign_in("x").await.status, 303);
    let of = |portal: &&Portal| (0..50).map(|_| Browser { router: portal.router.clone(), cookie: browser.cookie.clone() }).collect::<Vec<_>>();
    let browsers: Vec<Browser> = portals.iter().flat_map(of).collect();
    let answers = join_all(browsers.into_iter().map(|mut browser| async move { browser.token("x").await })).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.json()["access_token"].as_str()), (200, Some("access-2")), "{}", answer.body);
    }
    assert_eq!(mock.with(|seen| seen.refreshes), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refresh_for_fifty() {
    let (mock, url) = backend(10, 500).await;
    fifty_each(&[&portal(&[("x", &url)], "").await], &mock).await;
}

/// Two servers that share a store, and the key that opens what is in it.
async fn two_servers(store: &str, folder: &Path) {
    let (mock, url) = backend(10, 500).await;
    let key = folder.join("key");
    std::fs::write(&key, [7; 32]).expect("a key can be written");
    let more = format!("session_store = \"{store}\"\nkey_files = [\"{}\"]\n", key.display());
    let (first, second) = (portal(&[("x", &url)], &more).await, portal(&[("x", &url)], &more).await);
    fifty_each(&[&first, &second], &mock).await;
    // What one server ends, the other does not go on with.
    let mut browser = Browser::of(&first);
    browser.sign_in("x").await;
    let mut there = Browser { router: second.router.clone(), cookie: browser.cookie.clone() };
    assert_eq!(there.token("x").await.status, 200);
    assert_eq!(browser.logout("x").await.status, 204);
    assert_eq!(there.token("x").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refresh_for_two_servers_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    two_servers(&format!("sqlite://{}", folder.path().join("shared.db").display()), folder.path()).await;
}

struct Stop(Child);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").port()
}

async fn listens(port: u16) {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing listens on {port}");
}

fn nothing_to_test_with(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{what} is not installed: sessions in it were not tested");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refresh_for_two_servers_on_redis() {
    let program = ["/usr/bin/valkey-server", "/usr/bin/redis-server"].map(PathBuf::from).into_iter().find(|path| path.exists());
    let Some(program) = program else { return nothing_to_test_with("redis-server") };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let port = free_port();
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder.path());
    let _server = Stop(command.stdout(Stdio::null()).spawn().expect("it starts"));
    listens(port).await;
    two_servers(&format!("redis://127.0.0.1:{port}"), folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refresh_for_two_servers_on_postgresql() {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let Some(bin) = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists()) else { return nothing_to_test_with("postgresql") };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // PostgreSQL does not run as root; its package made a user for it.
    let root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let run = |program: &str| {
        let path = bin.join(program);
        if !root {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(path);
        command
    };
    if root {
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("it is ours");
    }
    let data = folder.path().join("pg");
    let made = run("initdb").args(["--auth", "trust", "--username", "twinport", "-D"]).arg(&data).stdout(Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "initdb makes a database");
    let port = free_port();
    let mut command = run("postgres");
    command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-D"]).arg(&data);
    let _server = Stop(command.stderr(Stdio::null()).spawn().expect("it starts"));
    listens(port).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    two_servers(&format!("postgres://twinport@127.0.0.1:{port}/postgres"), folder.path()).await;
}

/// D9: whoever asked goes away; what the refresh brought is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_goes_away_costs_nothing() {
    let (mock, url) = backend(10, 700).await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let mut impatient = browser.clone();
    assert!(tokio::time::timeout(Duration::from_millis(200), impatient.token("x")).await.is_err());
    let answer = browser.token("x").await;
    assert_eq!((answer.status, answer.json()["access_token"].as_str()), (200, Some("access-2")));
    assert_eq!(mock.with(|seen| seen.refreshes), 1);
}

/// D9: the server dies between the refresh and its answer. At worst one clean sign-in is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_asks_for_one_sign_in() {
    let (mock, url) = backend(10, 0).await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    // What a dead server leaves: the backend has given a new pair that nobody wrote down.
    let lost = reqwest::Client::new().post(format!("{url}/oauth/token")).form(&[("grant_type", "refresh_token"), ("refresh_token", "refresh-1")]).send().await;
    assert!(lost.is_ok_and(|answer| answer.status().is_success()));
    let answer = browser.token("x").await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (401, Some("signed_out")));
    assert_eq!(browser.sign_in("x").await.status, 303);
    assert_eq!(browser.token("x").await.status, 200);
    // One by the dead server, one by this one, none for a token that is dead: `lives` makes the new one due at once.
    assert_eq!(mock.with(|seen| (seen.refreshes, seen.tried)), (2, 3), "no attempt too many");
}

/// D10: a grant that died ends there and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_grant_ends_nothing_else() {
    let ((dead, x), (_, y)) = (backend(10, 0).await, backend(7200, 0).await);
    let portal = portal(&[("x", &x), ("y", &y)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    browser.sign_in("y").await;
    let stolen = reqwest::Client::new().post(format!("{x}/oauth/token")).form(&[("grant_type", "refresh_token"), ("refresh_token", "refresh-1")]).send().await;
    assert!(stolen.is_ok());
    assert_eq!(browser.token("x").await.status, 401);
    assert_eq!(browser.token("y").await.status, 200);
    assert_eq!(browser.token("x").await.status, 401);
    assert_eq!(dead.with(|seen| (seen.refreshes, seen.tried)), (1, 2), "nobody tries again and again");
}

/// A backend that is slow does not hold a page's connection for long, and what it brings is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_refresh_goes_on_alone() {
    let (mock, url) = backend(10, 4_500).await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let answer = browser.token("x").await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (504, Some("backend_slow")));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(browser.token("x").await.status, 200);
    assert_eq!(mock.with(|seen| seen.refreshes), 1);
}

/// D16: a backend in trouble is asked by one of many, and left alone for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_in_trouble_is_not_stormed() {
    let (mock, url) = backend(10, 0).await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    mock.with(|seen| seen.broken = true);
    let statuses = join_all((0..20).map(|_| browser.clone()).map(|mut browser| async move { browser.token("x").await.status })).await;
    assert_eq!(mock.with(|seen| seen.tried), 1, "{statuses:?}");
    // However often the browser asks, the backend is asked at most every six seconds, which is ten times a minute.
    let until = std::time::Instant::now() + Duration::from_millis(8_500);
    while std::time::Instant::now() < until {
        browser.token("x").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let asked = mock.with(|seen| seen.asked_at.clone());
    assert!(asked.len() >= 2 && asked.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(6)), "{asked:?}");
    mock.with(|seen| seen.broken = false);
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!((browser.token("x").await.status, mock.with(|seen| seen.refreshes)), (200, 1));
}

/// D14: who signs out while a refresh is on its way is signed out, and what it brings is revoked.
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_during_a_refresh() {
    let (mock, url) = backend(10, 700).await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let (mut asking, mut leaving) = (browser.clone(), browser.clone());
    let (asked, left) = tokio::join!(asking.token("x"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        leaving.logout("x").await
    });
    assert_eq!((asked.status, left.status), (401, 204));
    for _ in 0..100 {
        if mock.with(|seen| seen.revoked.len()) >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let revoked = mock.with(|seen| seen.revoked.clone());
    assert!(["access-2", "refresh-2"].iter().all(|token| revoked.iter().any(|known| known == token)), "{revoked:?}");
}

/// A server of its own with one backend, in `folder`; it ends with what this returns.
fn real(folder: &Path, url: &str, port: u16) -> Stop {
    let file = folder.join("twinport.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n[forge]\nenabled = false\n[[gitlab]]\nid = \"x\"\nurl = \"{url}\"\nclient_id = \"app\"\n[[instance]]\nid = \"x\"\nname = \"X\"\ngitlab = \"x\"\n"
    );
    std::fs::write(&file, text).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinport"));
    command.args(["serve", "--config"]).arg(&file).arg("--data").arg(folder.join("data"));
    Stop(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
}

/// D9, for real: the process is killed between the backend's refresh and its answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_asks_for_one_sign_in() {
    let (mock, url) = backend(10, 3_000).await;
    let (folder, port) = (tempfile::tempdir().expect("a temporary folder can be made"), free_port());
    let base = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client can be made");
    let cookie_of = |answer: &reqwest::Response| {
        answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next()).unwrap_or_default().to_owned()
    };
    let sign_in = async || {
        let begun = http.get(format!("{base}/auth/x?then=/")).send().await.expect("it answers");
        let location = begun.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let state = url::Url::parse(&location).ok().and_then(|url| url.query_pairs().find(|(key, _)| key == "state").map(|(_, value)| value.into_owned())).unwrap_or_default();
        let done = http.get(format!("{base}/auth/x/callback?code=c&state={state}")).header("cookie", cookie_of(&begun)).send().await.expect("it answers");
        assert_eq!(done.status().as_u16(), 303);
        cookie_of(&done)
    };
    let token = async |cookie: &str| {
        let request = http.post(format!("{base}/auth/x/token")).header("cookie", cookie).header("x-twinport", "1").header("sec-fetch-site", "same-origin");
        request.send().await.map(|answer| answer.status().as_u16()).unwrap_or_default()
    };
    let first = real(folder.path(), &url, port);
    listens(port).await;
    let cookie = sign_in().await;
    let asking = tokio::spawn({
        let request = http.post(format!("{base}/auth/x/token")).header("cookie", &cookie).header("x-twinport", "1").header("sec-fetch-site", "same-origin");
        async move { request.send().await.is_ok_and(|answer| answer.status().is_success()) }
    });
    for _ in 0..200 {
        if mock.with(|seen| seen.refreshes) == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(first);
    assert!(!asking.await.expect("it ended"), "the answer never came");
    mock.with(|seen| seen.slow = 0);
    let _second = real(folder.path(), &url, port);
    listens(port).await;
    // The dead server's lease ends by itself; until then a page is told to wait.
    let mut status = 504;
    for _ in 0..30 {
        status = token(&cookie).await;
        if status != 504 {
            break;
        }
    }
    assert_eq!(status, 401, "one clean sign-in");
    assert_eq!(token(&sign_in().await).await, 200);
}
