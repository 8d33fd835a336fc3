//! Workspaces as processes of this machine, each in a sandbox of its own with one folder: its
//! person's. What it listens on is a socket in a folder that nobody else can open.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use forge::runner::sandbox::{Bind, Room, Sandbox, ask_to_end, descendants, end};
use forge::runner::{Limits, sandbox};
use proxy::Address;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::seat::{Seat, Standing, Usage};
use crate::State;
use crate::config::Config;
use crate::config::workspaces::Process as Settings;

/// Where the person's folder is seen inside; lifecycle scripts of DTaaS name it (DTAAS.md §2).
pub const FOLDER: &str = "/workspace";
/// Where its socket and our own program are seen inside.
const DESK: &str = "/run/twinport/desk";
const PROGRAM: &str = "/run/twinport/twinport";
/// Longest path that a Unix socket can have (unix(7)), with its zero.
const SOCKET: usize = 107;
/// Asked to end, one gets so long.
const GRACE: Duration = Duration::from_secs(10);
/// First of the user numbers of workspaces, behind those of jobs.
const FIRST_USER: u32 = 2_100_000;
/// Between looks whether it answers.
const LOOK: Duration = Duration::from_millis(150);

/// A workspace's process.
pub struct Child {
    pid: u32,
    /// It is meant to end.
    meant: CancellationToken,
    /// It has ended.
    over: CancellationToken,
    sandbox: Sandbox,
    /// When it was measured last, and the processor time that it had used.
    sample: Option<(Instant, f64)>,
}

/// How they are started.
pub struct Sandboxed {
    folder: PathBuf,
    sandbox: Sandbox,
    settings: Settings,
    limits: Limits,
    program: PathBuf,
}

/// Everything that one of them needs on this machine.
struct Desk {
    home: PathBuf,
    run: PathBuf,
    user: Option<u32>,
}

fn folder(path: &Path, user: Option<u32>) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |error: std::io::Error| format!("the folder {} cannot be made: {error}", path.display());
    std::fs::create_dir_all(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    if let Some(user) = user {
        std::os::unix::fs::chown(path, Some(user), Some(user)).map_err(failed)?;
    }
    Ok(())
}

