//! `GET /embed/{view}?grant=…`: a view without the frame around it. It has no cookie and no session;
//! it may be framed by the pages that its grant names, and by nobody else.

use app::bootstrap::{Access, Backend, Bootstrap, Instance, Person};
use app::shell::{Assets, shell};
use axum::body::Body;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use serde::Deserialize;
use serde_json::json;

use super::{Grant, Subject, View, api, person};
use crate::State;
use crate::site;

/// What an address says.
#[derive(Debug, Deserialize)]
pub struct Asked {
    grant: Option<String>,
    theme: Option<String>,
    instance: Option<String>,
    project: Option<String>,
    twin: Option<String>,
    run: Option<i64>,
    job: Option<i64>,
    path: Option<String>,
}

/// A refusal, which anybody may frame that may frame anything here: the person who looks at the
/// portal should read it.
pub(super) fn refused(state: &State, words: &str) -> Response {
    let escape = forge::oauth::html::escape;
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>Not shown · Twinport</title>\
         <link rel=\"stylesheet\" href=\"{css}\"></head><body class=\"plain\"><main class=\"notice\"><h1>This view is not shown</h1><p>{words} Whoever made this page can make a new link in Twinport.</p>\
         <p><a href=\"{home}\" target=\"_blank\" rel=\"noopener\">Open Twinport</a></p></main></body></html>",
        css = site::path_of("main.css"),
        words = escape(words),
        home = escape(&state.public_url)
    );
    let policy = format!("default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors {}", ancestors(&state.embeds.parents(&[])));
    let mut response = (StatusCode::FORBIDDEN, [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Html(page)).into_response();
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response
}

/// Exact origins, or nobody.
fn ancestors(parents: &[String]) -> String {
    if parents.is_empty() { "'none'".to_owned() } else { parents.join(" ") }
}

/// What the app is told: one instance, read by way of this server, and what to show of it.
fn bootstrap(state: &State, grant: &Grant, theme: Option<&str>) -> Option<Bootstrap> {
    let instance = state.instances.iter().find(|instance| instance.id == grant.subject.instance)?;
    let backend = state.public_backends.iter().find(|backend| backend.id == instance.backend)?;
    let (group, name) = grant.subject.project.rsplit_once('/')?;
    let common = name == instance.common_project;
    let pass = api::pass(state, grant).ok()?;
    let told = json!({ "subject": grant.subject, "common": common, "pass": pass, "until": grant.until, "parents": grant.parents, "theme": theme.filter(|theme| matches!(*theme, "light" | "dark")) });
    Some(Bootstrap {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        backends: vec![Backend { url: format!("{}/embed", state.public_url), access: Access::Direct, ..backend.clone() }],
        instances: vec![Instance { group: group.to_owned(), guests: false, workspace: false, ..instance.clone() }],
        // Whose projects are meant by “private” here: those of the project that the grant names.
        people: vec![Person { backend: backend.id.clone(), username: name.to_owned(), name: name.to_owned() }],
        admin: false,
        embed: Some(told.to_string()),
    })
}

/// Shows it.
pub async fn show(Shared(state): Shared<State>, Query(asked): Query<Asked>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    let Ok(view) = serde_json::from_value::<View>(path.rsplit('/').next().unwrap_or_default().into()) else { return refused(&state, "There is no such view.") };
    let text = asked.grant.clone().unwrap_or_default();
    let grant = if asked.grant.is_some() {
        match super::grant(&state, &text).await {
            Ok(grant) if grant.subject.view == view => grant,
            Ok(_) => return refused(&state, "Its grant is for another view."),
            Err(words) => return refused(&state, words),
        }
    } else {
        // Without a grant: what whoever looks may see themselves.
        let Asked { instance, project, twin, run, job, path, .. } = &asked;
        let own = |text: &Option<String>| text.clone();
        let subject =
            Subject { view, instance: own(instance).unwrap_or_default(), project: own(project).unwrap_or_default(), twin: own(twin), run: *run, job: *job, path: own(path) };
        match person::grant(&state, request.headers(), subject).await {
            Ok(grant) => grant,
            Err(page) => return page,
        }
    };
    let Some(bootstrap) = bootstrap(&state, &grant, asked.theme.as_deref()) else { return refused(&state, "It names something that is not here.") };
    let parents = ancestors(&grant.parents);
    // A portal's grant is good once: whoever unfolds the address would use it up.
    let oembed = grant.is_link().then(|| {
        let address = format!("{}{path}?grant={text}", state.public_url);
        format!("{}/oembed?url={}", state.public_url, percent_encoding::utf8_percent_encode(&address, percent_encoding::NON_ALPHANUMERIC))
    });
    let title = grant.subject.twin.clone().unwrap_or_else(|| "A view of Twinport".to_owned());
    let assets = Assets { title, oembed, path: String::new(), ..site::assets() };
    let render = leptos_axum::render_app_to_stream_with_context(
        move || {
            provide_context(bootstrap.clone());
            provide_context(assets.clone());
        },
        move || {
            if let Some(response) = use_context::<ResponseOptions>() {
                let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
                let policy = crate::pages::policy(&nonce, "", "'none'", &parents);
                if let Ok(value) = HeaderValue::from_str(&policy) {
                    response.insert_header(header::CONTENT_SECURITY_POLICY, value);
                }
                response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response.insert_header(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            }
            shell()
        },
    );
    crate::pages::on_one_thread(render, request).await
}
