//! What a command says, as much of it as anybody reads: who runs it in a workspace may have it say
//! more than there is room for.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// Bytes of each of its two outputs.
const MOST: u64 = 64 * 1024;

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> (Vec<u8>, bool) {
    let Some(pipe) = pipe else { return (Vec::new(), true) };
    let mut bytes = Vec::new();
    let whole = pipe.take(MOST).read_to_end(&mut bytes).await.is_ok() && (bytes.len() as u64) < MOST;
    (bytes, whole)
}

/// A command and all that it began; they end together unless it came to its end.
struct Group(Option<nix::unistd::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

/// Runs a command to its end, for `time` at most: what it printed, or that with why it failed.
pub async fn of(mut command: Command, time: Duration) -> Result<String, String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0).spawn().map_err(|error| error.to_string())?;
    let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()).map(nix::unistd::Pid::from_raw));
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let work = async {
        // Whoever says too much is ended, not waited for.
        let mut pipes = Box::pin(async { tokio::join!(read(out), read(err)) });
        let ((said, whole), (complained, all)) = (&mut pipes).await;
        if !(whole && all) {
            let _ = child.start_kill();
        }
        let status = child.wait().await;
        if whole && all {
            group.0 = None;
        }
        (status, said, complained, whole && all)
    };
    let (status, said, complained, whole) = tokio::time::timeout(time, work).await.map_err(|_| format!("it took longer than {} seconds", time.as_secs()))?;
    let (said, complained) = (String::from_utf8_lossy(&said).into_owned(), String::from_utf8_lossy(&complained).into_owned());
    match status {
        Ok(status) if status.success() && whole => Ok(said),
        Ok(_) if !whole => Err(format!("it printed more than {} kB and was ended", MOST / 1024)),
        Ok(_) => Err(format!("{complained}{said}").trim().chars().take(2_000).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Duration, of};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn nobody_says_more_than_there_is_room_for() {
        let time = Duration::from_secs(20);
        assert_eq!(of(shell("echo a; echo b >&2"), time).await, Ok("a\n".to_owned()));
        assert_eq!(of(shell("echo a; echo b >&2; exit 3"), time).await, Err("b\na".to_owned()));
        assert!(of(shell("exec yes"), time).await.is_err_and(|said| said.contains("more than 64 kB")));
        assert!(of(shell("exec sleep 30"), Duration::from_millis(200)).await.is_err_and(|said| said.contains("longer")));
    }
}
