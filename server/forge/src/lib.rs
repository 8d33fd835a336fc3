#![doc = include_str!("../README.md")]
#![deny(missing_docs)]
#![recursion_limit = "256"]

pub mod access;
pub mod admin;
pub mod api;
pub mod auth;
pub mod ci;
pub mod clock;
pub mod engine;
pub mod error;
pub mod git;
pub mod graphql;
pub mod oauth;
pub mod page;
pub mod params;
pub mod present;
pub mod runner;
pub mod secret;
pub mod starter;
pub mod store;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::SqlitePool;

/// The GitLab whose API this is, with a mark of our own.
pub const VERSION: &str = "18.5.0-twinport";
/// What `/version` gives as revision.
pub const REVISION: &str = "twinport";

/// Where things are on disk.
#[derive(Debug, Clone)]
pub struct Folders {
    /// Bare repositories.
    pub repositories: PathBuf,
    /// Logs.
    pub traces: PathBuf,
    /// Archives.
    pub artifacts: PathBuf,
    /// Checkouts of running jobs.
    pub builds: PathBuf,
    /// What watches over pushes.
    pub hooks: PathBuf,
}

impl Folders {
    fn below(root: &Path) -> Self {
        let [repositories, traces, artifacts, builds, hooks] = ["repositories", "traces", "artifacts", "builds", "hooks"].map(|name| root.join(name));
        Self { repositories, traces, artifacts, builds, hooks }
    }

    /// The log of a job.
    #[must_use]
    pub fn trace(&self, job: i64) -> PathBuf {
        self.traces.join(format!("{job}.log"))
    }

    /// The archive of a job.
    #[must_use]
    pub fn artifact(&self, job: i64) -> PathBuf {
        self.artifacts.join(format!("{job}.zip"))
    }
}

/// How a forge is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that holds everything.
    pub folder: PathBuf,
    /// The public address, `http://127.0.0.1:8080/forge`.
    pub url: String,
    /// Where people go after signing in: the app's own sign-in for this backend.
    pub home: String,
    /// The runner.
    pub runner: runner::RunnerConfig,
}

/// Why a forge cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("failed to use the data folder {folder}")]
    Folder {
        /// Which.
        folder: String,
        #[source]
        /// What the system says.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Anything later.
    #[error("failed to prepare the forge: {0}")]
    Prepare(String),
}

/// Everything the parts share.
#[derive(Debug)]
pub struct Inner {
    /// The database.
    pub db: SqlitePool,
    /// Where things are on disk.
    pub folders: Folders,
    /// The time.
    pub clock: clock::Clock,
    /// The runner.
    pub runner: runner::Runner,
    /// Held while pipelines change.
    pub engine: tokio::sync::Mutex<()>,
    /// Held while a commit is made through the API, so that commits in a hurry wait for each
    /// other instead of losing.
    pub writes: tokio::sync::Mutex<()>,
    /// When this process started, ISO 8601.
    pub started_at: String,
    /// Sign-in attempts, to slow guessing down.
    pub attempts: oauth::attempts::Attempts,
    /// The same by where they come from.
    pub places: oauth::attempts::Attempts,
    /// Turns at hashing passwords: each takes 19 MB and a core.
    pub hashing: tokio::sync::Semaphore,
    base: String,
    home: String,
}

/// The embedded backend. Cloning gives another handle to the same one.
#[derive(Debug, Clone)]
pub struct Forge(Arc<Inner>);

