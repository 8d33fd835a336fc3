//! A forge in a temporary folder, and people who make requests of it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use forge::clock::Clock;
use forge::runner::RunnerConfig;
use forge::{Config, Forge};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The forge and its folder, which goes when this does.
pub struct World {
    pub forge: Forge,
    pub clock: Clock,
    stop: CancellationToken,
    _folder: Arc<tempfile::TempDir>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Fails with what came when the status is another.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }
}

/// Somebody with a token, or nobody.
pub struct Actor {
    forge: Forge,
    token: Option<String>,
}

impl World {
    /// A fresh forge whose jobs run.
    pub async fn new() -> Self {
        Self::with(RunnerConfig::default()).await
    }

    /// The same with a runner set up otherwise.
    pub async fn with(runner: RunnerConfig) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder can be made"));
        let clock = Clock::default();
        let config = Config { folder: folder.path().to_owned(), url: "http://forge.test/forge".into(), home: "/".into(), runner };
        let forge = Forge::open(config, clock.clone()).await.expect("an empty folder opens");
        forge.bootstrap().await.expect("the starter library is written");
        let stop = CancellationToken::new();
        tokio::spawn({
            let (forge, stop) = (forge.clone(), stop.clone());
            async move { forge.run_jobs(stop).await }
        });
        Self { forge, clock, stop, _folder: folder }
    }

    /// Stops running jobs, as a server does that is told to end, and waits until none is left.
    pub async fn halt(&self) {
        self.stop.cancel();
        for _ in 0..400 {
            if self.forge.runner.is_idle() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("jobs went on");
    }

    /// Runs jobs again.
    pub fn start_again(&self) -> tokio::task::JoinHandle<()> {
        let forge = self.forge.clone();
        tokio::spawn(async move { forge.run_jobs(CancellationToken::new()).await })
    }

    /// Somebody new, with a token of these scopes.
    pub async fn person(&self, name: &str, scopes: &[&str]) -> Actor {
        if self.forge.find_user(name).await.is_err() {
            self.forge.add_user(name, Some("a good password"), false).await.expect("the name is free");
        }
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let token = self.forge.create_token(name, "test", &scopes, None).await.expect("the scopes exist");
        Actor { forge: self.forge.clone(), token: Some(token) }
    }

    /// Nobody.
    pub fn anonymous(&self) -> Actor {
        Actor { forge: self.forge.clone(), token: None }
    }

    /// Somebody with a token that came from elsewhere.
    pub fn with_token(&self, token: &str) -> Actor {
        Actor { forge: self.forge.clone(), token: Some(token.to_owned()) }
    }
}

impl Actor {
    /// Any request; `path` is below `/api/v4` unless it begins with `!`.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let uri = path.strip_prefix('!').map_or_else(|| format!("/api/v4{path}"), str::to_owned);
        let mut request = Request::builder().method(method).uri(uri).header("host", "forge.test");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("the request can be built");
        let response = self.forge.router().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("the body can be read").to_vec();
        if parts.status.is_success() {
            super::form::check(method, path, &body);
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    pub async fn with(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.with("POST", path, body).await
    }

    /// Asks until `done` says so, at most half a minute.
    pub async fn until(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            let value = self.get(path).await.json();
            if done(&value) {
                return value;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{path} never came to what was expected: {}", self.get(path).await.text());
    }
}
