//! Where sessions and grants are kept: SQLite in the data folder, or a PostgreSQL or Redis that
//! several servers share.

pub mod granted;
pub mod grants;
pub mod sessions;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{PgPool, SqlitePool};
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config as RedisConfig, PerformanceConfig, Pool as RedisPool, ReconnectPolicy};

/// One of three.
#[derive(Clone)]
pub enum Store {
    /// In the data folder.
    Sqlite(SqlitePool),
    /// Shared.
    Postgres(PgPool),
    /// Shared; also Valkey.
    Redis(RedisPool),
}

/// An address without the password that may be in it.
fn shown(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else { return "the session store".to_owned() };
    let _ = url.set_password(None);
    url.set_query(None);
    url.to_string()
}

async fn sqlite(path: &Path) -> Result<SqlitePool, String> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::from_secs(10));
    let failed = |error: sqlx::Error| format!("{} cannot be used: {error}. It holds browser sessions only: move it away, and everybody signs in again", path.display());
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.map_err(failed)?;
    let _ = std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    Ok(pool)
}

async fn redis(address: &str) -> Result<RedisPool, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{} cannot be used: {error}. Check [server] session_store, and that the server there runs", shown(address));
    let config = RedisConfig::from_url(address).map_err(|error| failed(&error))?;
    let (performance, reconnect) =
        (PerformanceConfig { default_command_timeout: Duration::from_secs(5), ..PerformanceConfig::default() }, ReconnectPolicy::new_exponential(0, 100, 5_000, 2));
    let pool = RedisPool::new(config, Some(performance), None, Some(reconnect), 4).map_err(|error| failed(&error))?;
    pool.connect();
    match tokio::time::timeout(Duration::from_secs(10), pool.wait_for_connect()).await {
        Ok(Ok(())) => Ok(pool),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(failed(&"it did not answer within ten seconds")),
    }
}

impl Store {
    /// Opens what `address` names: `sqlite` (the file `server.db` in `data`), `sqlite:///path` (a file
    /// that several servers on one machine share), `postgres://…` or `redis://…`.
    pub async fn open(address: &str, data: &Path) -> Result<Self, String> {
        let store = match address.split_once("://").map(|(scheme, _)| scheme) {
            Some("postgres" | "postgresql") => {
                let pool = sqlx::postgres::PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(10)).connect(address).await;
                Self::Postgres(pool.map_err(|error| format!("{} cannot be used: {error}. Check [server] session_store, and that the server there runs", shown(address)))?)
            }
            Some("redis" | "rediss" | "valkey") => Self::Redis(redis(&address.strip_prefix("valkey").map_or_else(|| address.to_owned(), |rest| format!("redis{rest}"))).await?),
            Some("sqlite") => Self::Sqlite(sqlite(Path::new(address.trim_start_matches("sqlite://"))).await?),
            _ => Self::Sqlite(sqlite(&data.join("server.db")).await?),
        };
        store.prepare().await.map_err(|error| format!("the tables for sessions cannot be made: {error}"))?;
        Ok(store)
    }

    async fn prepare(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(pool) => {
                sessions::sqlite(pool).migrate().await?;
                // The table of versions before this one.
                sqlx::query("DROP TABLE IF EXISTS grants").execute(pool).await?;
                sqlx::query(&grants::table("BLOB")).execute(pool).await?;
                sqlx::query(granted::TABLE).execute(pool).await?;
            }
            Self::Postgres(pool) => {
                sessions::postgres(pool).migrate().await?;
                sqlx::query(&grants::table("BYTEA")).execute(pool).await?;
                sqlx::query(granted::TABLE).execute(pool).await?;
            }
            Self::Redis(_) => {}
        }
        Ok(())
    }

    /// Forgets sessions that are over, and grants that nobody used for long.
    pub async fn tidy(&self) {
        use tower_sessions::ExpiredDeletion;
        let outcome = match self {
            Self::Sqlite(pool) => sessions::sqlite(pool).delete_expired().await,
            Self::Postgres(pool) => sessions::postgres(pool).delete_expired().await,
            Self::Redis(_) => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "sessions that are over could not be forgotten");
        }
        let _ = self.grant_keys(chrono::Utc::now().timestamp()).await;
    }

    /// Closes it, once nothing is served any more.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => forge::store::close(pool).await,
            Self::Postgres(pool) => pool.close().await,
            Self::Redis(pool) => drop(pool.quit().await),
        }
    }
}
