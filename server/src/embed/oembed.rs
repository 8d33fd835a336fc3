//! `GET /oembed?url=…`: how a page shows one of our views (oembed.com, 2.3.4.4 “rich”). Only addresses
//! of ours are answered, and none is fetched.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::State;

/// What a consumer asks.
#[derive(Debug, Deserialize)]
pub struct Asked {
    url: Option<String>,
    maxwidth: Option<String>,
    maxheight: Option<String>,
    format: Option<String>,
}

/// A size within reason; nonsense is the usual one.
fn size(asked: Option<&str>, usual: u32, least: u32) -> u32 {
    asked.and_then(|text| text.parse::<u32>().ok()).map_or(usual, |most| most.clamp(least, usual.max(least)))
}

/// What a frame of ours needs, and nothing else (SECURITY.md §3, rule 5).
pub const SANDBOX: &str = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/// The address as we write it ourselves, if it is one of a view here.
fn own(state: &State, text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.origin().ascii_serialization() == state.public_url;
    let view = url.path().strip_prefix("/embed/").filter(|view| ["card", "run", "log", "plot", "board"].contains(view))?;
    let grant = url.query_pairs().find(|(name, _)| name == "grant")?.1.into_owned();
    let fine = grant.len() < 4_000 && grant.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (plain && fine).then(|| format!("{}/embed/{view}?grant={grant}", state.public_url))
}

/// Answers a consumer.
pub async fn answer(Shared(state): Shared<State>, Query(asked): Query<Asked>) -> Response {
    if asked.format.as_deref().is_some_and(|format| format != "json") {
        return (StatusCode::NOT_IMPLEMENTED, "only JSON is answered\n").into_response();
    }
    let Some(url) = asked.url.as_deref().and_then(|url| own(&state, url)) else { return (StatusCode::NOT_FOUND, "this is no view of ours\n").into_response() };
    let (width, height) = (size(asked.maxwidth.as_deref(), 800, 200), size(asked.maxheight.as_deref(), 420, 120));
    let escape = forge::oauth::html::escape;
    let html = format!(
        "<iframe src=\"{}\" width=\"{width}\" height=\"{height}\" title=\"A view of Twinport\" sandbox=\"{SANDBOX}\" referrerpolicy=\"strict-origin-when-cross-origin\" loading=\"lazy\"></iframe>",
        escape(&url)
    );
    let body = json!({ "version": "1.0", "type": "rich", "provider_name": state.name, "provider_url": state.public_url, "title": "A view of Twinport", "width": width, "height": height, "html": html });
    ([(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_stay_within_reason() {
        assert_eq!((size(None, 800, 200), size(Some("1e9"), 800, 200), size(Some("99999999"), 800, 200), size(Some("1"), 800, 200)), (800, 800, 800, 200));
    }
}
