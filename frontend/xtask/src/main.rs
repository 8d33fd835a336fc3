//! `cargo xtask …`: everything that is done to this project, by one tool that cargo builds.

mod bench;
mod bench_logs;
mod ci;
mod dead;
mod dev;
mod install;
mod origins;
mod packs;
mod shell;
mod site;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;

const HELP: &str = "\
cargo xtask run [-- ARGS]   install what is missing, build the release, start it with its data in ./data
cargo xtask test            unit, integration and browser tests
cargo xtask build           target/release/twinport, one binary with the whole site inside
cargo xtask dev             build without optimisation, rebuild and reload on every change
cargo xtask ci              what continuous integration runs: format, lints, sizes, tests
cargo xtask bench           measure, and write target/bench.json
cargo xtask fmt             format everything
cargo xtask help            this text";

fn run(arguments: &[String]) -> Result<()> {
    let rest = || arguments.iter().skip(1).filter(|word| *word != "--").cloned().collect::<Vec<_>>();
    match arguments.first().map(String::as_str) {
        Some("run") => {
            install::for_build()?;
            install::for_jobs();
            site::build_beside_server()?;
            shell::server(true)?;
            shell::start(&rest())
        }
        Some("build") => {
            install::for_build()?;
            site::build_beside_server()?;
            shell::server(true)?;
            shell::say("target/release/twinport is ready: copy it anywhere");
            Ok(())
        }
        Some("test") => ci::test(),
        Some("ci") => ci::ci(),
        Some("dev") => dev::dev(&rest()),
        Some("bench") => bench::bench(),
        Some("fmt") => shell::cargo(&["fmt", "--all"]),
        Some("help" | "--help" | "-h") | None => {
            shell::say(HELP);
            Ok(())
        }
        Some(other) => anyhow::bail!("there is no `cargo xtask {other}`\n\n{HELP}"),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
