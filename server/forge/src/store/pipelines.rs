//! Pipelines and jobs.

use sqlx::{FromRow, SqlitePool};

/// A pipeline.
#[derive(Debug, Clone, FromRow)]
pub struct PipelineRow {
    /// Number.
    pub id: i64,
    /// Number within the project.
    pub iid: i64,
    /// Its project.
    pub project_id: i64,
    /// Branch or tag.
    pub reference: String,
    /// Whether that is a tag.
    pub tag: bool,
    /// The commit.
    pub sha: String,
    /// The commit before, of a push.
    pub before_sha: String,
    /// GitLab's word.
    pub status: String,
    /// What started it.
    pub source: String,
    /// Whose rights it has.
    pub user_id: i64,
    /// A name, if it has one.
    pub name: Option<String>,
    /// Why its file could not be used.
    pub yaml_errors: Option<String>,
    /// `all` when one failure cancels the rest.
    pub on_job_failure: Option<String>,
    /// The bridge that started it.
    pub parent_job_id: Option<i64>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// ISO 8601.
    pub started_at: Option<String>,
    /// ISO 8601.
    pub finished_at: Option<String>,
}

/// A job or a bridge.
#[derive(Debug, Clone, FromRow)]
pub struct JobRow {
    /// Number.
    pub id: i64,
    /// Its pipeline.
    pub pipeline_id: i64,
    /// Its project.
    pub project_id: i64,
    /// `build` or `bridge`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Stage.
    pub stage: String,
    /// Place of the stage.
    pub stage_index: i64,
    /// GitLab's word.
    pub status: String,
    /// Whether its failure is only a warning.
    pub allow_failure: bool,
    /// The compiled job (`ci::job::Job`), JSON.
    pub options: String,
    /// Tags, expanded, JSON.
    pub tags: String,
    /// Whose rights it has.
    pub user_id: i64,
    /// GitLab's word for why it failed.
    pub failure_reason: Option<String>,
    /// What its script ended with.
    pub exit_code: Option<i64>,
    /// Whether a newer job replaced it.
    pub retried: bool,
    /// How many automatic retries came before it.
    pub attempts: i64,
    /// The pipeline a bridge started.
    pub downstream_id: Option<i64>,
    /// Why it failed, in words, where there is no log to say so.
    pub message: Option<String>,
    /// ISO 8601.
    pub created_at: String,
    /// When it became pending, ISO 8601.
    pub queued_at: Option<String>,
    /// When a delayed job starts, ISO 8601.
    pub scheduled_at: Option<String>,
    /// ISO 8601.
    pub started_at: Option<String>,
    /// ISO 8601.
    pub finished_at: Option<String>,
    /// ISO 8601.
    pub erased_at: Option<String>,
    /// Bytes of the archive; `None` for none.
    pub artifacts_size: Option<i64>,
    /// File name of the archive.
    pub artifacts_name: Option<String>,
    /// ISO 8601.
    pub artifacts_expire_at: Option<String>,
    /// Variables it reported, JSON pairs.
    pub dotenv: Option<String>,
}

/// Columns of [`JobRow`]; the token's hash is left out.
pub const JOB: &str = "SELECT id, pipeline_id, project_id, kind, name, stage, stage_index, status, allow_failure, options, tags, user_id, failure_reason, exit_code, \
     retried, attempts, downstream_id, message, created_at, queued_at, scheduled_at, started_at, finished_at, erased_at, artifacts_size, artifacts_name, artifacts_expire_at, dotenv FROM jobs";

/// A pipeline by number.
pub async fn pipeline(pool: &SqlitePool, id: i64) -> sqlx::Result<Option<PipelineRow>> {
    sqlx::query_as("SELECT * FROM pipelines WHERE id = ?").bind(id).fetch_optional(pool).await
}

/// A job or bridge by number.
pub async fn job(pool: &SqlitePool, id: i64) -> sqlx::Result<Option<JobRow>> {
    sqlx::query_as(&format!("{JOB} WHERE id = ?")).bind(id).fetch_optional(pool).await
}

/// The jobs and bridges of a pipeline, oldest first; retried ones on request.
pub async fn jobs(pool: &SqlitePool, pipeline: i64, retried: bool) -> sqlx::Result<Vec<JobRow>> {
    sqlx::query_as(&format!("{JOB} WHERE pipeline_id = ? AND (retried = 0 OR ?) ORDER BY id")).bind(pipeline).bind(retried).fetch_all(pool).await
}

/// Key, value, type and rawness of the variables a pipeline was started with.
pub async fn pipeline_variables(pool: &SqlitePool, pipeline: i64) -> sqlx::Result<Vec<(String, String, String, bool)>> {
    sqlx::query_as("SELECT key, value, variable_type, raw FROM pipeline_variables WHERE pipeline_id = ? ORDER BY rowid").bind(pipeline).fetch_all(pool).await
}

/// The newest pipeline of a commit.
pub async fn latest_of_commit(pool: &SqlitePool, project: i64, sha: &str) -> sqlx::Result<Option<PipelineRow>> {
    sqlx::query_as("SELECT * FROM pipelines WHERE project_id = ? AND sha = ? AND source <> 'parent_pipeline' ORDER BY id DESC LIMIT 1")
        .bind(project)
        .bind(sha)
        .fetch_optional(pool)
        .await
}
