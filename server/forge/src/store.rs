//! What the forge remembers: SQLite in WAL mode, one file, plus the repositories, logs and
//! archives beside it. Every change that belongs together is one transaction.

pub mod identity;
pub mod merge_requests;
pub mod pipelines;
pub mod projects;
pub mod variables;

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file exists and is no database, or a damaged one.
    #[error("{path} is damaged or no database")]
    Damaged {
        /// The file.
        path: String,
        #[source]
        /// What SQLite says.
        source: Option<sqlx::Error>,
    },
    /// It cannot be opened or created.
    #[error("failed to open {path}")]
    Open {
        /// The file.
        path: String,
        #[source]
        /// What SQLite says.
        source: sqlx::Error,
    },
}

/// Opens (or makes) the database at `path` and brings its tables up to date.
pub async fn open(path: &Path) -> Result<SqlitePool, StoreError> {
    let shown = path.display().to_string();
    let failed = |source: sqlx::Error| {
        let code = source.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        // 11 SQLITE_CORRUPT, 26 SQLITE_NOTADB
        if matches!(code.as_deref(), Some("11" | "26")) {
            StoreError::Damaged { path: shown.clone(), source: Some(source) }
        } else {
            StoreError::Open { path: shown.clone(), source }
        }
    };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true)
        .optimize_on_close(true, None);
    let pool = SqlitePoolOptions::new()
        .max_connections(4)
        // A transaction that a full disk broke off may have left its connection in the middle of it.
        .after_release(|connection, _| Box::pin(async move { Ok(!sqlx::Connection::is_in_transaction(connection)) }))
        .connect_with(options)
        .await
        .map_err(failed)?;
    sqlx::raw_sql(include_str!("store/schema.sql")).execute(&pool).await.map_err(failed)?;
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&pool).await.map_err(failed)?;
    if verdict != "ok" {
        return Err(StoreError::Damaged { path: shown, source: None });
    }
    Ok(pool)
}

/// Ends all use of the database and merges its log into it, so that one file is all of it.
pub async fn close(pool: &SqlitePool) {
    if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await {
        tracing::warn!(%error, "failed to merge the database's log");
    }
    pool.close().await;
}

/// A value of the settings table.
pub async fn setting(pool: &SqlitePool, key: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT value FROM settings WHERE key = ?").bind(key).fetch_optional(pool).await
}

/// Sets a value of the settings table.
pub async fn set_setting(pool: &SqlitePool, key: &str, value: &str) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value").bind(key).bind(value).execute(pool).await?;
    Ok(())
}
