//! Sessions: how long they last, what is kept of them, and what happens when several requests come at once (rows E5 to E9).

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tower_sessions::session::Id;
use tower_sessions::{Session, SessionStore};

use super::mock::{Browser, Mock, portal};

/// The session that a browser's cookie names.
fn session_of(browser: &Browser) -> Id {
    browser.cookie.split_once('=').and_then(|(_, value)| value.parse().ok()).unwrap_or_else(|| panic!("no session in {}", browser.cookie))
}

/// E5: a session that was not used for too long, or lasted too long, is over, and its tokens are revoked.
#[tokio::test]
async fn sessions_end() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let now = chrono::Utc::now().timestamp();
    for (began, used, status) in [(now - 9 * 3600, now - 9 * 3600, 401), (now - 8 * 24 * 3600, now, 401), (now - 7 * 3600, now - 7 * 3600, 200)] {
        let mut browser = Browser::of(&portal);
        browser.sign_in("x").await;
        let id = session_of(&browser);
        let session = Session::new(Some(id), Arc::new(portal.state.sessions.clone()), None);
        session.insert("times", json!({ "began": began, "used": used })).await.expect("it is there");
        session.save().await.expect("it is written");
        assert_eq!(browser.token("x").await.status, status, "{began} {used}");
        let times = portal.state.sessions.load(&id).await.expect("it is read").and_then(|record| record.data.get("times").cloned());
        assert_eq!(times.map(|times| times["used"].as_i64() >= Some(now)), (status == 200).then_some(true), "who uses it is noted");
    }
    for _ in 0..100 {
        if mock.with(|seen| seen.revoked.len()) == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(mock.with(|seen| seen.revoked.len()), 4);
}

/// E7: what is on disk opens nothing: no cookie, no token.
#[tokio::test]
async fn what_is_kept_is_of_no_use_to_a_thief() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let cookie = browser.cookie.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or_default();
    let (mut files, mut read) = (vec![portal.folder.path().to_owned()], 0);
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("it is read").flatten().map(|entry| entry.path()));
            continue;
        }
        let bytes = std::fs::read(&path).expect("it is read");
        read += bytes.len();
        for secret in [cookie.as_str(), "access-1", "refresh-1"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is in {}", path.display());
        }
    }
    assert!(read > 1_000 && cookie.len() > 16);
}

/// Somebody who only looks at the sign-in leaves no session for days.
#[tokio::test]
async fn strangers_are_soon_forgotten() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let left = async |browser: &Browser| {
        let record = portal.state.sessions.load(&session_of(browser)).await.expect("it is read").expect("it is there");
        record.expiry_date.unix_timestamp() - chrono::Utc::now().timestamp()
    };
    let mut browser = Browser::of(&portal);
    browser.begin("x", "/").await;
    assert!(left(&browser).await <= 3_600);
    browser.sign_in("x").await;
    assert!(left(&browser).await > 24 * 3_600);
    browser.begin("x", "/").await;
    assert!(left(&browser).await > 24 * 3_600, "somebody who is signed in stays so");
}

