//! Tokens of people at backends: their own table, sealed, written before anybody gets them. The
//! first key of a list seals; the others only open what older servers sealed.

use std::path::{Path, PathBuf};

use base64::Engine;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::TryRngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::Store;
use crate::store::grants::Sealed;

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

/// A key, and the name that is written beside what it sealed.
struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// A grant as it was read.
pub struct Held {
    /// Its tokens.
    pub tokens: Tokens,
    row: Sealed,
}

/// All grants.
pub struct Grants {
    store: Store,
    keys: Vec<Key>,
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

/// The key in `path`, made if it may be and is not there.
fn key(path: &Path, make: bool) -> Result<Key, String> {
    use std::os::unix::fs::OpenOptionsExt;
    let shown = path.display();
    let of = |bytes: [u8; 32]| Key { id: hex::encode(&Sha256::digest(bytes)[..4]), cipher: XChaCha20Poly1305::new(&bytes.into()) };
    match std::fs::read(path) {
        Ok(bytes) => return bytes.try_into().map(of).map_err(|_| format!("{shown} is not a key of 32 bytes. Move it away, and everybody signs in again")),
        Err(error) if !make => return Err(format!("failed to read the key {shown}: {error}. Make one with: head -c 32 /dev/urandom > {shown}")),
        Err(_) => {}
    }
    let bytes = random::<32>();
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        std::io::Write::write_all(&mut file, &bytes)?;
        file.sync_all()
    };
    write().map_err(|error: std::io::Error| format!("failed to write {shown}: {error}"))?;
    Ok(of(bytes))
}

impl Grants {
    /// With the keys in `files`, or the one at `own`, which is made when it is not there. Refuses to
    /// start when something was sealed with a key that is not among them.
    pub async fn open(store: Store, own: &Path, files: &[PathBuf]) -> Result<Self, String> {
        let keys = if files.is_empty() { vec![key(own, true)?] } else { files.iter().map(|path| key(path, false)).collect::<Result<Vec<_>, _>>()? };
        let used = store.grant_keys(chrono::Utc::now().timestamp()).await.map_err(|error| format!("the table of grants cannot be read: {error}"))?;
        if let Some(unknown) = used.iter().find(|id| keys.iter().all(|key| key.id != **id)) {
            return Err(format!("some sign-ins were sealed with the key {unknown}, which is not here. Name its file in [server] key_files, behind the new one"));
        }
        Ok(Self { store, keys })
    }

    fn id(grant: &str) -> String {
        hex::encode(Sha256::digest(grant))
    }

    fn bound_to(id: &str, backend: &str) -> Vec<u8> {
        format!("grants|{id}|{backend}").into_bytes()
    }

    /// Takes the right to refresh a grant, among all servers; it ends when the new pair is written.
    pub async fn lease(&self, grant: &str) -> Result<bool, String> {
        self.store.lease_grant(&Self::id(grant)).await
    }

    /// Gives that right back without a new pair.
    pub async fn release(&self, grant: &str) {
        let _ = self.store.release_grant(&Self::id(grant)).await;
    }

