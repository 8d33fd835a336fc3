//! `/relay/{backend}/api/…`: for backends that browsers cannot ask themselves. The server adds the
//! person's token to a few kinds of requests and passes bodies through as they come; it follows one
//! redirect, without the token, to an object store that the configuration names.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, response};
use serde_json::json;
use tower_sessions::Session;

use crate::State;
use crate::auth::backend::Backend;
use crate::auth::fresh::{Lost, fresh};
use crate::auth::signed_in;
use crate::config::Access;
use crate::failure::Failure;
use crate::middleware::{NOTHING, is_asked_by_the_app};

/// The largest body that is passed on to a backend.
const MOST: usize = 16 * 1024 * 1024;
/// What is passed on to a backend of what the app sends.
const SENT: [HeaderName; 4] = [header::CONTENT_TYPE, header::ACCEPT, header::RANGE, header::IF_NONE_MATCH];
/// What is passed on to the app of what a backend answers; the rest stays between us and it.
const HEARD: [&str; 18] = [
    "content-type",
    "content-length",
    "content-range",
    "etag",
    "link",
    "x-next-page",
    "x-page",
    "x-per-page",
    "x-prev-page",
    "x-total",
    "x-total-pages",
    "x-request-id",
    "x-trace-offset",
    "retry-after",
    "x-gitlab-blob-id",
    "x-gitlab-commit-id",
    "x-gitlab-last-commit-id",
    "x-gitlab-size",
];
/// Says that a backend spoke, not this server.
const PASSED: &str = "x-twinport-relay";

/// The kinds of requests that are passed on: method and path below `/api`, where `*` is one part
/// and `**` all that follow.
const OPEN: [(Method, &str); 30] = [
    (Method::POST, "graphql"),
    (Method::GET, "v4/user"),
    (Method::GET, "v4/version"),
    (Method::GET, "v4/metadata"),
    (Method::GET, "v4/runners"),
    (Method::GET, "v4/groups/**"),
    (Method::GET, "v4/projects/**"),
    (Method::POST, "v4/projects/*/pipeline"),
    (Method::POST, "v4/projects/*/pipelines/*/cancel"),
    (Method::POST, "v4/projects/*/pipelines/*/retry"),
    (Method::POST, "v4/projects/*/jobs/*/play"),
    (Method::POST, "v4/projects/*/jobs/*/retry"),
    (Method::POST, "v4/projects/*/jobs/*/cancel"),
    (Method::POST, "v4/projects/*/ci/lint"),
    (Method::POST, "v4/projects/*/environments/*/stop"),
    (Method::POST, "v4/projects/*/repository/commits"),
    (Method::POST, "v4/projects/*/repository/commits/*/revert"),
    (Method::POST, "v4/projects/*/fork"),
    (Method::POST, "v4/projects/*/merge_requests"),
    (Method::PUT, "v4/projects/*/merge_requests/*"),
    (Method::PUT, "v4/projects/*/merge_requests/*/merge"),
    (Method::POST, "v4/projects/*/merge_requests/*/notes"),
    (Method::POST, "v4/projects/*/merge_requests/*/approve"),
    (Method::POST, "v4/projects/*/merge_requests/*/unapprove"),
    (Method::POST, "v4/projects/*/pipeline_schedules"),
    (Method::PUT, "v4/projects/*/pipeline_schedules/*"),
    (Method::DELETE, "v4/projects/*/pipeline_schedules/*"),
    (Method::POST, "v4/projects/*/pipeline_schedules/*/variables"),
    (Method::POST, "v4/projects/*/pipeline_schedules/*/play"),
    (Method::PUT, "v4/projects/*/pipelines/*/metadata"),
];

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), parts.next()) {
            (Some("**"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(part)) if !part.is_empty() => {}
            (Some(word), Some(part)) if word == part => {}
            _ => return false,
        }
    }
}

/// Whether a request may be passed on. `path` is as it was sent, below `/api/`.
fn is_open(method: &Method, path: &str) -> bool {
    let plain = path.split('/').all(|part| !matches!(part, "." | "..") && !part.to_ascii_lowercase().contains("%2e%2e"));
    plain && OPEN.iter().any(|(known, pattern)| known == method && fits(pattern, path))
}

/// The largest question to the graph that is read.
const QUESTION: usize = 64 * 1024;

