//! The whole HTTP surface, grouped by who calls.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::State;
use crate::auth::{begin, callback, logout, token};
use crate::{middleware, pages, site};

/// Everything the server answers.
pub fn router(state: &State) -> Router {
    let own = Router::new()
        // Browsers on their way through sign-in.
        .route("/auth/{backend}", get(begin::begin))
        .route("/auth/{backend}/callback", get(callback::callback))
        // The app.
        .route("/auth/{backend}/token", post(token::token))
        .route("/auth/{backend}/logout", post(logout::logout))
        // The site's files.
        .route("/pkg/{hash}/{*file}", get(site::built_file))
        .route("/favicon.svg", get(site::icon))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        // Pages, and everything else.
        .fallback(pages::page)
        .with_state(state.clone());
    let own = middleware::wrap(own, state);
    let mut all = Router::new();
    if let Some(forge) = &state.forge {
        // The forge has its own headers and its own idea of who is calling.
        all = all.nest("/forge", forge.router());
    }
    // Monitors.
    middleware::outermost(all.route("/healthz", get(health)).merge(own))
}

/// `GET /healthz`: the server answers, so it is ready.
async fn health() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain")], "ok\n").into_response()
}
