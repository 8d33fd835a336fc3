//! The configured instances and the clients that reach them.

use gitlab::trace::Trace;
use gitlab::{Error, ProjectRef, Request, Response, Transport};

use crate::bootstrap::{Backend, Bootstrap, Instance};
use crate::browser::logs::{Brought, LogWorker};
use crate::routes::api_base;
use crate::{browser, session};
use twin::asset::Owner;

/// One answer may take so long.
const SECONDS: u32 = 15;

/// All instances.
#[derive(Debug, Clone)]
pub struct Instances {
    bootstrap: Bootstrap,
}

impl Instances {
    /// From what the page knows.
    #[must_use]
    pub fn new(bootstrap: &Bootstrap) -> Self {
        Self { bootstrap: bootstrap.clone() }
    }

    /// The client of an instance, if it exists and somebody is signed in there.
    pub fn client(&self, id: &str) -> Option<Client> {
        let instance = self.bootstrap.instance(id)?.clone();
        let backend = self.bootstrap.backend(&instance.backend)?.clone();
        let username = self.bootstrap.person(&backend.id)?.username.clone();
        Some(Client { instance, backend, username })
    }
}

/// One instance, as the person who is signed in there reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The instance.
    pub instance: Instance,
    /// Its backend.
    pub backend: Backend,
    /// The person's name there.
    pub username: String,
}

impl Client {
    /// The project that holds the person's own, or the common assets.
    #[must_use]
    pub fn project(&self, owner: Owner) -> ProjectRef {
        let name = match owner {
            Owner::Private => &self.username,
            Owner::Common => &self.instance.common_project,
        };
        ProjectRef::path(format!("{}/{name}", self.instance.group))
    }

    /// The branch to read and run; `HEAD` is each project's default one.
    #[must_use]
    pub fn branch(&self) -> String {
        self.instance.branch.clone().unwrap_or_else(|| "HEAD".to_owned())
    }

    /// Sends with a time of its own, for requests that wait on purpose.
    pub async fn send_within(&self, request: Request, seconds: u32) -> Result<Response, Error> {
        let base = api_base(&self.backend.url);
        let token = session::access_token(&self.backend.id).await?;
        let response = browser::send(&base, &token, &request, seconds).await?;
        if response.status != 401 {
            return Ok(response);
        }
        // Another tab may have had it renewed: ask for the current one, once.
        session::forget(&self.backend.id);
        let token = session::access_token(&self.backend.id).await?;
        browser::send(&base, &token, &request, seconds).await
    }
}

impl Client {
    /// Brings the log that `trace` asks for to `worker`.
    pub async fn bring_log(&self, worker: &LogWorker, trace: &Trace) -> Result<Brought, Error> {
        let base = api_base(&self.backend.url);
        let token = session::access_token(&self.backend.id).await?;
        match worker.bring(&base, &token, trace).await {
            Err(Error::SignedOut) => {
                session::forget(&self.backend.id);
                let token = session::access_token(&self.backend.id).await?;
                worker.bring(&base, &token, trace).await
            }
            other => other,
        }
    }
}

impl Transport for Client {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        // Boxed, so that what waits for an answer does not hold all that sending needs.
        Box::pin(self.send_within(request, SECONDS)).await
    }
}
