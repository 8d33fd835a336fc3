//! `GET /admin`: what `twinport check` sees, what shows only to somebody who is signed in there, and what GitLab's form for
//! the application wants. For administrators of the forge, and those whom `[server] admins` names.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use forge::oauth::html::escape;
use futures_util::future::join_all;
use serde_json::Value;
use tower_sessions::Session;

use crate::State;
use crate::auth::backend::Backend;
use crate::auth::fresh::fresh;
use crate::auth::{SignedIn, signed_in};
use crate::check::{Finding, Verdict, look};
use crate::config::Instance;
use crate::failure::Failure;

/// One question to a backend may take so long.
const TIME: Duration = Duration::from_secs(5);

/// Whether somebody who is signed in like this runs the server.
pub async fn is_admin(state: &State, people: &[SignedIn]) -> bool {
    let named = |own: &SignedIn| state.config.server.admins.iter().any(|admin| *admin == format!("{}@{}", own.username, own.backend));
    if people.iter().any(named) {
        return true;
    }
    match (&state.forge, people.iter().find(|own| own.backend == "forge")) {
        (Some(forge), Some(own)) => forge.find_user(&own.username).await.is_ok_and(|user| user.admin && user.state == "active"),
        _ => false,
    }
}

/// What an administrator's own sign-in shows of a backend and its instances.
struct Inside<'a> {
    state: &'a State,
    backend: &'a Backend,
    token: String,
}

impl Inside<'_> {
    async fn get(&self, path: &str) -> Result<Value, String> {
        let asked = self.state.http.get(format!("{}{path}", self.backend.internal_url)).bearer_auth(&self.token).timeout(TIME).send().await;
        let answer = asked.map_err(|error| crate::failure::chain(&error))?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()));
        }
        answer.json().await.map_err(|error| crate::failure::chain(&error))
    }

    async fn scopes(&self) -> Finding {
        match self.get("/oauth/token/info").await {
            Ok(told) => {
                let scopes: Vec<&str> = told["scope"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                Finding::new(&self.backend.id, Verdict::Good, format!("your sign-in works, with the scopes {}", scopes.join(", ")))
            }
            Err(why) => Finding::new(&self.backend.id, Verdict::Bad, format!("your own sign-in is not taken: {why}. Sign out there and in again")),
        }
    }

    async fn instance(&self, instance: &Instance) -> Vec<Finding> {
        let project = format!("{}/{}", instance.group, instance.common_project);
        let segment: String = url::form_urlencoded::byte_serialize(project.as_bytes()).collect();
        let finding = |verdict, words: String| Finding::new(&instance.id, verdict, words);
        let mut found = Vec::new();
        found.push(match self.get(&format!("/api/v4/groups/{}", url::form_urlencoded::byte_serialize(instance.group.as_bytes()).collect::<String>())).await {
            Ok(_) => finding(Verdict::Good, format!("the group {} is there", instance.group)),
            Err(why) => finding(Verdict::Bad, format!("the group {} cannot be seen with your account: {why}. Make it, or set `group` of this instance", instance.group)),
        });
        match self.get(&format!("/api/v4/projects/{segment}")).await {
            Ok(_) => found.push(finding(Verdict::Good, format!("the common project {project} is there"))),
            Err(why) => {
                found.push(finding(Verdict::Bad, format!("the common project {project} cannot be seen with your account: {why}. Make it, or set `common_project`")));
                return found;
            }
        }
        let runners = self.get(&format!("/api/v4/projects/{segment}/runners?status=online&tag_list={}", instance.runner_tag)).await;
        found.push(match runners {
            Ok(Value::Array(list)) if list.is_empty() => {
                finding(Verdict::Bad, format!("no runner that is online has the tag “{}”: register one with it, or set `runner_tag` of this instance", instance.runner_tag))
            }
            Ok(_) => finding(Verdict::Good, format!("a runner with the tag “{}” is online", instance.runner_tag)),
            Err(why) => finding(Verdict::Note, format!("runners cannot be seen with your account: {why}. It takes the role Maintainer in {project}")),
        });
        found
    }
}

