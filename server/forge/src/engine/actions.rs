//! What people do to pipelines and jobs: cancel, retry, play.

use std::collections::HashMap;

use gitlab::Status;

use super::create::{JobSeed, insert_job};
use super::process::{nodes, options};
use crate::Forge;
use crate::ci::compile::set_variables;
use crate::ci::job::Variable;
use crate::ci::rules::Scope;
use crate::ci::status::skipped_after;
use crate::error::{ApiError, ApiResult};
use crate::store::pipelines::{self, JobRow};

impl Forge {
    /// Stops a job: a running one is told to end and is `canceling` until it has.
    pub(crate) async fn stop_job(&self, row: &JobRow) -> ApiResult<()> {
        let status = Status::from(row.status.as_str());
        if status.is_complete() {
            return Ok(());
        }
        if row.kind == "build" && matches!(status, Status::Running | Status::Canceling) && self.runner.cancel(row.id) {
            return self.set_job_status(row.id, &Status::Canceling, None).await;
        }
        self.set_job_status(row.id, &Status::Canceled, None).await
    }

    /// Cancels every job of a pipeline, and of the pipelines it started.
    pub async fn cancel_pipeline(&self, id: i64) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        self.cancel_pipeline_locked(id).await
    }

    async fn cancel_pipeline_locked(&self, id: i64) -> ApiResult<()> {
        for row in pipelines::jobs(&self.db, id, false).await? {
            self.stop_job(&row).await?;
            let child = match row.downstream_id {
                Some(child) => pipelines::pipeline(&self.db, child).await?,
                None => None,
            };
            if let Some(child) = child.filter(|child| child.source == "parent_pipeline") {
                Box::pin(self.cancel_pipeline_locked(child.id)).await?;
            }
        }
        self.update_pipeline(id).await
    }

    /// Cancels one job; the pipeline goes on without it.
    pub async fn cancel_job(&self, row: &JobRow) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        self.stop_job(row).await?;
        self.release_resource(row).await?;
        self.process(row.pipeline_id).await
    }

    /// Puts a new job in the place of an ended one; returns its number.
    pub async fn retry_job(&self, row: &JobRow, user: i64) -> ApiResult<i64> {
        let _guard = self.engine.lock().await;
        let id = self.clone_job(row, user, 0).await?;
        self.reset_after(row).await?;
        if let Some(new) = pipelines::job(&self.db, id).await? {
            self.move_job(&new, &Status::Pending).await?;
        }
        self.process(row.pipeline_id).await?;
        Ok(id)
    }

    /// A fresh `created` copy of `row`, which is marked as retried.
    pub(crate) async fn clone_job(&self, row: &JobRow, user: i64, attempts: i64) -> ApiResult<i64> {
        let job = options(row);
        let now = self.clock.text();
        let seed = JobSeed { pipeline: row.pipeline_id, project: row.project_id, user, stage_index: row.stage_index, attempts };
        let mut transaction = self.db.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("UPDATE jobs SET retried = 1 WHERE id = ?").bind(row.id).execute(&mut *transaction).await?;
        // Its texts were expanded when it was first made.
        let id = insert_job(&mut transaction, &seed, &job, &Scope { variables: HashMap::new(), ..Scope::default() }, &now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Jobs after `row` that were skipped wait anew.
    async fn reset_after(&self, row: &JobRow) -> ApiResult<()> {
        let rows = pipelines::jobs(&self.db, row.pipeline_id, false).await?;
        for index in skipped_after(&nodes(&rows), &row.name) {
            sqlx::query("UPDATE jobs SET status = 'created', finished_at = NULL WHERE id = ?").bind(rows[index].id).execute(&self.db).await?;
        }
        Ok(())
    }

    /// Runs the failed and cancelled jobs of a pipeline again.
    pub async fn retry_pipeline(&self, id: i64, user: i64) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        self.retry_pipeline_locked(id, user).await
    }

    async fn retry_pipeline_locked(&self, id: i64, user: i64) -> ApiResult<()> {
        for row in pipelines::jobs(&self.db, id, false).await? {
            let status = Status::from(row.status.as_str());
            if matches!(status, Status::Failed | Status::Canceled) {
                self.clone_job(&row, user, 0).await?;
                self.reset_after(&row).await?;
            }
        }
        self.process(id).await
    }

    /// Starts a manual job, with variables of its own.
    pub async fn play_job(&self, row: &JobRow, user: i64, extra: Vec<(String, String, String)>) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        if !matches!(Status::from(row.status.as_str()), Status::Manual | Status::Scheduled) {
            return Err(ApiError::bad_request("Unplayable Job"));
        }
        let mut job = options(row);
        set_variables(&mut job.variables, extra.into_iter().map(|(key, value, _)| Variable { key, value, raw: false }).collect());
        let text = serde_json::to_string(&job).map_err(ApiError::internal)?;
        sqlx::query("UPDATE jobs SET options = ?, user_id = ? WHERE id = ?").bind(text).bind(user).bind(row.id).execute(&self.db).await?;
        self.reset_after(row).await?;
        let row = pipelines::job(&self.db, row.id).await?.ok_or_else(ApiError::no_record)?;
        self.move_job(&row, &Status::Pending).await?;
        self.process(row.pipeline_id).await
    }
}
