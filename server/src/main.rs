//! `twinport`: read the configuration, build, serve, stop in order; and the few commands beside it.

use std::process::ExitCode;

use clap::Parser;
use rust_embed::RustEmbed;

/// The built site, inside this program; `TWINPORT_SITE` is its hash, which makes a new site a new program.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
#[allow_missing = true]
struct Site;

const _: Option<&str> = option_env!("TWINPORT_SITE");

fn main() -> ExitCode {
    server::site::carried_by(|path| Site::get(path).map(|file| file.data));
    let arguments = server::cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return server::cli::complain(&format!("the system gives no threads: {error}")),
    };
    match runtime.block_on(server::cli::run(arguments)) {
        Ok(status) => status,
        Err(message) => server::cli::complain(&message),
    }
}
