//! `GET /projects/:id/runners`.

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response};
use crate::error::Error;
use crate::ids::ProjectRef;
use crate::page::Page;
use crate::record;

record! {
    /// What we use of a runner.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Runner {
        /// Number.
        pub id: u64,
        /// What its owner calls it.
        pub description: Option<String>,
    }
}

/// Runners that a project may use, that are online and have a tag.
#[derive(Debug, Clone)]
pub struct OnlineRunners {
    project: ProjectRef,
    tag: String,
}

impl OnlineRunners {
    /// With `tag`.
    #[must_use]
    pub fn new(project: ProjectRef, tag: impl Into<String>) -> Self {
        Self { project, tag: tag.into() }
    }
}

impl Endpoint for OnlineRunners {
    type Output = Page<Runner>;

    fn request(&self) -> Request {
        let request = Request::new(Method::Get, format!("/projects/{}/runners", self.project.segment())).with("status", "online").with("paused", false);
        if self.tag.is_empty() { request } else { request.with("tag_list", &self.tag) }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}
