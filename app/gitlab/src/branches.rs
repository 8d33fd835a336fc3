//! `GET /projects/:id/repository/branches` and `…/tags`.

use serde::Serialize;
use serde_json::json;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::ProjectRef;
use crate::page::Page;
use crate::record;

record! {
    /// What we use of a branch.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Branch {
        /// Its name.
        pub name: String,
        /// Whether it is the project's default one.
        pub default: bool = false,
    }
}

/// The first hundred branches of a project.
#[derive(Debug, Clone)]
pub struct ListBranches(pub ProjectRef);

impl Endpoint for ListBranches {
    type Output = Page<Branch>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/repository/branches", self.0.segment())).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

record! {
    /// What we use of a tag.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Tag {
        /// Its name.
        pub name: String,
        /// What it says, if anything.
        pub message: Option<String>,
    }
}

/// The newest hundred tags of a project.
#[derive(Debug, Clone)]
pub struct ListTags(pub ProjectRef);

impl Endpoint for ListTags {
    type Output = Page<Tag>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/repository/tags", self.0.segment())).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// `POST /projects/:id/repository/tags`: gives a commit a name that stays.
#[derive(Debug, Clone)]
pub struct CreateTag {
    /// Where.
    pub project: ProjectRef,
    /// What the tag is called.
    pub name: String,
    /// The branch or commit that it names.
    pub reference: String,
    /// What is new in it; a tag without words is a plain one.
    pub message: String,
}

impl Endpoint for CreateTag {
    type Output = Tag;

    fn request(&self) -> Request {
        let mut body = json!({ "tag_name": self.name, "ref": self.reference });
        if !self.message.is_empty() {
            body["message"] = self.message.clone().into();
        }
        Request::new(Method::Post, format!("/projects/{}/repository/tags", self.project.segment())).with_body(body)
    }

    fn decode(&self, response: Response) -> Result<Tag, Error> {
        json(&response)
    }
}
