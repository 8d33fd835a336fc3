//! What the app asks about one's own workspace, and has done with it. There is no way to name
//! another's.

use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tower_sessions::Session;

use super::enter::{is_inside, person};
use super::pages::way_in_path;
use super::{Seat, Standing, Workspaces, command, process, tools};
use crate::State;
use crate::auth::SignedIn;
use crate::config::workspaces::Driver;
use crate::failure::Failure;
use crate::middleware::{ByTheApp, is_asked_by_the_app};

/// Getting a project may take so long.
const CLONE: Duration = Duration::from_secs(120);

fn say(status: StatusCode, body: serde_json::Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn refuse(status: StatusCode, error: &str, message: &str) -> Response {
    say(status, json!({ "error": error, "message": message }))
}

/// One's own workspace, or why there is none.
async fn own<'a>(state: &'a State, session: &Session, headers: &HeaderMap) -> Result<Result<(&'a Workspaces, std::sync::Arc<Seat>, SignedIn), Response>, Failure> {
    if !is_asked_by_the_app(state, headers) {
        return Ok(Err(refuse(StatusCode::FORBIDDEN, "foreign_request", "this address is for Twinport's own pages")));
    }
    let Some(workspaces) = &state.workspaces else { return Ok(Err(refuse(StatusCode::NOT_FOUND, "none", "No workspaces are configured here."))) };
    let Some(own) = person(state, session).await? else { return Ok(Err(refuse(StatusCode::UNAUTHORIZED, "signed_out", "You are not signed in there."))) };
    match workspaces.seat(&own.username) {
        Some(seat) => Ok(Ok((workspaces, seat, own))),
        None => Ok(Err(refuse(StatusCode::NOT_FOUND, "none", "Nobody has set up a workspace for you here. Ask whoever runs this server."))),
    }
}

async fn described(workspaces: &Workspaces, seat: &Seat) -> serde_json::Value {
    let (word, reason) = match seat.standing() {
        Standing::Stopped => ("stopped", None),
        Standing::Starting => ("starting", None),
        Standing::Running(_) => ("running", None),
        Standing::Failed(reason) => ("failed", Some(reason)),
    };
    let there = match seat.address() {
        Some(address) => tools::of(seat, &address, &workspaces.place.host(&seat.label)).await,
        None => Vec::new(),
    };
    let usage = seat.usage();
    json!({
        "name": seat.label,
        "host": workspaces.place.host(&seat.label),
        "state": word,
        "reason": reason,
        "since": seat.since(),
        "used": seat.used(),
        "idle_minutes": workspaces.idle_minutes(),
        "cpu": usage.cpu,
        "memory": usage.memory,
        "log": if workspaces.starts() { seat.log() } else { String::new() },
        "starts": workspaces.starts(),
        "clones": workspaces.clones(),
        "services": there,
        "enter": way_in_path(&seat.label, "/"),
    })
}

/// `GET /workspaces/own`
pub async fn show(Shared(state): Shared<State>, session: Session, headers: HeaderMap) -> Result<Response, Failure> {
    Ok(match own(&state, &session, &headers).await? {
        Ok((workspaces, seat, _)) => {
            if workspaces.driver == Driver::Command {
                command::look(&workspaces.settings.command, &seat).await;
            }
            say(StatusCode::OK, described(workspaces, &seat).await)
        }
        Err(refusal) => refusal,
    })
}

/// `POST /workspaces/own/start`
pub async fn start(Shared(state): Shared<State>, session: Session, headers: HeaderMap) -> Result<Response, Failure> {
    Ok(match own(&state, &session, &headers).await? {
        Ok((workspaces, seat, own)) => {
            workspaces.start(&state, &seat, &own.grant);
            say(StatusCode::ACCEPTED, described(workspaces, &seat).await)
        }
        Err(refusal) => refusal,
    })
}

/// `POST /workspaces/own/stop`
pub async fn stop(Shared(state): Shared<State>, session: Session, headers: HeaderMap) -> Result<Response, Failure> {
    Ok(match own(&state, &session, &headers).await? {
        Ok((workspaces, seat, _)) => {
            workspaces.stop(&state, &seat).await;
            say(StatusCode::OK, described(workspaces, &seat).await)
        }
        Err(refusal) => refusal,
    })
}

