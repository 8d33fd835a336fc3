//! Rows of the table of grants, and the lease that one server at a time holds on one while it asks
//! the backend for new tokens. The rows are sealed by [`crate::auth::grants`].

use tower_sessions_redis_store::fred::bytes::Bytes;
use tower_sessions_redis_store::fred::prelude::{Expiration, HashesInterface, KeysInterface, LuaInterface, SetOptions};

use super::Store;

/// Seconds after which a lease is over, whatever became of whoever held it.
pub const LEASE: i64 = 30;
/// Seconds after which a grant that nobody used is forgotten by Redis; the tables keep it until the
/// next start.
const UNUSED: i64 = 30 * 24 * 3600;

/// Writes a pair over the one with the nonce that is named first, and over no other.
const SWAP: &str = "if redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[1] then return 0 end \
    redis.call('HSET', KEYS[1], 'key_id', ARGV[2], 'nonce', ARGV[3], 'sealed', ARGV[4]) \
    redis.call('EXPIRE', KEYS[1], ARGV[5]) \
    if ARGV[6] == '1' then redis.call('DEL', KEYS[2]) end \
    return 1";

/// The table; `bytes` is the store's word for them.
pub fn table(bytes: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS twinport_grants (id TEXT PRIMARY KEY, backend TEXT NOT NULL, key_id TEXT NOT NULL, nonce {bytes} NOT NULL, sealed {bytes} NOT NULL, \
         used_at BIGINT NOT NULL, lease BIGINT NOT NULL DEFAULT 0)"
    )
}

/// A sealed pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Sealed {
    /// The key that opens it.
    pub key_id: String,
    /// Of the cipher.
    pub nonce: Vec<u8>,
    /// The tokens.
    pub sealed: Vec<u8>,
}

type Result<T> = std::result::Result<T, String>;

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn key(id: &str) -> String {
    format!("twinport:grant:{id}")
}

/// The same statement on either kind of table.
macro_rules! on_tables {
    ($store:expr, $sql:expr, [$($value:expr),*], $pool:ident => $run:expr, $redis:ident => $other:expr) => {
        match $store {
            Store::Sqlite($pool) => { let $pool = (sqlx::query($sql)$(.bind($value))*, $pool); $run }
            Store::Postgres($pool) => { let $pool = (sqlx::query($sql)$(.bind($value))*, $pool); $run }
            Store::Redis($redis) => $other,
        }
    };
}

impl Store {
    /// Writes a grant; it is kept when this returns, and its lease is over.
    pub async fn put_grant(&self, id: &str, backend: &str, row: &Sealed, now: i64) -> Result<()> {
        const SQL: &str = "INSERT INTO twinport_grants (id, backend, key_id, nonce, sealed, used_at, lease) VALUES ($1, $2, $3, $4, $5, $6, 0) \
            ON CONFLICT (id) DO UPDATE SET key_id = $3, nonce = $4, sealed = $5, used_at = $6, lease = 0";
        on_tables!(self, SQL, [id, backend, &row.key_id, &row.nonce, &row.sealed, now], q => q.0.execute(q.1).await.map(drop).map_err(words), redis => {
            let fields: Vec<(&str, Bytes)> = vec![
                ("backend", Bytes::copy_from_slice(backend.as_bytes())),
                ("key_id", Bytes::copy_from_slice(row.key_id.as_bytes())),
                ("nonce", Bytes::copy_from_slice(&row.nonce)),
                ("sealed", Bytes::copy_from_slice(&row.sealed)),
            ];
            redis.hset::<(), _, _>(key(id), fields).await.map_err(words)?;
            redis.expire::<(), _>(key(id), UNUSED, None).await.map_err(words)?;
            redis.del::<(), _>(format!("{}:lease", key(id))).await.map_err(words)
        })
    }

    /// Writes what `before` has become, if it is still what is kept; whether it was. `over` ends the lease.
    pub async fn swap_grant(&self, id: &str, before: &Sealed, row: &Sealed, now: i64, over: bool) -> Result<bool> {
        const SQL: &str =
            "UPDATE twinport_grants SET key_id = $1, nonce = $2, sealed = $3, used_at = $4, lease = CASE WHEN $5 = 1 THEN 0 ELSE lease END WHERE id = $6 AND nonce = $7";
        let flag = i64::from(over);
        on_tables!(self, SQL, [&row.key_id, &row.nonce, &row.sealed, now, flag, id, &before.nonce], q => q.0.execute(q.1).await.map(|done| done.rows_affected() == 1).map_err(words), redis => {
            // At once, or what is ended between the look and the write would come back.
            let keys = vec![key(id), format!("{}:lease", key(id))];
            let values: Vec<Bytes> = [&before.nonce[..], row.key_id.as_bytes(), &row.nonce, &row.sealed, UNUSED.to_string().as_bytes(), flag.to_string().as_bytes()]
                .into_iter()
                .map(Bytes::copy_from_slice)
                .collect();
            let swapped: i64 = redis.eval(SWAP, keys, values).await.map_err(words)?;
            Ok(swapped == 1)
        })
    }

