//! Browser sessions in any of the stores. What is kept is a hash of a session's id, so that whoever
//! reads the store cannot be anybody.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sqlx::{PgPool, SqlitePool};
use tokio::sync::Mutex;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Result, SessionStore};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::Pool as RedisPool;
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use super::Store;

/// The table in SQLite.
pub fn sqlite(pool: &SqlitePool) -> SqliteStore {
    SqliteStore::new(pool.clone())
}

/// The table in PostgreSQL.
pub fn postgres(pool: &PgPool) -> PostgresStore {
    PostgresStore::new(pool.clone())
}

#[derive(Debug, Clone)]
enum Kept {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
    Redis(RedisStore<RedisPool>),
}

/// All sessions. The lock makes one step of looking whether a session is still there and writing it; between two servers
/// only the store of Redis does (`SET … XX`).
#[derive(Debug, Clone)]
pub struct Sessions(Kept, Arc<Mutex<()>>);

impl Sessions {
    /// In this store.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        let kept = match store {
            Store::Sqlite(pool) => Kept::Sqlite(sqlite(pool)),
            Store::Postgres(pool) => Kept::Postgres(postgres(pool)),
            Store::Redis(pool) => Kept::Redis(RedisStore::new(pool.clone())),
        };
        Self(kept, Arc::default())
    }

    fn store(&self) -> &dyn SessionStore {
        match &self.0 {
            Kept::Sqlite(store) => store,
            Kept::Postgres(store) => store,
            Kept::Redis(store) => store,
        }
    }
}

/// Under which a session is kept.
fn hidden(id: &Id) -> Id {
    let hash = Sha256::digest(id.0.to_be_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    Id(i128::from_be_bytes(first))
}

fn kept(record: &Record) -> Record {
    Record { id: hidden(&record.id), ..record.clone() }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Two ids of 128 random bits are never the same, but the stores look.
        while self.store().load(&hidden(&record.id)).await?.is_some() {
            record.id = Id::default();
        }
        self.store().create(&mut kept(record)).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // A session that somebody ended meanwhile is not brought back by a request that is still on its way.
        let _turn = self.1.lock().await;
        if self.store().load(&hidden(&record.id)).await?.is_none() {
            return Ok(());
        }
        self.store().save(&kept(record)).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.store().load(&hidden(id)).await?;
        Ok(found.map(|record| Record { id: *id, ..record }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _turn = self.1.lock().await;
        self.store().delete(&hidden(id)).await
    }
}
