//! Namespaces, projects and who may do what in them.

use sqlx::{FromRow, SqlitePool};

/// A group, or a person's own namespace.
#[derive(Debug, Clone, FromRow)]
pub struct NamespaceRow {
    /// Number; also the group's.
    pub id: i64,
    /// `group` or `user`.
    pub kind: String,
    /// First part of a project's path.
    pub path: String,
    /// Shown name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// `private`, `internal` or `public`.
    pub visibility: String,
    /// ISO 8601.
    pub created_at: String,
}

/// A project, with what is shown of its namespace.
#[derive(Debug, Clone, FromRow)]
pub struct ProjectRow {
    /// Number.
    pub id: i64,
    /// Number of its namespace.
    pub namespace_id: i64,
    /// Last part of its path.
    pub path: String,
    /// Shown name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// `private`, `internal` or `public`.
    pub visibility: String,
    /// Branch that readers get without asking for one.
    pub default_branch: String,
    /// Comma-separated.
    pub topics: String,
    /// Who made it.
    pub creator_id: i64,
    /// The CI file, when it is not `.gitlab-ci.yml`.
    pub ci_config_path: Option<String>,
    /// Seconds a job may take unless it says otherwise.
    pub build_timeout: i64,
    /// Whether it is read-only.
    pub archived: bool,
    /// The project it is a copy of.
    pub forked_from: Option<i64>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// ISO 8601.
    pub last_activity_at: String,
    /// The namespace's path.
    pub namespace_path: String,
    /// The namespace's name.
    pub namespace_name: String,
    /// The namespace's kind.
    pub namespace_kind: String,
}

impl ProjectRow {
    /// `group/project`.
    #[must_use]
    pub fn full_path(&self) -> String {
        format!("{}/{}", self.namespace_path, self.path)
    }

    /// The path of its CI file.
    #[must_use]
    pub fn ci_path(&self) -> &str {
        self.ci_config_path.as_deref().filter(|path| !path.is_empty()).unwrap_or(".gitlab-ci.yml")
    }
}

const PROJECT: &str = "SELECT p.*, n.path AS namespace_path, n.name AS namespace_name, n.kind AS namespace_kind \
                       FROM projects p JOIN namespaces n ON n.id = p.namespace_id";

/// A project by number.
pub async fn project(pool: &SqlitePool, id: i64) -> sqlx::Result<Option<ProjectRow>> {
    sqlx::query_as(&format!("{PROJECT} WHERE p.id = ?")).bind(id).fetch_optional(pool).await
}

/// A project by full path, whatever its case.
pub async fn project_by_path(pool: &SqlitePool, path: &str) -> sqlx::Result<Option<ProjectRow>> {
    let Some((namespace, project)) = path.rsplit_once('/') else { return Ok(None) };
    sqlx::query_as(&format!("{PROJECT} WHERE n.path = ? AND p.path = ?")).bind(namespace).bind(project).fetch_optional(pool).await
}

/// Every project, of one namespace if given.
pub async fn projects(pool: &SqlitePool, namespace: Option<i64>) -> sqlx::Result<Vec<ProjectRow>> {
    sqlx::query_as(&format!("{PROJECT} WHERE ?1 IS NULL OR p.namespace_id = ?1 ORDER BY p.id DESC")).bind(namespace).fetch_all(pool).await
}

/// Copies of a project.
pub async fn forks(pool: &SqlitePool, of: i64) -> sqlx::Result<Vec<ProjectRow>> {
    sqlx::query_as(&format!("{PROJECT} WHERE p.forked_from = ? ORDER BY p.id DESC")).bind(of).fetch_all(pool).await
}

/// A namespace by number or path.
pub async fn namespace(pool: &SqlitePool, key: &str) -> sqlx::Result<Option<NamespaceRow>> {
    sqlx::query_as("SELECT * FROM namespaces WHERE id = ?1 OR path = ?2").bind(key.parse::<i64>().ok()).bind(key).fetch_optional(pool).await
}

/// Every namespace of a kind (`None` for all).
pub async fn namespaces(pool: &SqlitePool, kind: Option<&str>) -> sqlx::Result<Vec<NamespaceRow>> {
    sqlx::query_as("SELECT * FROM namespaces WHERE ?1 IS NULL OR kind = ?1 ORDER BY name").bind(kind).fetch_all(pool).await
}

/// Roles of a person: in the project, and in its group.
#[derive(Debug, Clone, Copy, Default)]
pub struct Roles {
    /// Direct.
    pub project: Option<i64>,
    /// Through the group.
    pub group: Option<i64>,
}

/// A membership ends with the day before the one it expires on (GitLab's `Member.expired`).
const CURRENT: &str = "(expires_at IS NULL OR expires_at > date('now'))";

/// The roles of `user` in `project`.
pub async fn roles(pool: &SqlitePool, project: &ProjectRow, user: i64) -> sqlx::Result<Roles> {
    let direct = sqlx::query_scalar(&format!("SELECT access_level FROM members WHERE project_id = ? AND user_id = ? AND {CURRENT}"))
        .bind(project.id)
        .bind(user)
        .fetch_optional(pool)
        .await?;
    Ok(Roles { project: direct, group: group_role(pool, project.namespace_id, user).await? })
}

/// The role of `user` in a namespace.
pub async fn group_role(pool: &SqlitePool, namespace: i64, user: i64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(&format!("SELECT access_level FROM members WHERE namespace_id = ? AND user_id = ? AND {CURRENT}")).bind(namespace).bind(user).fetch_optional(pool).await
}

/// A membership, with the person.
#[derive(Debug, Clone, FromRow)]
pub struct MemberRow {
    /// Who.
    pub user_id: i64,
    /// 10 to 50.
    pub access_level: i64,
    /// ISO 8601.
    pub created_at: String,
    /// A date.
    pub expires_at: Option<String>,
}

/// Members of a project (`inherited`: its group's too, the higher role winning) or of a namespace.
pub async fn members(pool: &SqlitePool, project: Option<i64>, namespace: Option<i64>) -> sqlx::Result<Vec<MemberRow>> {
    sqlx::query_as(&format!(
        "SELECT user_id, MAX(access_level) AS access_level, MIN(created_at) AS created_at, MAX(expires_at) AS expires_at FROM members \
         WHERE (project_id = ?1 OR namespace_id = ?2) AND {CURRENT} GROUP BY user_id ORDER BY user_id"
    ))
    .bind(project)
    .bind(namespace)
    .fetch_all(pool)
    .await
}

/// Notes that something happened in a project.
pub async fn touch(pool: &SqlitePool, project: i64, now: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE projects SET last_activity_at = ? WHERE id = ?").bind(now).bind(project).execute(pool).await?;
    Ok(())
}
