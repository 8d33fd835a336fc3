//! `GET /embed/api/…`: what an embedded view reads. It carries a pass that was made for one grant;
//! asked for anything else, or after the grant was taken back, it gets nothing.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;

use super::{Grant, View, family, now, reader};
use crate::State;
use crate::auth::backend::Backend;
use crate::middleware::NOTHING;

/// What is sealed with a pass.
const PASSES: &str = "embed pass";
/// What the app leaves as it is in a name.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What is passed on of what a view sends.
const SENT: [HeaderName; 2] = [header::RANGE, header::IF_NONE_MATCH];
/// What it hears; the rest stays here.
const HEARD: [&str; 12] =
    ["content-type", "content-length", "content-range", "etag", "link", "x-next-page", "x-page", "x-per-page", "x-total", "x-total-pages", "x-trace-offset", "retry-after"];

/// A pass for a grant.
pub fn pass(state: &State, grant: &Grant) -> Result<String, String> {
    state.grants.seal_text(PASSES, &serde_json::to_vec(grant).map_err(|error| error.to_string())?)
}

fn say(status: StatusCode, message: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({ "message": message }))).into_response()
}

/// Words of a question that views ask, each once: backends differ in which of two they believe.
const WORDS: [&str; 10] = ["path", "ref", "recursive", "per_page", "page", "source", "include_retried", "byte_offset", "follow", "pagination"];

/// The words of a question, if they are among those, none comes twice, and no other version is meant
/// than the one that is shown.
fn words_of(query: &str, branch: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let known = WORDS.contains(&&*name) && !found.iter().any(|(other, _)| *other == name) && (name != "ref" || value == branch || value == "HEAD");
        if !known {
            return None;
        }
        found.push((name.into_owned(), value.into_owned()));
    }
    Some(found)
}

fn climbs(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "." | ".."))
}

