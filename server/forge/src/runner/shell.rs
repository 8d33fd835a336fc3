//! The processes of a job: started in the sandbox, read while they run, ended when they must.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use super::log::JobLog;
use super::run::{Ending, Run};
use super::sandbox::{Sandbox, ask_to_end, end};
use super::script;
use crate::error::{ApiError, ApiResult};
use crate::runner::checkout::give_to;

/// Linux takes 128 KiB for one variable, its name, `=` and the end included.
const LONGEST_VARIABLE: usize = 131_000;
/// Further than any job runs.
const FAR: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Output may still be on its way so long after the last process.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

impl Run<'_> {
    /// Runs commands in a shell of their own, their output going to the log as it comes.
    pub(super) async fn shell(&self, log: &mut JobLog, name: &str, commands: &[String], timeout: u64, cancel: &CancellationToken, status: &str) -> ApiResult<Ending> {
        let path = self.folder.join(name);
        std::fs::write(&path, script::step(commands))?;
        if let Some(user) = self.forge.runner.sandbox.user_of(self.row.id) {
            give_to(&path, user)?;
        }
        let runner = &self.forge.runner;
        let mut command = runner.sandbox.command(self.row.id, &runner.limits, &self.folder.join("project"), &self.inside, &path, &self.folder.join("files"));
        let environment = self.environment(status);
        if let Some((key, value)) = environment.iter().find(|(key, value)| key.len() + value.len() > LONGEST_VARIABLE) {
            return Err(ApiError::bad(format!(
                "the variable {key} has {} bytes, and the system passes at most {LONGEST_VARIABLE} to a job: shorten it, or make it a variable of type file",
                value.len()
            )));
        }
        command.envs(environment);
        let mut child = command.spawn().map_err(|error| ApiError::bad(format!("failed to start the sandbox: {error}")))?;
        let process = child.id().unwrap_or_default();
        let (Some(mut out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else { return Err(ApiError::bad("the job has no output")) };
        let deadline = tokio::time::sleep(Duration::from_secs(timeout));
        // Far away until the job has ended or was told to.
        let leaving = tokio::time::sleep(FAR);
        tokio::pin!(deadline, leaving);
        let (mut buffer, mut errors) = (vec![0; 64 * 1024], vec![0; 4096]);
        let (mut out_open, mut err_open, mut ending, mut exit) = (true, true, None, None);
        while out_open || err_open || exit.is_none() {
            tokio::select! {
                read = out.read(&mut buffer), if out_open => match read? {
                    0 => out_open = false,
                    length => log.write(&buffer[..length]).await?,
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
                    leaving.as_mut().reset(self.stop(process));
                }
                () = cancel.cancelled(), if ending.is_none() && exit.is_none() => {
                    ending = Some(Ending::Cancelled);
                    leaving.as_mut().reset(self.stop(process));
                }
            }
        }
        log.flush_held().await?;
        runner.sandbox.sweep(self.variables.values.get("CI_JOB_TOKEN").map(String::as_str).unwrap_or_default());
        Ok(ending.unwrap_or(Ending::Exit(exit.unwrap_or(128))))
    }

    /// Asks the job to end and, after the time of grace, ends it. Gives when nothing can be left.
    fn stop(&self, process: u32) -> tokio::time::Instant {
        ask_to_end(process);
        let (grace, sandbox) = (self.forge.runner.limits.grace_seconds, self.forge.runner.sandbox.clone());
        tokio::spawn(async move {
            for _ in 0..grace * 10 {
                if !std::path::Path::new(&format!("/proc/{process}")).exists() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            end(process, &sandbox);
        });
        tokio::time::Instant::now() + Duration::from_secs(grace) + LAST_OUTPUT
    }

    fn environment(&self, status: &str) -> Vec<(String, String)> {
        let sandboxed = matches!(self.forge.runner.sandbox, Sandbox::Bubblewrap { .. });
        let files = if sandboxed { "/run/twinport/files".to_owned() } else { self.folder.join("files").to_string_lossy().into_owned() };
        let mut list: Vec<(String, String)> = vec![
            ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOME".into(), if sandboxed { "/home/twin".into() } else { self.folder.to_string_lossy().into_owned() }),
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
        list
    }
}

/// What the shell ended with; 128 and the signal when something killed it.
fn code_of(exit: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    exit.code().unwrap_or_else(|| 128 + exit.signal().unwrap_or_default())
}
