//! A backend that does what GitLab does with tokens: a refresh kills both old ones at once
//! (GITLAB.md §5). And a browser that keeps its cookie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use server::config::Config;
use tower::ServiceExt;

/// What it saw, and how it behaves.
#[derive(Debug, Default)]
pub struct Seen {
    pub codes: usize,
    pub refreshes: usize,
    /// Refreshes that were asked for, whatever came of them.
    pub tried: usize,
    /// When.
    pub asked_at: Vec<std::time::Instant>,
    /// Milliseconds before a code is exchanged.
    pub ponders: u64,
    /// Refreshes fail as on a backend in trouble.
    pub broken: bool,
    /// `Authorization` of requests that came to the store.
    pub stored: Vec<Option<String>>,
    pub revoked: Vec<String>,
    /// Seconds that its access tokens live.
    pub lives: i64,
    /// Milliseconds before a refresh is answered, after the old pair is dead.
    pub slow: u64,
    /// Requests for revocation that fail first.
    pub deaf: usize,
    /// Answers for metadata.
    pub metadata: Option<Value>,
    /// What proved to be whoever began, of each code.
    pub verifiers: Vec<String>,
    /// What stands in the answer with the tokens besides them.
    pub more: Option<(String, Value)>,
    /// Who `/user` says it is, when it is not Ada.
    pub user: Option<Value>,
    /// Another secret than the application's.
    pub secret: Option<String>,
    serial: usize,
    refresh: String,
}

#[derive(Clone, Default)]
pub struct Mock(pub Arc<Mutex<Seen>>);

impl Mock {
    pub fn with<R>(&self, change: impl FnOnce(&mut Seen) -> R) -> R {
        change(&mut self.0.lock().expect("no test panicked with it"))
    }

