//! `GET /projects/:id/ci/lint`: what is wrong with a CI file, before anything runs.

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::ProjectRef;
use crate::record;

record! {
    /// The verdict.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Verdict {
        /// Whether a pipeline could be made of it.
        pub valid: bool,
        /// Why not.
        pub errors: Vec<String> = Vec::new(),
        /// What may not be meant.
        pub warnings: Vec<String> = Vec::new(),
    }
}

/// Looks at the CI file of a branch, includes and all.
#[derive(Debug, Clone)]
pub struct LintBranch {
    project: ProjectRef,
    branch: String,
}

impl LintBranch {
    /// On `branch`.
    #[must_use]
    pub fn new(project: ProjectRef, branch: impl Into<String>) -> Self {
        Self { project, branch: branch.into() }
    }
}

impl Endpoint for LintBranch {
    type Output = Verdict;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/ci/lint", self.project.segment())).with("content_ref", &self.branch)
    }

    fn decode(&self, response: Response) -> Result<Verdict, Error> {
        json(&response)
    }
}
