//! `/.well-known/dtaas-federation.json`: what this portal is and which instances it knows, for
//! other portals and their administrators. Nothing in it is secret.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::State;

/// Of the form of the card.
pub const VERSION: u32 = 1;

/// A backend, as its people reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardBackend {
    /// Its address.
    pub url: String,
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardInstance {
    /// Its id at this portal.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it lives.
    pub gitlab: CardBackend,
    /// The group there.
    pub group: String,
    /// The project of common assets.
    pub common_project: String,
    /// The branch, when it is not each project's default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether guests may look at what is public.
    #[serde(default)]
    pub guests: bool,
}

/// The card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Of this form.
    pub version: u32,
    /// The portal's name.
    pub name: String,
    /// The portal's address.
    #[serde(default)]
    pub url: String,
    /// Its instances.
    pub instances: Vec<CardInstance>,
    /// How to join, in words.
    #[serde(default)]
    pub join: String,
}

/// This portal's card.
#[must_use]
pub fn of(state: &State) -> Card {
    let instance = |instance: &app::bootstrap::Instance| {
        let url = state.backend(&instance.backend)?.url.clone();
        Some(CardInstance {
            id: instance.id.clone(),
            name: instance.name.clone(),
            gitlab: CardBackend { url },
            group: instance.group.clone(),
            common_project: instance.common_project.clone(),
            branch: instance.branch.clone(),
            guests: instance.guests,
        })
    };
    let join =
        format!("Run `twinport import-card {}` at your portal, register an OAuth application at each GitLab it names, and ask its group's owner for membership.", state.public_url);
    Card { version: VERSION, name: state.name.clone(), url: state.public_url.clone(), instances: state.instances.iter().filter_map(instance).collect(), join }
}

/// Shows it, to anybody and to pages of other portals.
pub async fn show(Shared(state): Shared<State>) -> Response {
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::CACHE_CONTROL, "max-age=300")], Json(of(&state))).into_response()
}
