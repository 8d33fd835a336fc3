//! `GET /embed/badge.svg?grant=…`: how a run, or a twin's last one, stands, as a small picture for a
//! README or a wiki. Pictures are fetched without cookies, so the grant says all.

use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::{Grant, reader};
use crate::State;
use crate::auth::backend::Backend;

/// Seconds that a picture may be kept: proxies of code hosts keep them.
const KEPT: &str = "max-age=30";

/// What an address says.
#[derive(Debug, Deserialize)]
pub struct Asked {
    grant: Option<String>,
}

/// The word and colour of a state. Both are readable on white and on black (WCAG 1.4.11).
fn shown(status: &str) -> (&'static str, &'static str) {
    match status {
        "success" => ("succeeded", "#1a7f37"),
        "failed" => ("failed", "#c62828"),
        "running" => ("running", "#0b5cad"),
        "canceled" | "canceling" => ("cancelled", "#5c6670"),
        "created" | "pending" | "preparing" | "waiting_for_resource" | "scheduled" => ("waiting", "#8a5a00"),
        "manual" => ("manual", "#8a5a00"),
        "skipped" => ("skipped", "#5c6670"),
        _ => ("unknown", "#5c6670"),
    }
}

/// Two fields beside each other; the width of a letter is a guess that leaves room.
fn picture(label: &str, word: &str, colour: &str) -> String {
    let escape = forge::oauth::html::escape;
    let width = |text: &str| 12 + 7 * text.chars().count();
    let (left, right) = (width(label), width(word));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" aria-label=\"{name}: {word}\"><title>{name}: {word}</title>\
         <clipPath id=\"r\"><rect width=\"{all}\" height=\"20\" rx=\"4\"/></clipPath><g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#3d444d\"/><rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" font-family=\"system-ui,sans-serif\" font-size=\"11\" text-anchor=\"middle\"><text x=\"{a}\" y=\"14\">{name}</text><text x=\"{b}\" y=\"14\">{word}</text></g></svg>",
        all = left + right,
        name = escape(label),
        a = left / 2,
        b = left + right / 2,
    )
}

/// Runs that are looked through for the last one of a twin.
const NEWEST: u32 = 15;

async fn json(state: &State, backend: &Backend, path: &str) -> Option<Value> {
    reader::read(state, backend, None, path, HeaderMap::new()).await.ok()?.json().await.ok()
}

async fn status(state: &State, grant: &Grant) -> Option<String> {
    let subject = &grant.subject;
    let instance = state.instances.iter().find(|instance| instance.id == subject.instance)?;
    let backend = state.backend(&instance.backend)?;
    let project = utf8_percent_encode(&subject.project, NON_ALPHANUMERIC);
    let word = |value: &Value| value["status"].as_str().map(str::to_owned);
    if let Some(run) = subject.run {
        return word(&json(state, backend, &format!("v4/projects/{project}/pipelines/{run}")).await?);
    }
    let runs = json(state, backend, &format!("v4/projects/{project}/pipelines?per_page={NEWEST}")).await?;
    for run in runs.as_array()? {
        let Some(twin) = &subject.twin else { return word(run) };
        let bridges = json(state, backend, &format!("v4/projects/{project}/pipelines/{}/bridges", run["id"])).await?;
        let own = bridges.as_array()?.iter().find(|bridge| bridge["name"].as_str().and_then(|name| name.strip_prefix("trigger_")) == Some(twin));
        if let Some(bridge) = own {
            return word(&bridge["downstream_pipeline"]).or_else(|| word(run));
        }
    }
    None
}

/// Draws it. What cannot be shown is drawn as unknown: a broken picture says less.
pub async fn draw(Shared(state): Shared<State>, Query(asked): Query<Asked>) -> Response {
    let grant = match asked.grant.as_deref().filter(|text| !text.contains('.')) {
        Some(text) => super::grant(&state, text).await.ok(),
        None => None,
    };
    let (label, found) = match &grant {
        Some(grant) => {
            let label = grant.subject.twin.clone().unwrap_or_else(|| grant.subject.run.map_or_else(|| "twins".to_owned(), |run| format!("run {run}")));
            (label, status(&state, grant).await)
        }
        None => ("Twinport".to_owned(), None),
    };
    let label: String = label.chars().take(40).collect();
    let (word, colour) = shown(found.as_deref().unwrap_or_default());
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, KEPT),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, picture(&label, word, colour)).into_response()
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn names_are_text() {
        let drawn = picture("<script>\"&", "failed", "#c62828");
        assert!(!drawn.contains("<script>") && drawn.contains("&lt;script&gt;"), "{drawn}");
    }
}
