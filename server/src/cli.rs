//! The command line. Every error is one sentence and a next step, on standard error, with status 1.

mod assets;
mod embeds;
mod federation;
mod git_credential;
mod lead;
mod people;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Twinport: federated digital twins in one place.
#[derive(Debug, Parser)]
#[command(name = "twinport", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server.
    Serve(Serve),
    /// Validate the configuration and look at every backend: one line each, with the remedy.
    Check {
        /// The configuration.
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Print a twinport.toml made from a DTaaS client's env.js.
    ImportEnv {
        /// The file.
        file: PathBuf,
    },
    /// Print the part of a twinport.toml that adds another portal's instances.
    ImportCard {
        /// The portal's address.
        portal: String,
    },
    /// Print what a file is, as JSON: an FMU's variables and platforms, a table's columns, a notebook's
    /// cells, a co-simulation's parts.
    Inspect {
        /// The file.
        file: PathBuf,
    },
    /// Print what does not fit together in a checked-out project, one JSON object a line; status 1 when
    /// something cannot work.
    Lint {
        /// The folder of the project, or of one twin.
        dir: PathBuf,
    },
    /// People of the embedded backend.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Federated twins.
    Federation {
        #[command(subcommand)]
        command: FederationCommand,
    },
    /// What is shown in pages of others.
    Embed {
        #[command(subcommand)]
        command: EmbedCommand,
    },
    /// Access tokens of the embedded backend.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// What git in a workspace asks for a token (a credential helper, see git-credential(1)).
    #[command(hide = true)]
    GitCredential {
        /// `get`; the others do nothing.
        action: String,
    },
    /// Say which version this is.
    Version,
}

/// Where everything is kept.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The folder that holds everything.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The configuration; `twinport.toml` beside the data folder is not read by itself.
    #[arg(long)]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on.
    #[arg(long)]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make a person, with a project of their own.
    Add {
        /// The name to sign in with.
        name: String,
        #[command(flatten)]
        place: Place,
        /// Read the password from standard input instead of making a sign-in link.
        #[arg(long)]
        password_stdin: bool,
        /// May do everything.
        #[arg(long)]
        admin: bool,
    },
    /// Set a person's password, read from standard input.
    Password {
        /// Whose.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print an address that signs a person in once.
    Link {
        /// Whom.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print everybody's name.
    List {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum FederationCommand {
    /// Start a federated twin in order and lead it to its end, without a browser.
    Run(lead::Run),
}

#[derive(Debug, Subcommand)]
enum EmbedCommand {
    /// Print what portals have signed and is still good, a line each: its name, until when, the view, and of what.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Take one back: what shows it shows nothing more.
    Revoke {
        /// Its name, as the list says it.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token for `git`, `glab` or scripts, and print it alone.
    Create {
        /// Whose rights it has.
        name: String,
        #[command(flatten)]
        place: Place,
        /// What it may do; may be given several times, or with commas.
        #[arg(long, value_delimiter = ',', required = true)]
        scope: Vec<String>,
        /// Days until it stops working; for ever when left out.
        #[arg(long)]
        days: Option<i64>,
    },
}

/// Prints an error the way all of them are printed.
#[must_use]
pub fn complain(message: &str) -> ExitCode {
    eprintln!("twinport: {message}");
    ExitCode::FAILURE
}

/// Prints what was asked for.
fn say(text: &str) -> Result<(), String> {
    use std::io::Write;
    let mut out = std::io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| format!("failed to print the answer: {error}"))
}

/// Does what the arguments say.
pub async fn run(arguments: Arguments) -> Result<ExitCode, String> {
    // The only command whose status says more than whether it worked.
    if let Command::Lint { dir } = &arguments.command {
        return Ok(if assets::lint_folder(dir)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    act(arguments.command).await.map(|()| ExitCode::SUCCESS)
}

async fn act(command: Command) -> Result<(), String> {
    match command {
        Command::Serve(serve) => serve::serve(serve).await,
        Command::Check { config } => federation::check(config).await,
        Command::ImportEnv { file } => federation::import_env(&file),
        Command::ImportCard { portal } => federation::import_card(&portal).await,
        Command::Inspect { file } => assets::inspect(&file),
        Command::Lint { dir } => assets::lint_folder(&dir).map(|_| ()),
        Command::User { command } => people::user(command).await,
        Command::Embed { command: EmbedCommand::List { place } } => embeds::list(&place).await,
        Command::Embed { command: EmbedCommand::Revoke { name, place } } => embeds::revoke(&place, &name).await,
        Command::Token { command: TokenCommand::Create { name, place, scope, days } } => people::token(&place, &name, &scope, days).await,
        Command::Federation { command: FederationCommand::Run(wish) } => lead::run(wish).await,
        Command::GitCredential { action } => git_credential::answer(&action).await,
        Command::Version => say(env!("CARGO_PKG_VERSION")),
    }
}
