//! Jobs in containers: the CI file's `image:` honoured, by whatever speaks the command line of podman
//! and docker. A job still gets its files, its script and its variables as mounted files, so nothing
//! that anybody typed is part of the engine's own environment or options.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use globset::{Glob, GlobSet, GlobSetBuilder};
use tokio::process::Command;

use super::Limits;
use super::sandbox::{job_user, reachable};

/// Where the script, files and variables of a job are seen.
pub const SEEN: &str = "/run/twinport";
/// What names the containers of one data folder.
const LABEL: &str = "twinport.builds";
/// An engine that does not answer is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Runs the script with bash where the image has it, else with its `sh`, as GitLab's runner does.
const START: &str = "if command -v bash >/dev/null 2>&1; then exec bash /run/twinport/script; else exec sh /run/twinport/script; fi";

/// One set of containers: `[[runner.container]]`.
#[derive(Debug, Clone)]
pub struct ContainerConfig {
    /// Tags it offers.
    pub tags: Vec<String>,
    /// The engine with its own options, such as `podman --runtime runc`.
    pub command: Vec<String>,
    /// The image where a CI file names none.
    pub image: String,
    /// Images that may be used, as patterns; all when there are none.
    pub images: Vec<String>,
    /// The network of containers, in the engine's words.
    pub network: Option<String>,
    /// Whether the image's own user runs the job, and not one without rights.
    pub image_user: bool,
    /// More options for `run`.
    pub options: Vec<String>,
}

/// An engine that was found, or why there is none.
#[derive(Debug)]
pub struct Engine {
    /// How it is set up.
    pub config: ContainerConfig,
    /// Why no job can run in it.
    pub refused: Option<String>,
    allowed: Option<GlobSet>,
    podman: bool,
    own_user: bool,
    label: String,
}

/// What a job shows its container, as places of this machine.
pub struct Given<'a> {
    /// The project's files.
    pub project: &'a Path,
    /// The script.
    pub script: &'a Path,
    /// The folder with variables of type file.
    pub files: &'a Path,
    /// The file with all other variables.
    pub environment: &'a Path,
    /// Where the project is seen.
    pub inside: &'a str,
}

/// Whether a text can name an image and nothing else: a word that is no option.
#[must_use]
pub fn is_image(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.len() < 512 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter))
}

/// The variables of a job as text that a shell reads: names that a shell can have, and values in single quotes.
#[must_use]
pub fn exports(list: &[(String, String)]) -> String {
    let fits = |name: &str| !name.starts_with(|first: char| first.is_ascii_digit()) && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    list.iter().filter(|(key, _)| !key.is_empty() && fits(key)).map(|(key, value)| format!("export {key}={}\n", super::script::quote(value))).collect()
}

