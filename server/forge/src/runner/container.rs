//! Jobs in containers: the CI file's `image:` honoured, by whatever speaks the command line of podman
//! and docker. A job still gets its files, its script and its variables as mounted files, so nothing
//! that anybody typed is part of the engine's own environment or options.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use tokio::process::Command;

use super::Limits;
use super::sandbox::job_user;

/// Where the script, files and variables of a job are seen.
pub const SEEN: &str = "/run/twinport";
/// What names the containers of one data folder, and of one job.
const LABEL: &str = "twinport.builds";
const JOB: &str = "twinport.job";
/// An engine that does not answer is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Words before a colon by which podman finds images in files and stores of this machine instead of a registry.
const TRANSPORTS: [&str; 9] = ["containers-storage", "dir", "docker-archive", "docker-daemon", "oci", "oci-archive", "ostree", "sif", "tarball"];
/// Who runs jobs where the numbers of their own users do not exist.
const NOBODY: u32 = 65_534;
/// Runs the script with bash where the image has it, else with its `sh`, as GitLab's runner does. Should the server be gone, the
/// pipe that it holds ends, and everything in the container with it.
const START: &str = "exec 3<&0 </dev/null; shell=sh; if command -v bash >/dev/null 2>&1; then shell=bash; fi; \
                     (trap '' TERM; cat <&3 >/dev/null; kill -KILL -1) & exec 3<&-; $shell /run/twinport/script; exit $?";

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
    /// Why no job can run in it, as it was at the start.
    pub refused: Option<String>,
    allowed: Option<GlobSet>,
    podman: bool,
    root: bool,
    /// What tells the containers of this data folder from others.
    folder: String,
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
    let plain =
        text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.len() < 512 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter));
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    // Only the port of a registry has a path behind it.
    let ports = parts.all(|part| part.split_once('/').is_none_or(|(port, _)| !port.is_empty() && port.chars().all(|letter| letter.is_ascii_digit())));
    plain && ports && !(text.contains(':') && TRANSPORTS.contains(&first))
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
        let root = nix::unistd::Uid::effective().is_root();
        let mut allowed = GlobSetBuilder::new();
        for pattern in config.images.iter().filter_map(|pattern| pattern_of(pattern).ok()) {
            allowed.add(pattern);
        }
        let allowed = if config.images.is_empty() { None } else { Some(allowed.build().unwrap_or_else(|_| GlobSet::empty())) };
        let podman = config.command.first().is_some_and(|program| program.contains("podman"));
        let folder = crate::secret::hash(&builds.to_string_lossy()).chars().take(12).collect();
        let mut engine = Self { config, refused: None, allowed, podman, root, folder };
        engine.refused = engine.look().await.err();
        if builds.to_string_lossy().contains(',') {
            engine.refused = Some(format!("the folder {} has a comma in its name, which container engines cannot mount: move it", builds.display()));
        }
        engine
    }

    async fn look(&self) -> Result<(), String> {
        self.ask(&["version"]).await.map(drop).map_err(|reason| format!("the container engine `{}` does not answer: {reason}", self.config.command.join(" ")))
    }

    /// Whether jobs can run in it now: it may have come up after this server did.
    pub async fn ready(&self) -> Result<(), String> {
        if self.refused.is_some() { self.look().await } else { Ok(()) }
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
        let user = || job_user(job).filter(|user| is_mapped(*user)).unwrap_or(NOBODY);
        (self.root && !self.config.image_user).then(user)
    }

    /// What a container of `job` is called, for its step.
    #[must_use]
    pub fn name(&self, job: i64, step: &str) -> String {
        format!("twinport-{}-{job}-{step}", self.folder)
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
        let labels = [format!("{LABEL}={}", self.folder), format!("{JOB}={job}")];
        add(
            &mut words,
            &["run", "--rm", "--interactive", "--name", name, "--label", &labels[0], "--label", &labels[1], "--hostname", "twinport", "--security-opt", "label=disable"],
        );
        if self.podman {
            // It would hand on the server's own, with their passwords.
            add(&mut words, &["--http-proxy=false"]);
        }
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
            if self.podman && !self.root {
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
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
        command
    }

    /// Asks everything in a container to end; `false` when there is no such container.
    pub async fn ask_to_end(&self, name: &str) -> bool {
        self.ask(&["exec", name, "sh", "-c", "kill -TERM -1"]).await.is_ok()
    }

    /// Ends one container and all that is in it.
    pub async fn end(&self, name: &str) {
        let _ = self.ask(&["kill", name]).await;
        let _ = self.ask(&["rm", "--force", name]).await;
    }

    /// Ends what is left of a job, or of all jobs of this data folder.
    pub async fn clear(&self, job: Option<i64>) {
        let mut words = vec!["ps".to_owned(), "--all".to_owned(), "--quiet".to_owned(), "--filter".to_owned(), format!("label={LABEL}={}", self.folder)];
        words.extend(job.into_iter().flat_map(|job| ["--filter".to_owned(), format!("label={JOB}={job}")]));
        let left = match self.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).await {
            Ok(left) => left,
            Err(reason) => return tracing::error!(%reason, "failed to look for containers that are left"),
        };
        let ids: Vec<&str> = left.split_whitespace().collect();
        if ids.is_empty() {
            return;
        }
        // Killed first: removing alone asks nicely and waits.
        let _ = self.ask(&[&["kill"], ids.as_slice()].concat()).await;
        // Those that remove themselves may be gone by now.
        let gone = |reason: &String| reason.to_lowercase().contains("no such container") || reason.contains("no container with");
        if let Err(reason) = self.ask(&[&["rm", "--force"], ids.as_slice()].concat()).await
            && !gone(&reason)
        {
            tracing::error!(%reason, "failed to remove containers");
        }
    }
}

/// A pattern of images, in which `*` ends at a slash.
///
/// # Errors
/// What is wrong with it.
pub fn pattern_of(text: &str) -> Result<Glob, String> {
    GlobBuilder::new(text).literal_separator(true).build().map_err(|error| error.to_string())
}

/// Whether a user number exists here: in a user namespace not all do (user_namespaces(7)).
fn is_mapped(user: u32) -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        matches!(numbers[..], [first, _, count] if (first..first + count).contains(&u64::from(user)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_are_images() {
        for good in ["docker:24-cli", "debian", "debian:12", "registry.example:5000/a/b@sha256:00ff", "localhost/tiny"] {
            assert!(is_image(good), "{good}");
        }
        for bad in [
            "docker-archive:/srv/x.tar",
            "oci-archive:x.tar",
            "dir:x",
            "dir:/srv",
            "docker-daemon:a:b",
            "docker://a/b",
            "a:b/c",
            "",
            "--privileged",
            "-v",
            "a b",
            "a;b",
            "$IMAGE",
            "/etc",
            "a\nb",
        ] {
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
