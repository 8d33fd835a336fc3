//! Commits: made with many files at once, listed by path, shown as differences, undone (GITLAB.md §3.5).

use base64::Engine;
use serde::Serialize;
use serde_json::json;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::{ProjectId, ProjectRef, segment};
use crate::page::Page;
use crate::record;
use crate::status::words;

words! {
    /// What a commit action does to a file.
    ActionKind {
        /// A new file.
        Create = "create",
        /// New content.
        Update = "update",
        /// A new path.
        Move = "move",
        /// No longer there.
        Delete = "delete",
        /// The executable bit.
        Chmod = "chmod",
    }
}

/// One action of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// What is done.
    pub action: ActionKind,
    /// To which file.
    pub file_path: String,
    /// Where it was, with `move`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_path: Option<String>,
    /// Its new content; absent keeps it (with `move`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// `text` (default) or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The last commit known to have touched the file; a newer one is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit_id: Option<String>,
    /// The executable bit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute_filemode: Option<bool>,
}

impl Action {
    /// A file with these bytes: as text where they are some, else as base64.
    #[must_use]
    pub fn write(action: ActionKind, path: impl Into<String>, content: &[u8], executable: Option<bool>) -> Self {
        let (text, encoding) = match std::str::from_utf8(content) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (base64::engine::general_purpose::STANDARD.encode(content), Some("base64".to_owned())),
        };
        Self { action, file_path: path.into(), previous_path: None, content: Some(text), encoding, last_commit_id: None, execute_filemode: executable }
    }

    /// An action without content.
    #[must_use]
    pub fn bare(action: ActionKind, path: impl Into<String>) -> Self {
        Self { action, file_path: path.into(), previous_path: None, content: None, encoding: None, last_commit_id: None, execute_filemode: None }
    }

    /// Only if nobody changed the file since this commit.
    #[must_use]
    pub fn unless_changed_since(mut self, commit: Option<String>) -> Self {
        self.last_commit_id = commit;
        self
    }
}

/// A commit to be made, whole or not at all.
#[derive(Debug, Clone)]
pub struct CreateCommit {
    /// Where.
    pub project: ProjectRef,
    /// The branch it goes to.
    pub branch: String,
    /// Where that branch begins, when it is new.
    pub start_branch: Option<String>,
    /// The project that the beginning is in, when it is another.
    pub start_project: Option<ProjectId>,
    /// Its message.
    pub message: String,
    /// What it does, in order.
    pub actions: Vec<Action>,
}

impl CreateCommit {
    /// On a branch that is there.
    #[must_use]
    pub fn new(project: ProjectRef, branch: impl Into<String>, message: impl Into<String>, actions: Vec<Action>) -> Self {
        Self { project, branch: branch.into(), start_branch: None, start_project: None, message: message.into(), actions }
    }
}

record! {
    /// What we use of a commit.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Commit {
        /// Its id.
        pub id: String,
        /// Its first eight digits.
        pub short_id: String,
        /// The first line of its message.
        pub title: String,
        /// Who wrote it.
        pub author_name: String,
        /// When it was made, ISO 8601.
        pub committed_date: String,
        /// Its parents.
        pub parent_ids: Vec<String> = Vec::new(),
    }
}

impl Endpoint for CreateCommit {
    type Output = Commit;

    fn request(&self) -> Request {
        let mut body = json!({ "branch": self.branch, "commit_message": self.message, "actions": self.actions, "stats": false });
        if let Some(start) = &self.start_branch {
            body["start_branch"] = json!(start);
        }
        if let Some(start) = self.start_project {
            body["start_project"] = json!(start);
        }
        Request::new(Method::Post, format!("/projects/{}/repository/commits", self.project.segment())).with_body(body)
    }

    fn decode(&self, response: Response) -> Result<Commit, Error> {
        json(&response)
    }
}

/// `GET /projects/:id/repository/commits`: those that touched a path, newest first.
#[derive(Debug, Clone)]
pub struct ListCommits {
    /// Where.
    pub project: ProjectRef,
    /// On which branch, tag or commit.
    pub reference: String,
    /// The file or folder.
    pub path: String,
    /// How many.
    pub count: usize,
}

impl Endpoint for ListCommits {
    type Output = Page<Commit>;

    fn request(&self) -> Request {
        let request = Request::new(Method::Get, format!("/projects/{}/repository/commits", self.project.segment())).with("per_page", self.count).with("path", &self.path);
        if self.reference == "HEAD" { request } else { request.with("ref_name", &self.reference) }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// `GET …/commits/:sha`, which takes a branch's name too.
#[derive(Debug, Clone)]
pub struct GetCommit(pub ProjectRef, pub String);

impl Endpoint for GetCommit {
    type Output = Commit;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/repository/commits/{}", self.0.segment(), segment(&self.1))).with("stats", false)
    }

    fn decode(&self, response: Response) -> Result<Commit, Error> {
        json(&response)
    }
}

record! {
    /// How a file differs.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct FileDiff {
        /// Before.
        pub old_path: String,
        /// After.
        pub new_path: String,
        /// Hunks; empty for binaries and what is too large.
        pub diff: String,
        /// Whether it was added.
        pub new_file: bool = false,
        /// Whether it was moved.
        pub renamed_file: bool = false,
        /// Whether it was deleted.
        pub deleted_file: bool = false,
        /// Whether hunks were left out for their size.
        pub too_large: Option<bool>,
    }
}

/// `GET …/commits/:sha/diff`
#[derive(Debug, Clone)]
pub struct CommitDiff(pub ProjectRef, pub String);

impl Endpoint for CommitDiff {
    type Output = Page<FileDiff>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/repository/commits/{}/diff", self.0.segment(), segment(&self.1))).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// `POST …/commits/:sha/revert`
#[derive(Debug, Clone)]
pub struct RevertCommit {
    /// Where.
    pub project: ProjectRef,
    /// What is undone.
    pub sha: String,
    /// On which branch.
    pub branch: String,
}

impl Endpoint for RevertCommit {
    type Output = Commit;

    fn request(&self) -> Request {
        let path = format!("/projects/{}/repository/commits/{}/revert", self.project.segment(), segment(&self.sha));
        Request::new(Method::Post, path).with_body(json!({ "branch": self.branch }))
    }

    fn decode(&self, response: Response) -> Result<Commit, Error> {
        json(&response)
    }
}

/// `GET /projects/:id/repository/compare`: what differs between two branches, tags or commits.
#[derive(Debug, Clone)]
pub struct Compare {
    /// Where.
    pub project: ProjectRef,
    /// The one.
    pub from: String,
    /// The other.
    pub to: String,
}

impl Endpoint for Compare {
    type Output = Vec<FileDiff>;

    fn request(&self) -> Request {
        let path = format!("/projects/{}/repository/compare", self.project.segment());
        Request::new(Method::Get, path).with("from", &self.from).with("to", &self.to).with("straight", true)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        record! {
            struct Answer {
                diffs: Vec<FileDiff>,
            }
        }
        json::<Answer>(&response).map(|answer| answer.diffs)
    }
}