impl Engine {
    /// Asks the engine whether it is there. `builds` is where jobs get their folders.
    pub async fn detect(config: ContainerConfig, builds: &Path) -> Self {
        let own_user = nix::unistd::Uid::effective().is_root() && reachable(builds).await;
        let mut allowed = GlobSetBuilder::new();
        for pattern in config.images.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
            allowed.add(pattern);
        }
        let allowed = if config.images.is_empty() { None } else { Some(allowed.build().unwrap_or_else(|_| GlobSet::empty())) };
        let mut engine = Self { config, refused: None, allowed, podman: false, own_user, label: format!("{LABEL}={}", crate::secret::hash(&builds.to_string_lossy())) };
        let name = engine.config.command.join(" ");
        match engine.ask(&["version"]).await {
            Ok(text) => engine.podman = text.contains("Podman") || text.contains("podman") || name.contains("podman"),
            Err(reason) => engine.refused = Some(format!("the container engine `{name}` does not answer: {reason}")),
        }
        engine
    }

    /// One command of the engine, and what it prints.
    async fn ask(&self, words: &[&str]) -> Result<String, String> {
        let mut command = self.start();
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
        }
    }

    /// The engine's command, in the server's own environment: that says where its socket and its images are.
    fn start(&self) -> Command {
        let mut words = self.config.command.iter();
        let mut command = Command::new(words.next().map_or("podman", String::as_str));
        command.args(words);
        command
    }

    /// The image for a job that asks for `wanted`.
    pub fn image(&self, wanted: Option<&str>) -> Result<String, String> {
        let image = wanted.unwrap_or(&self.config.image);
        if !is_image(image) {
            return Err(format!("“{image}” cannot be the name of an image: put one such as debian:12 under `image:`"));
        }
        if self.allowed.as_ref().is_some_and(|allowed| !allowed.is_match(image)) {
            return Err(format!("the image {image} may not be used here; allowed are {}", self.config.images.join(", ")));
        }
        Ok(image.to_owned())
    }

    /// The user number that files of `job` belong to, if jobs have one.
    #[must_use]
    pub fn user_of(&self, job: i64) -> Option<u32> {
        if self.own_user && !self.config.image_user { job_user(job) } else { None }
    }

    /// In words, for the log.
    #[must_use]
    pub fn words(&self, image: &str) -> String {
        let network = self.config.network.as_deref().map_or_else(String::new, |network| format!(", network {network}"));
        format!("Using a container of {} with the image {image}{network}", self.config.command.first().map_or("podman", String::as_str))
    }

    /// The command that runs a job's script in a container called `name`.
    #[must_use]
    pub fn command(&self, (job, name, image): (i64, &str, &str), limits: &Limits, given: &Given<'_>) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        let add = |words: &mut Vec<OsString>, list: &[&str]| words.extend(list.iter().map(OsString::from));
        add(&mut words, &["run", "--rm", "--name", name, "--label", &self.label, "--hostname", "twinport", "--security-opt", "label=disable"]);
        if let Some(network) = &self.config.network {
            add(&mut words, &["--network", network]);
        }
        let mut processes = limits.processes;
        if !self.config.image_user {
            let (user, group) = match self.user_of(job) {
                Some(user) => (user, user),
                None => (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()),
            };
            add(&mut words, &["--user", &format!("{user}:{group}"), "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]);
            if self.podman && !nix::unistd::Uid::effective().is_root() {
                add(&mut words, &["--userns", "keep-id"]);
            }
        }
        if self.user_of(job).is_none() {
            // Those of the same person elsewhere count, too.
            processes = processes.max(8192);
        }
        add(&mut words, &["--pids-limit", &limits.processes.to_string(), "--memory", &limits.memory_bytes.to_string()]);
        for limit in ["core=0:0".to_owned(), "nofile=4096:4096".to_owned(), format!("fsize={0}:{0}", limits.file_bytes), format!("nproc={processes}:{processes}")] {
            add(&mut words, &["--ulimit", &limit]);
        }
        add(&mut words, &["--tmpfs", "/tmp:rw,exec,mode=1777,size=512m", "--tmpfs", "/home/twin:rw,exec,mode=1777,size=256m"]);
        let script = format!("{SEEN}/script");
        let places = [
            (given.project, given.inside, ""),
            (given.script, &script, ",readonly"),
            (given.files, &format!("{SEEN}/files"), ",readonly"),
            (given.environment, &format!("{SEEN}/environment"), ",readonly"),
        ];
        for (from, to, how) in places {
            let mut mount = OsString::from("type=bind,source=");
            mount.push(from);
            mount.push(format!(",target={to}{how}"));
            words.extend(["--mount".into(), mount]);
        }
        add(&mut words, &["--workdir", given.inside, "--entrypoint", "sh"]);
        words.extend(self.config.options.iter().map(OsString::from));
        add(&mut words, &[image, "-c", START]);
        let mut command = self.start();
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
        command
    }

    /// The first process of a container, as this machine counts.
    pub async fn process(&self, name: &str) -> Option<u32> {
        self.ask(&["inspect", "--format", "{{.State.Pid}}", name]).await.ok()?.parse().ok().filter(|process| *process > 0)
    }

    /// Ends a container and all that is in it.
    pub async fn end(&self, name: &str) {
        if self.ask(&["kill", name]).await.is_err() {
            let _ = self.ask(&["rm", "--force", name]).await;
        }
    }

    /// Ends what is left of jobs of an earlier start.
    pub async fn clear(&self) {
        if self.refused.is_some() {
            return;
        }
        let left = self.ask(&["ps", "--all", "--quiet", "--filter", &format!("label={}", self.label)]).await.unwrap_or_default();
        for id in left.split_whitespace() {
            let _ = self.ask(&["rm", "--force", id]).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_are_images() {
        for good in ["debian", "debian:12", "registry.example:5000/a/b@sha256:00ff", "localhost/tiny"] {
            assert!(is_image(good), "{good}");
        }
        for bad in ["", "--privileged", "-v", "a b", "a;b", "$IMAGE", "/etc", "a\nb"] {
            assert!(!is_image(bad), "{bad}");
        }
    }

    #[test]
    fn variables_cannot_leave_their_quotes() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let text = exports(&[pair("A", "it's $(x)\n\"b\""), pair("1A", "x"), pair("A B", "x"), pair("A=$(x)", "y"), pair("", "z")]);
        assert_eq!(text, "export A='it'\\''s $(x)\n\"b\"'\n");
    }
}
