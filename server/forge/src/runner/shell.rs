//! The processes of a job: started in the sandbox, read while they run, ended when they must.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::container::{Engine, Given, SEEN, exports};
use super::log::JobLog;
use super::run::{Ending, Run, Seat};
use super::sandbox::{Sandbox, ask_to_end, end};
use super::script;
use crate::error::{ApiError, ApiResult};
use crate::runner::checkout::give_to;

/// Linux takes 128 KiB for one variable, its name, `=` and the end included.
const LONGEST_VARIABLE: usize = 131_000;
/// What podman and docker end with when they, and not what runs in the container, failed.
const ENGINE_FAILED: i32 = 125;
/// Further than any job runs.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Output may still be on its way so long after the last process.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

impl Run<'_> {
    /// Runs commands in a shell of their own, their output going to the log as it comes.
    pub(super) async fn shell(&self, log: &mut JobLog, name: &str, commands: &[String], timeout: u64, cancel: &CancellationToken, status: &str) -> ApiResult<Ending> {
        let runner = &self.forge.runner;
        let environment = self.environment(status);
        if let Some((key, value)) = environment.iter().find(|(key, value)| key.len() + value.len() > LONGEST_VARIABLE) {
            return Err(ApiError::bad(format!(
                "the variable {key} has {} bytes, and the system passes at most {LONGEST_VARIABLE} to a job: shorten it, or make it a variable of type file",
                value.len()
            )));
        }
        let container = matches!(self.seat, Seat::In(_)).then(|| engine_of(self.seat).map_or_else(String::new, |engine| engine.name(self.row.id, name)));
        let mut command = self.command(name, container.as_deref(), commands, environment)?;
        let mut child =
            command.spawn().map_err(|error| ApiError::bad(format!("failed to start the {}: {error}", if container.is_some() { "container engine" } else { "sandbox" })))?;
        // Held open: a container ends when the server is gone and with it this.
        let _held = child.stdin.take();
        let process = child.id().unwrap_or_default();
        let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else { return Err(ApiError::bad("the job has no output")) };
        let deadline = tokio::time::sleep(Duration::from_secs(timeout));
        // Far away until the job has ended or was told to.
        let leaving = tokio::time::sleep(FAR);
        tokio::pin!(deadline, leaving);
        let (mut buffer, mut errors) = (vec![0; 64 * 1024], vec![0; 4096]);
        let (mut out_open, mut err_open, mut ending, mut exit) = (true, true, None, None);
        let mut silent = true;
        while out_open || err_open || exit.is_none() {
            tokio::select! {
                read = out.read(&mut buffer), if out_open => match read? {
                    0 => out_open = false,
                    length => {
                        silent = false;
                        log.write(&buffer[..length]).await?;
                    }
                },
                read = err.read(&mut errors), if err_open => match read? {
                    0 => err_open = false,
                    length => log.write(&errors[..length]).await?,
                },
                status = child.wait(), if exit.is_none() => {
                    exit = Some(code_of(status?));
                    // Whoever still holds its output is no part of it any more.
                    leaving.as_mut().reset(tokio::time::Instant::now() + LAST_OUTPUT);
                }
                () = &mut leaving => break,
                () = &mut deadline, if ending.is_none() && exit.is_none() => {
                    ending = Some(Ending::TimedOut);
                    leaving.as_mut().reset(self.stop(process, container.as_deref()));
                }
                () = cancel.cancelled(), if ending.is_none() && exit.is_none() => {
                    ending = Some(Ending::Cancelled);
                    leaving.as_mut().reset(self.stop(process, container.as_deref()));
                }
            }
        }
        log.flush_held().await?;
        if exit == Some(ENGINE_FAILED) && silent && ending.is_none() && container.is_some() {
            return Err(ApiError::bad(
                "the container could not be started; what the engine says of it is above. Look at the image's name, and whether this server can reach its registry",
            ));
        }
        runner.sandbox.sweep(self.variables.values.get("CI_JOB_TOKEN").map(String::as_str).unwrap_or_default());
        Ok(ending.unwrap_or(Ending::Exit(exit.unwrap_or(128))))
    }

    /// The command that runs a script in the job's room.
    fn command(&self, name: &str, container: Option<&str>, commands: &[String], environment: Vec<(String, String)>) -> ApiResult<Command> {
        let (path, project, files) = (self.folder.join(name), self.folder.join("project"), self.folder.join("files"));
        let limits = &self.forge.runner.limits;
        let mode = if engine_of(self.seat).is_some_and(|engine| engine.config.image_user) { 0o644 } else { 0o600 };
        let write = |path: &std::path::Path, text: String| -> ApiResult<()> {
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path).and_then(|mut file| file.write_all(text.as_bytes()))?;
            Ok(self.user().map_or(Ok(()), |user| give_to(path, user))?)
        };
        let (Seat::In(engine), Some(container)) = (self.seat, container) else {
            write(&path, script::step(commands))?;
            let mut command = self.forge.runner.sandbox.command(self.row.id, limits, &project, &self.inside, &path, &files);
            command.envs(environment);
            return Ok(command);
        };
        let variables = self.folder.join("environment");
        write(&variables, exports(&environment))?;
        write(&path, format!(". {SEEN}/environment\n{}", script::step(commands)))?;
        let given = Given { project: &project, script: &path, files: &files, environment: &variables, inside: &self.inside };
        Ok(engine.command((self.row.id, container, &self.image(engine)?), limits, &given))
    }

    /// Asks the job to end and, after the time of grace, ends it. Gives when nothing can be left.
    fn stop(&self, process: u32, container: Option<&str>) -> tokio::time::Instant {
        let (grace, sandbox) = (self.forge.runner.limits.grace_seconds, self.forge.runner.sandbox.clone());
        let (forge, container) = (self.forge.clone(), container.map(str::to_owned));
        let engine = self.forge.runner.who_takes(&self.job.tags);
        tokio::spawn(async move {
            let inside = container.as_ref().and_then(|name| Some((name, forge.runner.engine(engine?)?)));
            // The engine's own process passes nothing on; the job's are asked themselves.
            match &inside {
                Some((name, engine)) => {
                    // There is none yet while its image is brought, and none any more when it has ended meanwhile.
                    if !engine.ask_to_end(name).await && std::path::Path::new(&format!("/proc/{process}")).exists() {
                        end(process, &sandbox);
                        engine.end(name).await;
                    }
                }
                None => ask_to_end(process),
            }
            for _ in 0..grace * 10 {
                if !std::path::Path::new(&format!("/proc/{process}")).exists() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            if let Some((name, engine)) = &inside {
                engine.end(name).await;
            }
            end(process, &sandbox);
        });
        tokio::time::Instant::now() + Duration::from_secs(grace) + LAST_OUTPUT
    }

    fn environment(&self, status: &str) -> Vec<(String, String)> {
        let bare = matches!(self.seat, Seat::Here) && self.forge.runner.sandbox == Sandbox::None;
        let files = self.seen("files");
        let mut list: Vec<(String, String)> = vec![
            ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOME".into(), if bare { self.folder.to_string_lossy().into_owned() } else { "/home/twin".into() }),
            ("LANG".into(), "C.UTF-8".into()),
            ("TERM".into(), "xterm-256color".into()),
            ("USER".into(), "twin".into()),
            // A line must be seen when it is printed, not when a buffer is full.
            ("PYTHONUNBUFFERED".into(), "1".into()),
        ];
        for (key, value) in &self.variables.values {
            let value = if self.variables.files.contains(key) { format!("{files}/{key}") } else { value.replace('\0', "") };
            // Settings of the loader and of bash itself would reach the sandbox's own programs too.
            if !key.starts_with("LD_") && key != "BASH_ENV" && key != "PATH" {
                list.push((key.clone(), value));
            }
        }
        list.push(("CI_JOB_STATUS".into(), status.into()));
        if matches!(self.seat, Seat::In(_)) {
            // An image knows best where its programs are.
            list.retain(|(key, _)| key != "PATH");
        }
        list
    }
}

/// The container engine, where a job runs in one.
fn engine_of(seat: Seat<'_>) -> Option<&Engine> {
    match seat {
        Seat::In(engine) => Some(engine),
        Seat::Here => None,
    }
}

/// What the shell ended with; 128 and the signal when something killed it.
fn code_of(exit: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    exit.code().unwrap_or_else(|| 128 + exit.signal().unwrap_or_default())
}
