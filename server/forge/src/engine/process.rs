//! Jobs move on: what may start is queued, bridges start their pipelines, the pipeline's own
//! state follows, and a parent that waits hears of it.

use gitlab::Status;

use super::create::Wish;
use crate::Forge;
use crate::ci::job::{Job, Trigger, Variable};
use crate::ci::status::{Node, advance, composite, pipeline_after};
use crate::ci::variables;
use crate::error::{ApiError, ApiResult};
use crate::store::identity;
use crate::store::pipelines::{self, JobRow, PipelineRow, pipeline_variables};
use crate::store::projects;

/// GitLab allows children of children, and no more.
const MAX_DEPTH: usize = 2;
/// How many pipelines may start each other in a row; more is a loop (GitLab refuses those as
/// `pipeline_loop_detected`).
const MAX_CHAIN: usize = 8;

/// The compiled job behind a row.
#[must_use]
pub fn options(row: &JobRow) -> Job {
    serde_json::from_str(&row.options).unwrap_or_default()
}

/// Rows as the status engine sees them.
#[must_use]
pub fn nodes(rows: &[JobRow]) -> Vec<Node> {
    let node = |row: &JobRow| {
        let job = options(row);
        Node {
            name: row.name.clone(),
            stage: usize::try_from(row.stage_index).unwrap_or_default(),
            status: row.status.as_str().into(),
            when: job.when,
            allow_failure: row.allow_failure,
            needs: job.needs.map(|needs| needs.into_iter().map(|need| need.job).collect()),
        }
    };
    rows.iter().map(node).collect()
}

impl Forge {
    /// Moves a pipeline as far as it goes by itself. Call with the engine locked.
    pub(crate) async fn process(&self, pipeline: i64) -> ApiResult<()> {
        loop {
            let rows = pipelines::jobs(&self.db, pipeline, false).await?;
            let mut nodes = nodes(&rows);
            let changed = advance(&mut nodes);
            for index in &changed {
                self.move_job(&rows[*index], &nodes[*index].status).await?;
            }
            if changed.is_empty() {
                break;
            }
        }
        self.cancel_after_failure(pipeline).await?;
        self.update_pipeline(pipeline).await
    }

    /// Gives a job the state that scheduling found for it.
    pub(crate) async fn move_job(&self, row: &JobRow, status: &Status) -> ApiResult<()> {
        let job = options(row);
        match status {
            Status::Scheduled => {
                let at = self.clock.text_in(i64::try_from(job.start_in.unwrap_or_default()).unwrap_or_default());
                sqlx::query("UPDATE jobs SET scheduled_at = ? WHERE id = ?").bind(at).bind(row.id).execute(&self.db).await?;
                self.set_job_status(row.id, status, None).await
            }
            Status::Pending if row.kind == "bridge" => Box::pin(self.start_bridge(row, &job)).await,
            Status::Pending if self.resource_taken(row, &job).await? => self.set_job_status(row.id, &Status::WaitingForResource, None).await,
            Status::Pending => {
                self.set_job_status(row.id, status, None).await?;
                if self.runner.who_takes(&job.tags).is_none() {
                    let offered: Vec<String> = self.runner.all().iter().map(|(_, _, tags)| tags.join(", ")).collect();
                    let line = format!("Waiting for a runner with the tags {}. This server offers {}.\n", job.tags.join(", "), offered.join("; or "));
                    std::fs::write(self.folders.trace(row.id), line)?;
                }
                self.runner.wake.notify_one();
                Ok(())
            }
            other => self.set_job_status(row.id, other, None).await,
        }
    }