/// Whether a grant lets `rest`, what comes behind the project, be read.
async fn may(state: &State, backend: &Backend, project: &str, grant: &Grant, rest: &str, query: &[(String, String)]) -> bool {
    let words: Vec<&str> = rest.split('/').filter(|word| !word.is_empty()).collect();
    let number = |text: &str| text.parse::<i64>().ok();
    let view = grant.subject.view;
    let of_twin = |path: &str| {
        let folder = grant.subject.twin.as_deref().map(|twin| format!("digital_twins/{twin}"));
        folder.is_some_and(|folder| path == folder || path.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/')))
    };
    let asked = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    match (view, words.as_slice()) {
        (_, []) => true,
        (View::Board, ["repository", "tree"]) => asked("path") == Some("digital_twins") && asked("recursive").is_none(),
        (View::Card, ["repository", "tree"]) => asked("path").is_some_and(|path| of_twin(path) && !climbs(path)),
        (View::Card, ["repository", "files", file, ..]) if words.len() == 4 || words.len() == 3 => {
            let path = percent_decode_str(file).decode_utf8_lossy().into_owned();
            of_twin(&path) && !climbs(&path)
        }
        // How runs went, and nothing that they printed or left.
        (View::Card | View::Board, ["pipelines"] | ["pipelines", _, "jobs" | "bridges"] | ["jobs"]) => true,
        (View::Card | View::Board, ["pipelines", pipeline]) => number(pipeline).is_some(),
        (View::Run | View::Log | View::Plot, ["pipelines", pipeline] | ["pipelines", pipeline, "jobs" | "bridges" | "trigger_jobs"]) => match number(pipeline) {
            Some(pipeline) => family::has_pipeline(state, backend, project, grant, pipeline).await,
            None => false,
        },
        (View::Run | View::Log | View::Plot, ["jobs", job]) | (View::Log, ["jobs", job, "trace"]) => match number(job) {
            Some(job) => family::has_job(state, backend, project, grant, job).await,
            None => false,
        },
        (View::Plot, ["jobs", job, "artifacts", path @ ..]) => {
            let path = percent_decode_str(&path.join("/")).decode_utf8_lossy().into_owned();
            match number(job) {
                Some(job) if Some(&path) == grant.subject.path.as_ref() => family::has_job(state, backend, project, grant, job).await,
                _ => false,
            }
        }
        _ => false,
    }
}

/// The grant that a pass is for, if it is still good.
async fn granted(state: &State, headers: &HeaderMap) -> Result<Grant, Response> {
    let over = || say(StatusCode::FORBIDDEN, "what let this view be shown is over: reload the page that it is in");
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer ")).ok_or_else(over)?;
    let grant: Grant = state.grants.open_text(PASSES, shown).and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(over)?;
    let there = match &grant.reads_as {
        Some(person) => {
            let backend = state.instances.iter().find(|instance| instance.id == grant.subject.instance).map(|instance| instance.backend.as_str());
            state.grants.is_alive(person, backend.unwrap_or_default()).await == Ok(true)
        }
        None => state.granted(&grant.id).await.is_some(),
    };
    if grant.until > now() && there { Ok(grant) } else { Err(over()) }
}

/// Reads for a view.
pub async fn read(Shared(state): Shared<State>, request: Request) -> Response {
    if *request.method() != Method::GET {
        return say(StatusCode::FORBIDDEN, "embedded views only read");
    }
    let grant = match granted(&state, request.headers()).await {
        Ok(grant) => grant,
        Err(refusal) => return refusal,
    };
    let instance = state.instances.iter().find(|instance| instance.id == grant.subject.instance);
    let Some(backend) = instance.and_then(|instance| state.backend(&instance.backend)) else { return say(StatusCode::NOT_FOUND, "this instance is not here any more") };
    // The bytes as they were sent: a decoded path could mean another place.
    let path = request.uri().path().strip_prefix("/embed/api/").unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    let project = utf8_percent_encode(&grant.subject.project, NON_ALPHANUMERIC).to_string();
    let plain = utf8_percent_encode(&grant.subject.project, NAME).to_string();
    let rest = [&project, &plain].into_iter().find_map(|project| path.strip_prefix(&format!("v4/projects/{project}")));
    let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) else { return say(StatusCode::FORBIDDEN, "this view is not of that") };
    let branch = instance.and_then(|instance| instance.branch.as_deref()).unwrap_or("HEAD");
    let Some(words) = words_of(query, branch) else { return say(StatusCode::FORBIDDEN, "this view does not ask that") };
    if !may(&state, backend, &project, &grant, rest, &words).await {
        return say(StatusCode::FORBIDDEN, "this view is not of that");
    }
    let sent: HeaderMap = SENT.iter().filter_map(|name| Some((name.clone(), request.headers().get(name)?.clone()))).collect();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(words).finish();
    let asked = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    match reader::read(&state, backend, grant.reads_as.as_deref(), &asked, sent).await {
        Ok(got) if rest.is_empty() && got.status().is_success() => about(got).await,
        Ok(got) => answer(got),
        Err(reason) => {
            tracing::warn!(backend = backend.id, reason, "an embedded view could not be read");
            say(StatusCode::BAD_GATEWAY, "the backend did not answer")
        }
    }
}

/// What views are told of a project. A backend tells whoever manages it more: secrets of its runners, for one.
const ABOUT: [&str; 11] = ["id", "name", "web_url", "http_url_to_repo", "path", "path_with_namespace", "description", "default_branch", "visibility", "empty_repo", "archived"];

/// A project, without what is nobody's business.
async fn about(got: reqwest::Response) -> Response {
    let Ok(whole) = got.json::<serde_json::Value>().await else { return say(StatusCode::BAD_GATEWAY, "the backend's answer could not be read") };
    let told: serde_json::Map<_, _> = ABOUT.iter().filter_map(|name| Some(((*name).to_owned(), whole.get(*name)?.clone()))).collect();
    (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], Json(told)).into_response()
}

fn answer(got: reqwest::Response) -> Response {
    if got.status().is_redirection() && got.status() != reqwest::StatusCode::NOT_MODIFIED {
        return say(StatusCode::BAD_GATEWAY, "the backend redirects, which is not followed here");
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(got.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    for name in HEARD {
        for value in got.headers().get_all(name) {
            headers.append(HeaderName::from_static(name), value.clone());
        }
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&format!("{NOTHING}; sandbox")).unwrap_or(HeaderValue::from_static("sandbox")));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = Body::from_stream(got.bytes_stream());
    response
}

#[cfg(test)]
mod tests {
    use super::words_of;

    #[test]
    fn a_question_says_a_thing_once() {
        assert!(words_of("path=digital_twins&ref=HEAD&per_page=100", "HEAD").is_some());
        for query in ["path=digital_twins&path=", "path=a&path=b", "ref=other", "secret=1", "path[]=a", "PATH=a"] {
            assert!(words_of(query, "HEAD").is_none(), "{query}");
        }
    }
}
