//! A backend as the OAuth client sees it. Each has a redirect URI of its own, so that an answer
//! of one can never be taken for another's (RFC 9700 §4.4).

use std::net::SocketAddr;
use std::sync::Arc;

use app::bootstrap::{Access as PublicAccess, Backend as PublicBackend};
use forge::Forge;
use forge::oauth::applications::NewApplication;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl, TokenUrl};

use super::issuer::Heard;
use crate::config::{Access, Gitlab};
use crate::state::StartError;

/// Where this server reaches itself: through a proxy in front, the public address may not lead back
/// here from this machine.
#[must_use]
pub fn loopback(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], listen.port())) } else { listen }
}

/// A client that knows all endpoints we use.
pub type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// What a portal asks for at once where it is trusted: its own forge shows no consent page, so
/// that a second question would ask nobody.
const EVERYTHING: [&str; 2] = ["api", "read_user"];
/// To look.
const READ: [&str; 1] = ["read_api"];
/// To change; includes looking.
const WRITE: [&str; 1] = ["api"];

/// The client id of the portal at its own forge.
const OWN_CLIENT: &str = "twinport";

/// A configured backend.
#[derive(Clone)]
pub struct Backend {
    /// Its name in URLs.
    pub id: String,
    /// Its address for browsers.
    pub url: String,
    /// Its address for this server.
    pub internal_url: String,
    /// The OAuth client.
    pub client: Client,
    /// The secret, of a confidential application.
    secret: Option<String>,
    /// The redirect URI, as it must be registered there.
    pub redirect_uri: String,
    /// The path of that URI, where it is not the usual one.
    pub redirect_path: Option<String>,
    /// How browsers reach it.
    pub access: Access,
    /// Whether the first sign-in asks for reading only.
    pub read_first: bool,
    /// Object stores that its downloads may be redirected to.
    pub storage: Vec<String>,
    /// What it said of itself.
    pub heard: Arc<Heard>,
}

fn client(id: &str, client_id: &str, secret: Option<String>, url: &str, internal: &str, redirect_uri: &str) -> Result<Client, String> {
    let wrong = |error: oauth2::url::ParseError| format!("the address of the backend “{id}” cannot be used: {error}");
    let mut client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::new(format!("{url}/oauth/authorize")).map_err(wrong)?)
        .set_token_uri(TokenUrl::new(format!("{internal}/oauth/token")).map_err(wrong)?)
        .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned()).map_err(wrong)?)
        // One fixed way: a client that tries both burns a refresh token.
        .set_auth_type(oauth2::AuthType::RequestBody);
    if let Some(secret) = secret {
        client = client.set_client_secret(ClientSecret::new(secret));
    }
    Ok(client)
}

/// Where answers of a backend come in.
#[must_use]
pub fn redirect_uri(gitlab: &Gitlab, public_url: &str) -> String {
    let usual = || format!("/auth/{}/callback", gitlab.id);
    format!("{public_url}{}", gitlab.redirect_path.clone().unwrap_or_else(usual))
}

/// The secret of an application, if it has one.
pub fn secret(gitlab: &Gitlab) -> Result<Option<String>, StartError> {
    let Some(path) = &gitlab.client_secret_file else { return Ok(None) };
    let failed = |error: std::io::Error| StartError::Secret { backend: gitlab.id.clone(), path: path.display().to_string(), reason: error.to_string() };
    std::fs::read_to_string(path).map(|text| Some(text.trim().to_owned())).map_err(failed)
}

impl Backend {
    /// The forge inside this server, which trusts its own portal.
    pub async fn embedded(forge: &Forge, public_url: &str, listen: SocketAddr) -> Result<Self, String> {
        let redirect_uri = format!("{public_url}/auth/forge/callback");
        let application = NewApplication {
            name: "Twinport".to_owned(),
            redirect_uris: redirect_uri.clone(),
            scopes: EVERYTHING.join(" "),
            confidential: false,
            trusted: true,
            uid: Some(OWN_CLIENT.to_owned()),
            owner: None,
        };
        forge.create_application(&application).await.map_err(|error| format!("the portal could not be registered at its forge: {error}"))?;
        let url = forge.url("").trim_end_matches('/').to_owned();
        let internal_url = format!("http://{}/forge", loopback(listen));
        let (secret, client) = (None, client("forge", OWN_CLIENT, None, &url, &internal_url, &redirect_uri)?);
        let (redirect_path, access, read_first, storage) = (None, Access::Direct, false, Vec::new());
        Ok(Self { id: "forge".to_owned(), client, secret, url, internal_url, redirect_uri, redirect_path, access, read_first, storage, heard: Arc::default() })
    }

    /// A GitLab from the configuration.
    pub fn configured(gitlab: &Gitlab, public_url: &str) -> Result<Self, StartError> {
        let url = gitlab.url.trim_end_matches('/').to_owned();
        let secret = secret(gitlab)?;
        let redirect_uri = redirect_uri(gitlab, public_url);
        let client = client(&gitlab.id, &gitlab.client_id, secret.clone(), &url, &url, &redirect_uri).map_err(StartError::Storage)?;
        Ok(Self {
            id: gitlab.id.clone(),
            internal_url: url.clone(),
            client,
            secret,
            url,
            redirect_uri,
            redirect_path: gitlab.redirect_path.clone(),
            access: gitlab.access,
            read_first: gitlab.read_first,
            storage: gitlab.storage.iter().map(|store| store.trim_end_matches('/').to_owned()).collect(),
            heard: Arc::default(),
        })
    }

    /// The rights to ask for: to look, or to change things as well.
    #[must_use]
    pub fn scopes(&self, write: bool) -> &'static [&'static str] {
        match (self.id == "forge", write || !self.read_first) {
            (true, _) => &EVERYTHING,
            (false, true) => &WRITE,
            (false, false) => &READ,
        }
    }

    /// Who we are to it, as form fields.
    #[must_use]
    pub fn credentials(&self) -> Vec<(&'static str, String)> {
        let secret = self.secret.clone().map(|secret| ("client_secret", secret));
        std::iter::once(("client_id", self.client.client_id().to_string())).chain(secret).collect()
    }

    /// What the app is told: no secret, no client.
    #[must_use]
    pub fn public(&self) -> PublicBackend {
        let access = match self.access {
            Access::Auto => PublicAccess::Auto,
            Access::Direct => PublicAccess::Direct,
            Access::Relay => PublicAccess::Relay,
        };
        PublicBackend { id: self.id.clone(), url: self.url.clone(), embedded: self.id == "forge", access }
    }
}