    fn seal(&self, id: &str, backend: &str, tokens: &Tokens) -> Result<Sealed, String> {
        let nonce = random::<24>();
        let key = self.keys.first().ok_or("there is no key")?;
        let plain = serde_json::to_vec(tokens).map_err(|error| error.to_string())?;
        let sealed = key.cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: &plain, aad: &Self::bound_to(id, backend) }).map_err(|error| error.to_string())?;
        Ok(Sealed { key_id: key.id.clone(), nonce: nonce.to_vec(), sealed })
    }

    /// Writes a grant down; it is kept when this returns.
    pub async fn put(&self, grant: &str, backend: &str, tokens: &Tokens, now: i64) -> Result<(), String> {
        let id = Self::id(grant);
        self.store.put_grant(&id, backend, &self.seal(&id, backend, tokens)?, now).await
    }

    /// Writes down what a refresh brought, if the grant is still what it was; whether it was. One
    /// that was ended meanwhile is not brought back.
    pub async fn renew(&self, grant: &str, backend: &str, before: &Held, tokens: &Tokens, now: i64) -> Result<bool, String> {
        let id = Self::id(grant);
        self.store.swap_grant(&id, &before.row, &self.seal(&id, backend, tokens)?, now, true).await
    }

    fn unseal(&self, id: &str, backend: &str, row: &Sealed) -> Result<Option<Tokens>, String> {
        // Another server may know the key: this is no reason to sign anybody out.
        let key = self
            .keys
            .iter()
            .find(|key| key.id == row.key_id)
            .ok_or_else(|| format!("a sign-in was sealed with the key {}, which is not in [server] key_files here", row.key_id))?;
        if row.nonce.len() != 24 {
            return Ok(None);
        }
        Ok(self.open_row(key, id, backend, row))
    }

    fn open_row(&self, key: &Key, id: &str, backend: &str, row: &Sealed) -> Option<Tokens> {
        let plain = key.cipher.decrypt(XNonce::from_slice(&row.nonce), Payload { msg: &row.sealed, aad: &Self::bound_to(id, backend) }).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Reads a grant; one that was tampered with is no grant. One that an older key sealed is
    /// sealed anew.
    pub async fn get(&self, grant: &str, backend: &str) -> Result<Option<Tokens>, String> {
        Ok(self.hold(grant, backend).await?.map(|held| held.tokens))
    }

    /// Reads a grant, with what is needed to write its successor.
    pub async fn hold(&self, grant: &str, backend: &str) -> Result<Option<Held>, String> {
        let id = Self::id(grant);
        let Some(row) = self.store.grant(&id, backend).await? else { return Ok(None) };
        let Some(tokens) = self.unseal(&id, backend, &row)? else { return Ok(None) };
        if self.keys.first().is_some_and(|key| key.id != row.key_id) {
            let anew = self.seal(&id, backend, &tokens)?;
            let now = chrono::Utc::now().timestamp();
            let row = if self.store.swap_grant(&id, &row, &anew, now, false).await? { anew } else { row };
            return Ok(Some(Held { tokens, row }));
        }
        Ok(Some(Held { tokens, row }))
    }

    /// Whether a grant is still there.
    pub async fn is_alive(&self, grant: &str, backend: &str) -> Result<bool, String> {
        Ok(self.store.grant(&Self::id(grant), backend).await?.is_some())
    }

    /// Seals something that a browser carries for us; only [`Grants::open_text`] with the same
    /// `purpose` opens it.
    pub fn seal_text(&self, purpose: &str, plain: &[u8]) -> Result<String, String> {
        let nonce = random::<24>();
        let key = self.keys.first().ok_or("there is no key")?;
        let sealed = key.cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: purpose.as_bytes() }).map_err(|error| error.to_string())?;
        Ok(format!("{}.{}", key.id, base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// What was sealed, if it is as it was.
    #[must_use]
    pub fn open_text(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let (id, rest) = text.split_once('.')?;
        let key = self.keys.iter().find(|key| key.id == id)?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(rest).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(24)?;
        key.cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: purpose.as_bytes() }).ok()
    }

    /// Forgets a grant.
    pub async fn remove(&self, grant: &str) {
        let _ = self.store.remove_grant(&Self::id(grant)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Grants, Store, Tokens};

    fn tokens() -> Tokens {
        Tokens { access: "canary-access".into(), refresh: Some("canary-refresh".into()), expires_at: 1, scope: "api".into() }
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        Store::open("sqlite", folder.path()).await.expect("an empty folder opens")
    }

    #[tokio::test]
    async fn a_row_moved_to_another_grant_opens_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = store(&folder).await;
        let Store::Sqlite(pool) = store.clone() else { panic!("it is SQLite") };
        let grants = Grants::open(store, &folder.path().join("key"), &[]).await.expect("an empty table opens");
        grants.put("one", "forge", &tokens(), 0).await.expect("it is written");
        grants.put("two", "forge", &tokens(), 0).await.expect("it is written");
        assert_eq!(grants.get("one", "forge").await.expect("it is read").map(|t| t.access), Some("canary-access".into()));
        assert!(grants.get("one", "other").await.expect("it is read").is_none());
        let dump: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM twinport_grants").fetch_all(&pool).await.expect("rows are there");
        assert!(dump.iter().all(|(sealed,)| !String::from_utf8_lossy(sealed).contains("canary")));
        let swap =
            "UPDATE twinport_grants SET sealed = (SELECT sealed FROM twinport_grants WHERE id = ?1), nonce = (SELECT nonce FROM twinport_grants WHERE id = ?1) WHERE id = ?2";
        sqlx::query(swap).bind(Grants::id("one")).bind(Grants::id("two")).execute(&pool).await.expect("rows can be swapped");
        assert!(grants.get("two", "forge").await.expect("it is read").is_none());
        sqlx::query("UPDATE twinport_grants SET sealed = substr(sealed, 1, length(sealed) - 1) || x'00'").execute(&pool).await.expect("a bit can be flipped");
        assert!(grants.get("one", "forge").await.expect("it is read").is_none());
    }

    #[tokio::test]
    async fn one_holds_the_lease() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let grants = Grants::open(store(&folder).await, &folder.path().join("key"), &[]).await.expect("an empty table opens");
        grants.put("one", "forge", &tokens(), 0).await.expect("it is written");
        assert!(grants.lease("one").await.expect("it is asked"));
        assert!(!grants.lease("one").await.expect("it is asked"));
        let Store::Sqlite(pool) = &grants.store else { panic!("it is in a file") };
        // Its time passes.
        sqlx::query("UPDATE twinport_grants SET lease = lease - $1").bind(crate::store::grants::LEASE).execute(pool).await.expect("it is written");
        assert!(grants.lease("one").await.expect("it is asked"), "whoever died holds it no longer");
        grants.put("one", "forge", &tokens(), 201).await.expect("it is written");
        assert!(grants.lease("one").await.expect("it is asked"));
        grants.release("one").await;
        assert!(grants.lease("one").await.expect("it is asked"));
    }

    #[tokio::test]
    async fn keys_come_and_go() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = store(&folder).await;
        let [first, second] = ["k1", "k2"].map(|name| folder.path().join(name));
        let with = |files: &[&std::path::PathBuf]| {
            let (store, files) = (store.clone(), files.iter().map(|path| (*path).clone()).collect::<Vec<_>>());
            async move { Grants::open(store, std::path::Path::new("unused"), &files).await }
        };
        for path in [&first, &second] {
            std::fs::write(path, super::random::<32>()).expect("a key can be written");
        }
        let now = chrono::Utc::now().timestamp();
        with(&[&first]).await.expect("it opens").put("one", "forge", &tokens(), now).await.expect("it is written");
        let refused = with(&[&second]).await.err().unwrap_or_default();
        assert!(refused.contains("sealed with the key") && refused.contains("key_files"), "{refused}");
        let both = with(&[&second, &first]).await.expect("it opens with both");
        assert!(both.get("one", "forge").await.expect("it is read").is_some());
        let alone = with(&[&second]).await.expect("what was read is sealed anew");
        assert!(alone.get("one", "forge").await.expect("it is read").is_some());
    }
}
