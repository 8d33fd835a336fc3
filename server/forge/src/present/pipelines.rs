//! Pipelines, jobs, bridges, the runner.

use gitlab::Status;
use serde_json::{Value, json};

use super::projects::extend;
use crate::Forge;
use crate::clock;
use crate::store::pipelines::{JobRow, PipelineRow};
use crate::store::projects::ProjectRow;

/// `PipelineBasic`, with the name that lists carry.
#[must_use]
pub fn pipeline_basic(forge: &Forge, project: &ProjectRow, row: &PipelineRow) -> Value {
    json!({
        "id": row.id, "iid": row.iid, "project_id": row.project_id, "sha": row.sha, "ref": row.reference, "status": row.status,
        "source": row.source, "created_at": row.created_at, "updated_at": row.updated_at,
        "web_url": forge.url(&format!("{}/-/pipelines/{}", project.full_path(), row.id)),
    })
}

/// `Pipeline`.
#[must_use]
pub fn pipeline(forge: &Forge, project: &ProjectRow, row: &PipelineRow, user: &Value, committed_at: Option<String>, warnings: bool) -> Value {
    let mut value = pipeline_basic(forge, project, row);
    let end = row.finished_at.clone().unwrap_or_else(|| forge.clock.text());
    let duration = row.started_at.as_ref().and_then(|start| clock::seconds_between(start, &end));
    let queued = row.started_at.as_ref().and_then(|start| clock::seconds_between(&row.created_at, start));
    let ended = Status::from(row.status.as_str()).is_complete();
    extend(
        &mut value,
        json!({
            "before_sha": row.before_sha, "tag": row.tag, "yaml_errors": row.yaml_errors, "user": user, "started_at": row.started_at,
            "finished_at": row.finished_at, "committed_at": committed_at,
            "duration": duration.filter(|_| ended).map(|seconds| seconds.round() as i64), "queued_duration": queued.map(|seconds| seconds.round() as i64),
            "coverage": null, "detailed_status": detailed(&row.status, true, warnings), "archived": false, "name": row.name,
        }),
    );
    value
}

fn detailed(status: &str, pipeline: bool, warnings: bool) -> Value {
    let (icon, text, label, group) = match Status::from(status) {
        Status::Created => ("status_created", "Created", "created", "created"),
        Status::WaitingForResource => ("status_pending", "Waiting", "waiting for resource", "waiting-for-resource"),
        Status::Preparing => ("status_preparing", "Preparing", "preparing", "preparing"),
        Status::WaitingForCallback => ("status_pending", "Waiting", "waiting for callback", "waiting-for-callback"),
        Status::Pending => ("status_pending", "Pending", "pending", "pending"),
        Status::Running => ("status_running", "Running", "running", "running"),
        Status::Success if warnings => ("status_warning", "Warning", "passed with warnings", "success-with-warnings"),
        Status::Success => ("status_success", "Passed", "passed", "success"),
        Status::Failed => ("status_failed", "Failed", "failed", "failed"),
        Status::Canceling => ("status_canceled", "Canceling", "canceling", "canceling"),
        Status::Canceled => ("status_canceled", "Canceled", "canceled", "canceled"),
        Status::Skipped => ("status_skipped", "Skipped", "skipped", "skipped"),
        Status::Manual if pipeline => ("status_manual", "Blocked", "waiting for manual action", "manual"),
        Status::Manual => ("status_manual", "Manual", "manual play action", "manual"),
        Status::Scheduled => ("status_scheduled", "Scheduled", "scheduled", "scheduled"),
        Status::Other(_) => ("status_created", "Unknown", "unknown", "created"),
    };
    json!({
        "icon": icon, "text": text, "label": label, "group": group, "tooltip": label, "has_details": false, "details_path": null,
        "illustration": null, "favicon": "/favicon.svg",
    })
}

/// What a job's answer needs beside its row.
#[derive(Debug)]
pub struct JobContext<'a> {
    /// Its project.
    pub project: &'a ProjectRow,
    /// Its pipeline.
    pub pipeline: &'a PipelineRow,
    /// `UserBasic` of who started it.
    pub user: &'a Value,
    /// Its commit.
    pub commit: &'a Value,
}

