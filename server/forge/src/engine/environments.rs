//! Environments: made by the jobs that name them, stopped by a job of their own or by hand
//! (doc/ci/environments).

use gitlab::Status;
use sqlx::FromRow;

use crate::Forge;
use crate::engine::process::options;
use crate::error::ApiResult;
use crate::store::pipelines::{self, JobRow};

/// One environment.
#[derive(Debug, Clone, FromRow)]
pub struct EnvironmentRow {
    /// Number.
    pub id: i64,
    /// Its project.
    pub project_id: i64,
    /// Its name.
    pub name: String,
    /// Where it can be seen.
    pub external_url: Option<String>,
    /// `production`, `staging`, …, if somebody said so.
    pub tier: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// `available`, `stopping`, `stopped`.
    pub state: String,
    /// The job that stops it.
    pub on_stop: Option<String>,
    /// The pipeline that made it what it is.
    pub pipeline_id: Option<i64>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

impl Forge {
    /// The environment with this number in a project.
    pub(crate) async fn environment(&self, project: i64, id: i64) -> ApiResult<Option<EnvironmentRow>> {
        Ok(sqlx::query_as("SELECT * FROM environments WHERE project_id = ? AND id = ?").bind(project).bind(id).fetch_optional(&self.db).await?)
    }

    pub(crate) async fn set_environment_state(&self, id: i64, state: &str) -> ApiResult<()> {
        sqlx::query("UPDATE environments SET state = ?, updated_at = ? WHERE id = ?").bind(state).bind(self.clock.text()).bind(id).execute(&self.db).await?;
        Ok(())
    }

    /// A job that starts an environment has begun.
    pub(crate) async fn environment_begins(&self, row: &JobRow) -> ApiResult<()> {
        let Some(environment) = options(row).environment.filter(|environment| environment.action == "start") else { return Ok(()) };
        let now = self.clock.text();
        sqlx::query(
            "INSERT INTO environments (project_id, name, external_url, state, on_stop, pipeline_id, created_at, updated_at) VALUES (?1, ?2, ?3, 'available', ?4, ?5, ?6, ?6) \
             ON CONFLICT (project_id, name) DO UPDATE SET state = 'available', external_url = COALESCE(excluded.external_url, external_url), on_stop = excluded.on_stop, \
             pipeline_id = excluded.pipeline_id, updated_at = excluded.updated_at",
        )
        .bind(row.project_id)
        .bind(&environment.name)
        .bind(&environment.url)
        .bind(&environment.on_stop)
        .bind(row.pipeline_id)
        .bind(&now)
        .execute(&self.db)
        .await?;
        Ok(())
    }

    /// A job that stops an environment has ended: well, or the environment is what it was.
    pub(crate) async fn environment_ends(&self, row: &JobRow, well: bool) -> ApiResult<()> {
        let Some(environment) = options(row).environment.filter(|environment| environment.action == "stop") else { return Ok(()) };
        sqlx::query("UPDATE environments SET state = ?, updated_at = ? WHERE project_id = ? AND name = ? AND (? OR state = 'stopping')")
            .bind(if well { "stopped" } else { "available" })
            .bind(self.clock.text())
            .bind(row.project_id)
            .bind(&environment.name)
            .bind(well)
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Stops an environment: its own job if it has one that can be started, else just its state.
    pub(crate) async fn stop_environment(&self, row: &EnvironmentRow, user: i64, force: bool) -> ApiResult<()> {
        if let (Some(name), Some(pipeline), false) = (&row.on_stop, row.pipeline_id, force) {
            let jobs = pipelines::jobs(&self.db, pipeline, false).await?;
            if let Some(job) = jobs.iter().find(|job| job.name == *name) {
                match Status::from(job.status.as_str()) {
                    Status::Manual | Status::Scheduled => {
                        self.play_job(job, user, Vec::new()).await?;
                        // Only from here on: a job that cannot be started stops nothing.
                        return self.set_environment_state(row.id, "stopping").await;
                    }
                    // Asked twice, it is stopping all the same.
                    Status::Pending | Status::Preparing | Status::Running | Status::WaitingForResource => return Ok(()),
                    _ => {}
                }
            }
        }
        self.set_environment_state(row.id, "stopped").await
    }
}
