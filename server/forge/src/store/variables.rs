//! CI variables of projects and groups, and trigger tokens.

use sqlx::{FromRow, SqlitePool};

/// A CI variable.
#[derive(Debug, Clone, FromRow)]
pub struct VariableRow {
    /// Name.
    pub key: String,
    /// Text.
    pub value: String,
    /// `env_var` or `file`.
    pub variable_type: String,
    /// Only on protected branches; the forge protects the default branch.
    pub protected: bool,
    /// Replaced in logs.
    pub masked: bool,
    /// Never shown again.
    pub hidden: bool,
    /// Not expanded.
    pub raw: bool,
    /// Glob of environment names.
    pub environment_scope: String,
    /// Free text.
    pub description: Option<String>,
}

/// Where variables are kept.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    /// A project's number.
    Project(i64),
    /// A namespace's number.
    Namespace(i64),
}

impl Owner {
    fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Project(id) => (Some(id), None),
            Self::Namespace(id) => (None, Some(id)),
        }
    }
}

/// All variables of `owner`, by name.
pub async fn variables(pool: &SqlitePool, owner: Owner) -> sqlx::Result<Vec<VariableRow>> {
    let (project, namespace) = owner.columns();
    sqlx::query_as("SELECT * FROM variables WHERE project_id IS ? AND namespace_id IS ? ORDER BY key").bind(project).bind(namespace).fetch_all(pool).await
}

/// Writes a variable, replacing one of the same name and scope.
pub async fn put_variable(pool: &SqlitePool, owner: Owner, row: &VariableRow) -> sqlx::Result<()> {
    let (project, namespace) = owner.columns();
    let mut transaction = pool.begin().await?;
    sqlx::query("DELETE FROM variables WHERE project_id IS ? AND namespace_id IS ? AND key = ? AND environment_scope = ?")
        .bind(project)
        .bind(namespace)
        .bind(&row.key)
        .bind(&row.environment_scope)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO variables (project_id, namespace_id, key, value, variable_type, protected, masked, hidden, raw, environment_scope, description) VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        .bind(project)
        .bind(namespace)
        .bind(&row.key)
        .bind(&row.value)
        .bind(&row.variable_type)
        .bind(row.protected)
        .bind(row.masked)
        .bind(row.hidden)
        .bind(row.raw)
        .bind(&row.environment_scope)
        .bind(&row.description)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// Deletes a variable; says whether there was one.
pub async fn delete_variable(pool: &SqlitePool, owner: Owner, key: &str, scope: Option<&str>) -> sqlx::Result<bool> {
    let (project, namespace) = owner.columns();
    let done = sqlx::query("DELETE FROM variables WHERE project_id IS ?1 AND namespace_id IS ?2 AND key = ?3 AND (?4 IS NULL OR environment_scope = ?4)")
        .bind(project)
        .bind(namespace)
        .bind(key)
        .bind(scope)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A trigger token.
#[derive(Debug, Clone, FromRow)]
pub struct TriggerRow {
    /// Number.
    pub id: i64,
    /// The project it starts pipelines in.
    pub project_id: i64,
    /// Whose rights it uses.
    pub owner_id: i64,
    /// The secret, which GitLab shows to its owner again and again.
    pub token: String,
    /// Free text.
    pub description: String,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// ISO 8601.
    pub last_used: Option<String>,
    /// ISO 8601.
    pub expires_at: Option<String>,
}

/// The triggers of a project.
pub async fn triggers(pool: &SqlitePool, project: i64) -> sqlx::Result<Vec<TriggerRow>> {
    sqlx::query_as("SELECT * FROM triggers WHERE project_id = ? ORDER BY id").bind(project).fetch_all(pool).await
}

/// A trigger by its token.
pub async fn trigger_by_token(pool: &SqlitePool, token: &str) -> sqlx::Result<Option<TriggerRow>> {
    sqlx::query_as("SELECT * FROM triggers WHERE token = ?").bind(token).fetch_optional(pool).await
}