    /// Reads a grant of a backend.
    pub async fn grant(&self, id: &str, backend: &str) -> Result<Option<Sealed>> {
        const SQL: &str = "SELECT key_id, nonce, sealed FROM twinport_grants WHERE id = $1 AND backend = $2";
        match self {
            Self::Sqlite(pool) => sqlx::query_as(SQL).bind(id).bind(backend).fetch_optional(pool).await.map_err(words),
            Self::Postgres(pool) => sqlx::query_as(SQL).bind(id).bind(backend).fetch_optional(pool).await.map_err(words),
            Self::Redis(redis) => {
                let fields: Vec<Option<Bytes>> = redis.hmget(key(id), vec!["backend", "key_id", "nonce", "sealed"]).await.map_err(words)?;
                let [Some(of), Some(key_id), Some(nonce), Some(sealed)] = fields.as_slice() else { return Ok(None) };
                let row = Sealed { key_id: String::from_utf8_lossy(key_id).into_owned(), nonce: nonce.to_vec(), sealed: sealed.to_vec() };
                Ok((of.as_ref() == backend.as_bytes()).then_some(row))
            }
        }
    }

    /// Takes the lease, if nobody holds it. The store's clock counts: those of two servers may differ.
    pub async fn lease_grant(&self, id: &str) -> Result<bool> {
        match self {
            Self::Sqlite(pool) => {
                let asked = sqlx::query("UPDATE twinport_grants SET lease = unixepoch() + $1 WHERE id = $2 AND lease <= unixepoch()").bind(LEASE).bind(id);
                asked.execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words)
            }
            Self::Postgres(pool) => {
                const NOW: &str = "extract(epoch FROM clock_timestamp())::bigint";
                let text = format!("UPDATE twinport_grants SET lease = {NOW} + $1 WHERE id = $2 AND lease <= {NOW}");
                sqlx::query(&text).bind(LEASE).bind(id).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words)
            }
            Self::Redis(redis) => {
                let taken: Option<String> = redis.set(format!("{}:lease", key(id)), "held", Some(Expiration::EX(LEASE)), Some(SetOptions::NX), false).await.map_err(words)?;
                Ok(taken.is_some())
            }
        }
    }

    /// Gives the lease back.
    pub async fn release_grant(&self, id: &str) -> Result<()> {
        const SQL: &str = "UPDATE twinport_grants SET lease = 0 WHERE id = $1";
        on_tables!(self, SQL, [id], q => q.0.execute(q.1).await.map(drop).map_err(words), redis => redis.del::<(), _>(format!("{}:lease", key(id))).await.map_err(words))
    }

    /// Forgets a grant.
    pub async fn remove_grant(&self, id: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM twinport_grants WHERE id = $1";
        on_tables!(self, SQL, [id], q => q.0.execute(q.1).await.map(drop).map_err(words), redis => redis.del::<(), _>(key(id)).await.map_err(words))
    }

    /// The keys that grants are sealed with, once those that nobody used for long are forgotten.
    /// Redis cannot be asked for all of them.
    pub async fn grant_keys(&self, now: i64) -> Result<Vec<String>> {
        const OLD: &str = "DELETE FROM twinport_grants WHERE used_at < $1";
        const KEYS: &str = "SELECT DISTINCT key_id FROM twinport_grants";
        match self {
            Self::Sqlite(pool) => {
                sqlx::query(OLD).bind(now - UNUSED).execute(pool).await.map_err(words)?;
                sqlx::query_scalar(KEYS).fetch_all(pool).await.map_err(words)
            }
            Self::Postgres(pool) => {
                sqlx::query(OLD).bind(now - UNUSED).execute(pool).await.map_err(words)?;
                sqlx::query_scalar(KEYS).fetch_all(pool).await.map_err(words)
            }
            Self::Redis(_) => Ok(Vec::new()),
        }
    }
}