    async fn resource_taken(&self, row: &JobRow, job: &Job) -> ApiResult<bool> {
        let Some(group) = &job.resource_group else { return Ok(false) };
        let taken: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM jobs WHERE project_id = ? AND id <> ? AND status IN ('pending', 'running', 'canceling') AND json_extract(options, '$.resource_group') = ? LIMIT 1",
        )
        .bind(row.project_id)
        .bind(row.id)
        .bind(group)
        .fetch_optional(&self.db)
        .await?;
        Ok(taken.is_some())
    }

    /// A job with this group ended: the oldest one that waits for it goes on.
    pub(crate) async fn release_resource(&self, row: &JobRow) -> ApiResult<()> {
        let Some(group) = options(row).resource_group else { return Ok(()) };
        let next: Option<JobRow> = sqlx::query_as(&format!(
            "{} WHERE project_id = ? AND status = 'waiting_for_resource' AND json_extract(options, '$.resource_group') = ? ORDER BY id LIMIT 1",
            pipelines::JOB
        ))
        .bind(row.project_id)
        .bind(group)
        .fetch_optional(&self.db)
        .await?;
        match next {
            Some(next) => {
                self.move_job(&next, &Status::Pending).await?;
                self.update_pipeline(next.pipeline_id).await
            }
            None => Ok(()),
        }
    }

    async fn cancel_after_failure(&self, pipeline: i64) -> ApiResult<()> {
        let Some(row) = pipelines::pipeline(&self.db, pipeline).await? else { return Ok(()) };
        if row.on_job_failure.as_deref() != Some("all") {
            return Ok(());
        }
        let rows = pipelines::jobs(&self.db, pipeline, false).await?;
        if rows.iter().any(|job| job.status == Status::Failed.as_str() && !job.allow_failure) {
            for job in rows.iter().filter(|job| !Status::from(job.status.as_str()).is_complete()) {
                self.stop_job(job).await?;
            }
        }
        Ok(())
    }

    /// Writes what the jobs amount to, and tells the bridge that started this pipeline.
    pub(crate) async fn update_pipeline(&self, id: i64) -> ApiResult<()> {
        let Some(row) = pipelines::pipeline(&self.db, id).await? else { return Ok(()) };
        let rows = pipelines::jobs(&self.db, id, false).await?;
        let set: Vec<(Status, bool)> = rows.iter().map(|job| (job.status.as_str().into(), job.allow_failure)).collect();
        let old = Status::from(row.status.as_str());
        let new = composite(&set, false).map_or_else(|| old.clone(), |new| pipeline_after(&old, new));
        let now = self.clock.text();
        let first_start = rows.iter().filter_map(|job| job.started_at.clone()).min();
        let finished = new.is_complete().then(|| rows.iter().filter_map(|job| job.finished_at.clone()).max().unwrap_or_else(|| now.clone()));
        sqlx::query("UPDATE pipelines SET status = ?, updated_at = ?, started_at = COALESCE(started_at, ?), finished_at = ? WHERE id = ?")
            .bind(new.as_str())
            .bind(&now)
            .bind(first_start)
            .bind(finished)
            .bind(id)
            .execute(&self.db)
            .await?;
        if let (true, Some(bridge)) = (old != new, row.parent_job_id) {
            Box::pin(self.follow_child(bridge, &new)).await?;
        }
        Ok(())
    }

    /// With `strategy`, a bridge is what its pipeline is.
    pub(crate) async fn follow_child(&self, bridge: i64, child: &Status) -> ApiResult<()> {
        let Some(row) = pipelines::job(&self.db, bridge).await? else { return Ok(()) };
        let follows = options(&row).trigger.is_some_and(|trigger| trigger.strategy.is_some());
        if !follows || row.retried {
            return Ok(());
        }
        let status = if child.is_complete() { child.clone() } else { Status::Running };
        let reason = (status == Status::Failed).then_some("downstream_pipeline_creation_failed").filter(|_| row.downstream_id.is_none());
        self.set_job_status(bridge, &status, reason).await?;
        Box::pin(self.process(row.pipeline_id)).await
    }

    async fn start_bridge(&self, row: &JobRow, job: &Job) -> ApiResult<()> {
        let started = self.clock.text();
        sqlx::query("UPDATE jobs SET started_at = ?, queued_at = ? WHERE id = ?").bind(&started).bind(&started).bind(row.id).execute(&self.db).await?;
        let trigger = job.trigger.clone();
        let outcome = match (&trigger, pipelines::pipeline(&self.db, row.pipeline_id).await?) {
            (Some(trigger), Some(parent)) => self.downstream_wish(row, job, trigger, &parent).await,
            _ => Err(ApiError::no_record()),
        };
        // The bridge is running while its pipeline is being made, so that the child's end finds it.
        self.set_job_status(row.id, &Status::Running, None).await?;
        let outcome = match outcome {
            Ok(wish) => Box::pin(self.create_pipeline_locked(wish)).await,
            Err(error) => Err(error),
        };
        let follows = trigger.is_some_and(|trigger| trigger.strategy.is_some());
        match outcome {
            Ok(child) if follows => {
                let child = Status::from(child.status.as_str());
                if child.is_complete() { self.set_job_status(row.id, &child, None).await } else { Ok(()) }
            }
            Ok(_) => self.set_job_status(row.id, &Status::Success, None).await,
            Err(error) => {
                let message = words(&error);
                tracing::info!(job = row.id, message, "a downstream pipeline could not be made");
                sqlx::query("UPDATE jobs SET message = ? WHERE id = ?").bind(&message).bind(row.id).execute(&self.db).await?;
                self.set_job_status(row.id, &Status::Failed, Some("downstream_pipeline_creation_failed")).await
            }
        }
    }

    async fn downstream_wish(&self, row: &JobRow, job: &Job, trigger: &Trigger, parent: &PipelineRow) -> ApiResult<Wish> {
        let user = identity::user(&self.db, row.user_id).await?.ok_or_else(ApiError::no_record)?;
        let own = projects::project(&self.db, row.project_id).await?.ok_or_else(ApiError::no_record)?;
        let pipeline_own = pipeline_variables(&self.db, parent.id).await?;
        let mut known: Vec<(String, String, bool)> = job.variables.iter().map(|Variable { key, value, raw }| (key.clone(), value.clone(), *raw)).collect();
        known.extend(pipeline_own.iter().map(|(key, value, _, raw)| (key.clone(), value.clone(), *raw)));
        let values = variables::resolve(&known);
        let mut down: Vec<(String, String, String)> = Vec::new();
        if trigger.yaml_variables {
            for variable in &job.variables {
                // `RunnerTag: $RunnerTag` means the parent's own value, not itself.
                let text = variables::expand(&variable.value, &|name| values.get(name).cloned());
                down.push((variable.key.clone(), text, "env_var".to_owned()));
            }
        }
        if trigger.pipeline_variables {
            down.extend(pipeline_own.into_iter().map(|(key, value, kind, _)| (key, value, kind)));
        }
        let mut wish = Wish {
            project: own.clone(),
            user,
            reference: parent.reference.clone(),
            sha: Some(parent.sha.clone()),
            before_sha: Some(parent.before_sha.clone()),
            source: "parent_pipeline".to_owned(),
            variables: down,
            inputs: trigger.inputs.clone(),
            config: trigger.local.iter().map(|path| variables::expand(path, &|name| values.get(name).cloned())).collect(),
            text: None,
            parent_job: Some(row.id),
        };
        if let Some((job, path)) = &trigger.artifact {
            wish.text = Some(self.generated_config(parent.id, job, path).await?);
        }
        let (children, chain) = self.depth(parent).await?;
        if chain >= MAX_CHAIN {
            return Err(ApiError::base(&[format!("{chain} pipelines started each other in a row: this is a loop")]));
        }
        if let Some(path) = &trigger.project {
            let target = projects::project_by_path(&self.db, path).await?.ok_or_else(|| ApiError::base(&[format!("Downstream project `{path}` could not be found")]))?;
            if self.level_of(&target, gitlab::UserId(wish.user.id)).await? < crate::access::DEVELOPER {
                return Err(ApiError::base(&[format!("You cannot start pipelines in `{path}`")]));
            }
            wish.reference = trigger.branch.clone().unwrap_or_else(|| target.default_branch.clone());
            wish = Wish { project: target, sha: None, before_sha: None, source: "pipeline".to_owned(), ..wish };
        } else if children >= MAX_DEPTH {
            return Err(ApiError::base(&[format!("A child pipeline cannot be nested more than {MAX_DEPTH} levels deep")]));
        }
        Ok(wish)
    }

    /// How many levels of children lead to this pipeline, and how many pipelines in all.
    async fn depth(&self, pipeline: &PipelineRow) -> ApiResult<(usize, usize)> {
        let (mut children, mut chain, mut own) = (0, 0, pipeline.source == "parent_pipeline");
        let mut bridge = pipeline.parent_job_id;
        while let Some(id) = bridge {
            chain += 1;
            children += usize::from(own);
            let job = pipelines::job(&self.db, id).await?.ok_or_else(ApiError::no_record)?;
            let upper = pipelines::pipeline(&self.db, job.pipeline_id).await?.ok_or_else(ApiError::no_record)?;
            own = own && upper.source == "parent_pipeline";
            bridge = upper.parent_job_id;
        }
        Ok((children, chain))
    }

    async fn generated_config(&self, pipeline: i64, job: &str, path: &str) -> ApiResult<String> {
        let rows = pipelines::jobs(&self.db, pipeline, false).await?;
        let missing = || ApiError::base(&[format!("job `{job}` left no artifact `{path}`")]);
        let row = rows.iter().find(|row| row.name == job).ok_or_else(missing)?;
        let archive = self.folders.artifact(row.id);
        let path = path.to_owned();
        let bytes = crate::access::blocking(move || crate::runner::artifacts::read_entry(&archive, &path)).await.map_err(|_| missing())?;
        String::from_utf8(bytes).map_err(|_| missing())
    }
}

/// A refusal as one sentence.
fn words(error: &ApiError) -> String {
    match error {
        ApiError::Message(_, message) => message.clone(),
        ApiError::Fields(_, fields) => {
            let list: Vec<&str> = fields.as_object().into_iter().flatten().flat_map(|(_, list)| list.as_array().into_iter().flatten()).filter_map(|item| item.as_str()).collect();
            list.join("; ")
        }
        other => format!("{other:?}"),
    }
}
