//! Grants that portals sign (JWT, RFC 7519, with HS256 and nothing else): short-lived, for us, and
//! good once.

use std::collections::HashMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::{ELSEWHERE, Grant, Subject, names_ours, now};
use crate::State;

/// A portal's grant may be good for so many seconds.
const LONGEST: i64 = 600;
/// What it opens stays open for so long: a log may take its time.
const SHOWN: i64 = 8 * 3600;
/// Bytes of a grant's own name, at most.
const NAME: usize = 200;
/// Bytes of a secret, at least (RFC 7518 §3.2).
const SECRET: usize = 32;

/// What a portal says.
#[derive(Debug, Deserialize)]
struct Claims {
    exp: i64,
    iat: i64,
    jti: String,
    /// The page that frames it.
    parent: String,
    #[serde(flatten)]
    subject: Subject,
}

/// All portals with their secrets.
pub struct Portals(HashMap<String, DecodingKey>);

/// How the names of what portals signed begin.
pub const NAMES: &str = "portal:";

/// Under which name what a portal signed is kept.
#[must_use]
pub fn maker(id: &str) -> String {
    format!("{NAMES}{id}")
}

impl Portals {
    /// With secrets that are long enough.
    pub fn new(secrets: Vec<(String, String)>) -> Result<Self, String> {
        if let Some((id, _)) = secrets.iter().find(|(_, secret)| secret.len() < SECRET) {
            return Err(format!("the secret of [[embed.portal]] “{id}” is shorter than {SECRET} bytes. Make one with: openssl rand -hex 32"));
        }
        Ok(Self(secrets.into_iter().map(|(id, secret)| (id, DecodingKey::from_secret(secret.as_bytes()))).collect()))
    }

    /// Believes a grant, once, on whichever server of this portal it is shown.
    pub async fn grant(&self, state: &State, text: &str) -> Result<Grant, &'static str> {
        const WRONG: &str = "It was not made by a portal that is known here.";
        let id = decode_header(text).ok().and_then(|header| header.kid).ok_or(WRONG)?;
        let key = self.0.get(&id).ok_or(WRONG)?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = 5;
        rules.set_audience(&[&state.public_url]);
        rules.set_required_spec_claims(&["exp", "aud"]);
        let claims = decode::<Claims>(text, key, &rules).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::ExpiredSignature => "It has expired.",
            _ => WRONG,
        })?;
        let Claims { exp, iat, jti, parent, subject } = claims.claims;
        if exp - iat > LONGEST || iat > now() + 60 {
            return Err("It is good for longer than ten minutes, which no grant may be.");
        }
        let parents = state.embeds.parents(std::slice::from_ref(&parent));
        if parents.is_empty() {
            return Err("It is for a page that is not among allowed_parents.");
        }
        if !names_ours(state, &subject) {
            return Err(ELSEWHERE);
        }
        if jti.is_empty() || jti.len() > NAME || !jti.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("It has no name of its own (jti), or one that is too long or no plain word.");
        }
        let grant = Grant { id: format!("{}:{jti}", maker(&id)), subject, parents, until: now() + SHOWN, reads_as: None };
        let body = serde_json::to_string(&grant).map_err(|_| WRONG)?;
        match state.put_granted(&grant.id, &maker(&id), &body, grant.until).await {
            Ok(true) => Ok(grant),
            Ok(false) => Err("It has been used before; each is good once."),
            Err(reason) => {
                tracing::error!(reason, "what a portal signed could not be kept");
                Err("It cannot be looked up now: try again in a moment.")
            }
        }
    }
}
