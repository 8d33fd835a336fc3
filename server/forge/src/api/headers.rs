//! What every answer of the API carries: CORS as GitLab's table has it (GITLAB.md §6), weak
//! ETags with 304, and GitLab's fixed headers.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::Forge;
use crate::error::ApiError;

/// GitLab's list, and the ones it forgets.
const EXPOSED: &str = "Link, X-Total, X-Total-Pages, X-Per-Page, X-Page, X-Next-Page, X-Prev-Page, X-Gitlab-Blob-Id, X-Gitlab-Commit-Id, \
X-Gitlab-Content-Sha256, X-Gitlab-Encoding, X-Gitlab-File-Name, X-Gitlab-File-Path, X-Gitlab-Last-Commit-Id, X-Gitlab-Ref, X-Gitlab-Size, \
X-Request-Id, ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Content-Disposition, Content-Range, X-Next-Cursor";

/// Bodies up to this size get an ETag.
const MAX_TAGGED: usize = 8 * 1024 * 1024;

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

fn preflight(headers: &HeaderMap, methods: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let out = response.headers_mut();
    set(out, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(out, header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    set(out, header::ACCESS_CONTROL_MAX_AGE, "7200");
    if let Some(asked) = asked {
        out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
    response
}

/// Wraps every route of the API.
pub async fn api(State(_): State<Forge>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight(request.headers(), "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    let started = std::time::Instant::now();
    let mut response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && !response.headers().contains_key(header::CONTENT_TYPE) {
        response = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed").into_response();
    }
    let plain = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if plain && response.status() == StatusCode::BAD_REQUEST {
        // Only path parameters that could not be read are refused in plain text.
        response = ApiError::Parameter("a parameter in the path is invalid".to_owned()).into_response();
    }
    if read && response.status() == StatusCode::OK {
        response = tag(response, known.as_ref()).await;
    }
    let headers = response.headers_mut();
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "SAMEORIGIN");
    set(headers, header::VARY, "Origin");
    set(headers, header::CACHE_CONTROL, "max-age=0, private, must-revalidate");
    set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    let id = hex::encode(crate::secret::random_bytes::<8>());
    let pairs = [("x-request-id", id), ("x-runtime", format!("{:.6}", started.elapsed().as_secs_f64()))];
    for (name, value) in pairs {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

async fn tag(response: Response, known: Option<&HeaderValue>) -> Response {
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let size = http_body::Body::size_hint(response.body()).exact();
    if !json || size.is_none_or(|size| size > MAX_TAGGED as u64) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_TAGGED).await else {
        return ApiError::internal("an answer was larger than expected").into_response();
    };
    let value = format!("W/\"{}\"", &hex::encode(Sha256::digest(&bytes))[..32]);
    let listed = |known: &HeaderValue| known.to_str().is_ok_and(|text| text.split(',').any(|tag| tag.trim().trim_start_matches("W/") == &value[2..] || tag.trim() == "*"));
    let unchanged = known.is_some_and(listed);
    if let Ok(value) = HeaderValue::from_str(&value) {
        parts.headers.insert(header::ETAG, value);
    }
    if unchanged {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// Preflight of the OAuth endpoints that a browser may call.
pub async fn oauth_preflight(headers: HeaderMap) -> Response {
    preflight(&headers, "GET, POST, HEAD, OPTIONS")
}

/// What GitLab says to a route it does not have; the forge says so too of what it does not do.
pub async fn unknown_route() -> ApiError {
    ApiError::Route
}

/// Version 3 of the API was removed long ago.
pub async fn gone() -> ApiError {
    ApiError::new(StatusCode::GONE, "410 Gone")
}

/// Anything that is no page of the forge.
pub async fn no_page() -> Response {
    crate::oauth::html::message(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "The address may be mistyped, or the page belongs to a full GitLab. Go back to Twinport and start from the library.",
    )
}
