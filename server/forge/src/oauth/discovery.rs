//! OpenID Connect: what the provider offers, its keys, its ID tokens, and `/oauth/userinfo`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::SCOPES;
use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, OWNER, blocking};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::store::identity::{self, ApplicationRow};
use crate::store::{projects, setting};

/// An ID token lives two minutes, as on GitLab.
const ID_SECONDS: i64 = 120;

impl Forge {
    /// The signing key, made when it is first needed (it takes a second or so).
    async fn signing_key(&self) -> ApiResult<rsa::RsaPrivateKey> {
        if let Some(pem) = setting(&self.db, "oidc_key").await? {
            return rsa::RsaPrivateKey::from_pkcs1_pem(&pem).map_err(ApiError::internal);
        }
        let key = blocking(|| rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(ApiError::internal)).await?;
        let pem = key.to_pkcs1_pem(LineEnding::LF).map_err(ApiError::internal)?;
        sqlx::query("INSERT OR IGNORE INTO settings VALUES ('oidc_key', ?)").bind(pem.as_str()).execute(&self.db).await?;
        // Another request may have been faster; the stored one counts.
        let pem = setting(&self.db, "oidc_key").await?.unwrap_or_default();
        rsa::RsaPrivateKey::from_pkcs1_pem(&pem).map_err(ApiError::internal)
    }

    /// Makes the key ahead of the first sign-in.
    pub async fn warm_up(&self) {
        if let Err(error) = self.signing_key().await {
            tracing::error!(?error, "failed to make a signing key");
        }
    }

    async fn claims(&self, user: i64, scopes: &str) -> ApiResult<Value> {
        let row = identity::user(&self.db, user).await?.ok_or_else(ApiError::unauthorized)?;
        let has = |scope: &str| scopes.split_whitespace().any(|had| had == scope || had == "api");
        let mut groups: Vec<(String, i64)> = Vec::new();
        for space in projects::namespaces(&self.db, Some("group")).await? {
            if let Some(level) = projects::group_role(&self.db, space.id, row.id).await? {
                groups.push((space.path, level));
            }
        }
        let with = |level: i64| groups.iter().filter(|(_, own)| *own == level).map(|(path, _)| path.clone()).collect::<Vec<_>>();
        let mut value = json!({
            "sub": row.id.to_string(), "sub_legacy": hex::encode(Sha256::digest(format!("{}-{}", self.url(""), row.id))), "name": row.name,
            "nickname": row.username, "preferred_username": row.username, "profile": self.url(&row.username), "picture": null,
            "groups": groups.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(),
            "https://gitlab.org/claims/groups/owner": with(OWNER), "https://gitlab.org/claims/groups/maintainer": with(MAINTAINER),
            "https://gitlab.org/claims/groups/developer": with(DEVELOPER),
        });
        if has("email") || has("read_user") {
            value["email"] = json!(row.email);
            value["email_verified"] = json!(true);
        }
        Ok(value)
    }

    /// A signed ID token for `user` (OpenID Connect Core §2).
    pub(crate) async fn id_token(&self, application: &ApplicationRow, user: i64, scopes: &str, nonce: Option<&str>) -> ApiResult<String> {
        let key = self.signing_key().await?;
        let now = self.clock.now().timestamp();
        let mut claims = self.claims(user, scopes).await?;
        crate::present::projects::extend(&mut claims, json!({ "iss": self.issuer(), "aud": application.uid, "iat": now, "exp": now + ID_SECONDS, "auth_time": now }));
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        let mut head = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        head.kid = Some(key_id(&key));
        let pem = key.to_pkcs1_pem(LineEnding::LF).map_err(ApiError::internal)?;
        let signer = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(ApiError::internal)?;
        jsonwebtoken::encode(&head, &claims, &signer).map_err(ApiError::internal)
    }

    fn issuer(&self) -> String {
        self.url("").trim_end_matches('/').to_owned()
    }
}

/// The key's thumbprint (RFC 7638).
fn key_id(key: &rsa::RsaPrivateKey) -> String {
    let text = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, number(key.e()), number(key.n()));
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

fn number(number: &rsa::BigUint) -> String {
    URL_SAFE_NO_PAD.encode(number.to_bytes_be())
}

fn open(body: Value) -> Response {
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(body)).into_response()
}

/// `GET /oauth/discovery/keys`
pub async fn keys(State(forge): State<Forge>) -> ApiResult<Response> {
    let key = forge.signing_key().await?;
    Ok(open(json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id(&key), "e": number(key.e()), "n": number(key.n()) }] })))
}

/// `GET /.well-known/openid-configuration`
pub async fn configuration(State(forge): State<Forge>) -> Response {
    open(json!({
        "issuer": forge.issuer(), "authorization_endpoint": forge.url("oauth/authorize"), "token_endpoint": forge.url("oauth/token"),
        "revocation_endpoint": forge.url("oauth/revoke"), "introspection_endpoint": forge.url("oauth/introspect"),
        "userinfo_endpoint": forge.url("oauth/userinfo"), "jwks_uri": forge.url("oauth/discovery/keys"), "scopes_supported": SCOPES,
        "response_types_supported": ["code"], "response_modes_supported": ["query"], "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"], "claim_types_supported": ["normal"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "sub_legacy", "name", "nickname", "preferred_username", "email", "email_verified", "profile", "picture", "groups",
            "https://gitlab.org/claims/groups/owner", "https://gitlab.org/claims/groups/maintainer", "https://gitlab.org/claims/groups/developer"],
        "code_challenge_methods_supported": ["plain", "S256"],
    }))
}

/// `GET|POST /oauth/userinfo`
pub async fn userinfo(State(forge): State<Forge>, headers: HeaderMap) -> ApiResult<Response> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' ')).map(|(_, token)| token.trim().to_owned());
    let caller = match token {
        Some(token) => forge.caller_of(&token).await.unwrap_or_else(|_| Caller::anonymous()),
        None => Caller::anonymous(),
    };
    let Some(person) = caller.person() else {
        let body = json!({ "error": "invalid_token", "error_description": "The access token is invalid" });
        return Ok((StatusCode::UNAUTHORIZED, [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(body)).into_response());
    };
    if !caller.has_scope(&["openid"]) {
        return Err(ApiError::Scope("openid"));
    }
    Ok(open(forge.claims(person.id, &caller.scope_text()).await?))
}
