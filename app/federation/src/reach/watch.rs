//! Looking at one member: whether it goes on, whether it is ready, how it ended.

use std::collections::BTreeMap;

use gitlab::endpoint::ask;
use gitlab::graph::{Child, Run};
use gitlab::jobs::Job;
use gitlab::pipelines::{GetPipeline, ListBridges};
use gitlab::trace::{Opening, Trace};
use gitlab::{Error, JobId, PipelineId, ProjectRef, Status, Transport};

use super::{jobs, sentence};
use crate::conductor::Look;
use crate::journal::Over;
use crate::manifest::Ready;

/// What was read of the logs of a member, so that it is not read again. Kept by whoever looks.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// By job: bytes read, and the end of them, where a text may have begun.
    read: BTreeMap<i64, (u64, Vec<u8>)>,
    /// Whether what was waited for has come.
    came: bool,
    /// When the heartbeat was seen last, in the looker's seconds.
    beat: Option<f64>,
}

impl Watch {
    /// Looks at `pipeline` of `project`, with what is known of it from a look at the whole project.
    ///
    /// # Errors
    /// Why the backend could not be asked.
    pub async fn look(&mut self, transport: &impl Transport, project: &str, pipeline: i64, run: Option<&Run>, ready: &Ready, now: f64) -> Result<Look, String> {
        match self.look_at(transport, project, pipeline, run, ready, now).await {
            Err(Error::NotFound { .. }) => Ok(Look::Over(Over::Failed, "Its pipeline was deleted.".to_owned())),
            other => other.map_err(|error| sentence(&error)),
        }
    }

    async fn look_at(&mut self, transport: &impl Transport, project: &str, pipeline: i64, run: Option<&Run>, ready: &Ready, now: f64) -> Result<Look, Error> {
        let (parent, child) = match run {
            Some(run) => (run.status.clone(), run.children.last().cloned()),
            None => alone(transport, project, pipeline).await?,
        };
        let status = match &child {
            Some(child) if parent != Status::Failed || !child.status.is_complete() => child.status.clone(),
            _ => parent.clone(),
        };
        match (&status, child) {
            (Status::Success, _) if parent.is_complete() => Ok(Look::Over(Over::Done, String::new())),
            (Status::Failed, _) => Ok(Look::Over(Over::Failed, "One of its jobs failed; its run says which.".to_owned())),
            (Status::Canceled, _) => Ok(Look::Over(Over::Stopped, "Its run was cancelled.".to_owned())),
            (Status::Skipped, _) => Ok(Look::Over(Over::Failed, "Nothing of it was run: its CI file has no job for it on this branch.".to_owned())),
            (_, child) => {
                let of = child.map_or(PipelineId(pipeline), |child| child.id);
                let running = matches!(status, Status::Running | Status::Manual);
                self.is_ready(transport, project, of, running, ready, now).await.map(Look::Going)
            }
        }
    }

    async fn is_ready(&mut self, transport: &impl Transport, project: &str, pipeline: PipelineId, running: bool, ready: &Ready, now: f64) -> Result<bool, Error> {
        match ready {
            Ready::Ended => Ok(false),
            Ready::Started => Ok(running),
            Ready::Phase(_) | Ready::Log(_) if self.came => Ok(true),
            Ready::Phase(phase) => {
                let done = |job: &Job| job.status == Status::Success && [&job.stage, &job.name].iter().any(|word| word.eq_ignore_ascii_case(phase));
                self.came = jobs(transport, project, pipeline).await?.iter().any(done);
                Ok(self.came)
            }
            Ready::Log(text) => {
                self.came = self.reads(transport, project, pipeline, text).await?;
                Ok(self.came)
            }
            Ready::Heartbeat(text, seconds) => {
                if self.reads(transport, project, pipeline, text).await? {
                    self.beat = Some(now);
                }
                Ok(self.beat.is_some_and(|beat| now - beat <= f64::from(*seconds)))
            }
        }
    }

    /// Whether `text` stands in what the jobs' logs have had since the last look.
    async fn reads(&mut self, transport: &impl Transport, project: &str, pipeline: PipelineId, text: &str) -> Result<bool, Error> {
        for job in jobs(transport, project, pipeline).await?.iter().filter(|job| job.started_at.is_some()) {
            let (from, end) = self.read.entry(job.id.0).or_default();
            let Some(new) = log(transport, project, job.id, *from).await? else { continue };
            if new.anew {
                (*from, *end) = (0, Vec::new());
            }
            *from += new.bytes.len() as u64;
            end.extend_from_slice(&new.bytes);
            let found = memchr::memmem::find(end, text.as_bytes()).is_some();
            // What was found once is not found again in what is kept.
            let keep = end.len().min(text.len().saturating_sub(1));
            end.drain(..end.len() - keep);
            // At once: whatever goes wrong with the next log, this was read.
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

struct New {
    anew: bool,
    bytes: Vec<u8>,
}

/// What a log has from a byte on; nothing where there is none yet.
async fn log(transport: &impl Transport, project: &str, job: JobId, from: u64) -> Result<Option<New>, Error> {
    let trace = Trace::new(ProjectRef::path(project), job, from, None);
    let response = transport.send(trace.request()).await?;
    match trace.open(&response) {
        Ok(Opening::Goes { skip }) if (response.body.len() as u64) < skip => Ok(Some(New { anew: true, bytes: response.body })),
        Ok(Opening::Goes { skip }) => Ok(Some(New { anew: false, bytes: response.body[usize::try_from(skip).unwrap_or(usize::MAX)..].to_vec() })),
        Ok(Opening::Anew) if response.status == 200 => Ok(Some(New { anew: true, bytes: response.body })),
        Ok(Opening::Anew) => Ok(Some(New { anew: true, bytes: Vec::new() })),
        Ok(Opening::Nothing) | Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A run that is not among the newest.
async fn alone(transport: &impl Transport, project: &str, pipeline: i64) -> Result<(Status, Option<Child>), Error> {
    let parent = ask(transport, &GetPipeline::new(ProjectRef::path(project), PipelineId(pipeline))).await?;
    let bridges = ask(transport, &ListBridges::new(ProjectRef::path(project), PipelineId(pipeline))).await?.items;
    let child = bridges.into_iter().filter_map(|bridge| bridge.downstream_pipeline).next_back();
    Ok((parent.status, child.map(|child| Child { id: child.id, status: child.status, updated_at: child.updated_at })))
}
