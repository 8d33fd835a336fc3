//! Merge requests, what was said about them and who approved.

use sqlx::{FromRow, SqlitePool};

/// A merge request.
#[derive(Debug, Clone, FromRow)]
pub struct MergeRequestRow {
    /// Number.
    pub id: i64,
    /// Number in its target project.
    pub iid: i64,
    /// The target project.
    pub project_id: i64,
    /// The project that the changes are in.
    pub source_project_id: i64,
    /// Their branch.
    pub source_branch: String,
    /// Where they are to go.
    pub target_branch: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: Option<String>,
    /// `opened`, `closed` or `merged`.
    pub state: String,
    /// Who made it.
    pub author_id: i64,
    /// Whether its commits become one.
    pub squash: bool,
    /// Whether the source branch goes when it is merged.
    pub remove_source: bool,
    /// The newest commit of the source branch that was seen.
    pub sha: String,
    /// Where the branches part.
    pub base_sha: String,
    /// The merge.
    pub merge_commit_sha: Option<String>,
    /// The one commit of a squash.
    pub squash_commit_sha: Option<String>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// ISO 8601.
    pub merged_at: Option<String>,
    /// Who merged it.
    pub merged_by: Option<i64>,
    /// ISO 8601.
    pub closed_at: Option<String>,
    /// Who closed it.
    pub closed_by: Option<i64>,
}

impl MergeRequestRow {
    /// Whether it is marked as not ready.
    #[must_use]
    pub fn is_draft(&self) -> bool {
        let title = self.title.trim_start().to_lowercase();
        ["draft:", "[draft]", "(draft)"].iter().any(|mark| title.starts_with(mark))
    }

    /// Under which name its newest commit is kept in the target's repository.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("refs/merge-requests/{}/head", self.iid)
    }
}

/// Something that was said.
#[derive(Debug, Clone, FromRow)]
pub struct NoteRow {
    /// Number.
    pub id: i64,
    /// What it is about.
    pub merge_request_id: i64,
    /// Who said it.
    pub author_id: i64,
    /// Markdown.
    pub body: String,
    /// Whether the forge said it.
    pub system: bool,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

/// One of a project.
pub async fn merge_request(pool: &SqlitePool, project: i64, iid: i64) -> sqlx::Result<Option<MergeRequestRow>> {
    sqlx::query_as("SELECT * FROM merge_requests WHERE project_id = ? AND iid = ?").bind(project).bind(iid).fetch_optional(pool).await
}

/// Those of a project, of everybody if none is given, newest first.
pub async fn merge_requests(pool: &SqlitePool, project: Option<i64>) -> sqlx::Result<Vec<MergeRequestRow>> {
    sqlx::query_as("SELECT * FROM merge_requests WHERE ?1 IS NULL OR project_id = ?1 ORDER BY id DESC").bind(project).fetch_all(pool).await
}

/// Makes one; its number in the project.
pub async fn create(pool: &SqlitePool, row: &MergeRequestRow) -> sqlx::Result<i64> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let iid: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(iid), 0) + 1 FROM merge_requests WHERE project_id = ?").bind(row.project_id).fetch_one(&mut *transaction).await?;
    sqlx::query(
        "INSERT INTO merge_requests (iid, project_id, source_project_id, source_branch, target_branch, title, description, author_id, squash, remove_source, sha, base_sha, created_at, updated_at) \
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    )
    .bind(iid)
    .bind(row.project_id)
    .bind(row.source_project_id)
    .bind(&row.source_branch)
    .bind(&row.target_branch)
    .bind(&row.title)
    .bind(&row.description)
    .bind(row.author_id)
    .bind(row.squash)
    .bind(row.remove_source)
    .bind(&row.sha)
    .bind(&row.base_sha)
    .bind(&row.created_at)
    .bind(&row.updated_at)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(iid)
}

/// Writes down what an open one is now; one that was merged or closed meanwhile stays as it is.
pub async fn advance(pool: &SqlitePool, row: &MergeRequestRow) -> sqlx::Result<()> {
    sqlx::query("UPDATE merge_requests SET sha = ?, base_sha = ?, updated_at = ? WHERE id = ? AND state = 'opened'")
        .bind(&row.sha)
        .bind(&row.base_sha)
        .bind(&row.updated_at)
        .bind(row.id)
        .execute(pool)
        .await?;
    Ok(())
}

/// Writes back everything that changes in the life of one, if its state is still `before`; whether it was.
pub async fn save(pool: &SqlitePool, row: &MergeRequestRow, before: &str) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "UPDATE merge_requests SET target_branch = ?, title = ?, description = ?, state = ?, squash = ?, remove_source = ?, sha = ?, base_sha = ?, merge_commit_sha = ?, \
         squash_commit_sha = ?, updated_at = ?, merged_at = ?, merged_by = ?, closed_at = ?, closed_by = ? WHERE id = ? AND state = ?",
    )
    .bind(&row.target_branch)
    .bind(&row.title)
    .bind(&row.description)
    .bind(&row.state)
    .bind(row.squash)
    .bind(row.remove_source)
    .bind(&row.sha)
    .bind(&row.base_sha)
    .bind(&row.merge_commit_sha)
    .bind(&row.squash_commit_sha)
    .bind(&row.updated_at)
    .bind(&row.merged_at)
    .bind(row.merged_by)
    .bind(&row.closed_at)
    .bind(row.closed_by)
    .bind(row.id)
    .bind(before)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was said about one, oldest first.
pub async fn notes(pool: &SqlitePool, of: i64) -> sqlx::Result<Vec<NoteRow>> {
    sqlx::query_as("SELECT * FROM notes WHERE merge_request_id = ? ORDER BY id").bind(of).fetch_all(pool).await
}

/// How many notes of people there are.
pub async fn count_notes(pool: &SqlitePool, of: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM notes WHERE merge_request_id = ? AND system = 0").bind(of).fetch_one(pool).await
}

/// Says something; its number.
pub async fn say(pool: &SqlitePool, of: i64, author: i64, body: &str, system: bool, now: &str) -> sqlx::Result<i64> {
    let made = sqlx::query("INSERT INTO notes (merge_request_id, author_id, body, system, created_at, updated_at) VALUES (?,?,?,?,?,?)")
        .bind(of)
        .bind(author)
        .bind(body)
        .bind(system)
        .bind(now)
        .bind(now)
        .execute(pool)
        .await?;
    Ok(made.last_insert_rowid())
}

/// Who approved one.
pub async fn approvers(pool: &SqlitePool, of: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("SELECT user_id FROM approvals WHERE merge_request_id = ? ORDER BY created_at").bind(of).fetch_all(pool).await
}

/// Gives or takes an approval; whether that changed anything.
pub async fn approve(pool: &SqlitePool, of: i64, user: i64, yes: bool, now: &str) -> sqlx::Result<bool> {
    let done = if yes {
        sqlx::query("INSERT OR IGNORE INTO approvals VALUES (?,?,?)").bind(of).bind(user).bind(now).execute(pool).await?
    } else {
        sqlx::query("DELETE FROM approvals WHERE merge_request_id = ? AND user_id = ?").bind(of).bind(user).execute(pool).await?
    };
    Ok(done.rows_affected() > 0)
}
