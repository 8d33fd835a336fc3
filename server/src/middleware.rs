//! The whole stack, in the order in which a request meets it.

use crate::auth::callback::KeepsCookie;
use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::State;

/// What answers that are no pages may do: nothing.
pub(crate) const NOTHING: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A request by a page of ours: `Sec-Fetch-Site` says so, or `Origin` does; without either it is not.
#[must_use]
pub fn from_our_pages(state: &State, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == state.public_url,
        (None, None) => false,
    }
}

/// A request that the app made: from our pages, and with a header that no form can send.
#[must_use]
pub fn is_asked_by_the_app(state: &State, headers: &HeaderMap) -> bool {
    from_our_pages(state, headers) && headers.get("x-twinport").is_some_and(|value| value == "1")
}

/// A request that the app made, or a refusal before anything of its body is read.
#[derive(Debug, Clone, Copy)]
pub struct ByTheApp;

impl FromRequestParts<State> for ByTheApp {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, StatusCode> {
        if is_asked_by_the_app(state, &parts.headers) { Ok(Self) } else { Err(StatusCode::FORBIDDEN) }
    }
}

/// The same for forms of our own pages.
#[derive(Debug, Clone, Copy)]
pub struct FromOurPages;

impl FromRequestParts<State> for FromOurPages {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, StatusCode> {
        if from_our_pages(state, &parts.headers) { Ok(Self) } else { Err(StatusCode::FORBIDDEN) }
    }
}

async fn strict_front(request: Request, next: Next) -> Response {
    match proxy::front::check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => (StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST), refusal.to_string()).into_response(),
    }
}

fn header(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// The cookie that ends a session needs all that the cookie had which began it, or browsers keep
/// the old one (tower-sessions 0.14 leaves most of it out).
async fn whole_removal(secure: bool, request: Request, next: Next) -> Response {
    let brought: Vec<String> =
        request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split("; ").map(str::to_owned)).collect();
    let leaves = request.uri().path().starts_with("/auth/") && request.uri().path().ends_with("/logout");
    let mut response = next.run(request).await;
    let name = cookie_name(secure);
    if response.extensions().get::<KeepsCookie>().is_some() {
        response.headers_mut().remove(header::SET_COOKIE);
    }
    // A cookie that the browser has already is not set again: by now it may have a newer one.
    let again = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.starts_with(name) && brought.iter().any(|known| text.split(';').next() == Some(known)));
    if response.headers().get_all(header::SET_COOKIE).iter().any(again) {
        let others: Vec<HeaderValue> = response.headers().get_all(header::SET_COOKIE).iter().filter(|value| !again(value)).cloned().collect();
        response.headers_mut().remove(header::SET_COOKIE);
        for value in others {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    let ends = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.starts_with(&format!("{name}=;")));
    let headers = response.headers_mut();
    if headers.get_all(header::SET_COOKIE).iter().any(ends) {
        let others: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().filter(|value| !ends(value)).cloned().collect();
        headers.remove(header::SET_COOKIE);
        let removal = format!("{name}=; HttpOnly; SameSite=Lax; {}Path=/; Max-Age=0", if secure { "Secure; " } else { "" });
        // A request that was on its way when a sign-in gave the session another name finds nothing under the old one, and
        // the browser has a newer cookie by now: only whoever signs out loses theirs. One that is over is worth nothing.
        for value in others.into_iter().chain(HeaderValue::from_str(&removal).ok().filter(|_| leaves)) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    response
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-twinport" } else { "twinport" }
}

/// Puts the stack around `router`.
pub fn wrap(router: Router, state: &State) -> Router {
    let secure = state.public_url.starts_with("https://");
    let sessions = SessionManagerLayer::new(state.sessions.clone())
        .with_name(cookie_name(secure))
        .with_secure(secure)
        // Lax, because the answer of a backend is a navigation from elsewhere.
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(Duration::seconds(state.limits.whole)));
    router
        .layer(sessions)
        .layer(axum::middleware::from_fn(move |request: Request, next: Next| whole_removal(secure, request, next)))
        .layer(header(header::CONTENT_SECURITY_POLICY, NOTHING))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
}

/// The stack of what pages of others may frame: without sessions, and without a word against frames
/// but the policy of each answer.
pub fn wrap_framed(router: Router) -> Router {
    router.layer(header(header::CONTENT_SECURITY_POLICY, NOTHING)).layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")).layer(header(header::REFERRER_POLICY, "no-referrer"))
}

/// The longest pause within the body of a request.
const BODY_PAUSE: std::time::Duration = std::time::Duration::from_secs(30);

/// What stands before everything, the forge included.
pub fn outermost(router: Router) -> Router {
    router.layer(CatchPanicLayer::new()).layer(RequestBodyTimeoutLayer::new(BODY_PAUSE)).layer(axum::middleware::from_fn(strict_front))
}
