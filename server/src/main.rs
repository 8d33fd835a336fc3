//! `twinport`: read the configuration, build, serve, stop in order; and the few commands beside it.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::complain(&format!("the system gives no threads: {error}")),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(status) => status,
        Err(message) => cli::complain(&message),
    }
}
