//! What is answered on a workspace's host by us, and the addresses of what is on the app's.

use app::routes::Route;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::State;
use crate::edge::serve::Answer;

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The app's page about one's workspace, which opens `then` in it once it is there. Its name is the
/// word that `desks::Desk` knows.
#[must_use]
pub fn about(state: &State, then: &str) -> String {
    format!("{}{}", state.public_url, about_path(state, then))
}

/// The same, as a path on the app's host.
#[must_use]
pub fn about_path(state: &State, then: &str) -> String {
    let backend = state.workspaces.as_ref().map(|workspaces| workspaces.backend.as_str());
    match state.instances.iter().find(|instance| Some(instance.backend.as_str()) == backend) {
        Some(instance) => format!("{}?then={}", Route::Desk { instance: instance.id.clone(), rest: "workspace".to_owned() }, encode(then)),
        None => Route::Home.to_string(),
    }
}

/// Where one gets a ticket to a workspace; `way` says for which browser.
#[must_use]
pub fn way_in(state: &State, label: &str, then: &str, way: Option<&str>) -> String {
    let way = way.map(|way| format!("&way={way}")).unwrap_or_default();
    format!("{}{}{way}", state.public_url, way_in_path(label, then))
}

/// The same, as a path on the app's host.
#[must_use]
pub fn way_in_path(label: &str, then: &str) -> String {
    format!("/workspaces/enter/{}?then={}", encode(label), encode(then))
}

fn made(status: StatusCode, kind: &'static str, body: String) -> Response<Answer> {
    let mut response = Response::new(Answer::Own(Body::from(body)));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A sentence.
#[must_use]
pub fn text(status: StatusCode, words: &str) -> Response<Answer> {
    made(status, "text/plain; charset=utf-8", format!("{words}\n"))
}

/// Somewhere else, by GET.
#[must_use]
pub fn go(to: &str) -> Response<Answer> {
    let mut response = made(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new());
    match HeaderValue::from_str(to) {
        Ok(value) => response.headers_mut().insert(header::LOCATION, value),
        Err(_) => return text(StatusCode::BAD_REQUEST, "this address cannot be gone to"),
    };
    response
}

/// A page with a reason and a button.
#[must_use]
pub fn page(state: &State, status: StatusCode, title: &str, words: &str, button: Option<(&str, &str)>) -> Response<Answer> {
    let escape = forge::oauth::html::escape;
    let home = &state.public_url;
    let button = button.map(|(to, label)| format!("<p><a class=\"button\" data-variant=\"primary\" href=\"{}\">{}</a></p>", escape(to), escape(label))).unwrap_or_default();
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>{title} · Twinport</title><link rel=\"stylesheet\" href=\"{home}{css}\"></head>\
         <body class=\"plain\"><main class=\"notice\"><h1>{title}</h1><p>{words}</p>{button}<p><a href=\"{about}\">Your workspace in Twinport</a></p></main></body></html>",
        title = escape(title),
        words = escape(words),
        css = crate::site::path_of("main.css"),
        about = escape(&about(state, "/")),
    );
    let mut response = made(status, "text/html; charset=utf-8", body);
    let policy = format!("default-src 'none'; style-src {home}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response
}
