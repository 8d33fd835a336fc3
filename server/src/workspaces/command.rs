//! Workspaces that commands of the administrator start, stop and look at: containers, pods, machines.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proxy::Address;
use tokio::process::Command;

use super::credential::{self, git_settings};
use super::output::of;
use super::seat::{Seat, Standing, Usage};
use crate::State;
use crate::config::workspaces::Commands;

/// A look, or a stop, may take so long.
const TIME: Duration = Duration::from_secs(30);
/// Between looks while it starts.
const LOOK: Duration = Duration::from_millis(500);

/// What a status command said.
#[derive(Debug, PartialEq)]
enum Said {
    Running(Address, Usage),
    Starting,
    Stopped,
    Failed(String),
}

/// Reads the first line; what follows is for people.
fn read(text: &str) -> Result<Said, String> {
    let line = text.lines().next().unwrap_or_default().trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "starting" => Ok(Said::Starting),
        "stopped" => Ok(Said::Stopped),
        "failed" => Ok(Said::Failed(rest.trim().to_owned())),
        "running" => {
            let mut words = rest.split_whitespace();
            let address = words.next().unwrap_or_default();
            let parsed = Address::parse(address).ok_or_else(|| format!("the status command says that it runs at “{address}”, which is no address"))?;
            let more: HashMap<&str, &str> = words.filter_map(|word| word.split_once('=')).collect();
            let usage = Usage { cpu: more.get("cpu").and_then(|text| text.parse().ok()), memory: more.get("memory").and_then(|text| text.parse().ok()) };
            Ok(Said::Running(parsed, usage))
        }
        _ => Err(format!("the status command said “{line}”: its first word has to be running, starting, stopped or failed")),
    }
}

/// A command with names in place of its words in braces. They are arguments, never read by a shell.
fn command(words: &[String], seat: &Seat) -> Command {
    let mut filled = words.iter().map(|word| word.replace("{name}", &seat.label).replace("{user}", &seat.user));
    let mut command = Command::new(filled.next().unwrap_or_default());
    command.args(filled);
    command.env("TWINPORT_WORKSPACE", &seat.label).env("TWINPORT_USER", &seat.user);
    command
}

async fn status(commands: &Commands, seat: &Seat) -> Result<Said, String> {
    read(&of(command(&commands.status, seat), TIME).await.map_err(|reason| format!("the status command failed: {reason}"))?)
}

/// Starts it, and waits until it answers.
pub async fn start(state: &State, commands: &Commands, seat: &Arc<Seat>) -> Result<Address, String> {
    let time = Duration::from_secs(commands.start_seconds);
    let work = async {
        // It may have gone on while this server was away: then its secret is the one that it has.
        if let Ok(Said::Running(address, usage)) = status(commands, seat).await {
            seat.set_usage(usage);
            return Ok(address);
        }
        credential::make(state, seat).await?;
        let mut start = command(&commands.start, seat);
        start.env("TWINPORT_URL", &state.public_url).env("TWINPORT_WORKSPACE_TOKEN", seat.token());
        for (name, value) in git_settings(state, &seat.user, "!twinport-credential") {
            start.env(name, value);
        }
        let said = of(start, time).await.map_err(|reason| format!("the start command failed: {reason}"))?;
        seat.print(said.as_bytes());
        loop {
            match status(commands, seat).await? {
                Said::Running(address, usage) => {
                    super::process::answers(&address, &seat.home).await;
                    seat.set_usage(usage);
                    return Ok(address);
                }
                Said::Failed(reason) => return Err(reason),
                Said::Stopped | Said::Starting => tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::time::timeout(time, work).await.map_err(|_| format!("it did not answer within {} seconds", commands.start_seconds))?
}

/// Stops it.
pub async fn stop(commands: &Commands, seat: &Seat) {
    if let Err(reason) = of(command(&commands.stop, seat), TIME).await {
        tracing::warn!(workspace = seat.label, reason, "the stop command failed");
        seat.print(format!("the stop command failed: {reason}\n").as_bytes());
    }
}

/// Looks how it is; what is on its way is looked at by whoever started it, and what happened while a
/// look was on its way is newer than what it saw.
pub async fn look(commands: &Commands, seat: &Seat) {
    let before = seat.turn();
    // Whoever starts or stops it knows better what it is.
    if seat.standing() == Standing::Starting || seat.hand.try_lock().is_err() {
        return;
    }
    let seen = match status(commands, seat).await {
        Ok(Said::Running(address, usage)) => {
            seat.set_usage(usage);
            Standing::Running(Arc::new(address))
        }
        Ok(Said::Starting) => return,
        // Why it failed is worth more than that it is not there.
        Ok(Said::Stopped) if matches!(seat.standing(), Standing::Failed(_)) => return,
        Ok(Said::Stopped) => Standing::Stopped,
        Ok(Said::Failed(reason)) | Err(reason) => Standing::Failed(reason),
    };
    seat.seen(before, seen);
}

/// Runs one command inside to its end; what it printed.
pub async fn inside(commands: &Commands, seat: &Seat, words: &[String], time: Duration) -> Result<String, String> {
    let all: Vec<String> = commands.inside.iter().chain(words).cloned().collect();
    of(command(&all, seat), time).await
}

#[cfg(test)]
mod tests {
    use super::{Said, read};

    #[test]
    fn the_first_line_counts() {
        assert!(matches!(read("running http://127.0.0.1:8888 cpu=0.5 memory=1024\nmore"), Ok(Said::Running(_, usage)) if usage.cpu == Some(0.5) && usage.memory == Some(1024)));
        assert!(matches!(read("running unix:/run/a"), Ok(Said::Running(..))));
        assert_eq!(read(" stopped "), Ok(Said::Stopped));
        assert_eq!(read("failed no such image\n"), Ok(Said::Failed("no such image".into())));
        for text in ["", "up", "running", "running localhost:8888", "running http://u@h"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