/// What shows of `own.backend` from the inside.
async fn inside(state: &State, own: &SignedIn) -> Vec<Finding> {
    let Some(backend) = state.backend(&own.backend) else { return Vec::new() };
    let Ok(tokens) = fresh(state, backend, &own.grant).await else {
        return vec![Finding::new(&backend.id, Verdict::Bad, "your sign-in there has ended: sign in again to see more".to_owned())];
    };
    let inside = Inside { state, backend, token: tokens.access };
    let instances = state.config.instance.iter().filter(|instance| instance.gitlab == backend.id);
    let (scopes, found) = futures_util::future::join(inside.scopes(), join_all(instances.map(|instance| inside.instance(instance)))).await;
    std::iter::once(scopes).chain(found.into_iter().flatten()).collect()
}

fn row(finding: &Finding) -> String {
    let (variant, word) = match finding.verdict {
        Verdict::Good => ("good", "well"),
        Verdict::Note => ("asks", "to know"),
        Verdict::Bad => ("bad", "wrong"),
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td><span class=\"status\" data-variant=\"{variant}\">{word}</span></td><td class=\"words\">{}</td></tr>",
        escape(&finding.of),
        escape(&finding.words)
    )
}

/// What GitLab's form for an application wants, for one backend.
fn application(backend: &Backend) -> String {
    let confidential = if backend.credentials().len() > 1 { "on" } else { "off" };
    let scopes = if backend.read_first { "read_api, api" } else { "api" };
    let rows = [("Name", "Twinport"), ("Redirect URI", backend.redirect_uri.as_str()), ("Confidential", confidential), ("Scopes", scopes)];
    let rows: String = rows.iter().map(|(name, value)| format!("<tr><th scope=\"row\">{name}</th><td class=\"words\"><code>{}</code></td></tr>", escape(value))).collect();
    let form = format!("{}/-/user_settings/applications", backend.url);
    format!(
        "<h2>The application on {id}</h2><p class=\"faint\">Its page is <a href=\"{form}\">{form}</a>, or the same of a group.</p><table class=\"rows\"><tbody>{rows}</tbody></table>",
        id = escape(&backend.id),
        form = escape(&form)
    )
}

/// The page.
pub async fn show(Shared(state): Shared<State>, session: Session) -> Result<Response, Failure> {
    let people = signed_in(&state, &session).await?;
    if !is_admin(&state, &people).await {
        return Err(Failure::not_an_admin());
    }
    let (outside, within) = futures_util::future::join(look(&state.config), join_all(people.iter().map(|own| inside(&state, own)))).await;
    let rows: String = outside.iter().chain(within.iter().flatten()).map(row).collect();
    let missing: Vec<&str> = state.backends.iter().map(|backend| backend.id.as_str()).filter(|id| people.iter().all(|own| own.backend != *id)).collect();
    let missing =
        if missing.is_empty() { String::new() } else { format!("<p class=\"faint\">Sign in to {} to see its groups, projects and runners too.</p>", escape(&missing.join(", "))) };
    let applications: String = state.backends.iter().filter(|backend| backend.id != "forge").map(application).collect();
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <title>How this server does · Twinport</title><link rel=\"stylesheet\" href=\"{css}\"></head><body class=\"admin\"><main><p><a href=\"/\">Twinport</a></p>\
         <div class=\"page-head\"><h1>How this server does</h1></div><p class=\"lead\">Looked at just now. Reload the page to look again; <code>twinport check</code> says the same on the command line.</p>\
         {missing}<table class=\"rows\"><caption class=\"only-read\">What was looked at</caption><thead><tr><th scope=\"col\">Of</th><th scope=\"col\">How it is</th><th scope=\"col\">What was seen, and what to do</th></tr></thead>\
         <tbody>{rows}</tbody></table>{applications}</main></body></html>",
        css = crate::site::path_of("main.css")
    );
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(text)).into_response())
}
