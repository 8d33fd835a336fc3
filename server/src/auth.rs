//! Signing in at backends: begin, callback, token, logout, and the grants that come of it.
//! The server holds refresh tokens; browsers get access tokens, for their memory only.

pub mod backend;
pub mod begin;
pub mod callback;
pub mod grants;
pub mod logout;
pub mod pending;
pub mod token;

use serde::{Deserialize, Serialize};
use tower_sessions::Session;

/// Who somebody is at a backend, as pages show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// The backend.
    pub backend: String,
    /// The name there.
    pub username: String,
    /// The name on screen.
    pub name: String,
    /// Under which the tokens are kept; never shown.
    pub grant: String,
}

const SIGNED_IN: &str = "signed_in";

/// Everywhere this browser is signed in.
pub async fn signed_in(session: &Session) -> Vec<SignedIn> {
    session.get(SIGNED_IN).await.ok().flatten().unwrap_or_default()
}

/// Writes down where this browser is signed in.
pub async fn set_signed_in(session: &Session, list: &[SignedIn]) -> Result<(), tower_sessions::session::Error> {
    session.insert(SIGNED_IN, list).await?;
    session.save().await
}
