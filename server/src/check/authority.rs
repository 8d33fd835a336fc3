//! What a backend says of itself as an authorization server, and what the tokens may do that read
//! for embedded views.

use serde_json::Value;

use super::{Finding, Probe, Verdict};
use crate::auth::issuer::same;
use crate::config::{Config, Gitlab};

/// Scopes that only read what a view shows.
const READS: [&str; 4] = ["read_api", "read_user", "read_repository", "openid"];

/// Whether it calls itself what the configuration calls it, and knows the scopes that are asked for.
pub async fn named(probe: &Probe<'_>, backend: &Gitlab) -> Option<Finding> {
    let url = backend.url.trim_end_matches('/');
    let answer = probe.http.get(format!("{url}/.well-known/openid-configuration")).send().await.ok().filter(|answer| answer.status().is_success())?;
    let said: Value = answer.json().await.ok()?;
    let issuer = said["issuer"].as_str()?;
    if !same(issuer, url) {
        let words = format!("{url} says that it is {issuer}. Nobody can sign in until the url in [[gitlab]] says the same (GitLab: external_url)");
        return Some(Finding::new(&backend.id, Verdict::Bad, words));
    }
    let known: Vec<&str> = said["scopes_supported"].as_array()?.iter().filter_map(Value::as_str).collect();
    let wanted: &[&str] = if backend.read_first { &["read_api", "api"] } else { &["api"] };
    let missing: Vec<&str> = wanted.iter().copied().filter(|scope| !known.contains(scope)).collect();
    (!missing.is_empty()).then(|| Finding::new(&backend.id, Verdict::Bad, format!("{url} knows no scope {}: it may be too old", missing.join(", "))))
}

/// Whether the token of each `[[embed.reader]]` is taken, and only reads.
pub async fn readers(probe: &Probe<'_>, config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for reader in &config.embed.reader {
        let Some(backend) = config.gitlab.iter().find(|backend| backend.id == reader.gitlab) else { continue };
        let Ok(token) = std::fs::read_to_string(&reader.token_file) else { continue };
        let url = backend.url.trim_end_matches('/');
        let answer = probe.http.get(format!("{url}/api/v4/personal_access_tokens/self")).bearer_auth(token.trim()).send().await;
        let Ok(answer) = answer else { continue };
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap_or_default());
        let scopes: Vec<&str> = body["scopes"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        let more: Vec<&str> = scopes.iter().copied().filter(|scope| !READS.contains(scope)).collect();
        let of = format!("reader of {}", backend.id);
        found.push(match (status.as_u16(), more.is_empty()) {
            (401, _) => Finding::new(
                &of,
                Verdict::Bad,
                format!("{url} does not take the token in {}: it may have ended. Make a new one with the scope read_api", reader.token_file.display()),
            ),
            (200, false) => {
                let words = format!(
                    "the token in {} may do more than views need ({}). Make one with the scope read_api, of somebody who is Reporter at most",
                    reader.token_file.display(),
                    more.join(", ")
                );
                Finding::new(&of, Verdict::Bad, words)
            }
            (200, true) if !scopes.is_empty() => Finding::new(&of, Verdict::Good, "its token only reads"),
            _ => Finding::new(&of, Verdict::Note, format!("what its token may do could not be seen ({status}); it should have the scope read_api alone")),
        });
    }
    found
}