/// What to open.
#[derive(Debug, Deserialize)]
pub struct Wish {
    /// The project's path at the backend.
    project: String,
    /// A file or folder in it.
    path: String,
}

/// Parts of a path that are no option, no climbing and no rubbish.
fn is_name(path: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && !part.chars().any(char::is_control);
    path.len() <= 500 && path.split('/').all(part)
}

/// `POST /workspaces/own/open`: brings a project there, if it is not there yet, and says where its
/// file opens. What is there already is left as it is.
pub async fn open(Shared(state): Shared<State>, session: Session, headers: HeaderMap, _: ByTheApp, Json(wish): Json<Wish>) -> Result<Response, Failure> {
    let (workspaces, seat, own) = match own(&state, &session, &headers).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refusal),
    };
    if seat.address().is_none() {
        return Ok(refuse(StatusCode::CONFLICT, "not_running", "The workspace is not running."));
    }
    let (true, Some(backend)) = (is_name(&wish.project) && (wish.path.is_empty() || is_name(&wish.path)), state.backend(&workspaces.backend)) else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "bad_name", "This name cannot stand in a command."));
    };
    if !workspaces.clones() {
        let message = format!("This workspace is run outside Twinport. In its terminal: git clone {}/{}.git", backend.url, wish.project);
        return Ok(refuse(StatusCode::CONFLICT, "clone", &message));
    }
    seat.set_grant(&own.grant);
    // Without the right to write, no token is given to git.
    let may = state.grants.get(&own.grant, &backend.id).await.ok().flatten().is_some_and(|tokens| tokens.scope.split(' ').any(|scope| scope == "api"));
    if !may {
        return Ok(refuse(StatusCode::FORBIDDEN, "needs_write", "Git there needs the right to write."));
    }
    let folder = wish.project.rsplit('/').next().unwrap_or_default().to_owned();
    let url = format!("{}/{}.git", backend.url, wish.project);
    let script = "[ -d \"$2/.git\" ] || git clone --quiet -- \"$1\" \"$2\"";
    let base = workspaces.base();
    let words: Vec<String> = ["sh", "-c", script, "sh", &url, &format!("{base}{folder}")].map(str::to_owned).to_vec();
    if let Err(reason) = workspaces.inside(&state, &seat, words).await {
        return Ok(refuse(StatusCode::BAD_GATEWAY, "clone", &format!("{} could not be brought to the workspace: {reason}", wish.project)));
    }
    let inside = [folder.as_str(), wish.path.as_str()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
    let encoded: Vec<String> = inside.split('/').map(|part| percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()).collect();
    let then = workspaces.opens().replace("{path}", &encoded.join("/"));
    let then = if is_inside(&then) { then } else { "/".to_owned() };
    Ok(say(StatusCode::OK, json!({ "enter": way_in_path(&seat.label, &then), "folder": format!("{base}{folder}") })))
}

impl Workspaces {
    /// Whether a project can be brought in from here.
    fn clones(&self) -> bool {
        match self.driver {
            Driver::Static => false,
            Driver::Process => true,
            Driver::Command => !self.settings.command.inside.is_empty(),
        }
    }

    /// Where projects are inside, with a slash at its end; commands of the sandbox begin there.
    fn base(&self) -> String {
        match self.driver {
            Driver::Command => format!("{}/", self.settings.command.folder.trim_end_matches('/')),
            _ => format!("{}/", process::FOLDER),
        }
    }

    fn opens(&self) -> &str {
        if self.driver == Driver::Command { &self.settings.command.open } else { &self.settings.process.open }
    }

    async fn inside(&self, state: &State, seat: &Seat, words: Vec<String>) -> Result<(), String> {
        match &self.process {
            Some(process) => process.inside(state, seat, words, CLONE).await.map(drop),
            None => command::inside(&self.settings.command, seat, &words, CLONE).await.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_no_options() {
        for name in ["-rf", "a/../b", "..", "a//b", "a\nb", ".git", "a/-b", ""] {
            assert!(!is_name(name), "{name:?}");
        }
        for name in ["dtaas/alice", "digital_twins/$(touch x)/a b.ipynb", "ä"] {
            assert!(is_name(name), "{name:?}");
        }
    }
}