    /// Starts it; its address.
    pub async fn start(&self) -> String {
        let router = Router::new()
            .route("/oauth/token", post(token))
            .route("/oauth/revoke", post(revoke))
            .route("/api/v4/user", get(user))
            .route("/api/v4/version", get(|| async { (StatusCode::UNAUTHORIZED, Json(json!({ "message": "401 Unauthorized" }))) }))
            .route("/api/graphql", any(|| async { ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization,content-type")], "") }))
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/api/v4/projects/{id}/jobs/{job}/artifacts", get(artifacts))
            .route("/api/v4/personal_access_tokens/self", get(own_token))
            .route("/store/{file}", get(stored))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

async fn metadata(State(mock): State<Mock>) -> Response {
    match mock.with(|seen| seen.metadata.clone()) {
        Some(Value::String(text)) if text == "stall" => std::future::pending().await,
        Some(Value::String(url)) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Some(value) => Json(value).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Large files lie elsewhere: `7` in the store that `metadata` names, anything else where nobody expects it.
async fn artifacts(State(mock): State<Mock>, axum::extract::Path((_, job)): axum::extract::Path<(String, String)>) -> Response {
    let place = mock.with(|seen| seen.metadata.as_ref().and_then(|value| value["store"].as_str().map(str::to_owned))).unwrap_or_default();
    let place = if job == "7" { place } else { "http://127.0.0.1:9".to_owned() };
    (StatusCode::FOUND, [(header::LOCATION, format!("{place}/store/file"))]).into_response()
}

async fn stored(State(mock): State<Mock>, headers: HeaderMap) -> &'static str {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    mock.with(|seen| seen.stored.push(sent));
    "bytes"
}

/// What a token may do stands in the token.
async fn own_token(headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    if token == "gone" { StatusCode::UNAUTHORIZED.into_response() } else { Json(json!({ "scopes": token.split('+').collect::<Vec<_>>() })).into_response() }
}

async fn user(State(mock): State<Mock>) -> Json<Value> {
    Json(mock.with(|seen| seen.user.clone()).unwrap_or_else(|| json!({ "username": "ada", "name": "Ada" })))
}

async fn token(State(mock): State<Mock>, Form(form): Form<HashMap<String, String>>) -> Response {
    let get = |key: &str| form.get(key).cloned().unwrap_or_default();
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    if mock.with(|seen| seen.secret.is_some() && seen.secret != form.get("client_secret").cloned()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    if get("grant_type") == "authorization_code" && (get("code") == "twinport-check" || get("code_verifier").len() < 43) {
        return refused("invalid_grant");
    }
    if get("grant_type") == "authorization_code" {
        let ponders = mock.with(|seen| seen.ponders);
        tokio::time::sleep(Duration::from_millis(ponders)).await;
    } else if mock.with(|seen| {
        seen.tried += 1;
        seen.asked_at.push(std::time::Instant::now());
        seen.broken
    }) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let outcome = mock.with(|seen| {
        if get("grant_type") == "refresh_token" {
            if get("refresh_token") != seen.refresh {
                return None;
            }
            seen.refreshes += 1;
        } else {
            seen.codes += 1;
            seen.verifiers.push(get("code_verifier"));
        }
        seen.serial += 1;
        seen.refresh = format!("refresh-{}", seen.serial);
        let lives = if get("grant_type") == "refresh_token" { 7200 } else { seen.lives };
        let mut answer =
            json!({ "access_token": format!("access-{}", seen.serial), "token_type": "Bearer", "expires_in": lives, "refresh_token": seen.refresh, "scope": "read_api" });
        if let Some((name, value)) = &seen.more {
            answer[name] = value.clone();
        }
        Some((answer, seen.slow))
    });
    let Some((answer, slow)) = outcome else { return refused("invalid_grant") };
    tokio::time::sleep(Duration::from_millis(slow)).await;
    Json(answer).into_response()
}

async fn revoke(State(mock): State<Mock>, Form(form): Form<HashMap<String, String>>) -> Response {
    let deaf = mock.with(|seen| {
        let deaf = seen.deaf > 0;
        seen.deaf = seen.deaf.saturating_sub(1);
        if !deaf {
            seen.revoked.push(form.get("token").cloned().unwrap_or_default());
        }
        deaf
    });
    if deaf { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { Json(json!({})).into_response() }
}

/// A server with these backends, and where it keeps its things.
pub struct Portal {
    pub router: Router,
    pub state: server::State,
    pub folder: tempfile::TempDir,
}

pub const HOST: &str = "portal.test";

pub async fn portal(backends: &[(&str, &str)], more: &str) -> Portal {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut text = format!("[server]\npublic_url = \"https://{HOST}\"\n{more}\n");
    for (id, url) in backends {
        text += &format!("[[gitlab]]\nid = \"{id}\"\nurl = \"{url}\"\nclient_id = \"app\"\n[[instance]]\nid = \"{id}\"\nname = \"{id}\"\ngitlab = \"{id}\"\n");
    }
    let file = folder.path().join("twinport.toml");
    std::fs::write(&file, text).expect("it can be written");
    let config = Config::load(Some(&file)).unwrap_or_else(|error| panic!("{error}"));
    let state = server::State::open(&config, folder.path().join("data")).await.unwrap_or_else(|error| panic!("{error}"));
    Portal { router: server::router(&state), state, folder }
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> String {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A browser: it keeps one cookie.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub cookie: String,
}

impl Browser {
    pub fn of(portal: &Portal) -> Self {
        Self { router: portal.router.clone(), cookie: String::new() }
    }

    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        if !self.cookie.is_empty() {
            request = request.header("cookie", &self.cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).expect("it can be built")).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("the body can be read");
        if let Some(set) = parts.headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok()) {
            self.cookie = set.split(';').next().unwrap_or_default().to_owned();
        }
        Answer { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[]).await
    }

    /// Begins a sign-in; the state that has to come back.
    pub async fn begin(&mut self, backend: &str, then: &str) -> (String, Answer) {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("then", then).finish();
        let answer = self.get(&format!("/auth/{backend}?{query}")).await;
        let state = url::Url::parse(&answer.location()).ok().and_then(|url| url.query_pairs().find(|(key, _)| key == "state").map(|(_, value)| value.into_owned()));
        (state.unwrap_or_default(), answer)
    }

    pub async fn sign_in(&mut self, backend: &str) -> Answer {
        let (state, _) = self.begin(backend, "/help").await;
        self.get(&format!("/auth/{backend}/callback?code=c&state={state}")).await
    }

    pub async fn token(&mut self, backend: &str) -> Answer {
        self.send("POST", &format!("/auth/{backend}/token"), &[("sec-fetch-site", "same-origin"), ("x-twinport", "1")]).await
    }

    pub async fn logout(&mut self, backend: &str) -> Answer {
        self.send("POST", &format!("/auth/{backend}/logout"), &[("sec-fetch-site", "same-origin"), ("x-twinport", "1")]).await
    }
}
