//! Workspaces and embedded views, looked at before anybody opens one.

use std::path::Path;
use std::time::Duration;

use axum::http::HeaderValue;
use futures_util::future::join_all;
use proxy::Address;

use super::{Finding, Verdict};
use crate::config::Config;
use crate::config::workspaces::{Driver, Workspaces};

/// A workspace that runs answers within this time.
const TIME: Duration = Duration::from_secs(5);

/// The last two labels, which two hosts of one owner have in common; near enough for a note.
fn site(host: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}

fn place(config: &Config) -> Finding {
    let public = config.public_url();
    let host = url::Url::parse(&public).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    match (&config.workspaces.domain, config.workspaces.listen) {
        (Some(domain), _) if site(domain) == site(&host) => Finding::new(
            "workspaces",
            Verdict::Note,
            format!("{domain} and {host} are one site to a browser, so a workspace can set cookies for both. Twinport ignores them; a domain of another owner is safer"),
        ),
        (Some(domain), _) => Finding::new("workspaces", Verdict::Good, format!("each has a host below {domain}; *.{domain} must lead to this server")),
        (None, Some(listen)) => {
            Finding::new("workspaces", Verdict::Note, format!("all share the port {}, and so one origin: hosts of their own keep them apart better", listen.port()))
        }
        (None, None) => Finding::new("workspaces", Verdict::Bad, "they have neither a domain nor a port"),
    }
}

async fn fixed(user: &str, address: &str) -> Finding {
    let of = format!("workspace of {user}");
    let Some(upstream) = Address::parse(address) else { return Finding::new(&of, Verdict::Bad, format!("{address} is no address")) };
    let path = url::Url::parse(address).ok().filter(|_| !address.starts_with("unix:")).map_or("/".to_owned(), |url| url.path().to_owned());
    match proxy::ask(&upstream, &path, &HeaderValue::from_static("localhost"), TIME).await {
        Ok(answer) if answer.status().is_server_error() => Finding::new(&of, Verdict::Note, format!("{address} answers with {}: it may still be starting", answer.status())),
        Ok(_) => Finding::new(&of, Verdict::Good, format!("{address} answers")),
        Err(broken) => Finding::new(&of, Verdict::Note, format!("{address} was asked, and {broken}. Start it, or correct the address")),
    }
}

fn program(words: &[String], programs: &[std::path::PathBuf], what: &str) -> Finding {
    let name = words.first().map(String::as_str).unwrap_or_default();
    let path = Path::new(name);
    let places = std::env::var("PATH").unwrap_or_default();
    let found = if path.is_absolute() { path.exists() } else { places.split(':').any(|folder| Path::new(folder).join(name).exists()) };
    // Commands of the administrator run outside; in the sandbox there is `/usr` and what is named.
    let seen = what != "process" || !path.is_absolute() || path.starts_with("/usr") || programs.iter().any(|folder| path.starts_with(folder));
    match (found, seen) {
        (false, _) => Finding::new("workspaces", Verdict::Bad, format!("the program {name} of [workspaces.{what}] is not on this machine")),
        (true, false) => Finding::new("workspaces", Verdict::Bad, format!("{name} is not seen in the sandbox: add its folder to programs in [workspaces.process]")),
        (true, true) => Finding::new("workspaces", Verdict::Good, format!("{name} is there")),
    }
}

async fn driver(settings: &Workspaces) -> Vec<Finding> {
    match settings.driver {
        None => Vec::new(),
        Some(Driver::Static) => join_all(settings.fixed.iter().filter(|(user, _)| *user != "*").map(|(user, address)| fixed(user, address))).await,
        Some(Driver::Process) => vec![program(&settings.process.command, &settings.process.programs, "process")],
        Some(Driver::Command) => [&settings.command.start, &settings.command.stop, &settings.command.status].map(|words| program(words, &[], "command")).to_vec(),
    }
}

fn embeds(config: &Config) -> Vec<Finding> {
    if config.embed.allowed_parents.is_empty() {
        return Vec::new();
    }
    let unread = |backend: &&crate::config::Gitlab| !config.embed.reader.iter().any(|reader| reader.gitlab == backend.id);
    let missing = config
        .gitlab
        .iter()
        .filter(unread)
        .map(|backend| Finding::new(&backend.id, Verdict::Note, "views of it cannot be embedded: add an [[embed.reader]] with a token of the scope read_api"));
    let files = config.embed.portal.iter().map(|portal| &portal.secret_file).chain(config.embed.reader.iter().map(|reader| &reader.token_file));
    let broken = files.filter_map(|path| std::fs::read(path).err().map(|error| Finding::new("embed", Verdict::Bad, format!("{} cannot be read: {error}", path.display()))));
    missing.chain(broken).collect()
}

/// Everything there is to say.
pub async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.workspaces.driver.is_some() {
        findings.push(place(config));
        findings.extend(driver(&config.workspaces).await);
    }
    findings.extend(embeds(config));
    findings
}
