//! Grants that portals sign (JWT, RFC 7519, with HS256 and nothing else): short-lived, for us, and
//! good once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::{Grant, Subject, now};
use crate::State;

/// A portal's grant may be good for so many seconds.
const LONGEST: i64 = 600;
/// What it opens stays open for so long: a log may take its time.
const SHOWN: i64 = 8 * 3600;
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
pub struct Portals {
    keys: HashMap<String, DecodingKey>,
    used: Mutex<HashMap<String, i64>>,
}

impl Portals {
    /// With secrets that are long enough.
    pub fn new(secrets: Vec<(String, String)>) -> Result<Self, String> {
        if let Some((id, _)) = secrets.iter().find(|(_, secret)| secret.len() < SECRET) {
            return Err(format!("the secret of [[embed.portal]] “{id}” is shorter than {SECRET} bytes. Make one with: openssl rand -hex 32"));
        }
        let keys = secrets.into_iter().map(|(id, secret)| (id, DecodingKey::from_secret(secret.as_bytes()))).collect();
        Ok(Self { keys, used: Mutex::default() })
    }

    /// Believes a grant, once.
    pub fn grant(&self, state: &State, text: &str) -> Result<Grant, &'static str> {
        const WRONG: &str = "It was not made by a portal that is known here.";
        let id = decode_header(text).ok().and_then(|header| header.kid).ok_or(WRONG)?;
        let key = self.keys.get(&id).ok_or(WRONG)?;
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
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now());
        if jti.is_empty() || used.insert(format!("{id}:{jti}"), exp + rules.leeway as i64).is_some() {
            return Err("It has been used before; each is good once.");
        }
        Ok(Grant { id: format!("{id}:{jti}"), subject, parents, until: now() + SHOWN, kept: false, reads_as: None })
    }
}
