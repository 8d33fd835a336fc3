//! `twinport check`: what is wrong with a backend is said in a sentence with the next step.

#[path = "auth/mock.rs"]
#[allow(dead_code, reason = "shared with the tests of signing in")]
mod mock;

use mock::Mock;
use server::check::{Verdict, look};
use server::config::Config;

fn config(url: &str, more: &str) -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("twinport.toml");
    let text = format!(
        "[server]\npublic_url = \"https://portal.test\"\n[[gitlab]]\nid = \"x\"\nurl = \"{url}\"\nclient_id = \"app\"\n{more}\n[[instance]]\nid = \"x\"\nname = \"X\"\ngitlab = \"x\"\n"
    );
    std::fs::write(&file, text).expect("it can be written");
    let config = Config::load(Some(&file)).unwrap_or_else(|error| panic!("{error}"));
    (folder, config)
}

async fn bad(url: &str) -> String {
    let (_folder, config) = config(url, "");
    let findings = look(&config).await;
    findings.into_iter().filter(|finding| finding.verdict == Verdict::Bad).map(|finding| finding.to_string()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_well_and_what_is_not() {
    let mock = Mock::default();
    let url = mock.start().await;
    assert_eq!(bad(&url).await, "");
    mock.with(|seen| seen.secret = Some("right".to_owned()));
    let wrong = bad(&url).await;
    assert!(wrong.contains("does not know the application") && wrong.contains("https://portal.test/auth/x/callback") && wrong.contains("read_api"), "{wrong}");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "right\n").expect("it can be written");
    let (_kept, config) = config(&url, &format!("client_secret_file = \"{}\"", secret.display()));
    assert!(look(&config).await.iter().all(|finding| finding.verdict != Verdict::Bad));
}

#[tokio::test]
async fn what_is_no_gitlab() {
    let page = axum::Router::new().fallback(|| async { axum::response::Html("<title>Router</title>") });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    tokio::spawn(async move { axum::serve(listener, page).await });
    assert!(bad(&url).await.contains("not as a GitLab") && bad(&url).await.contains(&format!("{url}/gitlab")));
    assert!(bad("http://127.0.0.1:9").await.contains("did not answer"));
    assert!(bad("http://nowhere.invalid").await.contains("nowhere.invalid"));
}

#[tokio::test]
async fn a_backend_that_hangs_is_named_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let began = std::time::Instant::now();
    assert!(bad(&url).await.contains("did not answer within 5 seconds"));
    assert!(began.elapsed() < std::time::Duration::from_secs(15));
    drop(listener);
}

/// A backend whose certificate nobody trusts: named by `check`, and by the page of whoever signs in.
#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    let mut command = std::process::Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=backend",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]);
    let made = command.arg("-keyout").arg(&key).arg("-out").arg(&certificate).stderr(std::process::Stdio::null()).status();
    assert!(made.is_ok_and(|status| status.success()), "openssl makes a certificate");
    let acceptor = server::edge::acceptor(&certificate, &key).unwrap_or_else(|error| panic!("{error}"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("https://{}", listener.local_addr().expect("it has an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(stream).await });
        }
    });
    let said = bad(&url).await;
    assert!(said.contains(&format!("the certificate of {url} is not trusted here")) && said.contains("Add its authority"), "{said}");
    let portal = mock::portal(&[("x", &url)], "").await;
    let answer = mock::Browser::of(&portal).sign_in("x").await;
    assert!(answer.status >= 500 && answer.body.contains("does not trust the certificate") && answer.body.contains(&url), "{} {}", answer.status, answer.body);
}

/// Clocks that differ are said before tokens end at odd times.
#[tokio::test]
async fn a_clock_that_is_wrong() {
    let late = axum::Router::new().fallback(|| async { ([("date", "Mon, 01 Jan 2001 00:00:00 GMT")], axum::Json(serde_json::json!({ "version": "18.5.0" }))) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    tokio::spawn(async move { axum::serve(listener, late).await });
    let (_folder, config) = config(&url, "");
    let said = look(&config).await.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said.contains("the clocks of") && said.contains("NTP"), "{said}");
}

#[tokio::test]
async fn workspaces_and_views() {
    let mock = Mock::default();
    let url = mock.start().await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let said = |more: String| {
        let url = url.clone();
        async move {
            let (_kept, config) = config(&url, &format!("[[instance]]\nid = \"y\"\nname = \"Y\"\ngitlab = \"x\"\n{more}"));
            look(&config).await.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
    };
    let text = said(format!("[workspaces]\ndomain = \"work.portal.test\"\ndriver = \"static\"\nstatic.ada = \"{url}\"\nstatic.bob = \"http://{gone}/\"\n")).await;
    for part in ["one site to a browser", "workspace of ada: ", "answers", "workspace of bob: ", "nothing answers there"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = said("[workspaces]\ndomain = \"w.other\"\ndriver = \"process\"\nprocess.command = [\"/nowhere/jupyter\", \"{socket}\"]\n[embed]\nallowed_parents = [\"https://lab.test\"]\n[[embed.reader]]\ngitlab = \"x\"\ntoken_file = \"/nowhere/token\"\n".to_owned()).await;
    assert!(text.contains("/nowhere/jupyter of [workspaces.process] is not on this machine") && text.contains("/nowhere/token cannot be read"), "{text}");
}

/// D13: a token for embedded views that could do more than read is named, and so is one that has ended.
#[tokio::test]
async fn tokens_that_may_do_more_than_they_need() {
    let mock = Mock::default();
    let url = mock.start().await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("token");
    let (_kept, config) = config(&url, "");
    for (token, verdict, words) in
        [("read_api", Verdict::Good, "only reads"), ("read_api+api", Verdict::Bad, "more than views need (api)"), ("gone", Verdict::Bad, "does not take the token")]
    {
        std::fs::write(&file, format!("{token}\n")).expect("it can be written");
        let mut config = config.clone();
        config.embed.reader = vec![server::config::embed::Reader { gitlab: "x".to_owned(), token_file: file.clone() }];
        let found = look(&config).await;
        let found = found.iter().find(|finding| finding.of == "reader of x").unwrap_or_else(|| panic!("{found:?}"));
        assert!(found.verdict == verdict && found.words.contains(words), "{found}");
    }
}

/// D15: a backend that calls itself something else than the configuration does.
#[tokio::test]
async fn another_name() {
    let mock = Mock::default();
    let url = mock.start().await;
    mock.with(|seen| seen.metadata = Some(serde_json::json!({ "issuer": "https://other.test" })));
    let said = bad(&url).await;
    assert!(said.contains("says that it is https://other.test") && said.contains("external_url"), "{said}");
    mock.with(|seen| seen.metadata = Some(serde_json::json!({ "issuer": url, "scopes_supported": ["read_user"] })));
    assert!(bad(&url).await.contains("knows no scope read_api, api"), "{}", bad(&url).await);
}
