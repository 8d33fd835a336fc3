//! As whom views are read: a robot's token on a GitLab, one of the server's own on the forge. Only
//! what a grant names is asked with it, and it never leaves this server.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::State;
use crate::auth::backend::Backend;
use crate::auth::fresh::fresh;

/// An answer begins within this time.
const TIME: Duration = Duration::from_secs(30);
/// The name of the forge's own token.
const LABEL: &str = "embedded views";
/// The days it is good for.
const DAYS: i64 = 365;

/// The token, or why there is none.
async fn token(state: &State, backend: &Backend) -> Result<String, String> {
    if let Some(token) = state.embeds.readers.get(&backend.id) {
        return Ok(token.clone());
    }
    let Some(forge) = state.forge.as_ref().filter(|_| backend.id == "forge") else {
        return Err(format!("there is no [[embed.reader]] for the backend “{}”", backend.id));
    };
    static OWN: tokio::sync::Mutex<Option<(String, String)>> = tokio::sync::Mutex::const_new(None);
    let mut own = OWN.lock().await;
    if let Some((_, token)) = own.as_ref().filter(|(url, _)| *url == backend.internal_url) {
        return Ok(token.clone());
    }
    let made = forge.create_token(forge::admin::FIRST_USER, LABEL, &["read_api".to_owned()], Some(DAYS)).await.map_err(|error| error.to_string())?;
    *own = Some((backend.internal_url.clone(), made.clone()));
    Ok(made)
}

/// Reads `path` (below `/api/`, with its query) at a backend, as `person` (a sign-in) or as a robot.
pub async fn read(state: &State, backend: &Backend, person: Option<&str>, path: &str, headers: HeaderMap) -> Result<reqwest::Response, String> {
    let token = match person {
        Some(grant) => fresh(state, backend, grant).await.map_err(|lost| format!("{lost:?}"))?.access,
        None => token(state, backend).await?,
    };
    let asked = state.relay_http.get(format!("{}/api/{path}", backend.internal_url)).headers(headers).bearer_auth(token).send();
    match tokio::time::timeout(TIME, asked).await {
        Ok(answer) => answer.map_err(|error| crate::failure::chain(&error)),
        Err(_) => Err("it took too long".to_owned()),
    }
}
