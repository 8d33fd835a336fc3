//! What the app asks about services. Only people who are signed in where the instance is get an answer.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tower_sessions::Session;

use super::Known;
use crate::State;
use crate::auth::fresh::fresh;
use crate::auth::{SignedIn, signed_in};
use crate::config::service::Kind;
use crate::failure::Failure;
use crate::middleware::is_asked_by_the_app;

pub(super) fn say(status: StatusCode, body: Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) fn refuse(status: StatusCode, error: &str, message: &str) -> Response {
    say(status, json!({ "error": error, "message": message }))
}

/// Whether somebody has a role in the instance's common project, or in their own below its group: those
/// are the people whom its services are for. Asked in their own name.
async fn belongs(state: &State, own: &SignedIn, instance: &app::bootstrap::Instance) -> bool {
    let key = (own.grant.clone(), instance.id.clone());
    if let Some(known) = state.services.member(&key) {
        return known;
    }
    let Some(backend) = state.backend(&own.backend) else { return false };
    let Ok(tokens) = fresh(state, backend, &own.grant).await else { return false };
    let mut is = false;
    for name in [&instance.common_project, &own.username] {
        let path = utf8_percent_encode(&format!("{}/{name}", instance.group), NON_ALPHANUMERIC).to_string();
        let answer = state.relay_http.get(format!("{}/api/v4/projects/{path}", backend.internal_url)).bearer_auth(&tokens.access).send().await;
        let Ok(answer) = answer else { return false };
        let project: Value = answer.json().await.unwrap_or_default();
        let role = |of: &str| project["permissions"][of]["access_level"].as_u64().is_some_and(|level| level >= 10);
        is |= role("project_access") || role("group_access");
    }
    state.services.note_member(key, is);
    is
}

/// Whether somebody who was let in may still look.
pub(super) async fn still(state: &State, own: &SignedIn, instance: &str) -> bool {
    if state.grants.is_alive(&own.grant, &own.backend).await == Ok(false) {
        return false;
    }
    match state.instances.iter().find(|known| known.id == instance) {
        Some(instance) => belongs(state, own, instance).await,
        None => false,
    }
}

/// Whoever is signed in at an instance, and belongs to it.
async fn person(state: &State, session: &Session, headers: &HeaderMap, instance: &str) -> Result<Result<SignedIn, Response>, Failure> {
    if !is_asked_by_the_app(state, headers) {
        return Ok(Err(refuse(StatusCode::FORBIDDEN, "foreign_request", "This address is for Twinport's own pages.")));
    }
    let Some(instance) = state.instances.iter().find(|known| known.id == instance) else {
        return Ok(Err(refuse(StatusCode::NOT_FOUND, "none", "No such instance is configured here.")));
    };
    let Some(own) = signed_in(state, session).await?.into_iter().find(|own| own.backend == instance.backend) else {
        return Ok(Err(refuse(StatusCode::UNAUTHORIZED, "signed_out", "You are not signed in there.")));
    };
    if belongs(state, &own, instance).await {
        return Ok(Ok(own));
    }
    let words = format!("The services of {} are for people who have a role in its projects. Ask one of its owners.", instance.name);
    Ok(Err(refuse(StatusCode::FORBIDDEN, "not_a_member", &words)))
}

/// A service, and who asks for it.
pub(super) async fn whose(state: &State, session: &Session, headers: &HeaderMap, instance: &str, id: &str) -> Result<Result<(Known, SignedIn), Response>, Failure> {
    Ok(match person(state, session, headers, instance).await? {
        Err(refusal) => Err(refusal),
        Ok(own) => match state.services.find(instance, id) {
            Some(known) => Ok((known.clone(), own)),
            None => Err(refuse(StatusCode::NOT_FOUND, "none", &format!("The instance {instance} has no service {id}. Whoever runs this Twinport can add it to twinport.toml."))),
        },
    })
}

async fn described(state: &State, known: &Known) -> Value {
    let health = state.services.health(known).await;
    let settings = &known.settings;
    let inside = settings.inside.as_ref().unwrap_or(&settings.url);
    let mut variables = vec!["HOST", "PORT"];
    variables.extend(settings.username.as_ref().map(|_| "USER"));
    variables.extend(known.secret.as_ref().map(|_| if settings.username.is_some() { "PASSWORD" } else { "TOKEN" }));
    let prefix = settings.prefix();
    json!({
        "id": settings.id,
        "name": settings.name.clone().unwrap_or_else(|| settings.kind.word().to_owned()),
        "kind": settings.kind.word(),
        "health": health.word(),
        "words": health.sentence(),
        "address": inside,
        "link": settings.link,
        "variables": variables.into_iter().map(|name| format!("{prefix}_{name}")).collect::<Vec<_>>(),
        "hands": settings.hand,
        "topics": settings.topics,
        "reads": settings.database.is_some() || settings.bucket.is_some(),
        "follows": matches!(settings.kind, Kind::Mqtt | Kind::Rabbitmq) && !settings.topics.is_empty(),
        "note": settings.note,
    })
}

/// `GET /services/{instance}`: all of them, each with how it does.
pub async fn list(Shared(state): Shared<State>, session: Session, headers: HeaderMap, Path(instance): Path<String>) -> Result<Response, Failure> {
    if let Err(refusal) = person(&state, &session, &headers, &instance).await? {
        return Ok(refusal);
    }
    let known: Vec<Known> = state.services.of(&instance).cloned().collect();
    let services = join_all(known.iter().map(|known| described(&state, known))).await;
    Ok(say(StatusCode::OK, json!({ "services": services })))
}
