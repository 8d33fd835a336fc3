//! `GET /auth/done/{backend}`: the end of a sign-in in a tab of its own. It tells the tab that
//! waits, and closes itself.

use axum::extract::{Path, State as Shared};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use super::grants::random_name;
use crate::State;
use crate::failure::Failure;

/// What `then` says for it.
pub const ASKED: &str = "/auth/done";

/// Its address.
#[must_use]
pub fn address(backend: &str) -> String {
    format!("{ASKED}/{backend}")
}

/// The page. A backend's id is lower-case letters, digits and `-`, so it may stand in a script.
pub async fn done(Shared(state): Shared<State>, Path(id): Path<String>) -> Result<Response, Failure> {
    let backend = state.backend(&id).ok_or_else(|| Failure::unknown_backend(&id))?;
    let nonce = random_name();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"icon\" href=\"data:,\"><title>Done · Twinport</title><link rel=\"stylesheet\" href=\"{css}\"></head>\
         <body class=\"plain\"><main class=\"notice\"><h1>Done</h1><p>The page that you came from goes on. You can close this tab.</p></main>\
         <script nonce=\"{nonce}\">new BroadcastChannel('twinport').postMessage('in {id}'); setTimeout(close, 300);</script></body></html>",
        css = crate::site::path_of("main.css"),
        id = backend.id
    );
    let policy = format!("default-src 'none'; style-src 'self'; img-src data:; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    Ok(([(header::CACHE_CONTROL, "no-store".to_owned()), (header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}
