//! What can be seen of backends from here, before anybody signs in: one line each, with the remedy.
//! Group, project and runner of an instance that is not public show only to whoever signs in.

mod authority;
mod edge;

use std::time::Duration;

use axum::http::Method;
use futures_util::future::{join_all, join3};
use reqwest::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use serde_json::Value;

use crate::auth::backend::{redirect_uri, secret};
use crate::config::{Access, Config, Gitlab, Instance};

/// One question may take so long; all of them are asked at the same time.
const TIME: Duration = Duration::from_secs(5);

/// How a look went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, or cannot be seen from here; something to know.
    Note,
    /// It will not work.
    Bad,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Backend or instance.
    pub of: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen, and what to do.
    pub words: String,
}

impl Finding {
    pub(crate) fn new(of: &str, verdict: Verdict, words: impl Into<String>) -> Self {
        Self { of: of.to_owned(), verdict, words: words.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self.verdict {
            Verdict::Good => "ok  ",
            Verdict::Note => "note",
            Verdict::Bad => "BAD ",
        };
        write!(f, "{word} {}: {}", self.of, self.words)
    }
}

struct Probe<'a> {
    http: reqwest::Client,
    public_url: &'a str,
}

/// Why there was no answer, in words for whoever runs the server.
fn unreachable(url: &str, error: &reqwest::Error) -> String {
    let why = crate::failure::chain(error);
    if error.is_timeout() {
        return format!("{url} did not answer within {} seconds. Check that it runs, and that no firewall is between", TIME.as_secs());
    }
    if why.contains("ertificate") {
        return format!("the certificate of {url} is not trusted here ({why}). Add its authority to this system's certificates");
    }
    if why.contains("dns") || why.contains("lookup") {
        return format!("the name in {url} is unknown here. Check its spelling in [[gitlab]], or this machine's DNS");
    }
    format!("{url} did not answer ({why}). Check the address in [[gitlab]], and that it runs")
}

/// Seconds that two clocks may be apart; a token is renewed five minutes before its end.
const SKEW: i64 = 120;

