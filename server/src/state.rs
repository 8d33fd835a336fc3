//! Everything the parts of the server share, and how it is put together.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use app::bootstrap::{Backend as PublicBackend, Instance as PublicInstance};
use forge::Forge;
use forge::clock::Clock;
use forge::runner::RunnerConfig;

use crate::auth::Limits;
use crate::auth::backend::Backend;
use crate::auth::callback::Arrivals;
use crate::auth::grants::Grants;
use crate::config::Config;
use crate::embed::Embeds;
use crate::service::Services;
use crate::service::stream::Hubs;
use crate::store::Store;
use crate::store::sessions::Sessions;
use crate::workspaces::Workspaces;

/// Why the server cannot start, in words for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder cannot be made or written.
    #[error("the data folder {folder} cannot be used: {reason}. Choose another with --data, or give this user the right to write there")]
    Data {
        /// Which.
        folder: String,
        /// Why.
        reason: String,
    },
    /// Another server has it.
    #[error("the data folder {0} is in use by another twinport. Stop that one, or choose another folder with --data")]
    Locked(String),
    /// The database or the forge.
    #[error("{0}")]
    Storage(String),
    /// A secret that is named cannot be read.
    #[error("the secret of the backend “{backend}” cannot be read from {path}: {reason}")]
    Secret {
        /// Which backend.
        backend: String,
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Shared by all handlers; cloning gives another handle.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// What is behind a [`State`].
pub struct Inner {
    /// The public address.
    pub public_url: String,
    /// Backends by id.
    pub backends: Vec<Backend>,
    /// What the app is told about backends.
    pub public_backends: Vec<PublicBackend>,
    /// What the app is told about instances.
    pub instances: Vec<PublicInstance>,
    /// Where this server reaches itself.
    pub internal_url: String,
    /// Views in pages of others.
    pub embeds: Embeds,
    /// Workspaces, when there are any.
    pub workspaces: Option<Workspaces>,
    /// What twins of the instances use.
    pub services: Services,
    /// Who follows which of them.
    pub hubs: Hubs,
    /// The embedded backend, when it is on.
    pub forge: Option<Forge>,
    /// Tokens of people at backends.
    pub grants: Grants,
    /// What sessions and grants are kept in.
    store: Store,
    /// Browser sessions.
    pub sessions: Sessions,
    /// Sign-ins that ended a moment ago.
    pub arrivals: tokio::sync::Mutex<Arrivals>,
    /// Grants whose refresh has failed a moment ago, and until when nobody tries again.
    pub resting: tokio::sync::Mutex<HashMap<String, Instant>>,
    /// What the administrator wrote.
    pub config: Config,
    /// How long those last.
    pub limits: Limits,
    /// The portal's name.
    pub name: String,
    /// For talking to backends.
    pub http: oauth2::reqwest::Client,
    /// For passing requests on to them.
    pub relay_http: reqwest::Client,
    _lock: std::fs::File,
}

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What went wrong with the forge, with a next step where there is one.
fn explain(error: &forge::OpenError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    match error {
        forge::OpenError::Store(forge::store::StoreError::Damaged { .. }) => {
            format!("{text}. Nothing was changed. Put back a copy of the data folder, or move this one away to start anew")
        }
        _ => text,
    }
}

/// The folder, made if need be, and locked for this process.
fn claim(data: &Path) -> Result<std::fs::File, StartError> {
    let folder = data.display().to_string();
    let failed = |error: std::io::Error| StartError::Data { folder: folder.clone(), reason: error.to_string() };
    std::fs::create_dir_all(data).map_err(failed)?;
    let lock = std::fs::OpenOptions::new().create(true).append(true).open(data.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(StartError::Locked(folder)),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The forge's own settings out of the configuration.
#[must_use]
pub fn forge_config(config: &Config, data: &Path) -> forge::Config {
    let mut runner = RunnerConfig { network: config.runner.network, without_sandbox: config.runner.unsafe_no_sandbox, ..RunnerConfig::default() };
    if let Some(tags) = &config.runner.tags {
        runner.tags.clone_from(tags);
    }
    runner.slots = config.runner.concurrent.unwrap_or(runner.slots);
    runner.containers = config
        .runner
        .container
        .iter()
        .cloned()
        .map(|of| {
            let network = of.network.or_else(|| (!config.runner.network).then(|| "none".to_owned()));
            forge::runner::ContainerConfig { tags: of.tags, command: of.command, image: of.image, images: of.images, network, image_user: of.image_user, options: of.options }
        })
        .collect();
    runner.limits.log_bytes = config.runner.log_limit_bytes.unwrap_or(runner.limits.log_bytes);
    runner.limits.memory_bytes = config.runner.memory_mb.map_or(runner.limits.memory_bytes, |mb| mb.saturating_mul(1024 * 1024));
    forge::Config { folder: data.join("forge"), url: format!("{}/forge", config.public_url()), home: "/auth/forge?then=%2F".to_owned(), runner }
}

impl State {
    /// Opens everything in `data`.
    pub async fn open(config: &Config, data: PathBuf) -> Result<Self, StartError> {
        // Rendering spawns; the second call answers an error that means “is set already”.
        let _ = any_spawner::Executor::init_tokio();
        let lock = claim(&data)?;
        // Jobs run in folders of their own, so that a relative path would mean another place there.
        let data = data.canonicalize().map_err(|error| StartError::Data { folder: data.display().to_string(), reason: error.to_string() })?;
        let public_url = config.public_url();
        let store = Store::open(&config.server.session_store, &data).await.map_err(StartError::Storage)?;
        let sessions = Sessions::of(&store);
        let grants = Grants::open(store.clone(), &data.join("server.key"), &config.server.key_files).await.map_err(StartError::Storage)?;
        let limits = Limits { idle: 60 * i64::from(config.server.session_idle_minutes), whole: 24 * 3600 * i64::from(config.server.session_days) };
        let mut backends = Vec::new();
        let mut forge = None;
        if config.forge_enabled() {
            let opened = Forge::open(forge_config(config, &data), Clock::default()).await.map_err(|error| StartError::Storage(explain(&error)))?;
            opened.bootstrap().await.map_err(|error| StartError::Storage(error.to_string()))?;
            opened.recover().await.map_err(|error| StartError::Storage(explain(&error)))?;
            let backend = Backend::embedded(&opened, &public_url, config.inside()).await.map_err(StartError::Storage)?;
            backends.push(backend);
            forge = Some(opened);
        }
        for gitlab in &config.gitlab {
            backends.push(Backend::configured(gitlab, &public_url)?);
        }
        let public_backends = backends.iter().map(Backend::public).collect();
        let workspaces_at = config.workspaces_at();
        let instances = config.instance.iter().zip((0..8).cycle()).map(|(instance, place)| PublicInstance {
            id: instance.id.clone(),
            name: instance.name.clone(),
            backend: instance.gitlab.clone(),
            group: instance.group.clone(),
            common_project: instance.common_project.clone(),
            branch: instance.branch.clone(),
            runner_tag: instance.runner_tag.clone(),
            guests: instance.guests,
            workspace: workspaces_at.as_deref() == Some(instance.gitlab.as_str()),
            card: instance.card.clone(),
            hue: instance.colour.map_or(place, |colour| colour as u8),
        });
        // The OAuth client must not follow redirects: a backend could point it anywhere (oauth2's own advice).
        let http = oauth2::reqwest::ClientBuilder::new()
            .redirect(oauth2::reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(15))
            .build()
            .map_err(|error| StartError::Storage(error.to_string()))?;
        let relay_http = crate::relay::client().map_err(|error| StartError::Storage(error.to_string()))?;
        let (instances, name) = (instances.collect(), config.server.name.clone());
        let sandbox = forge.as_ref().map(|forge| forge.runner.sandbox.clone());
        let workspaces = Workspaces::open(config, &data, sandbox).await.map_err(StartError::Storage)?;
        let embeds = Embeds::open(config).map_err(StartError::Storage)?;
        let services = Services::open(&config.service).map_err(StartError::Storage)?;
        let internal_url = format!("http://{}", crate::auth::backend::loopback(config.inside()));
        Ok(Self(Arc::new(Inner {
            public_url,
            backends,
            public_backends,
            instances,
            internal_url,
            embeds,
            workspaces,
            services,
            hubs: Hubs::default(),
            forge,
            grants,
            store,
            sessions,
            arrivals: tokio::sync::Mutex::default(),
            resting: tokio::sync::Mutex::default(),
            config: config.clone(),
            limits,
            name,
            http,
            relay_http,
            _lock: lock,
        })))
    }

    /// What whoever shows the secret with this hash gets, if nobody took it back.
    pub async fn granted(&self, id: &str) -> Option<String> {
        self.store.granted(id).await.ok().flatten().filter(|body| !body.is_empty())
    }

    /// Keeps one; whether it was not there before.
    pub async fn put_granted(&self, id: &str, maker: &str, body: &str, until: i64) -> Result<bool, String> {
        self.store.put_granted(id, maker, body, until).await
    }

    /// All that somebody made.
    pub async fn granted_by(&self, maker: &str) -> Result<Vec<(String, String)>, String> {
        self.store.granted_by(maker, chrono::Utc::now().timestamp()).await
    }

    /// Takes one back.
    pub async fn take_back(&self, id: &str, maker: &str) -> Result<bool, String> {
        self.store.take_back(id, maker).await
    }

    /// Forgets what is over, now and every hour, for as long as it runs.
    pub async fn keep_tidy(&self) {
        let mut hours = tokio::time::interval(std::time::Duration::from_secs(3600));
        loop {
            hours.tick().await;
            tokio::join!(self.store.tidy(), crate::auth::logout::go_on(self));
            for maker in self.embeds.makers() {
                // Looking forgets what is over; the list itself is for whoever runs this server.
                let _ = self.granted_by(&maker).await;
            }
        }
    }

    /// Closes the databases in order, once nothing is served any more.
    pub async fn close(&self) {
        if let Some(workspaces) = &self.workspaces {
            workspaces.close(self).await;
        }
        if let Some(forge) = &self.forge {
            forge.close().await;
        }
        self.store.close().await;
    }

    /// The backend with this id.
    #[must_use]
    pub fn backend(&self, id: &str) -> Option<&Backend> {
        self.backends.iter().find(|backend| backend.id == id)
    }
}
