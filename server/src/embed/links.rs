//! Grants that people make here: a link for a page of theirs, a list of all they made, and taking one
//! back.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use super::{Grant, Subject, View, now};
use crate::State;
use crate::auth::fresh::fresh;
use crate::auth::grants::random_name;
use crate::auth::{SignedIn, signed_in};
use crate::failure::Failure;
use crate::middleware::{ByTheApp, is_asked_by_the_app};

/// Days that a link may be good for.
const DAYS: i64 = 366;
/// Links that one person has at once.
const MOST: usize = 200;

fn say(status: StatusCode, body: serde_json::Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn refuse(status: StatusCode, error: &str, message: &str) -> Response {
    say(status, json!({ "error": error, "message": message }))
}

/// Under which the grant of an address is kept: whoever reads the table cannot show anything.
fn id_of(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// The grant of an address, if nobody took it back.
pub async fn kept(state: &State, text: &str) -> Result<Grant, &'static str> {
    let body = state.granted(&id_of(text)).await.ok_or("It was taken back, or never made.")?;
    let mut grant: Grant = serde_json::from_str(&body).map_err(|_| "It cannot be read.")?;
    // The configuration may have become stricter meanwhile.
    grant.parents = state.embeds.parents(&grant.parents);
    Ok(grant)
}

/// What is wanted.
#[derive(Debug, Deserialize)]
pub struct Wish {
    #[serde(flatten)]
    subject: Subject,
    days: i64,
    #[serde(default)]
    parents: Vec<String>,
}

fn maker(own: &SignedIn) -> String {
    format!("{}|{}", own.backend, own.username)
}

/// Whoever is signed in where the subject is.
async fn person(state: &State, session: &Session, instance: &str) -> Result<Option<SignedIn>, Failure> {
    let Some(instance) = state.instances.iter().find(|known| known.id == instance) else { return Ok(None) };
    Ok(signed_in(state, session).await?.into_iter().find(|own| own.backend == instance.backend))
}

/// Whether a person may see themselves what a view shows, asked in their own name: the part of it that
/// asks for most rights. A link must not show more than who made it sees.
async fn may_see(state: &State, own: &SignedIn, subject: &Subject) -> bool {
    let Some(backend) = state.backend(&own.backend) else { return false };
    let Ok(tokens) = fresh(state, backend, &own.grant).await else { return false };
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let twins = format!("repository/tree?path={}&per_page=1", encode(&subject.twin.as_ref().map_or("digital_twins".to_owned(), |twin| format!("digital_twins/{twin}"))));
    let path = match (subject.view, subject.run, subject.job) {
        (View::Card | View::Board, ..) => twins,
        (View::Run, Some(run), _) => format!("pipelines/{run}/jobs?per_page=1"),
        (View::Log, _, Some(job)) => format!("jobs/{job}/trace"),
        (View::Plot, _, Some(job)) => {
            let path: Vec<String> = subject.path.as_deref().unwrap_or_default().split('/').map(encode).collect();
            format!("jobs/{job}/artifacts/{}", path.join("/"))
        }
        _ => return false,
    };
    let url = format!("{}/api/v4/projects/{}/{path}", backend.internal_url, encode(&subject.project));
    state.relay_http.get(url).bearer_auth(tokens.access).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// `POST /embed/links`: makes one. Only for what the person may see.
pub async fn make(Shared(state): Shared<State>, session: Session, _: ByTheApp, Json(wish): Json<Wish>) -> Result<Response, Failure> {
    let Some(own) = person(&state, &session, &wish.subject.instance).await? else { return Ok(refuse(StatusCode::UNAUTHORIZED, "signed_out", "You are not signed in there.")) };
    if !wish.subject.is_whole() || !(1..=DAYS).contains(&wish.days) {
        return Ok(refuse(StatusCode::BAD_REQUEST, "bad_wish", "This view lacks something, or would last too long."));
    }
    let parents = state.embeds.parents(&wish.parents);
    if parents.is_empty() {
        return Ok(refuse(StatusCode::CONFLICT, "no_parents", "No page may show views of this Twinport: whoever runs it has to name them in allowed_parents of [embed]."));
    }
    if !may_see(&state, &own, &wish.subject).await {
        return Ok(refuse(StatusCode::FORBIDDEN, "not_yours", "You may not see this yourself, or it is not there, so you cannot show it."));
    }
    let all = state.granted_by(&maker(&own)).await.map_err(Failure::internal)?;
    if all.len() >= MOST {
        return Ok(refuse(StatusCode::CONFLICT, "too_many", "You have two hundred links already: take some back first."));
    }
    let secret = random_name();
    let grant = Grant { id: id_of(&secret), subject: wish.subject, parents, until: now() + wish.days * 24 * 3600, reads_as: None };
    let body = serde_json::to_string(&grant).map_err(Failure::internal)?;
    state.put_granted(&grant.id, &maker(&own), &body, grant.until).await.map_err(Failure::internal)?;
    let view = serde_json::to_value(grant.subject.view).ok().and_then(|view| view.as_str().map(str::to_owned)).unwrap_or_default();
    let url = format!("{}/embed/{view}?grant={secret}", state.public_url);
    let badge = format!("{}/embed/badge.svg?grant={secret}", state.public_url);
    tracing::info!(maker = maker(&own), view, project = grant.subject.project, "a view was made for embedding");
    Ok(say(StatusCode::CREATED, json!({ "id": grant.id, "url": url, "badge": badge, "until": grant.until, "parents": grant.parents })))
}

/// `GET /embed/links?instance=…`: all that the person made.
pub async fn list(
    Shared(state): Shared<State>,
    session: Session,
    headers: HeaderMap,
    axum::extract::Query(query): axum::extract::Query<std::collections::HashMap<String, String>>,
) -> Result<Response, Failure> {
    if !is_asked_by_the_app(&state, &headers) {
        return Ok(refuse(StatusCode::FORBIDDEN, "foreign_request", "This address is for Twinport's own pages."));
    }
    let Some(own) = person(&state, &session, query.get("instance").map(String::as_str).unwrap_or_default()).await? else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "signed_out", "You are not signed in there."));
    };
    let all = state.granted_by(&maker(&own)).await.map_err(Failure::internal)?;
    let links: Vec<serde_json::Value> = all
        .into_iter()
        .filter_map(|(_, body)| {
            let grant: Grant = serde_json::from_str(&body).ok()?;
            Some(json!({ "id": grant.id, "subject": grant.subject, "parents": grant.parents, "until": grant.until }))
        })
        .collect();
    Ok(say(StatusCode::OK, json!({ "links": links, "parents": state.embeds.settings.allowed_parents })))
}

/// What is taken back.
#[derive(Debug, Deserialize)]
pub struct Which {
    id: String,
    instance: String,
}

/// `POST /embed/links/revoke`: takes one back; what shows it now shows nothing more.
pub async fn revoke(Shared(state): Shared<State>, session: Session, _: ByTheApp, Json(which): Json<Which>) -> Result<Response, Failure> {
    let Some(own) = person(&state, &session, &which.instance).await? else { return Ok(refuse(StatusCode::UNAUTHORIZED, "signed_out", "You are not signed in there.")) };
    let was = state.take_back(&which.id, &maker(&own)).await.map_err(Failure::internal)?;
    Ok(if was { say(StatusCode::OK, json!({})) } else { refuse(StatusCode::NOT_FOUND, "gone", "It is not there any more.") })
}
