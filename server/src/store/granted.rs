//! Rows of the table of what whoever shows a secret gets: embedded views, and tokens for git in a workspace. Each is kept
//! under a hash of the secret, with whoever made it: a person, a portal, or a workspace.

use tower_sessions_redis_store::fred::prelude::{Expiration, HashesInterface, KeysInterface, SetOptions};

use super::Store;

/// The table.
pub const TABLE: &str = "CREATE TABLE IF NOT EXISTS twinport_embeds (id TEXT PRIMARY KEY, maker TEXT NOT NULL, body TEXT NOT NULL, until BIGINT NOT NULL)";

type Result<T> = std::result::Result<T, String>;

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn key(id: &str) -> String {
    format!("twinport:embed:{id}")
}

fn list(maker: &str) -> String {
    format!("twinport:embeds:{maker}")
}

impl Store {
    /// Writes one down; whether it was not there before.
    pub async fn put_granted(&self, id: &str, maker: &str, body: &str, until: i64) -> Result<bool> {
        const SQL: &str = "INSERT INTO twinport_embeds (id, maker, body, until) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
        match self {
            Self::Sqlite(pool) => sqlx::query(SQL).bind(id).bind(maker).bind(body).bind(until).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words),
            Self::Postgres(pool) => sqlx::query(SQL).bind(id).bind(maker).bind(body).bind(until).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words),
            Self::Redis(redis) => {
                let done: Option<String> = redis.set(key(id), body, Some(Expiration::EXAT(until)), Some(SetOptions::NX), false).await.map_err(words)?;
                if done.is_some() {
                    redis.hset::<(), _, _>(list(maker), (id, body)).await.map_err(words)?;
                }
                Ok(done.is_some())
            }
        }
    }

    /// One that is still there.
    pub async fn granted(&self, id: &str) -> Result<Option<String>> {
        const SQL: &str = "SELECT body FROM twinport_embeds WHERE id = $1";
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(SQL).bind(id).fetch_optional(pool).await.map_err(words),
            Self::Postgres(pool) => sqlx::query_scalar(SQL).bind(id).fetch_optional(pool).await.map_err(words),
            Self::Redis(redis) => redis.get(key(id)).await.map_err(words),
        }
    }

    /// All that somebody made, with their names, once those that are over are forgotten.
    pub async fn granted_by(&self, maker: &str, now: i64) -> Result<Vec<(String, String)>> {
        const OLD: &str = "DELETE FROM twinport_embeds WHERE until < $1";
        const SQL: &str = "SELECT id, body FROM twinport_embeds WHERE maker = $1 ORDER BY until DESC";
        match self {
            Self::Sqlite(pool) => {
                sqlx::query(OLD).bind(now).execute(pool).await.map_err(words)?;
                sqlx::query_as(SQL).bind(maker).fetch_all(pool).await.map_err(words)
            }
            Self::Postgres(pool) => {
                sqlx::query(OLD).bind(now).execute(pool).await.map_err(words)?;
                sqlx::query_as(SQL).bind(maker).fetch_all(pool).await.map_err(words)
            }
            Self::Redis(redis) => {
                let all: std::collections::HashMap<String, String> = redis.hgetall(list(maker)).await.map_err(words)?;
                let mut kept = Vec::new();
                for (id, body) in all {
                    if redis.exists::<i64, _>(key(&id)).await.map_err(words)? == 1 {
                        kept.push((id, body));
                    } else {
                        redis.hdel::<(), _, _>(list(maker), id).await.map_err(words)?;
                    }
                }
                Ok(kept)
            }
        }
    }

    /// Takes one back; whether they had made it.
    pub async fn take_back(&self, id: &str, maker: &str) -> Result<bool> {
        const SQL: &str = "DELETE FROM twinport_embeds WHERE id = $1 AND maker = $2";
        match self {
            Self::Sqlite(pool) => sqlx::query(SQL).bind(id).bind(maker).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words),
            Self::Postgres(pool) => sqlx::query(SQL).bind(id).bind(maker).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words),
            Self::Redis(redis) => {
                let was: i64 = redis.hdel(list(maker), id).await.map_err(words)?;
                if was == 1 {
                    redis.del::<(), _>(key(id)).await.map_err(words)?;
                }
                Ok(was == 1)
            }
        }
    }

    /// Takes one back that must not be made again: its name stays used, for nothing. Whether they had made it.
    pub async fn spend(&self, id: &str, maker: &str) -> Result<bool> {
        const SQL: &str = "UPDATE twinport_embeds SET body = '' WHERE id = $1 AND maker = $2 AND body <> ''";
        match self {
            Self::Sqlite(pool) => sqlx::query(SQL).bind(id).bind(maker).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words),
            Self::Postgres(pool) => sqlx::query(SQL).bind(id).bind(maker).execute(pool).await.map(|done| done.rows_affected() == 1).map_err(words),
            Self::Redis(redis) => {
                let was: i64 = redis.hdel(list(maker), id).await.map_err(words)?;
                if was == 1 {
                    redis.set::<(), _, _>(key(id), "", Some(Expiration::KEEPTTL), Some(SetOptions::XX), false).await.map_err(words)?;
                }
                Ok(was == 1)
            }
        }
    }
}
