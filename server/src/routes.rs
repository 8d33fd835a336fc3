//! The whole HTTP surface, grouped by who calls.

use app::places::Places;
use app::routes::Route;
use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use tower_sessions::Session;

use crate::State;
use crate::auth::{begin, callback, done, logout, token};
use crate::failure::Failure;
use crate::workspaces::{api, credential, enter};
use crate::{admin, card, embed, middleware, pages, relay, service, site};

/// Everything the server answers.
pub fn router(state: &State) -> Router {
    let mut own = Router::new()
        // Browsers on their way through sign-in.
        .route("/auth/{backend}", get(begin::begin))
        .route("/auth/{backend}/callback", get(callback::callback))
        .route("/auth/done/{backend}", get(done::done))
        // The app.
        .route("/auth/{backend}/token", post(token::token))
        .route("/auth/{backend}/logout", post(logout::logout))
        .route("/relay/{backend}/api/{*rest}", any(relay::relay))
        // Workspaces: people on their way in, the app, and git inside.
        .route("/workspaces/enter/{label}", get(enter::enter))
        .route("/workspaces/own", get(api::show))
        .route("/workspaces/own/start", post(api::start))
        .route("/workspaces/own/stop", post(api::stop))
        .route("/workspaces/own/open", post(api::open))
        .route("/workspaces/credential", post(credential::credential))
        // People who sign in for a frame, in a window of its own.
        .route("/embed/sign-in", get(embed::person::question).post(embed::person::yes))
        // Links to embedded views, made and taken back in the app.
        .route("/embed/links", get(embed::links::list).post(embed::links::make))
        .route("/embed/links/revoke", post(embed::links::revoke))
        // Services of instances: the app.
        .route("/services/{instance}", get(service::api::list))
        .route("/services/{instance}/{id}/stream", get(service::stream::stream))
        .route("/services/{instance}/{id}/query", post(service::influx::query))
        .route("/services/{instance}/{id}/hand", post(service::hand::hand))
        // Whoever runs the server.
        .route(Route::ADMIN, get(admin::show))
        // Other portals.
        .route("/.well-known/dtaas-federation.json", get(card::show))
        // The site's files.
        .route("/pkg/{hash}/{*file}", get(site::built_file))
        .route("/schema/{file}", get(site::schema))
        .route("/favicon.svg", get(site::icon))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        // Pages, and everything else.
        .fallback(pages::page);
    // Views in pages of others: no session, no cookie, and framed by those that the grant names.
    let framed = Router::new()
        .route("/embed/{view}", get(embed::page::show))
        .route("/embed/view.js", get(site::element))
        .route("/embed/badge.svg", get(embed::badge::draw))
        .route("/embed/api/{*rest}", any(embed::api::read))
        .route("/embed/claim", post(embed::person::claim))
        .route("/oembed", get(embed::oembed::answer));
    // Applications that were registered for something else keep their redirect URI.
    for backend in &state.backends {
        if let Some(path) = &backend.redirect_path {
            let id = backend.id.clone();
            own = own.route(path, get(move |state, session, answer| registered_before(state, session, answer, id)));
        }
    }
    let own = middleware::wrap(own.with_state(state.clone()), state);
    let framed = middleware::wrap_framed(framed.with_state(state.clone()));
    let mut all = Router::new();
    if let Some(forge) = &state.forge {
        // The forge has its own headers and its own idea of who is calling.
        all = all.nest("/forge", forge.router());
    }
    // Monitors.
    middleware::outermost(all.route("/healthz", get(health)).merge(framed).merge(own))
}

/// An answer of a backend whose application was a DTaaS client's; without one, whoever has the old
/// address comes to the library.
async fn registered_before(state: Shared<State>, session: Session, Query(answer): Query<callback::Answer>, id: String) -> Result<Response, Failure> {
    if answer.is_one() {
        return callback::finish(&state.0, &session, &id, answer).await;
    }
    Ok(Redirect::to(&Route::Library { places: Places::All, kind: None }.to_string()).into_response())
}

/// `GET /healthz`: the server answers, so it is ready.
async fn health() -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain")], "ok\n").into_response()
}
