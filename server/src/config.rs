//! `twinport.toml`: one struct per concern, everything with a default. A word it does not know is
//! an error that names the line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Why a configuration cannot be used, in words for whoever wrote it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("failed to read {path}: {reason}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file is no TOML, or has a word that means nothing.
    #[error("{path} has an error:\n{reason}")]
    Parse {
        /// Which.
        path: String,
        /// The line and what is wrong with it.
        reason: String,
    },
    /// The parts do not fit together.
    #[error("{path}: {reason}")]
    Inconsistent {
        /// Which.
        path: String,
        /// What does not fit.
        reason: String,
    },
}

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[[gitlab]]`, one a backend.
    pub gitlab: Vec<Gitlab>,
    /// `[[instance]]`, one a DTaaS instance.
    pub instance: Vec<Instance>,
    /// `[forge]`
    pub forge: Forge,
    /// `[runner]`
    pub runner: Runner,
}

/// Where the server listens and how it is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// What browsers type; made from `listen` when absent.
    pub public_url: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), public_url: None }
    }
}

/// A backend.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gitlab {
    /// Its name in URLs.
    pub id: String,
    /// Its address; may sit under a path.
    pub url: String,
    /// The OAuth application registered there.
    pub client_id: String,
    /// A file with its secret, for confidential applications.
    pub client_secret_file: Option<PathBuf>,
}

/// A DTaaS instance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Its name in URLs.
    pub id: String,
    /// Its name on screen.
    pub name: String,
    /// The backend it lives on; `forge` for the embedded one.
    pub gitlab: String,
    /// The group there.
    #[serde(default = "default_group")]
    pub group: String,
    /// The project of common assets.
    #[serde(default = "default_common")]
    pub common_project: String,
    /// The branch to read and run; each project's default one when absent.
    pub branch: Option<String>,
    /// The tag that runs ask for.
    #[serde(default = "default_tag")]
    pub runner_tag: String,
}

fn default_group() -> String {
    forge::admin::GROUP.to_owned()
}

fn default_common() -> String {
    forge::admin::COMMON.to_owned()
}

fn default_tag() -> String {
    "linux".to_owned()
}

/// The embedded backend.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forge {
    /// On when no `[[gitlab]]` is given, unless said here.
    pub enabled: Option<bool>,
}

/// The runner of the embedded backend.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Runner {
    /// Tags it offers.
    pub tags: Option<Vec<String>>,
    /// Jobs at once.
    pub concurrent: Option<usize>,
    /// Whether jobs may use the network.
    pub network: bool,
    /// Whether jobs run, with the server's own rights, where no sandbox works.
    pub unsafe_no_sandbox: bool,
    /// Bytes of log that are kept.
    pub log_limit_bytes: Option<u64>,
    /// Megabytes of memory a process may ask for.
    pub memory_mb: Option<u64>,
}

impl Config {
    /// Reads `path`, or gives the defaults when there is none to read.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Ok(Self::default().completed()) };
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read { path: shown.clone(), reason: error.to_string() })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse { path: shown.clone(), reason: error.to_string() })?;
        let config = config.completed();
        config.check().map_err(|reason| ConfigError::Inconsistent { path: shown, reason })?;
        Ok(config)
    }

    /// Whether the embedded backend is on.
    #[must_use]
    pub fn forge_enabled(&self) -> bool {
        self.forge.enabled.unwrap_or(self.gitlab.is_empty())
    }

    /// The public address, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> String {
        let port = self.server.listen.port();
        let host = if self.server.listen.ip().is_unspecified() {
            "127.0.0.1".to_owned()
        } else {
            SocketAddr::new(self.server.listen.ip(), port).to_string().rsplit_once(':').map(|(host, _)| host.to_owned()).unwrap_or_default()
        };
        self.server.public_url.clone().unwrap_or_else(|| format!("http://{host}:{port}")).trim_end_matches('/').to_owned()
    }

    fn completed(mut self) -> Self {
        if self.instance.is_empty() && self.forge_enabled() {
            self.instance.push(Instance {
                id: "local".to_owned(),
                name: "Local".to_owned(),
                gitlab: "forge".to_owned(),
                group: default_group(),
                common_project: default_common(),
                branch: None,
                runner_tag: default_tag(),
            });
        }
        self
    }

    fn check(&self) -> Result<(), String> {
        let plain = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let mut backends: Vec<&str> = Vec::new();
        for gitlab in &self.gitlab {
            if !plain(&gitlab.id) || gitlab.id == "forge" {
                return Err(format!("[[gitlab]] id “{}” must be lower-case letters, digits and “-”, and not “forge”", gitlab.id));
            }
            if backends.contains(&gitlab.id.as_str()) {
                return Err(format!("two [[gitlab]] have the id “{}”", gitlab.id));
            }
            if !url::Url::parse(&gitlab.url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
                return Err(format!("[[gitlab]] “{}” has the url “{}”, which is no address: write https://host or https://host/path", gitlab.id, gitlab.url));
            }
            backends.push(&gitlab.id);
        }
        if self.forge_enabled() {
            backends.push("forge");
        }
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
        let runner = &self.runner;
        let least = [
            ("concurrent", runner.concurrent.map(|jobs| jobs as u64), 1, "jobs at once"),
            ("memory_mb", runner.memory_mb, 64, "megabytes, or no shell can start"),
            ("log_limit_bytes", runner.log_limit_bytes, 1024, "bytes, or no log can be read"),
        ];
        for (key, value, least, unit) in least {
            if value.is_some_and(|value| value < least) {
                return Err(format!("[runner] {key} must be at least {least} {unit}"));
            }
        }
        if self.instance.is_empty() {
            return Err("there is no backend: leave [forge] enabled out, or add a [[gitlab]] and an [[instance]]".to_owned());
        }
        if let Some(url) = &self.server.public_url
            && !url::Url::parse(url).is_ok_and(|url| is_origin(&url))
        {
            return Err(format!("[server] public_url “{url}” must be an address without a path, such as https://twins.lab.example"));
        }
        Ok(())
    }
}

/// `https://host:port` and nothing else.
fn is_origin(url: &url::Url) -> bool {
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && url.has_host() && plain
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn error(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), text).expect("it can be written");
        Config::load(Some(file.path())).err().map(|error| error.to_string().replace(&file.path().display().to_string(), "FILE")).unwrap_or_default()
    }

    #[test]
    fn errors_name_the_line_and_what_to_do() {
        let text = error("[server]\nlisten = \"127.0.0.1:8080\"\nlissten = 1\n");
        assert!(text.contains("line 3") && text.contains("lissten"), "{text}");
        assert!(error("[server]\nlisten = \"here\"\n").contains("line 2"));
        assert!(error("[[instance]]\nid = \"a\"\nname = \"A\"\ngitlab = \"x\"\n").contains("known are: forge"));
        assert!(error("[[gitlab]]\nid = \"x\"\nurl = \"x\"\nclient_id = \"1\"\n").contains("https://host"));
        assert_eq!(error("[server]\n"), "");
        assert!(error("[runner]\nmemory_mb = 0\n").contains("at least 64"));
        assert!(error("[forge]\nenabled = false\n").contains("no backend"));
    }
}