impl std::ops::Deref for Forge {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Forge {
    /// Opens the forge in `config.folder`, making what is missing. Jobs do not run yet.
    pub async fn open(config: Config, clock: clock::Clock) -> Result<Self, OpenError> {
        let folders = Folders::below(&config.folder);
        for folder in [&config.folder, &folders.repositories, &folders.traces, &folders.artifacts, &folders.builds, &folders.hooks] {
            std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder { folder: folder.display().to_string(), source })?;
        }
        // Jobs may have users of their own; only the way to their own folder is open to them.
        let modes =
            [(&config.folder, 0o711), (&folders.builds, 0o711), (&folders.repositories, 0o700), (&folders.traces, 0o700), (&folders.artifacts, 0o700), (&folders.hooks, 0o700)];
        for (folder, mode) in modes {
            restrict(folder, mode).map_err(|source| OpenError::Folder { folder: folder.display().to_string(), source })?;
        }
        nothing_lost(&config.folder, &folders.repositories)?;
        if !git::archive::git().arg("--version").stdout(std::process::Stdio::null()).status().await.is_ok_and(|status| status.success()) {
            return Err(OpenError::Prepare("`git` cannot be run: install it, or add its folder to PATH, and start again".to_owned()));
        }
        git::hook::install(&folders.hooks).map_err(|error| OpenError::Prepare(error.to_string()))?;
        let db = store::open(&config.folder.join("forge.db")).await?;
        let _ = restrict(&config.folder.join("forge.db"), 0o600);
        let sandbox = runner::Sandbox::detect(&folders.builds, config.runner.network, config.runner.without_sandbox).await;
        let mut engines = Vec::new();
        for containers in config.runner.containers.clone() {
            engines.push(runner::Engine::detect(containers, &folders.builds).await);
        }
        let started_at = clock.text();
        let forge = Self(Arc::new(Inner {
            db,
            folders,
            clock,
            runner: runner::Runner::new(config.runner, sandbox, engines),
            engine: tokio::sync::Mutex::new(()),
            writes: tokio::sync::Mutex::new(()),
            started_at,
            attempts: oauth::attempts::Attempts::allowing(10),
            places: oauth::attempts::Attempts::allowing(100),
            hashing: tokio::sync::Semaphore::new(2),
            home: config.home,
            base: config.url.trim_end_matches('/').to_owned(),
        }));
        Ok(forge)
    }

    /// What has to be done once after opening, before requests are answered.
    pub async fn recover(&self) -> Result<(), OpenError> {
        let repositories = self.folders.repositories.clone();
        let clearing = move || {
            git::locks::remove_stale(&repositories);
            Ok::<_, error::ApiError>(())
        };
        access::blocking(clearing).await.map_err(|error| OpenError::Prepare(format!("{error:?}")))?;
        // The commands beside the server print addresses, and only the server knows where it is.
        store::set_setting(&self.db, "url", &self.url("")).await.map_err(|error| OpenError::Prepare(error.to_string()))?;
        self.fail_orphans().await.map_err(|error| OpenError::Prepare(format!("{error:?}")))?;
        self.go_on().await.map_err(|error| OpenError::Prepare(format!("{error:?}")))
    }

    /// Closes the database, everything written in one file.
    pub async fn close(&self) {
        store::close(&self.db).await;
    }

    /// The public address of `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Where people go after signing in.
    #[must_use]
    pub fn home(&self) -> &str {
        &self.home
    }

    /// Host and port of the public address.
    #[must_use]
    pub fn host(&self) -> String {
        let url = url::Url::parse(&self.base).ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or("localhost").to_owned();
        match url.and_then(|url| url.port()) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// The path under which everything is mounted, such as `/forge`.
    #[must_use]
    pub fn mount(&self) -> String {
        url::Url::parse(&self.base).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    /// Everything the forge answers, relative to where it is mounted.
    pub fn router(&self) -> axum::Router {
        api::routes::router(self.clone())
    }
}

/// Repositories whose database is gone would be taken for strangers' and everybody forgotten.
fn nothing_lost(folder: &Path, repositories: &Path) -> Result<(), OpenError> {
    let empty = |name: &str| std::fs::metadata(folder.join(name)).map_or(true, |found| found.len() == 0);
    let repositories = std::fs::read_dir(repositories).is_ok_and(|entries| entries.flatten().any(|entry| !entry.file_name().to_string_lossy().contains("orphan")));
    if empty("forge.db") && empty("forge.db-wal") && repositories {
        let folder = folder.display();
        return Err(OpenError::Prepare(format!(
            "{folder}/forge.db is missing or empty, but repositories are there. Put forge.db back from a copy; to begin anew, move the folder {folder} away first"
        )));
    }
    Ok(())
}

fn restrict(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}
