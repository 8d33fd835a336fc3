//! Tokens of people at backends: their own table, encrypted, written before anybody gets them.
//! One refresh at a time for a grant, in a task that outlives the request that needed it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::TryRngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::SqlitePool;

/// A pair of tokens.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// For requests.
    pub access: String,
    /// For new tokens; never leaves the server.
    pub refresh: Option<String>,
    /// Seconds since 1970.
    pub expires_at: i64,
    /// Space-separated.
    pub scope: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("expires_at", &self.expires_at).field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// All grants.
pub struct Grants {
    pool: SqlitePool,
    cipher: XChaCha20Poly1305,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Bytes nobody can guess.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).expect("the system has randomness, or nothing here is safe");
    bytes
}

/// A name nobody can guess.
#[must_use]
pub fn random_name() -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<32>())
}

fn key(path: &Path) -> Result<[u8; 32], String> {
    use std::os::unix::fs::OpenOptionsExt;
    let shown = path.display();
    if let Ok(bytes) = std::fs::read(path) {
        return bytes.try_into().map_err(|_| format!("{shown} is not a key of 32 bytes. Move it away, and everybody signs in again"));
    }
    let bytes = random::<32>();
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        std::io::Write::write_all(&mut file, &bytes)?;
        file.sync_all()
    };
    write().map_err(|error: std::io::Error| format!("failed to write {shown}: {error}"))?;
    Ok(bytes)
}

impl Grants {
    /// Opens the table and the key beside it.
    pub async fn open(pool: SqlitePool, key_file: &Path) -> Result<Self, String> {
        sqlx::query("CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, backend TEXT NOT NULL, nonce BLOB NOT NULL, sealed BLOB NOT NULL, used_at INTEGER NOT NULL)")
            .execute(&pool)
            .await
            .map_err(|error| format!("the table of grants cannot be made: {error}"))?;
        Ok(Self { pool, cipher: XChaCha20Poly1305::new(&key(key_file)?.into()), locks: Mutex::default() })
    }

    fn id(grant: &str) -> String {
        hex::encode(Sha256::digest(grant))
    }

    fn bound_to(id: &str, backend: &str) -> Vec<u8> {
        format!("grants|{id}|{backend}").into_bytes()
    }

    /// Held while a grant is refreshed.
    pub fn lock(&self, grant: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        locks.entry(Self::id(grant)).or_default().clone()
    }

    /// Writes a grant down; it is on disk when this returns.
    pub async fn put(&self, grant: &str, backend: &str, tokens: &Tokens, now: i64) -> Result<(), String> {
        let (id, nonce) = (Self::id(grant), random::<24>());
        let plain = serde_json::to_vec(tokens).map_err(|error| error.to_string())?;
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: &plain, aad: &Self::bound_to(&id, backend) }).map_err(|error| error.to_string())?;
        sqlx::query("INSERT INTO grants VALUES (?1,?2,?3,?4,?5) ON CONFLICT (id) DO UPDATE SET nonce = ?3, sealed = ?4, used_at = ?5")
            .bind(id)
            .bind(backend)
            .bind(nonce.to_vec())
            .bind(sealed)
            .bind(now)
            .execute(&self.pool)
            .await
            .map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Reads a grant; one that was tampered with is no grant.
    pub async fn get(&self, grant: &str, backend: &str) -> Option<Tokens> {
        let id = Self::id(grant);
        let (nonce, sealed): (Vec<u8>, Vec<u8>) =
            sqlx::query_as("SELECT nonce, sealed FROM grants WHERE id = ? AND backend = ?").bind(&id).bind(backend).fetch_optional(&self.pool).await.ok()??;
        if nonce.len() != 24 {
            return None;
        }
        let plain = self.cipher.decrypt(XNonce::from_slice(&nonce), Payload { msg: &sealed, aad: &Self::bound_to(&id, backend) }).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Forgets a grant.
    pub async fn remove(&self, grant: &str) {
        let _ = sqlx::query("DELETE FROM grants WHERE id = ?").bind(Self::id(grant)).execute(&self.pool).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Grants, Tokens};

    #[tokio::test]
    async fn a_row_moved_to_another_grant_opens_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.expect("memory is there");
        let grants = Grants::open(pool.clone(), &folder.path().join("key")).await.expect("an empty table opens");
        let tokens = Tokens { access: "canary-access".into(), refresh: Some("canary-refresh".into()), expires_at: 1, scope: "api".into() };
        grants.put("one", "forge", &tokens, 0).await.expect("it is written");
        grants.put("two", "forge", &tokens, 0).await.expect("it is written");
        assert_eq!(grants.get("one", "forge").await.map(|t| t.access), Some("canary-access".into()));
        assert!(grants.get("one", "other").await.is_none());
        let dump: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM grants").fetch_all(&pool).await.expect("rows are there");
        assert!(dump.iter().all(|(sealed,)| !String::from_utf8_lossy(sealed).contains("canary")));
        sqlx::query("UPDATE grants SET sealed = (SELECT sealed FROM grants WHERE id = ?1), nonce = (SELECT nonce FROM grants WHERE id = ?1) WHERE id = ?2")
            .bind(Grants::id("one"))
            .bind(Grants::id("two"))
            .execute(&pool)
            .await
            .expect("rows can be swapped");
        assert!(grants.get("two", "forge").await.is_none());
    }
}