/// What of a request to the graph is passed on, if it only asks: what changes something has a route above, or is not passed
/// on. It is written anew, because a GitLab reads more than a body's `query` (GraphqlController: `_json` holds several).
fn asked(body: &[u8]) -> Option<Vec<u8>> {
    let whole: serde_json::Value = serde_json::from_slice(body.get(..=QUESTION).map_or(Some(body), |_| None)?).ok()?;
    let query = whole["query"].as_str()?;
    let read = async_graphql::parser::parse_query(query).ok()?;
    let asks = read.operations.iter().all(|(_, operation)| operation.node.ty == OperationType::Query);
    let mut told = json!({ "query": query });
    for name in ["variables", "operationName"] {
        if let Some(value) = whole.get(name) {
            told[name] = value.clone();
        }
    }
    asks.then(|| told.to_string().into_bytes())
}

fn say(status: StatusCode, message: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({ "message": message }))).into_response()
}

/// The token to add, or none for guests; a refusal where nobody may ask.
async fn token(state: &State, session: &Session, backend: &Backend, read: bool) -> Result<Option<String>, Response> {
    let list = signed_in(state, session).await.map_err(|_| say(StatusCode::SERVICE_UNAVAILABLE, "the session store did not answer"))?;
    let Some(own) = list.into_iter().find(|own| own.backend == backend.id) else {
        let guests = state.instances.iter().any(|instance| instance.backend == backend.id && instance.guests);
        return if guests && read { Ok(None) } else { Err(say(StatusCode::UNAUTHORIZED, "not signed in there")) };
    };
    let work = {
        let (state, backend) = (state.clone(), backend.clone());
        tokio::spawn(async move { fresh(&state, &backend, &own.grant).await })
    };
    match work.await {
        Ok(Ok(tokens)) => Ok(Some(tokens.access)),
        Ok(Err(Lost::Grant)) => Err(say(StatusCode::UNAUTHORIZED, "not signed in there")),
        _ => Err(say(StatusCode::BAD_GATEWAY, "the backend did not answer")),
    }
}

/// Where a redirect of `backend` leads, if it may be followed.
fn storage(backend: &Backend, headers: &reqwest::header::HeaderMap) -> Result<url::Url, String> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let base = url::Url::parse(&backend.url).map_err(|error| error.to_string())?;
    let to = base.join(location).map_err(|error| error.to_string())?;
    let origin = to.origin().ascii_serialization();
    if backend.storage.contains(&origin) { Ok(to) } else { Err(origin) }
}

