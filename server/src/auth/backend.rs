//! A backend as the OAuth client sees it. Each has a redirect URI of its own, so that an answer
//! of one can never be taken for another's (RFC 9700 §4.4).

use std::net::SocketAddr;

use app::bootstrap::Backend as PublicBackend;
use forge::Forge;
use forge::oauth::applications::NewApplication;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl, RevocationUrl, TokenUrl};

use crate::config::Gitlab;
use crate::state::StartError;

/// A client that knows all endpoints we use.
pub type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet>;

/// What a portal asks for.
pub const SCOPES: [&str; 2] = ["api", "read_user"];

/// The client id of the portal at its own forge.
const OWN_CLIENT: &str = "twinport";

/// A configured backend.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Its name in URLs.
    pub id: String,
    /// Its address for browsers.
    pub url: String,
    /// Its address for this server.
    pub internal_url: String,
    /// The OAuth client.
    pub client: Client,
}

fn client(id: &str, client_id: &str, secret: Option<String>, url: &str, internal: &str, public_url: &str) -> Result<Client, String> {
    let wrong = |error: oauth2::url::ParseError| format!("the address of the backend “{id}” cannot be used: {error}");
    let mut client = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::new(format!("{url}/oauth/authorize")).map_err(wrong)?)
        .set_token_uri(TokenUrl::new(format!("{internal}/oauth/token")).map_err(wrong)?)
        .set_revocation_url(RevocationUrl::new(format!("{internal}/oauth/revoke")).map_err(wrong)?)
        .set_redirect_uri(RedirectUrl::new(format!("{public_url}/auth/{id}/callback")).map_err(wrong)?)
        // One fixed way: a client that tries both burns a refresh token.
        .set_auth_type(oauth2::AuthType::RequestBody);
    if let Some(secret) = secret {
        client = client.set_client_secret(ClientSecret::new(secret));
    }
    Ok(client)
}

impl Backend {
    /// The forge inside this server, which trusts its own portal.
    pub async fn embedded(forge: &Forge, public_url: &str, listen: SocketAddr) -> Result<Self, String> {
        let application = NewApplication {
            name: "Twinport".to_owned(),
            redirect_uris: format!("{public_url}/auth/forge/callback"),
            scopes: SCOPES.join(" "),
            confidential: false,
            trusted: true,
            uid: Some(OWN_CLIENT.to_owned()),
            owner: None,
        };
        forge.create_application(&application).await.map_err(|error| format!("the portal could not be registered at its forge: {error}"))?;
        let url = forge.url("").trim_end_matches('/').to_owned();
        // Through a proxy in front, the public address may not lead back here from this machine.
        let host = if listen.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], listen.port())) } else { listen };
        let internal_url = format!("http://{host}/forge");
        Ok(Self { id: "forge".to_owned(), client: client("forge", OWN_CLIENT, None, &url, &internal_url, public_url)?, url, internal_url })
    }

    /// A GitLab from the configuration.
    pub fn configured(gitlab: &Gitlab, public_url: &str) -> Result<Self, StartError> {
        let url = gitlab.url.trim_end_matches('/').to_owned();
        let secret = match &gitlab.client_secret_file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| StartError::Secret {
                    backend: gitlab.id.clone(),
                    path: path.display().to_string(),
                    reason: error.to_string(),
                })?;
                Some(text.trim().to_owned())
            }
            None => None,
        };
        let client = client(&gitlab.id, &gitlab.client_id, secret, &url, &url, public_url).map_err(StartError::Storage)?;
        Ok(Self { id: gitlab.id.clone(), internal_url: url.clone(), client, url })
    }

    /// What the app is told: no secret, no client.
    #[must_use]
    pub fn public(&self) -> PublicBackend {
        PublicBackend { id: self.id.clone(), url: self.url.clone(), embedded: self.id == "forge" }
    }
}
