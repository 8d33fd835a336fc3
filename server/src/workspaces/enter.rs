//! `GET /workspaces/enter/{label}?then=…`: on the way into one's workspace.

use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::{Seat, Standing, pages};
use crate::State;
use crate::auth::{SignedIn, signed_in};
use crate::failure::Failure;

/// Longest address within a workspace that is carried along.
const MOST: usize = 2_000;

/// Where to go inside.
#[derive(Debug, Deserialize)]
pub struct Then {
    then: Option<String>,
    way: Option<String>,
}

/// A path that can be gone to on a workspace's host, with what is behind its `?`.
#[must_use]
pub fn is_inside(path: &str) -> bool {
    let (plain, query) = path.split_once('?').unwrap_or((path, ""));
    path.len() <= MOST && proxy::path::is_plain(plain) && path.bytes().all(|byte| (0x21..0x7f).contains(&byte)) && !query.contains('#')
}

/// Who is asking, at the backend whose names count.
pub async fn person(state: &State, session: &Session) -> Result<Option<SignedIn>, Failure> {
    let Some(workspaces) = &state.workspaces else { return Ok(None) };
    Ok(signed_in(state, session).await?.into_iter().find(|own| own.backend == workspaces.backend))
}

/// Gives a ticket to one's own workspace. Another's and one that is not there look the same.
pub async fn enter(Shared(state): Shared<State>, session: Session, Path(label): Path<String>, Query(query): Query<Then>) -> Result<Response, Failure> {
    let Some(workspaces) = &state.workspaces else { return Err(Failure::no_workspace()) };
    let asked = query.then.clone().filter(|then| is_inside(then));
    let about = pages::about_path(&state, asked.as_deref().unwrap_or("/"));
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    let Some(own) = person(&state, &session).await? else {
        return Ok((headers, Redirect::to(&app::routes::sign_in(&workspaces.backend, &about))).into_response());
    };
    let seat = workspaces.seat(&own.username).filter(|seat| label == "me" || seat.label == label).ok_or_else(Failure::no_workspace)?;
    if !matches!(seat.standing(), Standing::Running(_)) {
        return Ok((headers, Redirect::to(&about)).into_response());
    }
    // The browser comes from the workspace's host, where it got something to know it by; or goes there first.
    let fine = |way: &String| way.len() == 32 && way.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(way) = query.way.filter(fine) else {
        let to = format!(
            "{}{}?then={}",
            workspaces.place.origin(&seat.label),
            super::gate::ENTER,
            percent_encoding::utf8_percent_encode(asked.as_deref().unwrap_or("/"), percent_encoding::NON_ALPHANUMERIC)
        );
        return Ok((headers, Redirect::to(&to)).into_response());
    };
    seat.set_grant(&own.grant);
    let then = asked.filter(|then| then != "/").unwrap_or_else(|| home(&seat));
    let ticket = workspaces.passes.ticket(&state, &seat, &own.grant, (&then, &way)).map_err(Failure::internal)?;
    let to = format!("{}{}?ticket={ticket}", workspaces.place.origin(&seat.label), super::gate::ENTER);
    Ok((headers, Redirect::to(&to)).into_response())
}

fn home(seat: &Seat) -> String {
    if is_inside(&seat.home) { seat.home.clone() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn nothing_leads_out_of_a_workspace() {
        for path in ["//evil.test", "/\\evil.test", "https://evil.test", "/..//evil.test", "/a\r\nX: y", "", "/a%0d%0a", "/ä"] {
            assert!(!is_inside(path), "{path:?}");
        }
        for path in ["/", "/lab/tree/a%20b.ipynb?reset", "/alice/tools/vnc/?path=alice%2Ftools%2Fvnc%2Fwebsockify"] {
            assert!(is_inside(path), "{path}");
        }
    }
}
