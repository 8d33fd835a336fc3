//! `GET /projects/:id/search?scope=blobs`: text in the files of a project (GITLAB.md §3.9).

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response};
use crate::error::Error;
use crate::ids::ProjectRef;
use crate::page::Page;
use crate::record;

record! {
    /// Lines of a file that hold what was looked for.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Passage {
        /// The file.
        pub path: String,
        /// The lines, with some around them; empty for a file found by its name.
        pub data: String,
        /// Number of the first of them.
        pub startline: u64,
    }
}

/// Where a text stands in a project.
#[derive(Debug, Clone)]
pub struct SearchFiles {
    project: ProjectRef,
    text: String,
    reference: Option<String>,
}

impl SearchFiles {
    /// `text` as it is written, whatever its case; on the default branch unless `reference` says otherwise.
    #[must_use]
    pub fn new(project: ProjectRef, text: impl Into<String>, reference: Option<String>) -> Self {
        Self { project, text: text.into(), reference }
    }
}

impl Endpoint for SearchFiles {
    type Output = Page<Passage>;

    fn request(&self) -> Request {
        let request = Request::new(Method::Get, format!("/projects/{}/search", self.project.segment())).with("scope", "blobs").with("per_page", 50).with("search", &self.text);
        match &self.reference {
            Some(reference) => request.with("ref", reference),
            None => request,
        }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}
