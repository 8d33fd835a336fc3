//! The forge's own few pages: sign-in, consent, and what went wrong. No script, one stylesheet.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// The stylesheet of these pages.
pub const STYLE: &str = include_str!("page.css");

/// Text made safe for HTML, attributes included.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page with this title and body (HTML).
pub fn page(status: StatusCode, title: &str, body: &str) -> Response {
    use base64::Engine;
    use sha2::Digest;
    // The style is inline, so that these pages need no second request; its hash is all CSP allows.
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'");
    let title = escape(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>{title} · Twinport</title><style>{STYLE}</style></head>\
         <body><main><p class=\"mark\" aria-hidden=\"true\">Twinport</p><h1>{title}</h1>{body}</main></body></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_FRAME_OPTIONS, "DENY".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (status, headers, Html(text)).into_response()
}

/// A page that only says something.
pub fn message(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p><p><a href=\"/\">Go to Twinport</a></p>", escape(text)))
}
