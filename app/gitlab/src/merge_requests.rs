//! Merge requests: list, look, make, say, approve, merge (GITLAB.md §3.7).

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::commits::FileDiff;
use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::{PipelineId, ProjectId, ProjectRef};
use crate::page::Page;
use crate::record;
use crate::status::{Status, words};

words! {
    /// Where a merge request stands.
    State {
        /// Waits for somebody.
        Opened = "opened",
        /// Was given up.
        Closed = "closed",
        /// Is in the target.
        Merged = "merged",
        /// Is being merged.
        Locked = "locked",
    }
}

record! {
    /// Somebody.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Author {
        /// Sign-in name.
        pub username: String,
        /// Shown name.
        pub name: String,
    }
}

record! {
    /// What we use of a merge request.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct MergeRequest {
        /// Number in its target project.
        pub iid: i64,
        /// One line.
        pub title: String,
        /// Markdown.
        pub description: Option<String>,
        /// Where it stands.
        pub state: State,
        /// Who made it; nobody when that account is gone.
        pub author: Option<Author>,
        /// Whether it is not ready yet.
        pub draft: bool = false,
        /// Where it comes from.
        pub source_branch: String,
        /// Where it goes.
        pub target_branch: String,
        /// The project that it comes from; unknown when that is gone.
        pub source_project_id: Option<ProjectId>,
        /// The project that it goes to.
        pub target_project_id: ProjectId,
        /// ISO 8601.
        pub created_at: String,
        /// ISO 8601.
        pub updated_at: String,
        /// The newest commit of the source.
        pub sha: Option<String>,
        /// The merge.
        pub merge_commit_sha: Option<String>,
        /// Why it can or cannot be merged, in GitLab's word.
        pub detailed_merge_status: Option<String>,
        /// Notes of people.
        pub user_notes_count: i64 = 0,
        /// Its page on the backend.
        pub web_url: String,
        /// The newest pipeline of the source.
        pub head_pipeline: Option<Head>,
        /// What the reader may do.
        pub user: Option<Rights>,
    }
}

record! {
    /// The newest pipeline of its source.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Head {
        /// Number.
        pub id: PipelineId,
        /// Where it stands.
        pub status: Status,
    }
}

record! {
    /// What the reader may do with a merge request.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Rights {
        /// Whether it may be merged by this person.
        pub can_merge: bool = false,
    }
}

record! {
    /// Something that was said about it.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Note {
        /// Number.
        pub id: i64,
        /// Markdown.
        pub body: String,
        /// Who said it.
        pub author: Option<Author>,
        /// ISO 8601.
        pub created_at: String,
        /// Whether the backend said it.
        pub system: bool = false,
    }
}

record! {
    /// Who approved.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
    pub struct Approvals {
        /// How many more it needs.
        pub approvals_left: i64 = 0,
        /// Who did.
        pub approved_by: Vec<Approver> = Vec::new(),
        /// Whether the reader did.
        pub user_has_approved: bool = false,
        /// Whether the reader may.
        pub user_can_approve: bool = false,
    }
}

record! {
    /// One approval.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Approver {
        /// Whose.
        pub user: Author,
    }
}

fn path(project: &ProjectRef, iid: i64, rest: &str) -> String {
    format!("/projects/{}/merge_requests/{iid}{rest}", project.segment())
}

/// `GET /projects/:id/merge_requests`
#[derive(Debug, Clone)]
pub struct ListMergeRequests(pub ProjectRef);

impl Endpoint for ListMergeRequests {
    type Output = Page<MergeRequest>;

