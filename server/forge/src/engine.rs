//! Pipelines as they live: made from a CI file, moved on as jobs end, cancelled and retried.
//! Every change of state happens under one lock, so that two events never see half of each other.

pub mod actions;
pub mod create;
pub mod environments;
pub mod predefined;
pub mod process;
pub mod recover;
pub mod schedules;

use gitlab::Status;

use crate::Forge;
use crate::error::ApiResult;

impl Forge {
    /// Writes a job's state, with the times that go with it.
    pub(crate) async fn set_job_status(&self, job: i64, status: &Status, reason: Option<&str>) -> ApiResult<()> {
        let now = self.clock.text();
        let ended = status.is_complete().then_some(now.as_str());
        let queued = (*status == Status::Pending).then_some(now.as_str());
        sqlx::query(
            "UPDATE jobs SET status = ?, failure_reason = COALESCE(?, failure_reason), finished_at = COALESCE(?, finished_at), queued_at = COALESCE(?, queued_at) WHERE id = ?",
        )
        .bind(status.as_str())
        .bind(reason)
        .bind(ended)
        .bind(queued)
        .bind(job)
        .execute(&self.db)
        .await?;
        Ok(())
    }
}
