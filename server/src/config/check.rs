//! Whether the parts of a configuration fit together; the first thing that does not, in words.

use url::Url;

use super::{Config, Gitlab};

/// Ids stand in URLs, and some words there are taken.
fn plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 40 && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// `https://host:port` and nothing else.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.path() == "/" && is_base(&url))
}

/// `https://host:port/path`: nothing that could carry a secret or mean another place.
fn is_base(url: &Url) -> bool {
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && bare
}

fn gitlab(gitlab: &Gitlab) -> Result<(), String> {
    let id = &gitlab.id;
    if !plain(id) || ["forge", "done"].contains(&id.as_str()) {
        return Err(format!("[[gitlab]] id “{id}” must be lower-case letters, digits and “-”, and not “forge” or “done”"));
    }
    if !Url::parse(&gitlab.url).is_ok_and(|url| is_base(&url)) {
        return Err(format!("[[gitlab]] “{id}” has the url “{}”, which is no address: write https://host or https://host/path", gitlab.url));
    }
    if gitlab.client_id.trim().is_empty() {
        return Err(format!("[[gitlab]] “{id}” has an empty client_id: write the application id that {} shows", gitlab.url));
    }
    if let Some(path) = &gitlab.redirect_path
        && (!path.starts_with('/') || path.len() < 2 || path.chars().any(|c| !c.is_ascii_alphanumeric() && !"/-_".contains(c)) || path.starts_with("//"))
    {
        return Err(format!("[[gitlab]] “{id}” has the redirect_path “{path}”: write a path such as /Library"));
    }
    const TAKEN: [&str; 14] = ["auth", "relay", "pkg", "forge", "i", "all", "help", "admin", "healthz", "workspaces", "embed", "oembed", "services", "schema"];
    if let Some(path) = gitlab.redirect_path.as_deref()
        && TAKEN.contains(&path[1..].split('/').next().unwrap_or_default())
    {
        return Err(format!("[[gitlab]] “{id}” has the redirect_path “{path}”, which is a page of Twinport: choose another"));
    }
    if let Some(store) = gitlab.storage.iter().find(|store| !is_origin(store)) {
        return Err(format!("[[gitlab]] “{id}” names the storage “{store}”: write its address without a path, such as https://store.example"));
    }
    Ok(())
}

impl Config {
    pub(super) fn check(&self) -> Result<(), String> {
        let mut backends: Vec<&str> = Vec::new();
        let mut paths: Vec<&str> = Vec::new();
        for backend in &self.gitlab {
            gitlab(backend)?;
            if backends.contains(&backend.id.as_str()) {
                return Err(format!("two [[gitlab]] have the id “{}”", backend.id));
            }
            // An answer at a shared address could be another backend's (RFC 9700 §4.4).
            if let Some(path) = &backend.redirect_path {
                if paths.contains(&path.as_str()) {
                    return Err(format!("two [[gitlab]] have the redirect_path “{path}”: each needs its own"));
                }
                paths.push(path);
            }
            backends.push(&backend.id);
        }
        if self.forge_enabled() {
            backends.push("forge");
        }
        self.trusted().map_err(|text| format!("[server] trusted_proxies has “{text}”: write an address such as 10.0.0.7, or a net such as 10.0.0.0/8"))?;
        if self.server.certificate.is_some() != self.server.key.is_some() {
            return Err("[server] certificate and key belong together: name both files, or neither".to_owned());
        }
        let host = Url::parse(&self.public_url()).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        self.embed.check(&backends)?;
        self.workspaces.check(&host, &backends)?;
        let mut seen: Vec<&str> = Vec::new();
        for instance in &self.instance {
            if !plain(&instance.id) || instance.id == "all" {
                return Err(format!("[[instance]] id “{}” must be lower-case letters, digits and “-”, and not “all”", instance.id));
            }
            if seen.contains(&instance.id.as_str()) {
                return Err(format!("two [[instance]] have the id “{}”", instance.id));
            }
            if !backends.contains(&instance.gitlab.as_str()) {
                return Err(format!("[[instance]] “{}” names the backend “{}”, which is not there; known are: {}", instance.id, instance.gitlab, backends.join(", ")));
            }
            seen.push(&instance.id);
        }
        let mut services: Vec<(&str, &str)> = Vec::new();
        for service in &self.service {
            service.check(&seen)?;
            if !plain(&service.id) {
                return Err(format!("[[service]] id “{}” must be lower-case letters, digits and “-”", service.id));
            }
            if services.contains(&(&service.instance, &service.id)) {
                return Err(format!("two [[service]] of the instance “{}” have the id “{}”", service.instance, service.id));
            }
            services.push((&service.instance, &service.id));
        }
        let processes = self.runner.tags.clone().unwrap_or_else(|| forge::runner::RunnerConfig::default().tags);
        for containers in &self.runner.container {
            let taken: Vec<&String> = containers.tags.iter().filter(|tag| processes.contains(tag)).collect();
            if containers.tags.is_empty() || containers.command.is_empty() {
                return Err("[[runner.container]] needs tags, at least one, and a command such as [\"podman\"]".to_owned());
            }
            if let Some(tag) = taken.first() {
                return Err(format!(
                    "the tag “{tag}” is of the processes ([runner] tags) and in [[runner.container]]: a job with it would never run in a container; take it out of one"
                ));
            }
            for pattern in &containers.images {
                forge::runner::container::pattern_of(pattern).map_err(|why| format!("[[runner.container]] images “{pattern}”: {why}"))?;
            }
            let fits = |pattern: &String| forge::runner::container::pattern_of(pattern).is_ok_and(|pattern| pattern.compile_matcher().is_match(&containers.image));
            if !containers.images.is_empty() && !containers.images.iter().any(fits) {
                return Err(format!("[[runner.container]] image “{}” is none of its images: add it there", containers.image));
            }
            if !forge::runner::container::is_image(&containers.image) {
                return Err(format!("[[runner.container]] image “{}” cannot be the name of an image, such as debian:12", containers.image));
            }
        }
        let (runner, server) = (&self.runner, &self.server);
        let least = [
            ("[runner] concurrent", runner.concurrent.map(|jobs| jobs as u64), 1, "jobs at once"),
            ("[runner] memory_mb", runner.memory_mb, 64, "megabytes, or no shell can start"),
            ("[runner] log_limit_bytes", runner.log_limit_bytes, 1024, "bytes, or no log can be read"),
            ("[server] session_idle_minutes", Some(u64::from(server.session_idle_minutes)), 1, "minute"),
            ("[server] session_days", Some(u64::from(server.session_days)), 1, "day"),
        ];
        for (key, value, least, unit) in least {
            if value.is_some_and(|value| value < least) {
                return Err(format!("{key} must be at least {least} {unit}"));
            }
        }
        let store = server.session_store.split_once("://").map_or(server.session_store.as_str(), |(scheme, _)| scheme);
        if !["sqlite", "postgres", "postgresql", "redis", "rediss", "valkey"].contains(&store) {
            return Err("[server] session_store must be sqlite, postgres://… or redis://…".to_owned());
        }
        if self.instance.is_empty() {
            return Err(if self.gitlab.is_empty() {
                "there is no backend: leave [forge] enabled out, or add a [[gitlab]] and an [[instance]]".to_owned()
            } else {
                "there is no [[instance]]: add one with id, name and gitlab, so that there is something to show".to_owned()
            });
        }
        if let Some(url) = &server.public_url
            && !is_origin(url)
        {
            return Err(format!("[server] public_url “{url}” must be an address without a path, such as https://twins.lab.example"));
        }
        Ok(())
    }
}
