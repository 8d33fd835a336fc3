//! `cargo xtask dev`: build without optimisation, rebuild what changed, start anew. The page
//! reloads itself when the server is back.

use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Result;
use notify::{RecursiveMode, Watcher};

use crate::shell::{binary, root, say, server};
use crate::{install, site};

/// Saves of an editor come in bursts.
const CALM: Duration = Duration::from_millis(200);

fn start(arguments: &[String]) -> Result<Child> {
    let mut command = Command::new(binary(false));
    command.current_dir(root()).args(["serve", "--data", "data"]).args(arguments);
    Ok(command.spawn()?)
}

/// Waits for a change that matters, then for calm; says whether the browser's part is affected.
fn changed(events: &Receiver<notify::Result<notify::Event>>) -> Result<bool> {
    let mut site = None;
    loop {
        let event = match site {
            None => events.recv()?,
            Some(site) => match events.recv_timeout(CALM) {
                Ok(event) => event,
                Err(_) => return Ok(site),
            },
        };
        let paths = event.map(|event| if event.kind.is_access() { Vec::new() } else { event.paths }).unwrap_or_default();
        let source = |path: &std::path::PathBuf| path.extension().is_some_and(|end| ["rs", "css", "js", "toml", "sql", "md"].iter().any(|known| end == *known));
        let relevant: Vec<_> = paths.into_iter().filter(source).collect();
        if !relevant.is_empty() {
            let here = relevant.iter().any(|path| !path.starts_with(root().join("server")));
            site = Some(site.unwrap_or(false) || here);
        }
    }
}

/// Until it is stopped.
pub fn dev(arguments: &[String]) -> Result<()> {
    install::for_build()?;
    install::for_jobs();
    site::build(false)?;
    server(false)?;
    let (send, events) = channel();
    let mut watcher = notify::recommended_watcher(send)?;
    for folder in ["app", "frontend/src", "server", "style", "public"] {
        watcher.watch(&root().join(folder), RecursiveMode::Recursive)?;
    }
    let mut child = start(arguments)?;
    loop {
        let with_site = changed(&events)?;
        let built = if with_site { site::build(false).and_then(|()| server(false)) } else { server(false) };
        match built {
            Ok(()) => {
                let _ = child.kill();
                let _ = child.wait();
                child = start(arguments)?;
            }
            Err(error) => say(&format!("{error:#}; the old one goes on")),
        }
    }
}
