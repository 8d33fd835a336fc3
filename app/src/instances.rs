//! The configured instances and the clients that reach them.

pub mod gate;

use gitlab::trace::Trace;
use gitlab::{Api, Error, Method, ProjectRef, Request, Response, Transport};

use crate::bootstrap::{Access, Backend, Bootstrap, Instance};
use crate::browser::Way;
use crate::browser::logs::{Brought, LogWorker};
use crate::routes::{api_base, relay_base};
use crate::{browser, session};
use gate::{Health, Healths};
use twin::asset::Owner;

/// One answer may take so long.
const SECONDS: u32 = 15;

/// And a large one at most so long.
const MOST_SECONDS: u32 = 600;

/// About how many bytes a body is, without writing it out.
fn weight(body: &serde_json::Value) -> usize {
    match body {
        serde_json::Value::String(text) => text.len(),
        serde_json::Value::Array(list) => list.iter().map(weight).sum(),
        serde_json::Value::Object(map) => map.values().map(weight).sum(),
        _ => 8,
    }
}

/// All instances.
#[derive(Clone)]
pub struct Instances {
    bootstrap: Bootstrap,
    /// How their backends do.
    pub healths: Healths,
}

impl Instances {
    /// From what the page knows.
    #[must_use]
    pub fn new(bootstrap: &Bootstrap) -> Self {
        Self { bootstrap: bootstrap.clone(), healths: Healths::new() }
    }

    /// The client of an instance, if it exists and somebody is signed in there or guests may look.
    pub fn client(&self, id: &str) -> Option<Client> {
        Some(Client { healths: Some(self.healths), ..Client::of(&self.bootstrap, id)? })
    }
}

/// One instance, as the person who is signed in there reaches it, or a guest.
#[derive(Clone)]
pub struct Client {
    /// The instance.
    pub instance: Instance,
    /// Its backend.
    pub backend: Backend,
    /// The person's name there; nobody's for a guest.
    pub username: Option<String>,
    healths: Option<Healths>,
    /// After this, in milliseconds since 1970, nothing is sent any more.
    until: Option<f64>,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.instance == other.instance && self.username == other.username
    }
}

/// A request that was let through, until it has its answer or nobody waits for it any more.
struct Open<'a>(Option<&'a str>);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(backend) = self.0 {
            gate::give_up(backend);
        }
    }
}

impl Client {
    /// Of an instance that a page knows, without watching how its backend does.
    #[must_use]
    pub fn of(bootstrap: &Bootstrap, id: &str) -> Option<Self> {
        let instance = bootstrap.instance(id)?.clone();
        let backend = bootstrap.backend(&instance.backend)?.clone();
        let username = bootstrap.person(&backend.id).map(|person| person.username.clone());
        (username.is_some() || instance.guests).then_some(Self { instance, backend, username, healths: None, until: None })
    }

    fn note(&self, health: Health) {
        if let Some(healths) = self.healths {
            healths.note(&self.backend.id, health);
        }
    }

    /// The full path of the project that holds the person's own, or the common assets.
    #[must_use]
    pub fn project_path(&self, owner: Owner) -> String {
        let name = match owner {
            Owner::Private => self.username.as_deref().unwrap_or_default(),
            Owner::Common => &self.instance.common_project,
        };
        format!("{}/{name}", self.instance.group)
    }

    /// That project.
    #[must_use]
    pub fn project(&self, owner: Owner) -> ProjectRef {
        ProjectRef::path(self.project_path(owner))
    }

