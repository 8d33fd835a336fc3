//! After a crash: pipelines that were being made, or whose jobs were being moved on, go on where they were.

use gitlab::Status;

use super::process::options;
use crate::Forge;
use crate::error::ApiResult;
use crate::store::pipelines::{JOB, JobRow};

impl Forge {
    /// Starts what bridges were starting, and moves every pipeline that is not over as far as it goes.
    pub(crate) async fn go_on(&self) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        let bridges: Vec<JobRow> = sqlx::query_as(&format!("{JOB} WHERE kind = 'bridge' AND status = 'running' ORDER BY id")).fetch_all(&self.db).await?;
        for bridge in bridges {
            // One pipeline that cannot go on is no reason not to start.
            if let Err(error) = self.bridge_goes_on(&bridge).await {
                tracing::error!(job = bridge.id, ?error, "a bridge of an earlier start cannot go on");
            }
        }
        let open: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM pipelines WHERE status NOT IN ('success', 'failed', 'canceled', 'skipped')
                OR EXISTS (SELECT 1 FROM jobs WHERE pipeline_id = pipelines.id AND retried = 0 AND status = 'created') ORDER BY id",
        )
        .fetch_all(&self.db)
        .await?;
        for pipeline in open {
            if let Err(error) = self.process(pipeline).await {
                tracing::error!(pipeline, ?error, "a pipeline of an earlier start cannot go on");
            }
        }
        Ok(())
    }

    async fn bridge_goes_on(&self, bridge: &JobRow) -> ApiResult<()> {
        let child: Option<String> =
            sqlx::query_scalar("SELECT status FROM pipelines WHERE parent_job_id = ? ORDER BY id DESC LIMIT 1").bind(bridge.id).fetch_optional(&self.db).await?;
        match child {
            None => self.move_job(bridge, &Status::Pending).await,
            Some(status) if options(bridge).trigger.is_some_and(|trigger| trigger.strategy.is_some()) => self.follow_child(bridge.id, &Status::from(status.as_str())).await,
            Some(_) => self.set_job_status(bridge.id, &Status::Success, None).await,
        }
    }
}
