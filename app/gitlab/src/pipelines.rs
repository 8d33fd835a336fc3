//! `/projects/:id/pipelines` and what hangs on a pipeline: jobs and bridges.

use serde::Serialize;
use serde_json::json as value;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::{PipelineId, ProjectId, ProjectRef};
use crate::jobs::{Bridge, Job};
use crate::page::Page;
use crate::record;
use crate::status::Status;
use crate::users::User;

record! {
    /// A pipeline, with the fields that lists carry and, when asked for alone, the rest.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct Pipeline {
        /// Number.
        pub id: PipelineId,
        /// The project it runs in.
        pub project_id: ProjectId,
        /// The commit.
        pub sha: String,
        /// Branch or tag.
        #[serde(rename = "ref")]
        pub reference: Option<String> => "ref",
        /// Where it stands.
        pub status: Status,
        /// What started it: `push`, `api`, `parent_pipeline`, …
        pub source: Option<String>,
        /// ISO 8601.
        pub created_at: String,
        /// ISO 8601.
        pub updated_at: String,
        /// ISO 8601.
        pub started_at: Option<String>,
        /// ISO 8601.
        pub finished_at: Option<String>,
        /// Seconds.
        pub duration: Option<f64>,
        /// Its page on the backend.
        pub web_url: String,
        /// A name given by `workflow: name` or a person.
        pub name: Option<String>,
        /// Who started it.
        pub user: Option<User>,
        /// Why its file could not be used.
        pub yaml_errors: Option<String>,
    }
}

/// The newest pipelines of a project.
#[derive(Debug, Clone)]
pub struct ListPipelines {
    project: ProjectRef,
    source: Option<String>,
    per_page: u32,
}

impl ListPipelines {
    /// The newest `per_page` (at most 100), children left out.
    #[must_use]
    pub fn new(project: ProjectRef, per_page: u32) -> Self {
        Self { project, source: None, per_page }
    }

    /// Only those with this source; `parent_pipeline` gives the children.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl Endpoint for ListPipelines {
    type Output = Page<Pipeline>;

    fn request(&self) -> Request {
        let request = Request::new(Method::Get, format!("/projects/{}/pipelines", self.project.segment())).with("per_page", self.per_page);
        match &self.source {
            Some(source) => request.with("source", source),
            None => request,
        }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// Starts a pipeline: `POST /projects/:id/pipeline`.
#[derive(Debug, Clone)]
pub struct CreatePipeline {
    project: ProjectRef,
    reference: String,
    variables: Vec<(String, String)>,
    inputs: serde_json::Map<String, serde_json::Value>,
}

impl CreatePipeline {
    /// On branch `reference`.
    #[must_use]
    pub fn new(project: ProjectRef, reference: impl Into<String>) -> Self {
        Self { project, reference: reference.into(), variables: Vec::new(), inputs: serde_json::Map::new() }
    }

    /// With this variable.
    #[must_use]
    pub fn variable(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((key.into(), value.into()));
        self
    }

    /// With a value for an input of `spec: inputs`.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, value: serde_json::Value) -> Self {
        self.inputs.insert(name.into(), value);
        self
    }
}

impl CreatePipeline {
    /// Inputs are left out where there are none: older GitLabs do not know the word.
    fn body(&self, variables: &[serde_json::Value]) -> serde_json::Value {
        let mut body = value!({"ref": self.reference, "variables": variables});
        if !self.inputs.is_empty() {
            body["inputs"] = serde_json::Value::Object(self.inputs.clone());
        }
        body
    }
}

record! {
    /// A variable that a pipeline was started with.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Given {
        /// Its name.
        pub key: String,
        /// What it was.
        pub value: String,
    }
}

impl Endpoint for CreatePipeline {
    type Output = Pipeline;

    fn request(&self) -> Request {
        let variables: Vec<_> = self.variables.iter().map(|(key, v)| value!({"key": key, "value": v, "variable_type": "env_var"})).collect();
        Request::new(Method::Post, format!("/projects/{}/pipeline", self.project.segment())).with_body(self.body(&variables))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        json(&response)
    }
}

/// Gives a pipeline a name.
#[derive(Debug, Clone)]
pub struct NamePipeline {
    project: ProjectRef,
    pipeline: PipelineId,
    name: String,
}

impl NamePipeline {
    /// This one; an empty name takes it away.
    #[must_use]
    pub fn new(project: ProjectRef, pipeline: PipelineId, name: String) -> Self {
        Self { project, pipeline, name }
    }
}

impl Endpoint for NamePipeline {
    type Output = Pipeline;

    fn request(&self) -> Request {
        Request::new(Method::Put, format!("/projects/{}/pipelines/{}/metadata", self.project.segment(), self.pipeline)).with_body(value!({ "name": self.name }))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        json(&response)
    }
}

macro_rules! on_pipeline {
    ($($(#[$doc:meta])* $name:ident -> $output:ty { $method:expr, $suffix:literal $(, $key:literal = $val:literal)* } $decode:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name { project: ProjectRef, pipeline: PipelineId }
        impl $name {
            /// Of this pipeline.
            #[must_use]
            pub fn new(project: ProjectRef, pipeline: PipelineId) -> Self { Self { project, pipeline } }
        }
        impl Endpoint for $name {
            type Output = $output;
            fn request(&self) -> Request {
                Request::new($method, format!(concat!("/projects/{}/pipelines/{}", $suffix), self.project.segment(), self.pipeline))
                    $(.with($key, $val))*
            }
            fn decode(&self, response: Response) -> Result<Self::Output, Error> { $decode(&response) }
        }
    )*};
}

on_pipeline! {
    /// One pipeline.
    GetPipeline -> Pipeline { Method::Get, "" } json;
    /// Its jobs, newest first, retried ones left out.
    ListJobs -> Page<Job> { Method::Get, "/jobs", "per_page" = 100, "include_retried" = false } Page::decode;
    /// What it was started with; only for whoever started it, and for maintainers.
    ListGiven -> Vec<Given> { Method::Get, "/variables" } json;
    /// Its bridges, each with the pipeline it started.
    ListBridges -> Page<Bridge> { Method::Get, "/bridges", "per_page" = 100 } Page::decode;
    /// Stops it.
    CancelPipeline -> Pipeline { Method::Post, "/cancel" } json;
    /// Runs its failed and cancelled jobs again.
    RetryPipeline -> Pipeline { Method::Post, "/retry" } json;
}