/// Two sign-ins that end at the same moment are both there afterwards.
#[tokio::test]
async fn two_sign_ins_at_once() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| (seen.lives, seen.ponders) = (7200, 300));
    let portal = portal(&[("x", &url), ("y", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let (one, _) = browser.begin("x", "/").await;
    let (other, _) = browser.begin("y", "/").await;
    let before = browser.cookie.clone();
    let (mut first, mut second) = (browser.clone(), browser.clone());
    let (paths, waits) = (["x", "y"].map(|id| format!("/auth/{id}/callback?code=c&state={}", if id == "x" { &one } else { &other })), Duration::from_millis(20));
    let (a, b) = tokio::join!(first.get(&paths[0]), async {
        tokio::time::sleep(waits).await;
        second.get(&paths[1]).await
    });
    assert_eq!((a.status, b.status), (303, 303));
    // One of them brought the browser its new cookie; the other left it alone.
    let kept: Vec<&Browser> = [&first, &second].into_iter().filter(|browser| browser.cookie != before).collect();
    assert_eq!(kept.len(), 1);
    let mut after = kept[0].clone();
    assert_eq!((after.token("x").await.status, after.token("y").await.status), (200, 200));
    assert_eq!(browser.token("x").await.status, 401, "the name from before is worth nothing");
    assert_eq!(mock.with(|seen| seen.revoked.len()), 0);
}

/// E6: requests that are on their way while somebody signs out bring no session back.
#[tokio::test]
async fn nothing_is_resurrected() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url), ("y", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let others = (0..100).map(|number| {
        let mut browser = browser.clone();
        async move { if number % 2 == 0 { browser.token("x").await.status } else { browser.begin("y", "/").await.1.status } }
    });
    let ended = session_of(&browser);
    let mut leaving = browser.clone();
    let (statuses, left) = tokio::join!(futures::future::join_all(others), leaving.logout("x"));
    assert_eq!(left.status, 204);
    assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
    assert_eq!(browser.token("x").await.status, 401);
    assert!(portal.state.sessions.load(&ended).await.expect("it is read").is_none(), "nobody wrote it again");
}

/// E9: cookies that make no sense are no failure of ours, and no sign-in.
#[tokio::test]
async fn garbage_in_cookies() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.lives = 7200);
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    browser.sign_in("x").await;
    let own = browser.cookie.clone();
    let mut seed = 7_u64;
    for _ in 0..2_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (seed >> 58) as usize;
        let noise: String = (0..length).map(|place| char::from(32 + u8::try_from((seed >> (place % 50)) % 95).unwrap_or(1))).collect();
        let mut stranger = Browser { cookie: format!("__Host-twinport={noise}"), ..Browser::of(&portal) };
        assert_eq!(stranger.token("x").await.status, 401, "{noise}");
    }
    // Of two, which a browser never sends under this name, the last counts.
    for (both, status) in [(format!("{own}; __Host-twinport=AAAA"), 401), (format!("__Host-twinport=AAAA; {own}"), 200)] {
        let mut twice = Browser { cookie: both.clone(), ..Browser::of(&portal) };
        assert_eq!(twice.token("x").await.status, status, "{both}");
    }
}

/// D14: what could not be revoked before this server ended is revoked by whoever comes next.
#[tokio::test]
async fn revocations_outlive_the_server() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let [store, key] = ["shared.db", "key"].map(|name| folder.path().join(name));
    std::fs::write(&key, [7; 32]).expect("a key can be written");
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| (seen.lives, seen.deaf) = (7200, usize::MAX));
    let more = format!("session_store = \"sqlite://{}\"\nkey_files = [\"{}\"]\n", store.display(), key.display());
    let first = portal(&[("x", &url)], &more).await;
    let mut browser = Browser::of(&first);
    browser.sign_in("x").await;
    assert_eq!(browser.logout("x").await.status, 204);
    let left = async |portal: &super::mock::Portal| portal.state.granted_by("revocation").await.expect("it can be read");
    for _ in 0..100 {
        if left(&first).await.len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let second = portal(&[("x", &url)], &more).await;
    server::auth::logout::go_on(&second.state).await;
    assert_eq!(left(&second).await.len(), 1, "the backend is still away");
    assert!(left(&second).await.iter().all(|(_, body)| !body.contains("refresh-1") && !body.contains("access-1")), "it is kept in the clear");
    mock.with(|seen| seen.deaf = 0);
    server::auth::logout::go_on(&second.state).await;
    assert_eq!(left(&second).await.len(), 0);
    let revoked = mock.with(|seen| seen.revoked.clone());
    assert!(["access-1", "refresh-1"].iter().all(|token| revoked.iter().any(|known| known == token)), "{revoked:?}");
}