    /// Whose projects there are to look into.
    #[must_use]
    pub fn owners(&self) -> &'static [Owner] {
        if self.username.is_some() { &Owner::ALL } else { &[Owner::Common] }
    }

    /// The branch to read and run; `HEAD` is each project's default one.
    #[must_use]
    pub fn branch(&self) -> String {
        self.instance.branch.clone().unwrap_or_else(|| "HEAD".to_owned())
    }

    /// The same, looking at another branch, tag or commit.
    #[must_use]
    pub fn at(mut self, reference: Option<String>) -> Self {
        self.instance.branch = reference.or(self.instance.branch);
        self
    }

    /// The same, for requests that are sent before a time (milliseconds since 1970) or not at all.
    #[must_use]
    pub fn until(mut self, time: f64) -> Self {
        self.until = Some(time);
        self
    }

    /// Lets requests through again after a failure, because somebody asked for it.
    pub fn try_again(&self) {
        gate::open(&self.backend.id);
        gate::open(&format!("{} search", self.backend.id));
    }

    /// The way to the backend, with a token for it unless a guest asks.
    async fn way(&self, write: bool) -> Result<Way, Error> {
        let token = match &self.username {
            Some(username) => match session::access_token(&self.backend.id, username, write).await {
                Err(Error::SignedOut) => {
                    self.note(Health::SignedOut);
                    return Err(Error::SignedOut);
                }
                token => Some(token?),
            },
            None => None,
        };
        let home = self.backend.access == Access::Relay || (self.backend.access == Access::Auto && gate::is_relayed(&self.backend.id));
        let base = if home { relay_base(&self.backend.id) } else { api_base(&self.backend.url) };
        Ok(Way { base, home, token })
    }

    /// Sends once. Where a backend cannot be asked straight, a question goes through this server,
    /// and if that works all others do too.
    async fn once(&self, way: &Way, request: &Request, seconds: u32) -> Result<Response, Error> {
        let outcome = browser::send(way, request, seconds).await;
        if outcome != Err(Error::Unreachable) || way.home || self.backend.access != Access::Auto || !request.is_read() {
            return outcome;
        }
        let home = Way { base: relay_base(&self.backend.id), home: true, token: None };
        let relayed = browser::send(&home, request, seconds).await?;
        if relayed.header("x-twinport-relay").is_none() {
            return outcome;
        }
        gate::relay(&self.backend.id);
        Ok(relayed)
    }

    /// Sends once, through the gate.
    async fn pass(&self, way: &Way, request: &Request, seconds: u32) -> Result<Response, Error> {
        // GitLab counts searches by themselves (GITLAB.md §6): what it asks of them holds up nothing else.
        let searches = request.path.ends_with("/search");
        let lane = if searches { format!("{} search", self.backend.id) } else { self.backend.id.clone() };
        while let Some(wait) = gate::enter(&lane, browser::ticks())? {
            browser::sleep(wait).await;
        }
        let mut open = Open(Some(&lane));
        if self.until.is_some_and(|until| browser::ticks() > until) {
            return Err(Error::TooMany);
        }
        let outcome = self.once(way, request, seconds).await;
        open.0 = None;
        let health = gate::leave(&lane, &outcome, browser::ticks(), browser::chance());
        if !searches {
            self.note(health);
        }
        outcome
    }

    /// Sends with a time of its own, for requests that wait on purpose.
    pub async fn send_within(&self, request: Request, seconds: u32) -> Result<Response, Error> {
        let mut renewed = false;
        for _ in 0..gate::TRIES {
            let way = self.way(!request.is_read()).await?;
            let response = self.pass(&way, &request, seconds).await?;
            match response.status {
                // Another tab may have had it renewed: ask for the current one, once.
                401 if !renewed && self.username.is_some() => {
                    renewed = true;
                    session::forget(&self.backend.id);
                }
                // Nothing was done; the gate knows how long to wait.
                429 => {}
                401 => {
                    self.note(Health::SignedOut);
                    return Ok(response);
                }
                _ => return Ok(response),
            }
        }
        Err(Error::TooMany)
    }

    /// Brings the log that `trace` asks for to `worker`.
    pub async fn bring_log(&self, worker: &LogWorker, trace: &Trace) -> Result<Brought, Error> {
        match worker.bring(&self.way(false).await?, trace).await {
            Err(Error::SignedOut) => {
                session::forget(&self.backend.id);
                worker.bring(&self.way(false).await?, trace).await
            }
            other => other,
        }
    }
}

impl Transport for Client {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        // Boxed, so that what waits for an answer does not hold all that sending needs.
        let plain = request.from_byte.is_none() && (request.api == Api::Graph || request.method == Method::Get);
        if !plain {
            // What is large takes its time on the way: half a megabyte a second at least.
            let more = request.body.as_ref().map_or(0, weight) / 500_000;
            return Box::pin(self.send_within(request, SECONDS + u32::try_from(more).unwrap_or(MOST_SECONDS).min(MOST_SECONDS))).await;
        }
        let asked = request.body.as_ref().map(ToString::to_string).unwrap_or_default();
        let (client, key) = (self.clone(), format!("{} {:?} {} {} {asked}", self.backend.id, self.username, self.until.is_some(), request.url()));
        gate::once(key, async move { client.send_within(request, SECONDS).await }).await
    }
}
