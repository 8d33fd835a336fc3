//! What a page knows before it asks anybody: the configured backends and instances, and where
//! this browser is signed in. Public by nature; no token is ever in it.

use serde::{Deserialize, Serialize};

/// How browsers reach a backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Straight; through this server where the backend refuses that.
    Auto,
    /// Straight.
    #[default]
    Direct,
    /// Through this server.
    Relay,
}

/// A backend, as browsers reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// Name in URLs.
    pub id: String,
    /// Its address, without a slash at its end.
    pub url: String,
    /// Whether it is the forge inside this server.
    pub embedded: bool,
    /// The way to it.
    #[serde(default)]
    pub access: Access,
}

/// A DTaaS instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Name in URLs.
    pub id: String,
    /// Name on screen.
    pub name: String,
    /// The backend it lives on.
    pub backend: String,
    /// The group there.
    pub group: String,
    /// The project of common assets.
    pub common_project: String,
    /// The branch to read and run, when it is not each project's default one.
    pub branch: Option<String>,
    /// The tag that runs ask for.
    pub runner_tag: String,
    /// Whether people who are not signed in there may look at what is public.
    #[serde(default)]
    pub guests: bool,
    /// Whether people of it can have a workspace here.
    #[serde(default)]
    pub workspace: bool,
    /// The federation card that lists it, and its id there: `https://portal.example#id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Which of eight colours it has.
    #[serde(default)]
    pub hue: u8,
}

/// Who this browser is at a backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Where.
    pub backend: String,
    /// Name there, and path of the person's project.
    pub username: String,
    /// Name on screen.
    pub name: String,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Of this server.
    pub version: String,
    /// In the order of the configuration.
    pub backends: Vec<Backend>,
    /// In the order of the configuration.
    pub instances: Vec<Instance>,
    /// At most one a backend.
    pub people: Vec<Person>,
    /// Whether one of them runs this server.
    #[serde(default)]
    pub admin: bool,
    /// For a view in a page of somebody else: what to show, as JSON that `pages::embed` reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed: Option<String>,
}

impl Bootstrap {
    /// The instance with this id.
    #[must_use]
    pub fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    /// The backend with this id.
    #[must_use]
    pub fn backend(&self, id: &str) -> Option<&Backend> {
        self.backends.iter().find(|backend| backend.id == id)
    }

    /// Who this browser is at a backend.
    #[must_use]
    pub fn person(&self, backend: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.backend == backend)
    }
}
