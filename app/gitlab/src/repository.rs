//! `GET /projects/:id/repository/tree` and `…/files/:path/raw`.

use base64::Engine;
use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response};
use crate::error::Error;
use crate::ids::{ProjectRef, segment};
use crate::page::Page;
use crate::record;
use crate::status::words;

words! {
    /// What a tree entry is.
    EntryKind {
        /// A folder.
        Tree = "tree",
        /// A file.
        Blob = "blob",
        /// A submodule.
        Commit = "commit",
    }
}

record! {
    /// One entry of a tree.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct TreeEntry {
        /// The git object's id.
        pub id: String,
        /// The last part of the path.
        pub name: String,
        /// Folder, file or submodule.
        #[serde(rename = "type")]
        pub kind: EntryKind => "type",
        /// The whole path.
        pub path: String,
        /// Six octal digits.
        pub mode: String,
    }
}

/// A folder's entries, or everything below it.
#[derive(Debug, Clone)]
pub struct ListTree {
    project: ProjectRef,
    path: String,
    reference: Option<String>,
    recursive: bool,
}

impl ListTree {
    /// The entries of `path` (`""` for the root) on the default branch.
    #[must_use]
    pub fn new(project: ProjectRef, path: impl Into<String>) -> Self {
        Self { project, path: path.into(), reference: None, recursive: false }
    }

    /// On this branch, tag or commit.
    #[must_use]
    pub fn at(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// With everything below.
    #[must_use]
    pub fn recursive(mut self) -> Self {
        self.recursive = true;
        self
    }
}

impl Endpoint for ListTree {
    type Output = Page<TreeEntry>;

    fn request(&self) -> Request {
        let mut request = Request::new(Method::Get, format!("/projects/{}/repository/tree", self.project.segment())).with("per_page", 100).with("pagination", "keyset");
        if !self.path.is_empty() {
            request = request.with("path", &self.path);
        }
        if let Some(reference) = &self.reference {
            request = request.with("ref", reference);
        }
        if self.recursive { request.with("recursive", true) } else { request }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// The bytes of one file.
#[derive(Debug, Clone)]
pub struct RawFile {
    project: ProjectRef,
    path: String,
    reference: String,
    large: bool,
}

impl RawFile {
    /// `path` at `reference` (`HEAD` for the default branch).
    #[must_use]
    pub fn new(project: ProjectRef, path: impl Into<String>, reference: impl Into<String>) -> Self {
        Self { project, path: path.into(), reference: reference.into(), large: false }
    }

    /// With what Git LFS keeps elsewhere instead of its pointer.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.large = true;
        self
    }
}

impl Endpoint for RawFile {
    type Output = Vec<u8>;

    fn request(&self) -> Request {
        let path = format!("/projects/{}/repository/files/{}/raw", self.project.segment(), segment(&self.path));
        let request = Request::new(Method::Get, path).with("ref", &self.reference);
        if self.large { request.with("lfs", true) } else { request }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Ok(response.body)
    }
}

/// A file with what is needed to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub content: Vec<u8>,
    /// The commit that touched it last, which guards a change.
    pub last_commit_id: String,
    /// The commit that was looked at.
    pub commit_id: String,
    /// The id of its content.
    pub blob_id: String,
    /// Whether it can be run, where the backend says so.
    pub executable: Option<bool>,
}

/// `GET …/repository/files/:path`
#[derive(Debug, Clone)]
pub struct GetFile {
    project: ProjectRef,
    path: String,
    reference: String,
}

impl GetFile {
    /// `path` at `reference` (`HEAD` for the default branch).
    #[must_use]
    pub fn new(project: ProjectRef, path: impl Into<String>, reference: impl Into<String>) -> Self {
        Self { project, path: path.into(), reference: reference.into() }
    }
}

impl Endpoint for GetFile {
    type Output = File;

    fn request(&self) -> Request {
        let path = format!("/projects/{}/repository/files/{}", self.project.segment(), segment(&self.path));
        Request::new(Method::Get, path).with("ref", &self.reference)
    }

    fn decode(&self, response: Response) -> Result<File, Error> {
        crate::record! {
            struct Answer {
                content: String,
                last_commit_id: String,
                commit_id: String,
                blob_id: String,
                execute_filemode: Option<bool>,
            }
        }
        let answer: Answer = crate::endpoint::json(&response)?;
        let clean: String = answer.content.split_whitespace().collect();
        let content = base64::engine::general_purpose::STANDARD.decode(clean).map_err(|error| Error::Unreadable { reason: error.to_string() })?;
        Ok(File { content, last_commit_id: answer.last_commit_id, commit_id: answer.commit_id, blob_id: answer.blob_id, executable: answer.execute_filemode })
    }
}

/// `GET …/repository/blobs/:sha/raw`: bytes by their id, the same on every backend.
#[derive(Debug, Clone)]
pub struct RawBlob(pub ProjectRef, pub String);

impl Endpoint for RawBlob {
    type Output = Vec<u8>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/repository/blobs/{}/raw", self.0.segment(), segment(&self.1)))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Ok(response.body)
    }
}