impl Sandboxed {
    /// Looks whether a sandbox works here.
    pub async fn open(config: &Config, folder: PathBuf, sandbox: Option<Sandbox>) -> Result<Self, String> {
        std::fs::create_dir_all(&folder).map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()))?;
        let settings = config.workspaces.process.clone();
        let sandbox = match sandbox {
            Some(sandbox) => sandbox,
            None => Sandbox::detect(&folder, false, config.runner.unsafe_no_sandbox).await,
        };
        let limits = Limits { memory_bytes: settings.memory_mb.saturating_mul(1024 * 1024), ..Limits::default() };
        let program = std::env::current_exe().map_err(|error| format!("this program does not know where it is: {error}"))?;
        Ok(Self { folder, sandbox, settings, limits, program })
    }

    fn desk(&self, seat: &Seat) -> Result<Desk, String> {
        let own = self.folder.join(&seat.label);
        let user = self.sandbox.gives_users().then(|| {
            let hash = Sha256::digest(&seat.label);
            FIRST_USER + u32::from_be_bytes([0, 0, hash[0], hash[1]])
        });
        let desk = Desk { home: own.join("home"), run: own.join("run"), user };
        std::fs::create_dir_all(&own).map_err(|error| format!("the folder {} cannot be made: {error}", own.display()))?;
        folder(&desk.home, user)?;
        folder(&desk.run, user)?;
        Ok(desk)
    }

    /// A command in the sandbox of `seat`, with what `git` needs to push for its person.
    fn command(&self, state: &State, seat: &Seat, desk: &Desk, words: Vec<String>) -> Result<Command, String> {
        if let Sandbox::Refused(reason) = &self.sandbox {
            return Err(format!("{reason}, and this server starts no workspace without a sandbox"));
        }
        let bare = self.sandbox == Sandbox::None;
        let mut binds = vec![
            Bind { from: desk.home.clone(), to: FOLDER.into(), write: true },
            Bind { from: desk.run.clone(), to: DESK.into(), write: true },
            Bind { from: self.program.clone(), to: PROGRAM.into(), write: false },
        ];
        binds.extend(self.settings.programs.iter().map(|path| Bind { from: path.clone(), to: path.clone().into_os_string(), write: false }));
        let room = Room { user: desk.user, limits: &self.limits, network: self.settings.network, binds: &binds, inside: FOLDER, folder: &desk.home };
        let mut command = self.sandbox.room(&room, words.into_iter().map(OsString::from).collect());
        let bins: String = self.settings.programs.iter().map(|path| format!("{}:", path.join("bin").display())).collect();
        let home = if bare { desk.home.display().to_string() } else { FOLDER.to_owned() };
        command.envs([
            ("HOME", home.as_str()),
            ("PATH", &format!("{bins}/usr/local/bin:/usr/bin:/bin")),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/bash"),
            ("USER", &seat.user),
            ("TWINPORT_USER", &seat.user),
            ("TWINPORT_URL", &state.internal_url),
            ("TWINPORT_WORKSPACE_TOKEN", &seat.token()),
        ]);
        let program = if bare { self.program.display().to_string() } else { PROGRAM.to_owned() };
        for (name, value) in super::credential::git_settings(state, &seat.user, &program) {
            command.env(name, value);
        }
        Ok(command)
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&self, state: &State, seat: &Arc<Seat>) -> Result<Address, String> {
        let desk = self.desk(seat)?;
        let socket = desk.run.join("socket");
        let _ = std::fs::remove_file(&socket);
        if socket.as_os_str().len() > SOCKET {
            return Err(format!("the path {} is too long for a socket: choose a shorter --data", socket.display()));
        }
        let bare = self.sandbox == Sandbox::None;
        let seen = if bare { socket.display().to_string() } else { format!("{DESK}/socket") };
        let home = if bare { desk.home.display().to_string() } else { FOLDER.to_owned() };
        let fill = |word: &String| word.replace("{socket}", &seen).replace("{user}", &seat.user).replace("{folder}", &home);
        let words: Vec<String> = self.settings.command.iter().map(fill).collect();
        let shown = words.first().cloned().unwrap_or_default();
        super::credential::make(state, seat).await?;
        let mut child = self.command(state, seat, &desk, words)?.spawn().map_err(|error| format!("“{shown}” cannot be started: {error}"))?;
        for pipe in [child.stdout.take().map(boxed), child.stderr.take().map(boxed)].into_iter().flatten() {
            tokio::spawn(read(pipe, seat.clone()));
        }
        let (meant, over) = (CancellationToken::new(), CancellationToken::new());
        let pid = child.id().ok_or("it ended at once")?;
        *seat.child.lock().await = Some(Child { pid, meant: meant.clone(), over: over.clone(), sandbox: self.sandbox.clone(), sample: None });
        {
            let (state, seat, meant, over) = (state.clone(), seat.clone(), meant.clone(), over.clone());
            tokio::spawn(async move {
                let status = child.wait().await;
                over.cancel();
                if !meant.is_cancelled() && matches!(seat.standing(), Standing::Running(_)) {
                    let _ = super::credential::forget(&state, &seat).await;
                    seat.fails(format!("it ended by itself ({})", status.map_or_else(|error| error.to_string(), |status| status.to_string())));
                }
            });
        }
        let address = Address::Unix(socket);
        let outcome = tokio::select! {
            () = answers(&address, &seat.home) => Ok(address),
            () = over.cancelled() => Err("it ended before it answered; what it printed is below".to_owned()),
            () = tokio::time::sleep(Duration::from_secs(self.settings.start_seconds)) => Err(format!("it did not answer within {} seconds; what it printed is below", self.settings.start_seconds)),
        };
        if outcome.is_err() {
            seat.end_process().await;
        }
        outcome
    }

    /// Runs one command inside to its end; what it printed.
    pub async fn inside(&self, state: &State, seat: &Seat, words: Vec<String>, time: Duration) -> Result<String, String> {
        let desk = self.desk(seat)?;
        super::output::of(self.command(state, seat, &desk, words)?, time).await
    }
}

fn boxed<R: AsyncRead + Send + Unpin + 'static>(pipe: R) -> Box<dyn AsyncRead + Send + Unpin> {
    Box::new(pipe)
}

async fn read(mut pipe: Box<dyn AsyncRead + Send + Unpin>, seat: Arc<Seat>) {
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(bytes @ 1..) = pipe.read(&mut buffer).await {
        seat.print(&buffer[..bytes]);
    }
}

/// Comes back once `home` is answered with anything but an error of the server.
pub async fn answers(address: &Address, home: &str) {
    let host = HeaderValue::from_static("localhost");
    loop {
        match proxy::ask(address, home, &host, Duration::from_secs(10)).await {
            Ok(answer) if !answer.status().is_server_error() => return,
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

impl Seat {
    /// Asks its process to end, and ends it.
    pub async fn end_process(&self) {
        let Some(child) = self.child.lock().await.take() else { return };
        child.meant.cancel();
        // It is in nobody's hands any more, so it is ended even when nobody waits for that.
        let work = tokio::spawn(async move {
            // The number of one that has ended may be another's by now.
            if child.over.is_cancelled() {
                return;
            }
            ask_to_end(child.pid);
            if tokio::time::timeout(GRACE, child.over.cancelled()).await.is_err() {
                end(child.pid, &child.sandbox);
                let _ = tokio::time::timeout(GRACE, child.over.cancelled()).await;
            }
        });
        let _ = work.await;
    }

    /// Measures its process.
    pub async fn look_at_process(&self) {
        let mut slot = self.child.lock().await;
        let Some(child) = slot.as_mut() else { return };
        let (seconds, memory) = sandbox::usage(&descendants(child.pid));
        let now = Instant::now();
        let cpu = child.sample.map(|(then, before)| ((seconds - before) / now.duration_since(then).as_secs_f64().max(0.1)).max(0.0));
        child.sample = Some((now, seconds));
        self.set_usage(Usage { cpu, memory: Some(memory) });
    }
}