fn answer(got: reqwest::Response) -> Response {
    let mut response = response::Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(got.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    for name in HEARD {
        for value in got.headers().get_all(name) {
            headers.append(HeaderName::from_static(name), value.clone());
        }
    }
    // Whatever a file says it is, it does nothing on this origin.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&format!("{NOTHING}; sandbox")).unwrap_or(HeaderValue::from_static("sandbox")));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PASSED, HeaderValue::from_static("1"));
    *response.body_mut() = Body::from_stream(got.bytes_stream());
    response
}

/// Passes a request on.
pub async fn relay(Shared(state): Shared<State>, session: Session, Path((id, _)): Path<(String, String)>, request: Request) -> Result<Response, Failure> {
    if !is_asked_by_the_app(&state, request.headers()) {
        return Ok(say(StatusCode::FORBIDDEN, "this address is for Twinport's own pages"));
    }
    let Some(backend) = state.backend(&id).filter(|backend| backend.access != Access::Direct).cloned() else {
        return Ok(say(StatusCode::NOT_FOUND, "no backend of this name is reached through this server"));
    };
    let (parts, body) = request.into_parts();
    // The bytes as they were sent: a decoded path could mean another place.
    let path = parts.uri.path().strip_prefix(&format!("/relay/{id}/api/")).unwrap_or_default();
    if !is_open(&parts.method, path) {
        return Ok(say(StatusCode::FORBIDDEN, "requests of this kind are not passed on"));
    }
    let read = parts.method == Method::GET || path == "graphql";
    let token = match token(&state, &session, &backend, read).await {
        Ok(token) => token,
        Err(refusal) => return Ok(refusal),
    };
    let Ok(body) = axum::body::to_bytes(body, MOST).await else { return Ok(say(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large")) };
    let (mut query, mut headers, mut body) = (parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default(), chosen(&parts.headers), body);
    if path == "graphql" {
        let Some(question) = asked(&body) else {
            return Ok(say(StatusCode::FORBIDDEN, "the graph is only asked through this server, with one question of at most 64 kB, and never told to change anything"));
        };
        (query, body) = (String::new(), question.into());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let url = format!("{}/api/{path}{query}", backend.internal_url);
    let mut passed = state.relay_http.request(parts.method, url).headers(headers).body(body);
    if let Some(token) = token {
        passed = passed.bearer_auth(token);
    }
    let got = match passed.send().await {
        Ok(got) => got,
        Err(error) => {
            tracing::warn!(backend = id, reason = crate::failure::chain(&error), "a backend did not answer the relay");
            return Ok(say(StatusCode::BAD_GATEWAY, "the backend did not answer"));
        }
    };
    if !got.status().is_redirection() || got.status() == reqwest::StatusCode::NOT_MODIFIED {
        return Ok(answer(got));
    }
    match storage(&backend, got.headers()) {
        Ok(to) => match state.relay_http.get(to).send().await {
            Ok(got) if !got.status().is_redirection() => Ok(answer(got)),
            _ => Ok(say(StatusCode::BAD_GATEWAY, "the object store of the backend did not answer")),
        },
        Err(origin) => Ok(say(StatusCode::BAD_GATEWAY, &format!("the backend redirects to {origin}, which is not in the storage list of its [[gitlab]]"))),
    }
}

fn chosen(headers: &HeaderMap) -> HeaderMap {
    SENT.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

/// The client: no redirects, no wait for what is not there, no end to a long download.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::ClientBuilder::new().redirect(reqwest::redirect::Policy::none());
    builder.connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60)).build()
}

#[cfg(test)]
mod tests {
    use super::{Method, asked, is_open};

    #[test]
    fn few_kinds_of_requests_are_passed_on() {
        for (method, path, open) in [
            (Method::GET, "v4/projects/dtaas%2Falice/repository/tree", true),
            (Method::POST, "graphql", true),
            (Method::GET, "graphql", false),
            (Method::POST, "v4/projects/3/pipeline", true),
            (Method::POST, "v4/projects/3/pipelines/4/cancel", true),
            (Method::POST, "v4/projects/3/merge_requests", true),
            (Method::PUT, "v4/projects/3/merge_requests/4/merge", true),
            (Method::POST, "v4/projects/3/merge_requests/4/notes", true),
            (Method::DELETE, "v4/projects/3/merge_requests/4", false),
            (Method::POST, "v4/projects/dtaas%2Fcommon/fork", true),
            (Method::POST, "v4/projects/3/repository/commits/c0ffee/revert", true),
            (Method::DELETE, "v4/projects/3/pipeline_schedules/4", true),
            (Method::POST, "v4/projects/3/pipeline_schedules/4/variables", true),
            (Method::POST, "v4/projects/3/pipeline_schedules/4/take_ownership", false),
            (Method::POST, "v4/projects//pipeline", false),
            (Method::DELETE, "v4/projects/3", false),
            (Method::POST, "v4/projects", false),
            (Method::POST, "v4/personal_access_tokens", false),
            (Method::GET, "v4/personal_access_tokens", false),
            (Method::GET, "v4/application/settings", false),
            (Method::GET, "v4/projects/../application/settings", false),
            (Method::GET, "v4/projects/%2e%2e/application/settings", false),
            (Method::POST, "v4/projects/3/variables", false),
            (Method::POST, "v4/user/keys", false),
            (Method::GET, "", false),
        ] {
            assert_eq!(is_open(&method, path), open, "{method} {path}");
        }
    }

    #[test]
    fn the_graph_is_asked_and_changes_nothing() {
        let of = |body: serde_json::Value| asked(body.to_string().as_bytes());
        let asks = |query: &str| of(serde_json::json!({ "query": query })).is_some();
        assert!(asks("{ currentUser { id } }") && asks("query a { currentUser { id } }"));
        assert!(!asks("mutation { pipelineCancel(input: {id: \"1\"}) { errors } }"));
        assert!(!asks("query a { currentUser { id } } mutation b { x { id } }"), "the second is chosen by its name");
        assert!(!asks("# query\n mutation { x { id } }") && !asks("subscription { x }") && !asks("") && !asks("query"));
        assert!(asked(b"[]").is_none() && asked(b"{}").is_none() && asked(b"\xff").is_none());
        // What a GitLab would read besides does not arrive there.
        let sly = of(serde_json::json!({ "query": "{ a }", "_json": [{ "query": "mutation { x { id } }" }], "variables": { "a": 1 } })).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&sly), r#"{"query":"{ a }","variables":{"a":1}}"#);
        assert!(!asks(&format!("{{ {} }}", "a ".repeat(40_000))), "too long to be read");
    }
}
