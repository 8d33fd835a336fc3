//! People, their tokens, and OAuth grants.

use sqlx::{FromRow, SqlitePool};

/// A person.
#[derive(Debug, Clone, FromRow)]
pub struct UserRow {
    /// Number.
    pub id: i64,
    /// Sign-in name.
    pub username: String,
    /// Shown name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// argon2id, PHC form; `None` while no password was set.
    pub password_hash: Option<String>,
    /// May do everything.
    pub admin: bool,
    /// `active` or `blocked`.
    pub state: String,
    /// ISO 8601.
    pub created_at: String,
}

/// A token as it was found by its hash.
#[derive(Debug, Clone, FromRow)]
pub struct TokenRow {
    /// Whose.
    pub user_id: i64,
    /// Space-separated.
    pub scopes: String,
    /// ISO 8601; `None` for never.
    pub expires_at: Option<String>,
    /// Set once it is dead.
    pub revoked_at: Option<String>,
}

/// An OAuth application.
#[derive(Debug, Clone, FromRow)]
pub struct ApplicationRow {
    /// Number.
    pub id: i64,
    /// The public client id.
    pub uid: String,
    /// SHA-256 of the secret.
    pub secret_hash: Option<String>,
    /// Shown on the consent page.
    pub name: String,
    /// One a line, matched exactly.
    pub redirect_uris: String,
    /// Space-separated.
    pub scopes: String,
    /// Whether it must show its secret.
    pub confidential: bool,
    /// Whether people are asked for consent.
    pub trusted: bool,
}

/// The person with this number.
pub async fn user(pool: &SqlitePool, id: i64) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as("SELECT * FROM users WHERE id = ?").bind(id).fetch_optional(pool).await
}

/// The person with this name, whatever its case.
pub async fn user_by_name(pool: &SqlitePool, username: &str) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as("SELECT * FROM users WHERE username = ?").bind(username).fetch_optional(pool).await
}

/// Everybody, or those with one of the given names or matching a search.
pub async fn users(pool: &SqlitePool, username: Option<&str>, search: Option<&str>) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as("SELECT * FROM users WHERE (?1 IS NULL OR username = ?1) AND (?2 IS NULL OR username LIKE '%' || ?2 || '%' OR name LIKE '%' || ?2 || '%') ORDER BY id DESC")
        .bind(username)
        .bind(search)
        .fetch_all(pool)
        .await
}

/// A personal access token by its hash.
pub async fn access_token(pool: &SqlitePool, hash: &str) -> sqlx::Result<Option<TokenRow>> {
    sqlx::query_as("SELECT user_id, scopes, expires_at, revoked_at FROM access_tokens WHERE token_hash = ?").bind(hash).fetch_optional(pool).await
}

/// An OAuth access token by its hash.
pub async fn oauth_token(pool: &SqlitePool, hash: &str) -> sqlx::Result<Option<TokenRow>> {
    sqlx::query_as("SELECT user_id, scopes, expires_at, revoked_at FROM oauth_tokens WHERE access_hash = ?").bind(hash).fetch_optional(pool).await
}

/// An application by its public id.
pub async fn application(pool: &SqlitePool, uid: &str) -> sqlx::Result<Option<ApplicationRow>> {
    sqlx::query_as("SELECT * FROM oauth_applications WHERE uid = ?").bind(uid).fetch_optional(pool).await
}

/// Who a web session or a sign-in link belongs to.
pub async fn session_user(pool: &SqlitePool, hash: &str, now: &str) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as("SELECT u.* FROM users u JOIN web_sessions s ON s.user_id = u.id WHERE s.token_hash = ? AND s.expires_at > ? AND u.state = 'active'")
        .bind(hash)
        .bind(now)
        .fetch_optional(pool)
        .await
}
