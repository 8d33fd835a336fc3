//! Handing a service to the twins of a project: its address and account become CI variables there, the
//! password masked, where the configuration allows that. The server writes them with the person's own rights; the browser never sees them.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use tower_sessions::Session;

use super::Known;
use super::api::{refuse, say, whose};
use crate::State;
use crate::auth::fresh::fresh;
use crate::failure::Failure;
use crate::middleware::ByTheApp;

/// To whom.
#[derive(Debug, Deserialize)]
pub struct Wish {
    project: String,
}

/// Names and values, and whether a value is to be masked in logs.
fn variables(known: &Known) -> Vec<(String, String, bool)> {
    let (settings, prefix) = (&known.settings, known.settings.prefix());
    let (host, port) = settings.host_and_port(settings.inside.as_ref().unwrap_or(&settings.url)).unwrap_or_default();
    let mut list = vec![("HOST", host, false), ("PORT", port.to_string(), false)];
    list.extend(settings.username.clone().map(|name| ("USER", name, false)));
    list.extend(known.secret.clone().map(|secret| (if settings.username.is_some() { "PASSWORD" } else { "TOKEN" }, secret, true)));
    list.extend(settings.database.clone().map(|name| ("DATABASE", name, false)));
    list.extend(settings.organisation.clone().map(|name| ("ORGANISATION", name, false)));
    list.extend(settings.bucket.clone().map(|name| ("BUCKET", name, false)));
    list.into_iter().map(|(name, value, masked)| (format!("{prefix}_{name}"), value, masked)).collect()
}

/// `POST /services/{instance}/{id}/hand`
pub async fn hand(
    Shared(state): Shared<State>,
    session: Session,
    headers: HeaderMap,
    Path((instance, id)): Path<(String, String)>,
    _: ByTheApp,
    Json(wish): Json<Wish>,
) -> Result<Response, Failure> {
    let (known, own) = match whose(&state, &session, &headers, &instance, &id).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refusal),
    };
    if !known.settings.hand {
        return Ok(refuse(StatusCode::FORBIDDEN, "not_handed", "Whoever runs this Twinport has not allowed to hand this service on: hand = true of it in twinport.toml."));
    }
    // Only to projects of the instance that the service belongs to.
    let group = state.instances.iter().find(|known| known.id == instance).map(|instance| instance.group.clone()).unwrap_or_default();
    if !wish.project.strip_prefix(&group).is_some_and(|rest| rest.starts_with('/') && !rest.contains("..")) {
        return Ok(refuse(StatusCode::FORBIDDEN, "not_there", &format!("{} is no project of this instance.", wish.project)));
    }
    let Some(backend) = state.backend(&own.backend) else { return Ok(refuse(StatusCode::NOT_FOUND, "none", "Its backend is not configured.")) };
    let Ok(tokens) = fresh(&state, backend, &own.grant).await else { return Ok(refuse(StatusCode::UNAUTHORIZED, "signed_out", "You are not signed in there any more.")) };
    let base = format!("{}/api/v4/projects/{}/variables", backend.internal_url, utf8_percent_encode(&wish.project, NON_ALPHANUMERIC));
    let mut names = Vec::new();
    for (key, value, masked) in variables(&known) {
        let body =
            json!({ "key": key, "value": value, "masked": masked, "raw": true, "variable_type": "env_var", "description": format!("Handed on by Twinport for the service {id}") });
        let put = state.relay_http.put(format!("{base}/{key}")).bearer_auth(&tokens.access).json(&body).send().await;
        let answer = match put {
            // A new one is hidden for good where the backend knows that (GitLab 17.4).
            Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {
                let mut new = body.clone();
                new["masked_and_hidden"] = json!(masked);
                state.relay_http.post(&base).bearer_auth(&tokens.access).json(&new).send().await
            }
            other => other,
        };
        match answer {
            Ok(answer) if answer.status().is_success() => names.push(key),
            Ok(answer) if answer.status() == StatusCode::FORBIDDEN || answer.status() == StatusCode::NOT_FOUND => {
                return Ok(refuse(StatusCode::FORBIDDEN, "not_allowed", &format!("You may not set CI variables of {}: that needs the role Maintainer there.", wish.project)));
            }
            Ok(answer) if masked => {
                let words = format!(
                    "The backend refused to mask {key} ({}). A masked value needs at least eight characters and no spaces: change the password of the service.",
                    answer.status()
                );
                return Ok(refuse(StatusCode::CONFLICT, "not_maskable", &words));
            }
            Ok(answer) => return Ok(refuse(StatusCode::BAD_GATEWAY, "refused", &format!("The backend refused to set {key} ({}).", answer.status()))),
            Err(error) => return Ok(refuse(StatusCode::BAD_GATEWAY, "down", &format!("The backend did not answer: {}.", crate::failure::chain(&error)))),
        }
    }
    tracing::info!(service = id, project = wish.project, by = own.username, "a service was handed to a project");
    Ok(say(StatusCode::OK, json!({ "variables": names })))
}
