//! `[workspaces]`: where people's workspaces are, and under which hosts browsers find them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use proxy::Address;
use serde::Deserialize;

/// Who starts workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// They are there already.
    Static,
    /// This server, as sandboxed processes.
    Process,
    /// Commands of the administrator.
    Command,
}

/// The whole section.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workspaces {
    /// Each workspace has the host `<name>.<domain>`; not the app's own, nor above it.
    pub domain: Option<String>,
    /// Without a domain: a second port, which all workspaces share.
    pub listen: Option<SocketAddr>,
    /// How browsers reach that port; made from `public_url` when absent.
    pub url: Option<String>,
    /// The backend whose user names count; needed where there are several.
    pub backend: Option<String>,
    /// Who starts them; none when absent.
    pub driver: Option<Driver>,
    /// Minutes without traffic after which one is stopped; 0 for never.
    pub idle_minutes: Option<u32>,
    /// For `static`: address by user name. Its path is where a workspace opens; `{user}` in the
    /// address of `"*"` stands for the name of anybody who is not named.
    #[serde(rename = "static")]
    pub fixed: BTreeMap<String, String>,
    /// For `process`.
    pub process: Process,
    /// For `command`.
    pub command: Commands,
}

/// A command for each person, run in the sandbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Process {
    /// The words of the command; `{socket}` is the Unix socket to listen on (a port could be reached
    /// by every other workspace), `{user}` the person and `{folder}` their folder.
    pub command: Vec<String>,
    /// The path that opens.
    pub home: String,
    /// The path that opens a file; `{path}` is where it is below the folder.
    pub open: String,
    /// Folders outside `/usr` that the command needs, to read.
    pub programs: Vec<PathBuf>,
    /// Whether it may use the network; without it nothing can be pushed.
    pub network: bool,
    /// Megabytes that one process may ask for.
    pub memory_mb: u64,
    /// Seconds within which it has to answer.
    pub start_seconds: u64,
}

impl Default for Process {
    fn default() -> Self {
        Self { command: Vec::new(), home: "/".to_owned(), open: "/".to_owned(), programs: Vec::new(), network: true, memory_mb: 16 * 1024, start_seconds: 60 }
    }
}

/// Commands that start, stop and look; `{name}` is the workspace and `{user}` the person.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Commands {
    /// Starts one; what it prints is shown.
    pub start: Vec<String>,
    /// Stops it.
    pub stop: Vec<String>,
    /// Prints `running ADDRESS`, `starting`, `stopped` or `failed REASON`, and perhaps `cpu=CORES
    /// memory=BYTES`.
    pub status: Vec<String>,
    /// Runs one command inside, as the person; its words follow.
    pub inside: Vec<String>,
    /// The path that opens.
    pub home: String,
    /// The path that opens a file.
    pub open: String,
    /// Where projects are inside.
    pub folder: String,
    /// Seconds within which it has to answer.
    pub start_seconds: u64,
}

impl Default for Commands {
    fn default() -> Self {
        let (home, open) = ("/".to_owned(), "/".to_owned());
        Self { start: Vec::new(), stop: Vec::new(), status: Vec::new(), inside: Vec::new(), home, open, folder: "/workspace".to_owned(), start_seconds: 300 }
    }
}

/// `work.lab.example`, without a port.
fn is_domain(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
}

impl Workspaces {
    /// The first thing that does not fit; `host` is the app's own, `backends` all there are.
    pub(super) fn check(&self, host: &str, backends: &[&str]) -> Result<(), String> {
        let Some(driver) = self.driver else {
            return if self.domain.is_some() || self.listen.is_some() { Err("[workspaces] needs a driver: static, process or command".to_owned()) } else { Ok(()) };
        };
        match (&self.domain, self.listen) {
            (Some(domain), None) if !is_domain(domain) => return Err(format!("[workspaces] domain “{domain}” is no domain: write one such as work.lab.example, without a port")),
            (Some(domain), None) if host == domain || host.ends_with(&format!(".{domain}")) => {
                return Err(format!("[workspaces] domain “{domain}” holds Twinport's own host {host}: workspaces run other people's code, and need a domain of their own"));
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => return Err("[workspaces] needs either a domain, or, where no wildcard name can be had, listen with a second port".to_owned()),
        }
        match self.backend.as_deref() {
            Some(backend) if !backends.contains(&backend) => return Err(format!("[workspaces] names the backend “{backend}”, which is not there")),
            None if backends.len() > 1 => return Err(format!("[workspaces] needs a backend, as two people may have the same name at {}", backends.join(" and "))),
            _ => {}
        }
        let misses = match driver {
            Driver::Static => self.fixed.is_empty().then_some("[workspaces.static], with an address for each user"),
            Driver::Process => {
                let listens = self.process.command.iter().any(|word| word.contains("{socket}"));
                (!listens).then_some("a command in [workspaces.process] that listens on {socket}, a Unix socket: a port could be reached by every other workspace")
            }
            Driver::Command => {
                [&self.command.start, &self.command.stop, &self.command.status].iter().any(|words| words.is_empty()).then_some("start, stop and status in [workspaces.command]")
            }
        };
        if let Some(misses) = misses {
            return Err(format!("[workspaces] needs {misses}"));
        }
        match self.fixed.iter().find(|(_, address)| Address::parse(&address.replace("{user}", "user")).is_none()) {
            Some((user, address)) => Err(format!("[workspaces.static] {user} has the address “{address}”: write http://host:port, with the path that opens, or unix:/path")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Workspaces;

    #[test]
    fn what_is_missing_is_named() {
        let check = |text: &str, backends: &[&str]| {
            let section: Workspaces = toml::from_str(text).expect("it is read");
            section.check("twins.lab.test", backends).err().unwrap_or_default()
        };
        let one = ["forge"];
        assert_eq!(check("", &one), "");
        assert_eq!(check("domain = \"work.test\"\ndriver = \"static\"\nstatic.alice = \"http://127.0.0.1:8888/alice/\"", &one), "");
        for (text, said) in [
            ("domain = \"work.test\"", "needs a driver"),
            ("driver = \"static\"\nstatic.a = \"http://h\"", "either a domain"),
            ("driver = \"static\"\ndomain = \"lab.test\"\nstatic.a = \"http://h\"", "domain of their own"),
            ("driver = \"static\"\ndomain = \"https://x\"\nstatic.a = \"http://h\"", "no domain"),
            ("driver = \"static\"\ndomain = \"x\"", "address for each user"),
            ("driver = \"static\"\ndomain = \"x\"\nstatic.a = \"localhost@169.254.169.254\"", "a has the address"),
            ("driver = \"process\"\ndomain = \"x\"", "a command"),
            ("driver = \"command\"\ndomain = \"x\"", "start, stop and status"),
            ("driver = \"static\"\nbackend = \"y\"\ndomain = \"x\"\nstatic.a = \"http://h\"", "not there"),
        ] {
            let error = check(text, &one);
            assert!(error.contains(said), "{text}: {error}");
        }
        assert!(check("driver = \"static\"\ndomain = \"x\"\nstatic.a = \"http://h\"", &["a", "b"]).contains("needs a backend"));
    }
}
