//! Programs started, files found, progress said.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The project's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// One line of progress.
#[expect(clippy::print_stdout, reason = "people watch this")]
pub fn say(text: &str) {
    println!("{text}");
}

/// `command` with its words, as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs a program to its end, its output going where ours goes.
pub fn call(command: &mut Command) -> Result<()> {
    let (words, start) = (shown(command), Instant::now());
    say(&format!("→ {words}"));
    let status = command.status().with_context(|| format!("`{}` could not be started; is it installed?", command.get_program().to_string_lossy()))?;
    if !status.success() {
        bail!("`{words}` failed ({status})");
    }
    say(&format!("  took {:.0} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// Whether a program can be found.
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// cargo in the project's root, with none of the variables that the cargo around us set: some
/// build scripts watch them, and would run again each time.
pub fn cargo_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_PRIMARY_PACKAGE" || text == "CARGO_BIN_NAME" || text == "CARGO_CRATE_NAME" {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs cargo.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    call(&mut cargo_command(arguments))
}

/// Builds the program: the server with the site inside.
pub fn server(release: bool) -> Result<()> {
    let mut command = cargo_command(if release { &["build", "--package", "server", "--release"] } else { &["build", "--package", "server"] });
    call(command.env("TWINPORT_SITE", crate::site::hash().unwrap_or_default()))
}

/// Builds all of the release's server but the program that the site goes into, while `meanwhile` builds that: each has
/// minutes in which it keeps one processor busy, and no more.
pub fn beside_server(meanwhile: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut command = cargo_command(&["build", "--package", "server", "--lib", "--release"]);
    let mut child = command.stderr(Stdio::piped()).spawn().context("`cargo` could not be started")?;
    let said = child.stderr.take();
    let reader = std::thread::spawn(move || {
        for line in said.into_iter().flat_map(|said| BufReader::new(said).lines()).map_while(Result::ok) {
            eprintln!("{line}");
        }
    });
    let outcome = meanwhile();
    if outcome.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    let _ = reader.join();
    outcome?;
    if status.success() { Ok(()) } else { bail!("the server could not be compiled ({status})") }
}

/// The built server.
pub fn binary(release: bool) -> PathBuf {
    root().join("target").join(if release { "release" } else { "debug" }).join("twinport")
}

/// Starts the release in the foreground, with its data in `./data`.
pub fn start(arguments: &[String]) -> Result<()> {
    let mut command = Command::new(binary(true));
    command.current_dir(root()).arg("serve");
    if !arguments.iter().any(|word| word == "--data") {
        command.args(["--data", "data"]);
    }
    let status = command.args(arguments).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { bail!("the server ended ({status})") }
}
