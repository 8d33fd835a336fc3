//! `twinport.toml`: one struct per concern, everything with a default. A word it does not know is
//! an error that names the line.

mod check;
pub mod embed;
pub mod service;
pub mod workspaces;

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
    /// `[embed]`
    pub embed: embed::Embed,
    /// `[workspaces]`
    pub workspaces: workspaces::Workspaces,
    /// `[[service]]`, what twins of an instance use.
    pub service: Vec<service::Service>,
}

/// Where the server listens, how it is reached, and what it remembers of browsers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// What browsers type; made from `listen` when absent.
    pub public_url: Option<String>,
    /// The portal's name, in its federation card.
    pub name: String,
    /// `sqlite`, `postgres://…`, or `redis://…`; the last two for several servers.
    pub session_store: String,
    /// Minutes after which a browser that does nothing is signed out.
    pub session_idle_minutes: u32,
    /// Days after which everybody signs in again.
    pub session_days: u32,
    /// Files with keys of 32 bytes: the first seals tokens, the others open older ones. Several
    /// servers need the same. The key in the data folder when empty.
    pub key_files: Vec<PathBuf>,
    /// A certificate with its chain, in PEM form: HTTPS without a proxy in front.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Who sees how the server does (`/admin`), as `name@backend`; administrators of the forge do anyway.
    pub admins: Vec<String>,
    /// Proxies in front, as addresses or nets, whose word about a client's address counts.
    pub trusted_proxies: Vec<String>,
    /// Where this server reaches itself, when `listen` speaks TLS.
    #[serde(skip)]
    pub inside: Option<SocketAddr>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            name: "Twinport".to_owned(),
            session_store: "sqlite".to_owned(),
            session_idle_minutes: 8 * 60,
            session_days: 7,
            key_files: Vec::new(),
            certificate: None,
            key: None,
            admins: Vec::new(),
            trusted_proxies: Vec::new(),
            inside: None,
        }
    }
}

/// How browsers reach a backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Straight; through this server where the backend refuses that.
    #[default]
    Auto,
    /// Straight, or not at all.
    Direct,
    /// Through this server.
    Relay,
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
    /// How browsers reach it.
    #[serde(default)]
    pub access: Access,
    /// The path of the redirect URI, for an application that is registered already; `/Library` is
    /// what DTaaS clients have.
    pub redirect_path: Option<String>,
    /// Whether the first sign-in asks for reading only. An application that lacks the scope
    /// `read_api` needs this off.
    #[serde(default = "yes")]
    pub read_first: bool,
    /// Addresses of object stores that downloads may be redirected to, such as `https://store.example`.
    #[serde(default)]
    pub storage: Vec<String>,
}

fn yes() -> bool {
    true
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
    /// Whether people who are not signed in there may look at what is public.
    #[serde(default)]
    pub guests: bool,
    /// Which of the eight colours it has; by its place in the file when absent.
    pub colour: Option<Colour>,
    /// The portal's federation card that it was taken from and its id there, `https://portal.example#id`,
    /// by which federated twins of other portals name it.
    pub card: Option<String>,
}

/// The colours that tell instances apart, in the order in which they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// The first.
    Teal,
    /// The second.
    Blue,
    /// The third.
    Purple,
    /// The fourth.
    Rust,
    /// The fifth.
    Olive,
    /// The sixth.
    Pink,
    /// The seventh.
    Indigo,
    /// The eighth.
    Slate,
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
    /// Containers for jobs whose tags ask for them.
    pub container: Vec<Containers>,
}

/// Where jobs with `image:` run: `[[runner.container]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Containers {
    /// Tags it offers.
    pub tags: Vec<String>,
    /// podman, docker or what takes the same options, with options of its own.
    #[serde(default = "podman")]
    pub command: Vec<String>,
    /// The image of jobs that name none.
    pub image: String,
    /// Patterns of images that may be used; all when there are none.
    #[serde(default)]
    pub images: Vec<String>,
    /// The network of the containers, in the engine's words; without one, `[runner] network` says whether there is any.
    pub network: Option<String>,
    /// Whether the image's own user runs the job (as on GitLab), and not one without rights.
    #[serde(default)]
    pub image_user: bool,
    /// More options for the engine's `run`.
    #[serde(default)]
    pub options: Vec<String>,
}

fn podman() -> Vec<String> {
    vec!["podman".to_owned()]
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
        let scheme = if self.server.certificate.is_some() { "https" } else { "http" };
        let written = self.server.public_url.clone().unwrap_or_else(|| format!("{scheme}://{host}:{port}"));
        // As browsers write it: lower case, and without the usual port.
        url::Url::parse(&written).map_or(written, |url| url.origin().ascii_serialization())
    }

    /// The backend whose people can have workspaces here.
    #[must_use]
    pub fn workspaces_at(&self) -> Option<String> {
        self.workspaces.driver?;
        let only = || self.gitlab.first().map_or_else(|| "forge".to_owned(), |gitlab| gitlab.id.clone());
        Some(self.workspaces.backend.clone().unwrap_or_else(only))
    }

    /// The nets of proxies in front, or the first that is none.
    pub fn trusted(&self) -> Result<Vec<ipnet::IpNet>, String> {
        let net = |text: &String| text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from)).map_err(|_| text.clone());
        self.server.trusted_proxies.iter().map(net).collect()
    }

    /// Where this server reaches itself.
    #[must_use]
    pub fn inside(&self) -> SocketAddr {
        self.server.inside.unwrap_or(self.server.listen)
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
                guests: false,
                colour: None,
                card: None,
            });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn error(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), text).expect("it can be written");
        Config::load(Some(file.path())).err().map(|error| error.to_string().replace(&file.path().display().to_string(), "FILE")).unwrap_or_default()
    }

    const TWO: &str = "[[gitlab]]\nid = \"x\"\nurl = \"https://x.test\"\nclient_id = \"1\"\n";

    #[test]
    fn backends_and_instances_fit_together() {
        let with = |more: &str| error(&format!("{TWO}{more}"));
        assert_eq!(with("[[instance]]\nid = \"a\"\nname = \"A\"\ngitlab = \"x\"\n"), "");
        assert!(with("[[instance]]\nid = \"a\"\nname = \"A\"\ngitlab = \"x\"\n".repeat(2).as_str()).contains("two [[instance]]"));
        assert!(with(TWO).contains("two [[gitlab]]"));
        assert!(error(&TWO.replace("\"x\"", "\"done\"")).contains("not “forge”"));
        assert!(error(&TWO.replace("https://x.test", "https://u:p@x.test")).contains("no address"));
        assert!(error(&TWO.replace("https://x.test", "http://x.test")).contains("[[instance]]") || with("").contains("[[instance]]"));
        assert!(with("redirect_path = \"Library\"\n").contains("redirect_path"));
        let library = TWO.to_owned() + "redirect_path = \"/Library\"\n";
        assert!(error(&(library.clone() + &library.replace("\"x\"", "\"y\""))).contains("redirect_path"));
        assert!(with("access = \"sideways\"\n").contains("auto"));
        assert!(error("[server]\nsession_store = \"mysql://x\"\n").contains("session_store"));
        assert!(error("[server]\nsession_days = 0\n").contains("session_days"));
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
