//! What jobs leave behind: the list of files, and single files.

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response};
use crate::error::Error;
use crate::ids::{JobId, ProjectRef, segment};
use crate::page::Page;
use crate::record;

record! {
    /// A file or folder in a job's archive.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct ArtifactEntry {
        /// The last part of the path.
        pub name: String,
        /// The whole path in the archive.
        pub path: String,
        /// `file` or `directory`.
        #[serde(rename = "type")]
        pub kind: String => "type",
        /// Bytes, of files.
        pub size: Option<u64>,
    }
}

/// Everything in a job's archive (`…/artifacts/tree`, GitLab 18 and later).
#[derive(Debug, Clone)]
pub struct ListArtifacts {
    project: ProjectRef,
    job: JobId,
}

impl ListArtifacts {
    /// Of this job.
    #[must_use]
    pub fn new(project: ProjectRef, job: JobId) -> Self {
        Self { project, job }
    }
}

impl Endpoint for ListArtifacts {
    type Output = Page<ArtifactEntry>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/jobs/{}/artifacts/tree", self.project.segment(), self.job)).with("recursive", true).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// One file out of the archive.
#[derive(Debug, Clone)]
pub struct ArtifactFile {
    project: ProjectRef,
    job: JobId,
    path: String,
}

impl ArtifactFile {
    /// `path` in the archive of this job.
    #[must_use]
    pub fn new(project: ProjectRef, job: JobId, path: impl Into<String>) -> Self {
        Self { project, job, path: path.into() }
    }
}

impl Endpoint for ArtifactFile {
    type Output = Vec<u8>;

    fn request(&self) -> Request {
        let path: Vec<String> = self.path.split('/').map(segment).collect();
        Request::new(Method::Get, format!("/projects/{}/jobs/{}/artifacts/{}", self.project.segment(), self.job, path.join("/")))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Ok(response.body)
    }
}

/// The whole archive, a zip.
#[derive(Debug, Clone)]
pub struct DownloadArtifacts {
    project: ProjectRef,
    job: JobId,
}

impl DownloadArtifacts {
    /// Of this job.
    #[must_use]
    pub fn new(project: ProjectRef, job: JobId) -> Self {
        Self { project, job }
    }
}

impl Endpoint for DownloadArtifacts {
    type Output = Vec<u8>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/jobs/{}/artifacts", self.project.segment(), self.job))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Ok(response.body)
    }
}