    fn request(&self) -> Request {
        let path = format!("/projects/{}/merge_requests", self.0.segment());
        Request::new(Method::Get, path).with("state", "all").with("scope", "all").with("order_by", "updated_at").with("per_page", 50)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// `GET …/merge_requests/:iid`
#[derive(Debug, Clone)]
pub struct GetMergeRequest(pub ProjectRef, pub i64);

impl Endpoint for GetMergeRequest {
    type Output = MergeRequest;

    fn request(&self) -> Request {
        Request::new(Method::Get, path(&self.0, self.1, ""))
    }

    fn decode(&self, response: Response) -> Result<MergeRequest, Error> {
        json(&response)
    }
}

/// `POST /projects/:id/merge_requests`, at the project that the changes are in.
#[derive(Debug, Clone)]
pub struct CreateMergeRequest {
    /// The source.
    pub source: ProjectRef,
    /// Its branch.
    pub source_branch: String,
    /// The target, where it is another project.
    pub target: Option<ProjectId>,
    /// Its branch.
    pub target_branch: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
}

impl Endpoint for CreateMergeRequest {
    type Output = MergeRequest;

    fn request(&self) -> Request {
        let mut body = json!({
            "source_branch": self.source_branch, "target_branch": self.target_branch, "title": self.title, "description": self.description, "remove_source_branch": true,
        });
        if let Some(target) = self.target {
            body["target_project_id"] = json!(target);
        }
        Request::new(Method::Post, format!("/projects/{}/merge_requests", self.source.segment())).with_body(body)
    }

    fn decode(&self, response: Response) -> Result<MergeRequest, Error> {
        json(&response)
    }
}

/// What is done to a merge request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Give up.
    Close,
    /// Take up again.
    Reopen,
    /// Agree.
    Approve,
    /// Take that back.
    Unapprove,
    /// Bring it into the target.
    Merge,
}

/// Does it; `sha` is the newest commit that was looked at, so that nothing newer is merged unseen.
#[derive(Debug, Clone)]
pub struct Do {
    /// The target project.
    pub project: ProjectRef,
    /// The number.
    pub iid: i64,
    /// What.
    pub act: Act,
    /// What was looked at.
    pub sha: Option<String>,
}

impl Endpoint for Do {
    type Output = ();

    fn request(&self) -> Request {
        let mut body = Map::new();
        let (method, rest) = match self.act {
            Act::Close => (Method::Put, ""),
            Act::Reopen => (Method::Put, ""),
            Act::Approve => (Method::Post, "/approve"),
            Act::Unapprove => (Method::Post, "/unapprove"),
            Act::Merge => (Method::Put, "/merge"),
        };
        match self.act {
            Act::Close => body.insert("state_event".to_owned(), json!("close")),
            Act::Reopen => body.insert("state_event".to_owned(), json!("reopen")),
            Act::Merge => body.insert("should_remove_source_branch".to_owned(), json!(true)),
            Act::Approve | Act::Unapprove => None,
        };
        if let (Some(sha), Act::Merge | Act::Approve) = (&self.sha, self.act) {
            body.insert("sha".to_owned(), json!(sha));
        }
        Request::new(method, path(&self.project, self.iid, rest)).with_body(Value::Object(body))
    }

    fn decode(&self, _: Response) -> Result<(), Error> {
        Ok(())
    }
}

/// `GET …/merge_requests/:iid/diffs`
#[derive(Debug, Clone)]
pub struct ListDiffs(pub ProjectRef, pub i64);

impl Endpoint for ListDiffs {
    type Output = Page<FileDiff>;

    fn request(&self) -> Request {
        Request::new(Method::Get, path(&self.0, self.1, "/diffs")).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// `GET …/merge_requests/:iid/notes`, oldest first.
#[derive(Debug, Clone)]
pub struct ListNotes(pub ProjectRef, pub i64);

impl Endpoint for ListNotes {
    type Output = Page<Note>;

    fn request(&self) -> Request {
        Request::new(Method::Get, path(&self.0, self.1, "/notes")).with("sort", "asc").with("order_by", "created_at").with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// `POST …/merge_requests/:iid/notes`
#[derive(Debug, Clone)]
pub struct CreateNote(pub ProjectRef, pub i64, pub String);

impl Endpoint for CreateNote {
    type Output = Note;

    fn request(&self) -> Request {
        Request::new(Method::Post, path(&self.0, self.1, "/notes")).with_body(json!({ "body": self.2 }))
    }

    fn decode(&self, response: Response) -> Result<Note, Error> {
        json(&response)
    }
}

/// `GET …/merge_requests/:iid/approvals`
#[derive(Debug, Clone)]
pub struct GetApprovals(pub ProjectRef, pub i64);

impl Endpoint for GetApprovals {
    type Output = Approvals;

    fn request(&self) -> Request {
        Request::new(Method::Get, path(&self.0, self.1, "/approvals"))
    }

    fn decode(&self, response: Response) -> Result<Approvals, Error> {
        json(&response)
    }
}