fn common(forge: &Forge, row: &JobRow, context: &JobContext<'_>) -> Value {
    let now = forge.clock.text();
    let since = |from: &Option<String>, to: &Option<String>| from.as_ref().and_then(|from| clock::seconds_between(from, to.as_ref().unwrap_or(&now)));
    let mut value = json!({
        "id": row.id, "status": row.status, "stage": row.stage, "name": row.name, "ref": context.pipeline.reference,
        "tag": context.pipeline.tag, "coverage": null, "allow_failure": row.allow_failure, "created_at": row.created_at,
        "started_at": row.started_at, "finished_at": row.finished_at, "erased_at": row.erased_at,
        "duration": since(&row.started_at, &row.finished_at),
        "queued_duration": since(&row.queued_at, &row.started_at), "user": context.user, "commit": context.commit,
        "pipeline": pipeline_basic(forge, context.project, context.pipeline),
        "web_url": forge.url(&format!("{}/-/jobs/{}", context.project.full_path(), row.id)),
        "project": { "ci_job_token_scope_enabled": false },
    });
    if row.status == Status::Failed.as_str() {
        value["failure_reason"] = json!(row.failure_reason.as_deref().unwrap_or("unknown_failure"));
    }
    value
}

/// `Job`.
#[must_use]
pub fn job(forge: &Forge, row: &JobRow, context: &JobContext<'_>) -> Value {
    let mut value = common(forge, row, context);
    let tags: Value = serde_json::from_str(&row.tags).unwrap_or_default();
    let trace = forge.folders.trace(row.id);
    let trace_size = std::fs::metadata(trace).map_or(0, |meta| meta.len());
    let mut artifacts = Vec::new();
    if let (Some(size), Some(name)) = (row.artifacts_size, &row.artifacts_name) {
        artifacts.push(json!({ "file_type": "archive", "size": size, "filename": name, "file_format": "zip" }));
        value["artifacts_file"] = json!({ "filename": name, "size": size });
    }
    if trace_size > 0 && row.finished_at.is_some() {
        artifacts.push(json!({ "file_type": "trace", "size": trace_size, "filename": "job.log", "file_format": "raw" }));
    }
    let ran = row.started_at.is_some();
    extend(
        &mut value,
        json!({
            "artifacts": artifacts, "runner": ran.then(|| ran_by(forge, row)), "runner_manager": ran.then(|| runner_manager(forge)),
            "artifacts_expire_at": row.artifacts_expire_at, "archived": false, "tag_list": tags,
        }),
    );
    value
}

/// `Bridge`, with the pipeline it started.
#[must_use]
pub fn bridge(forge: &Forge, row: &JobRow, context: &JobContext<'_>, downstream: Value) -> Value {
    let mut value = common(forge, row, context);
    value["downstream_pipeline"] = downstream;
    value
}

/// The runner that took a job.
fn ran_by(forge: &Forge, row: &JobRow) -> Value {
    let tags: Vec<String> = serde_json::from_str(&row.tags).unwrap_or_default();
    let id = forge.runner.who_takes(&tags).unwrap_or(1);
    let name = forge.runner.all().into_iter().find(|(known, ..)| *known == id).map_or_else(String::new, |(_, name, _)| name);
    runner(forge, id, &name)
}

/// One of the runners of this backend, which are all inside the server: its number and its name.
#[must_use]
pub fn runner(forge: &Forge, id: i64, description: &str) -> Value {
    json!({
        "id": id, "description": description, "ip_address": "127.0.0.1", "active": true, "paused": false, "is_shared": true,
        "runner_type": "instance_type", "name": "twinport", "online": true, "created_by": null, "created_at": forge.started_at,
        "status": "online", "job_execution_status": "idle",
    })
}

fn runner_manager(forge: &Forge) -> Value {
    json!({
        "id": 1, "system_id": "twinport", "version": crate::VERSION, "revision": crate::REVISION, "platform": "linux",
        "architecture": std::env::consts::ARCH, "created_at": forge.started_at, "contacted_at": forge.clock.text(),
        "ip_address": "127.0.0.1", "status": "online",
    })
}

/// `RunnerDetails`.
#[must_use]
pub fn runner_details(forge: &Forge, (id, description, tags): (i64, String, &[String])) -> Value {
    let mut value = runner(forge, id, &description);
    extend(
        &mut value,
        json!({
            "tag_list": tags, "run_untagged": id == 1, "locked": false, "maximum_timeout": null, "access_level": "not_protected",
            "version": crate::VERSION, "revision": crate::REVISION, "platform": "linux", "architecture": std::env::consts::ARCH,
            "contacted_at": forge.clock.text(), "maintenance_note": null, "projects": [], "groups": [],
        }),
    );
    value
}
