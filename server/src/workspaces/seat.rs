//! One person's workspace, and how it stands.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::http::HeaderValue;
use proxy::Address;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::process::Child;

/// Bytes of what it printed that are kept.
const LOG: usize = 32 * 1024;

/// Tunnels that one person has at once: others need places too.
const TUNNELS: usize = 6_000;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not there.
    Stopped,
    /// On its way.
    Starting,
    /// There.
    Running(Arc<Address>),
    /// It ended, or never came, and this is why.
    Failed(String),
}

/// A start that goes on.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// Somebody wants it to end.
    pub given_up: CancellationToken,
    /// It has ended.
    pub over: CancellationToken,
}

/// What it uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Processors.
    pub cpu: Option<f64>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// See the module.
pub struct Seat {
    /// The first part of its host.
    pub label: String,
    /// Whose it is.
    pub user: String,
    /// The same, for the upstream.
    pub user_header: Option<HeaderValue>,
    /// Under which its connections are kept.
    pub key: Arc<str>,
    /// Its `Host`.
    pub home: String,
    /// Called whenever something moves.
    pub moved: Arc<dyn Fn() + Send + Sync>,
    used: Arc<AtomicI64>,
    since: AtomicI64,
    /// Counts what was done with it.
    turn: AtomicU64,
    /// Tunnels that may still be opened.
    pub tunnels: Arc<Semaphore>,
    standing: RwLock<Standing>,
    log: Mutex<VecDeque<u8>>,
    /// What proves to us that it is this workspace that asks; anew with each start, and empty when this server did not start it.
    token: Mutex<String>,
    beginning: Mutex<Option<Beginning>>,
    /// Held by whoever starts or stops it: one after the other.
    pub hand: tokio::sync::Mutex<()>,
    grant: Mutex<Option<String>>,
    usage: Mutex<Usage>,
    pub(super) child: tokio::sync::Mutex<Option<Child>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

impl Seat {
    /// One that has to be started; `home` is the path that opens.
    pub fn new(label: String, user: &str, home: &str) -> Self {
        let used = Arc::new(AtomicI64::new(now()));
        let moving = used.clone();
        Self {
            key: Arc::from(label.as_str()),
            label,
            user: user.to_owned(),
            user_header: HeaderValue::from_str(user).ok(),
            home: home.replace("{user}", user),
            moved: Arc::new(move || {
                let now = now();
                if moving.load(Ordering::Relaxed) != now {
                    moving.store(now, Ordering::Relaxed);
                }
            }),
            used,
            since: AtomicI64::new(now()),
            turn: AtomicU64::new(0),
            tunnels: Arc::new(Semaphore::new(TUNNELS)),
            standing: RwLock::new(Standing::Stopped),
            log: Mutex::default(),
            token: Mutex::default(),
            beginning: Mutex::default(),
            hand: tokio::sync::Mutex::default(),
            grant: Mutex::default(),
            usage: Mutex::default(),
            child: tokio::sync::Mutex::default(),
        }
    }

    /// One that is there already, at an address whose path opens.
    pub fn fixed(label: String, user: &str, address: &str) -> Option<Self> {
        let upstream = Address::parse(address)?;
        let path = url::Url::parse(address).ok().filter(|_| !address.starts_with("unix:")).map(|url| url.path().to_owned());
        let seat = Self::new(label, user, path.as_deref().unwrap_or("/"));
        seat.runs(upstream);
        Some(seat)
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, standing: Standing) {
        let mut slot = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        self.turn.fetch_add(1, Ordering::Relaxed);
        if *slot != standing {
            self.since.store(now(), Ordering::Relaxed);
            *slot = standing;
        }
    }

    /// Where it is, when it runs.
    pub fn address(&self) -> Option<Arc<Address>> {
        match &*self.standing.read().unwrap_or_else(PoisonError::into_inner) {
            Standing::Running(address) => Some(address.clone()),
            _ => None,
        }
    }

    /// Takes the right to start it, if it is neither starting nor running: what tells whoever has it to give up.
    pub fn begin(&self) -> Option<Beginning> {
        let mut slot = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*slot, Standing::Starting | Standing::Running(_)) {
            return None;
        }
        *slot = Standing::Starting;
        self.turn.fetch_add(1, Ordering::Relaxed);
        self.since.store(now(), Ordering::Relaxed);
        lock(&self.log).clear();
        let beginning = Beginning::default();
        *lock(&self.beginning) = Some(beginning.clone());
        Some(beginning)
    }

    /// Has whoever starts it give up, and waits until they have.
    pub async fn give_up(&self) {
        let beginning = lock(&self.beginning).take();
        if let Some(beginning) = beginning {
            beginning.given_up.cancel();
            beginning.over.cancelled().await;
        }
    }

    /// It answers there.
    pub fn runs(&self, address: Address) {
        self.touch();
        self.set(Standing::Running(Arc::new(address)));
    }

    /// Counts what was done with it.
    pub fn turn(&self) -> u64 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Somebody who began to look at `turn` saw this; what was done meanwhile is newer.
    pub fn seen(&self, turn: u64, standing: Standing) {
        let mut slot = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        if self.turn() == turn && *slot != standing && *slot != Standing::Starting {
            self.since.store(now(), Ordering::Relaxed);
            *slot = standing;
        }
    }

    /// It is not there.
    pub fn stopped(&self) {
        lock(&self.token).clear();
        *lock(&self.usage) = Usage::default();
        self.set(Standing::Stopped);
    }

    /// It ended by itself, or did not come.
    pub fn fails(&self, reason: String) {
        tracing::warn!(workspace = self.label, reason, "a workspace failed");
        self.set(Standing::Failed(reason));
    }

    /// Somebody uses it.
    pub fn touch(&self) {
        (self.moved)();
    }

    /// When somebody last did, in seconds since 1970.
    pub fn used(&self) -> i64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Since when it stands as it does.
    pub fn since(&self) -> i64 {
        self.since.load(Ordering::Relaxed)
    }

    /// It printed something.
    pub fn print(&self, bytes: &[u8]) {
        let mut log = lock(&self.log);
        log.extend(bytes);
        let over = log.len().saturating_sub(LOG);
        log.drain(..over);
    }

    /// The last of what it printed.
    pub fn log(&self) -> String {
        let log: Vec<u8> = lock(&self.log).iter().copied().collect();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Its secret.
    pub fn token(&self) -> String {
        lock(&self.token).clone()
    }

    /// Gives it a new one.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut lock(&self.token));
    }

    /// In whose name it pushes.
    pub fn set_grant(&self, grant: &str) {
        *lock(&self.grant) = Some(grant.to_owned());
    }

    /// See [`Seat::set_grant`].
    pub fn grant(&self) -> Option<String> {
        lock(&self.grant).clone()
    }

    /// What it uses.
    pub fn usage(&self) -> Usage {
        *lock(&self.usage)
    }

    /// Writes that down.
    pub fn set_usage(&self, usage: Usage) {
        *lock(&self.usage) = usage;
    }
}
