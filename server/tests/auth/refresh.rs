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
    assert_eq!(mock.with(|seen| seen.refreshes), 2, "no attempt too many");
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
    assert_eq!(dead.with(|seen| seen.refreshes), 1, "nobody tries again and again");
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
