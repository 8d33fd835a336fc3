//! Tokens and passwords: made from the system's randomness, kept as hashes.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// `N` random bytes.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).expect("the system has randomness, or nothing here is safe");
    bytes
}

/// 64 hex characters, the form of GitLab's OAuth tokens.
#[must_use]
pub fn random_hex() -> String {
    hex::encode(random_bytes::<32>())
}

/// A token with one of GitLab's prefixes (`glpat-`, `glptt-`, `glcbt-`, `gloas-`).
#[must_use]
pub fn token(prefix: &str) -> String {
    use base64::Engine;
    format!("{prefix}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random_bytes::<24>()))
}

/// What is kept of a token: it has enough randomness that a fast hash is right.
#[must_use]
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// OWASP's smallest argon2id setting: 19 MiB, two passes.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("constants are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// An argon2id hash in PHC form. Slow by design: call it off the async threads.
#[must_use]
pub fn hash_password(password: &str) -> String {
    let salt = SaltString::encode_b64(&random_bytes::<16>()).expect("16 bytes are a salt");
    argon2().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).unwrap_or_default()
}

/// Whether `password` is the one behind `stored`; takes as long when there is none.
#[must_use]
pub fn password_matches(password: &str, stored: Option<&str>) -> bool {
    const NONE: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$QiyMxw7vYS0BaPbOHYXTEsmNVXJYjuy8Ig9pP9HmVaw";
    let Ok(parsed) = PasswordHash::new(stored.unwrap_or(NONE)) else { return false };
    argon2().verify_password(password.as_bytes(), &parsed).is_ok() && stored.is_some()
}