impl Probe<'_> {
    /// Whether it answers, and as GitLab's API.
    async fn api(&self, backend: &Gitlab) -> Finding {
        let url = backend.url.trim_end_matches('/');
        let answer = match self.http.get(format!("{url}/api/v4/version")).send().await {
            Err(error) => return Finding::new(&backend.id, Verdict::Bad, unreachable(url, &error)),
            Ok(answer) => answer,
        };
        let skew = answer.headers().get("date").and_then(|date| date.to_str().ok()).and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
        let skew = skew.map_or(0, |date| (chrono::Utc::now() - date.to_utc()).num_seconds());
        let (status, body) = (answer.status(), answer.text().await.unwrap_or_default());
        let json = serde_json::from_str::<Value>(&body).ok();
        match json {
            Some(_) if skew.abs() > SKEW => Finding::new(
                &backend.id,
                Verdict::Note,
                format!("the clocks of {url} and of this server are {} s apart: tokens end early or late. Set both by a time server (NTP)", skew.abs()),
            ),
            Some(json) => {
                let version = json["version"].as_str().map(|version| format!(", version {version}")).unwrap_or_default();
                Finding::new(&backend.id, Verdict::Good, format!("{url} answers as a GitLab{version}"))
            }
            None => Finding::new(
                &backend.id,
                Verdict::Bad,
                format!("{url} answers, but not as a GitLab ({status}). If GitLab sits under a path there, add it to the url: {url}/gitlab, say"),
            ),
        }
    }

    /// Whether it knows the application and its secret: a code that cannot be right is refused for
    /// the code (`invalid_grant`), not for the application (`invalid_client`).
    async fn application(&self, backend: &Gitlab) -> Finding {
        let url = backend.url.trim_end_matches('/');
        let secret = match secret(backend) {
            Ok(secret) => secret,
            Err(error) => return Finding::new(&backend.id, Verdict::Bad, error.to_string()),
        };
        let redirect = redirect_uri(backend, self.public_url);
        let verifier = "x".repeat(43);
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", "twinport-check"), ("client_id", &backend.client_id), ("redirect_uri", &redirect), ("code_verifier", &verifier)];
        form.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
        let answer = match self.http.post(format!("{url}/oauth/token")).form(&form).send().await {
            Err(error) => return Finding::new(&backend.id, Verdict::Bad, format!("the OAuth application could not be looked at: {}", unreachable(url, &error))),
            Ok(answer) => answer,
        };
        let body: Value = answer.json().await.unwrap_or_default();
        let scopes = if backend.read_first { "read_api and api" } else { "api" };
        match body["error"].as_str() {
            Some("invalid_grant") => Finding::new(
                &backend.id,
                Verdict::Good,
                format!("the OAuth application is known there. Its page must list the redirect URI {redirect} and the scopes {scopes}; both are tested when somebody signs in"),
            ),
            Some("invalid_client" | "unauthorized_client") => Finding::new(
                &backend.id,
                Verdict::Bad,
                format!(
                    "{url} does not know the application, or its secret is wrong. Compare client_id with the Application ID at {url}/-/user_settings/applications; a new one needs: Redirect URI {redirect}, scopes {scopes}, {}",
                    if secret.is_some() { "Confidential on" } else { "Confidential off" }
                ),
            ),
            Some(other) => Finding::new(&backend.id, Verdict::Note, format!("the OAuth application could not be told: {url} says {other}")),
            None => Finding::new(&backend.id, Verdict::Bad, format!("{url}/oauth/token does not answer as GitLab does. Something between may answer in its place")),
        }
    }

    /// Whether browsers may ask it from our pages.
    async fn cors(&self, backend: &Gitlab) -> Finding {
        let url = backend.url.trim_end_matches('/');
        if backend.access == Access::Relay {
            return Finding::new(&backend.id, Verdict::Good, "browsers reach it through this server, as access = \"relay\" says");
        }
        let request = self.http.request(Method::OPTIONS, format!("{url}/api/graphql"));
        let request = request.header(ORIGIN, self.public_url).header(ACCESS_CONTROL_REQUEST_METHOD, "POST").header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
        let allowed = match request.send().await {
            Err(error) => return Finding::new(&backend.id, Verdict::Bad, unreachable(url, &error)),
            Ok(answer) => {
                let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase();
                let (origin, headers) = (header(ACCESS_CONTROL_ALLOW_ORIGIN), header(ACCESS_CONTROL_ALLOW_HEADERS));
                (origin == "*" || origin == self.public_url.to_lowercase()) && (headers == "*" || headers.contains("authorization"))
            }
        };
        match (allowed, backend.access) {
            (true, _) => Finding::new(&backend.id, Verdict::Good, "browsers may ask it straight (CORS)"),
            (false, Access::Direct) => Finding::new(
                &backend.id,
                Verdict::Bad,
                format!("browsers may not ask it from {}: a proxy in front of it drops the CORS headers. Let them through, or set access = \"auto\"", self.public_url),
            ),
            (false, _) => Finding::new(&backend.id, Verdict::Note, "browsers may not ask it straight (CORS); they go through this server, which is slower"),
        }
    }

    /// Whether the group and the common project can be seen without an account.
    async fn instance(&self, instance: &Instance, backend: &Gitlab) -> Finding {
        let url = backend.url.trim_end_matches('/');
        let project = format!("{}/{}", instance.group, instance.common_project);
        let segment: String = url::form_urlencoded::byte_serialize(project.as_bytes()).collect();
        let seen = match self.http.get(format!("{url}/api/v4/projects/{segment}")).send().await {
            Ok(answer) if !answer.status().is_server_error() => answer.status().is_success(),
            _ => return Finding::new(&instance.id, Verdict::Note, format!("{project} could not be looked at, because its backend did not answer")),
        };
        match (seen, instance.guests) {
            (true, _) => Finding::new(&instance.id, Verdict::Good, format!("{project} is there and public")),
            (false, true) => Finding::new(
                &instance.id,
                Verdict::Bad,
                format!("{project} cannot be seen without an account, so guests see nothing. Make the project public at {url}/{project}, or set guests = false"),
            ),
            (false, false) => Finding::new(
                &instance.id,
                Verdict::Note,
                format!(
                    "{project} is not public: sign in and open the library to see that it is there, and start a run to see that a runner has the tag “{}”",
                    instance.runner_tag
                ),
            ),
        }
    }
}

/// Looks at everything at once.
pub async fn look(config: &Config) -> Vec<Finding> {
    let public_url = config.public_url();
    let builder = reqwest::ClientBuilder::new().redirect(reqwest::redirect::Policy::none()).timeout(TIME).connect_timeout(TIME);
    let http = match builder.build() {
        Ok(http) => http,
        Err(error) => return vec![Finding::new("twinport", Verdict::Bad, format!("no request can be made from here: {error}"))],
    };
    let probe = &Probe { http, public_url: &public_url };
    let of_backend = |backend: &'_ Gitlab| {
        let backend = backend.clone();
        async move {
            let first = probe.api(&backend).await;
            if first.verdict == Verdict::Bad {
                return vec![first];
            }
            let (named, application, cors) = join3(authority::named(probe, &backend), probe.application(&backend), probe.cors(&backend)).await;
            [first].into_iter().chain(named).chain([application, cors]).collect()
        }
    };
    let of_instance = |instance: &Instance| {
        let (instance, backend) = (instance.clone(), config.gitlab.iter().find(|backend| backend.id == instance.gitlab).cloned());
        async move {
            match backend {
                Some(backend) => probe.instance(&instance, &backend).await,
                None => Finding::new(&instance.id, Verdict::Good, "lives on this server's own forge"),
            }
        }
    };
    let of_instances = join_all(config.instance.iter().map(of_instance));
    let (backends, instances, readers) = join3(join_all(config.gitlab.iter().map(of_backend)), of_instances, authority::readers(probe, config)).await;
    backends.into_iter().flatten().chain(instances).chain(readers).chain(edge::look(config).await).collect()
}
