//! The built site: one folder named by the hash of everything in it, each file with its compressed forms beside it.
//! The program carries it (`main.rs`), and this library does not: it is compiled while the site is still being built.

use std::borrow::Cow;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Answers with a file of the site, by its path in it: `manifest.json`.
pub type Built = fn(&str) -> Option<Cow<'static, [u8]>>;

static BUILT: OnceLock<Built> = OnceLock::new();

/// Says where the files are, once; without it there are none.
pub fn carried_by(built: Built) {
    let _ = BUILT.set(built);
}

fn file(path: &str) -> Option<Cow<'static, [u8]>> {
    BUILT.get().and_then(|built| built(path))
}

/// The name of the folder, from the manifest that the build wrote; read anew each time while developing.
#[must_use]
pub fn hash() -> String {
    static KNOWN: OnceLock<String> = OnceLock::new();
    let read = || {
        let value: Option<serde_json::Value> = file("manifest.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
        value.and_then(|value| value.get("hash").and_then(|hash| hash.as_str()).map(str::to_owned)).unwrap_or_else(|| "none".to_owned())
    };
    if cfg!(debug_assertions) { read() } else { KNOWN.get_or_init(read).clone() }
}

/// The path of a built file.
#[must_use]
pub fn path_of(file: &str) -> String {
    format!("/pkg/{}/{file}", hash())
}

/// What every page loads.
#[must_use]
pub fn assets() -> app::shell::Assets {
    let dev = cfg!(debug_assertions);
    app::shell::Assets {
        css: path_of("main.css"),
        js: path_of("twinport.js"),
        split: path_of("__wasm_split.js"),
        wasm: path_of("twinport.wasm"),
        dev,
        ..app::shell::Assets::default()
    }
}

fn kind(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether the browser takes `coding`: named, and not with `q=0` (RFC 9110 §12.5.3).
pub(crate) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let text = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let refused = |part: &str| part.strip_prefix("q=").is_some_and(|q| q.trim_end_matches(['0', '.']).is_empty());
        parts.next() == Some(coding) && !parts.any(refused)
    })
}

/// What a file may do when it is run as a worker: load its own module, and nothing else.
const WORKER: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

fn serve(path: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let policy = if path.ends_with("worker.js") { WORKER } else { crate::middleware::NOTHING };
    let fixed = [(header::CONTENT_TYPE, kind(path)), (header::CACHE_CONTROL, cache), (header::VARY, "Accept-Encoding"), (header::CONTENT_SECURITY_POLICY, policy)];
    for (coding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if let (true, Some(file)) = (accepts(headers, coding), self::file(&format!("{path}{suffix}"))) {
            return (fixed, [(header::CONTENT_ENCODING, coding)], file.into_owned()).into_response();
        }
    }
    match self::file(path) {
        Some(file) => (fixed, file.into_owned()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /pkg/{hash}/{file}`: never changes, so it may be kept for ever.
pub async fn built_file(Path((folder, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    if file.split('/').any(|part| part == "..") {
        return StatusCode::NOT_FOUND.into_response();
    }
    serve(&format!("pkg/{folder}/{file}"), &headers, "public, max-age=31536000, immutable")
}

/// `GET /embed/view.js`: the element for pages of others. Its address stays, so it is not kept for
/// ever; anybody may load it, as it says nothing.
pub async fn element(headers: HeaderMap) -> Response {
    let mut response = serve(&format!("pkg/{}/view.js", hash()), &headers, "public, max-age=3600");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    response.headers_mut().insert("cross-origin-resource-policy", header::HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /schema/{file}`: the JSON Schemas of files that people write. Editors fetch them, from anywhere.
pub async fn schema(Path(file): Path<String>) -> Response {
    let text = match file.as_str() {
        "federation-1.json" => include_str!("../../public/schema/federation-1.json"),
        "dashboard-1.json" => include_str!("../../public/schema/dashboard-1.json"),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, "application/schema+json"), (header::CACHE_CONTROL, "public, max-age=3600"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], text).into_response()
}

/// `GET /favicon.svg`
pub async fn icon(headers: HeaderMap) -> Response {
    serve("favicon.svg", &headers, "public, max-age=86400")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn codings() {
        let check = |text: &'static str, coding: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]);
            super::accepts(&headers, coding)
        };
        assert!(check("gzip, deflate, br", "br"));
        assert!(check("br;q=0.5", "br"));
        assert!(!check("br;q=0, gzip", "br"));
        assert!(!check("gzip", "br"));
    }
}
