//! How a job is kept apart from the machine and from other jobs: bubblewrap gives it its own
//! processes, files and (absent) network; `prlimit` and `setpriv` bound what it may use.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::Limits;

/// What jobs run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sandbox {
    /// bubblewrap works here.
    Bubblewrap {
        /// Whether the network is shared with the machine.
        network: bool,
        /// Whether jobs get a user of their own (only root can give one).
        own_user: bool,
    },
    /// The configuration says that jobs run as the server does.
    None,
    /// Nothing works, and jobs are refused with this reason.
    Refused(String),
}

/// A place of the machine that is seen inside.
pub struct Bind {
    /// Where it is.
    pub from: PathBuf,
    /// Where it is seen.
    pub to: OsString,
    /// Whether it may be changed.
    pub write: bool,
}

/// What a command runs in.
pub struct Room<'a> {
    /// Its user number, if it has one of its own.
    pub user: Option<u32>,
    /// What it may use.
    pub limits: &'a Limits,
    /// Whether the network is shared with the machine.
    pub network: bool,
    /// What it sees beside the system's programs.
    pub binds: &'a [Bind],
    /// Where it begins.
    pub inside: &'a str,
    /// The same on the machine.
    pub folder: &'a Path,
}

/// First of the user numbers that jobs get when the server is root; far from real ones.
const FIRST_UID: i64 = 2_000_000;

impl Sandbox {
    /// Finds out by trying. `builds` is where jobs get their folders.
    pub async fn detect(builds: &Path, network: bool, without_sandbox: bool) -> Self {
        let own_user = nix::unistd::Uid::effective().is_root() && reachable(builds).await;
        let mut trial = Command::new("bwrap");
        trial.args(["--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]);
        let reason = match trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().await {
            Ok(output) if output.status.success() => return Self::Bubblewrap { network, own_user },
            Ok(output) => format!("bubblewrap does not work here ({})", String::from_utf8_lossy(&output.stderr).trim()),
            Err(_) => "bubblewrap is not installed (Debian: apt-get install bubblewrap)".to_owned(),
        };
        if without_sandbox { Self::None } else { Self::Refused(reason) }
    }

    /// The user number that files of `job` belong to, if jobs have one.
    #[must_use]
    pub fn user_of(&self, job: i64) -> Option<u32> {
        match self {
            Self::Bubblewrap { own_user: true, .. } => job_user(job),
            _ => None,
        }
    }

    /// Whether jobs can have users of their own.
    #[must_use]
    pub fn gives_users(&self) -> bool {
        matches!(self, Self::Bubblewrap { own_user: true, .. })
    }

    /// The command that runs `script` (a path on the host) with bash in `project`, which is
    /// seen as `inside`.
    #[must_use]
    pub fn command(&self, job: i64, limits: &Limits, project: &Path, inside: &str, script: &Path, files: &Path) -> Command {
        let network = matches!(self, Self::Bubblewrap { network: true, .. });
        let seen = if *self == Self::None { script.into() } else { OsString::from("/run/twinport/script") };
        let binds = [
            Bind { from: project.into(), to: inside.into(), write: true },
            Bind { from: script.into(), to: "/run/twinport/script".into(), write: false },
            Bind { from: files.into(), to: "/run/twinport/files".into(), write: false },
        ];
        let room = Room { user: self.user_of(job), limits, network, binds: &binds, inside, folder: project };
        self.room(&room, vec!["bash".into(), seen])
    }

    /// The command `words` in a room of its own. Without a sandbox, in `folder`.
    #[must_use]
    pub fn room(&self, room: &Room<'_>, command: Vec<OsString>) -> Command {
        let Room { limits, inside, .. } = room;
        let mut words: Vec<OsString> = Vec::new();
        let add = |words: &mut Vec<OsString>, list: &[&str]| words.extend(list.iter().map(OsString::from));
        if let Some(user) = room.user {
            let user = user.to_string();
            add(&mut words, &["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups", "--no-new-privs", "--inh-caps=-all"]);
        }
        let processes = if room.user.is_some() { limits.processes } else { limits.processes.max(8192) };
        add(
            &mut words,
            &["prlimit", "--core=0", &format!("--nproc={processes}"), &format!("--fsize={}", limits.file_bytes), &format!("--as={}", limits.memory_bytes), "--nofile=4096"],
        );
        if !matches!(self, Self::Bubblewrap { .. }) {
            words.extend(command);
            return finish(words, room.folder);
        }
        add(&mut words, &["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "twinport"]);
        if room.network {
            add(&mut words, &["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", "--ro-bind-try", "/etc/hosts", "/etc/hosts"]);
        }
        add(&mut words, &["--uid", "1000", "--gid", "1000", "--ro-bind", "/usr", "/usr"]);
        for folder in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] {
            match std::fs::read_link(folder) {
                Ok(target) => words.extend(["--symlink".into(), target.into_os_string(), folder.into()]),
                Err(_) => add(&mut words, &["--ro-bind-try", folder, folder]),
            }
        }
        for file in ["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/ssl", "/etc/ca-certificates", "/etc/nsswitch.conf", "/etc/profile", "/etc/java-17-openjdk"] {
            add(&mut words, &["--ro-bind-try", file, file]);
        }
        add(&mut words, &["--proc", "/proc", "--dev", "/dev", "--size", "536870912", "--tmpfs", "/tmp", "--size", "268435456", "--tmpfs", "/home/twin"]);
        for Bind { from, to, write } in room.binds {
            words.extend([if *write { "--bind" } else { "--ro-bind" }.into(), from.into(), to.clone()]);
        }
        // What is left are the roots of bwrap's own file systems, which have no size limit.
        add(&mut words, &["--size", "67108864", "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--remount-ro", "/"]);
        add(&mut words, &["--chdir", inside]);
        words.extend(command);
        finish(words, room.folder)
    }
}

/// The user number of a job that has one of its own.
pub(super) fn job_user(job: i64) -> Option<u32> {
    u32::try_from(FIRST_UID + job % 60_000).ok()
}

/// Whether another user can come to `folder`: not below a home that is closed, say.
async fn reachable(folder: &Path) -> bool {
    let user = FIRST_UID.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "test", "-x"]).arg(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await.is_ok_and(|status| status.success())
}

fn finish(words: Vec<OsString>, folder: &Path) -> Command {
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(folder).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.process_group(0);
    command
}

impl Sandbox {
    /// Without a sandbox, ends what left the job's tree of processes and still carries its token;
    /// out of one nothing can leave.
    pub fn sweep(&self, token: &str) {
        if *self != Self::None {
            return;
        }
        let mark = format!("CI_JOB_TOKEN={token}\0");
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if memchr::memmem::find(&environment, mark.as_bytes()).is_some() {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGKILL);
            }
        }
    }
}

