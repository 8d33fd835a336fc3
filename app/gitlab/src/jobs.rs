//! `/projects/:id/jobs`.

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::{JobId, PipelineId, ProjectRef};
use crate::pipelines::Pipeline;
use crate::record;
use crate::status::Status;

record! {
    /// A job.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct Job {
        /// Number.
        pub id: JobId,
        /// Name in the file.
        pub name: String,
        /// Stage in the file.
        pub stage: String,
        /// Where it stands.
        pub status: Status,
        /// ISO 8601.
        pub created_at: String,
        /// ISO 8601.
        pub started_at: Option<String>,
        /// ISO 8601.
        pub finished_at: Option<String>,
        /// Seconds.
        pub duration: Option<f64>,
        /// Seconds that it waited for a runner.
        pub queued_duration: Option<f64>,
        /// Whether its failure is only a warning.
        pub allow_failure: bool,
        /// GitLab's word for why it failed.
        pub failure_reason: Option<String>,
        /// The archive it left, if there is one.
        pub artifacts_file: Option<ArtifactsFile>,
        /// When that is deleted, ISO 8601.
        pub artifacts_expire_at: Option<String>,
        /// What it asks of a runner.
        pub tag_list: Vec<String> = Vec::new(),
        /// The pipeline it belongs to, and where that stands.
        pub pipeline: Option<Standing>,
        /// Its page on the backend.
        pub web_url: String,
    }
}

record! {
    /// Where a pipeline stands, as its jobs tell.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Standing {
        /// Which.
        pub id: PipelineId,
        /// Where it stands.
        pub status: Status,
    }
}

record! {
    /// A job's archive.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct ArtifactsFile {
        /// File name.
        pub filename: String,
        /// Bytes.
        pub size: Option<u64>,
    }
}

record! {
    /// A job that starts another pipeline.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct Bridge {
        /// Number.
        pub id: JobId,
        /// Name in the file.
        pub name: String,
        /// Stage in the file.
        pub stage: String,
        /// Where it stands.
        pub status: Status,
        /// The pipeline it started.
        pub downstream_pipeline: Option<Pipeline>,
    }
}

macro_rules! on_job {
    ($($(#[$doc:meta])* $name:ident { $method:expr, $suffix:literal };)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name { project: ProjectRef, job: JobId }
        impl $name {
            /// Of this job.
            #[must_use]
            pub fn new(project: ProjectRef, job: JobId) -> Self { Self { project, job } }
        }
        impl Endpoint for $name {
            type Output = Job;
            fn request(&self) -> Request {
                Request::new($method, format!(concat!("/projects/{}/jobs/{}", $suffix), self.project.segment(), self.job))
            }
            fn decode(&self, response: Response) -> Result<Self::Output, Error> { json(&response) }
        }
    )*};
}

on_job! {
    /// One job.
    GetJob { Method::Get, "" };
    /// Stops it.
    CancelJob { Method::Post, "/cancel" };
    /// Runs it again, as a new job.
    RetryJob { Method::Post, "/retry" };
    /// Starts a manual job.
    PlayJob { Method::Post, "/play" };
}