/// Every process below `root`, itself left out, read from `/proc`.
#[must_use]
pub fn descendants(root: u32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for task in tasks.flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|word| word.parse::<u32>().ok()) {
                open.push(child);
                found.extend(i32::try_from(child));
            }
        }
    }
    found
}

/// Asks every process of a job to end.
pub fn ask_to_end(root: u32) {
    for child in descendants(root) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), nix::sys::signal::Signal::SIGTERM);
    }
}

/// Ends a job: the sandbox's first process and with it everything inside; without a sandbox,
/// every descendant that can still be found, and the group.
pub fn end(root: u32, sandbox: &Sandbox) {
    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::Pid;
    let list = descendants(root);
    if let Ok(root) = i32::try_from(root) {
        let _ = kill(Pid::from_raw(root), Signal::SIGKILL);
        let _ = killpg(Pid::from_raw(root), Signal::SIGKILL);
    }
    // The sandbox's own first process dies with its parent; being thorough costs nothing.
    if *sandbox == Sandbox::None || !list.is_empty() {
        for child in list {
            let _ = kill(Pid::from_raw(child), Signal::SIGKILL);
        }
    }
}

/// Processor seconds and bytes of memory that `processes` use, read from `/proc`.
#[must_use]
pub fn usage(processes: &[i32]) -> (f64, u64) {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100) as f64;
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().and_then(|size| u64::try_from(size).ok()).unwrap_or(4096);
    processes.iter().fold((0.0, 0), |(seconds, bytes), process| {
        // The name in brackets may hold anything, so numbers are counted behind it (proc_pid_stat(5)).
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let numbers: Vec<f64> = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().filter_map(|word| word.parse().ok()).collect()).unwrap_or_default();
        let used = numbers.get(10..12).map_or(0.0, |times| times.iter().sum::<f64>() / ticks);
        let pages: u64 = std::fs::read_to_string(format!("/proc/{process}/statm")).ok().and_then(|text| text.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        (seconds + used, bytes + pages * page)
    })
}
