//! `GET /projects/:id`.

use serde::Serialize;

use crate::endpoint::{Endpoint, Method, Request, Response, json};
use crate::error::Error;
use crate::ids::{ProjectId, ProjectRef};
use crate::record;

record! {
    /// What we use of a project.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Project {
        /// Number.
        pub id: ProjectId,
        /// Full path, such as `dtaas/alice`.
        pub path_with_namespace: String,
        /// `None` while the repository is empty.
        pub default_branch: Option<String>,
        /// The project's page on its backend.
        pub web_url: String,
        /// For `git clone`.
        pub http_url_to_repo: String,
        /// The least role that may give variables to a pipeline: `developer`, `maintainer`, `owner`,
        /// `no_one_allowed`.
        pub ci_pipeline_variables_minimum_override_role: Option<String>,
        /// Whether large files are kept apart from the repository.
        pub lfs_enabled: Option<bool>,
        /// What the token's owner may do here.
        pub permissions: Option<Permissions>,
    }
}

record! {
    /// Roles in a project; the effective one is the larger.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Permissions {
        /// As a member of the project.
        pub project_access: Option<Access>,
        /// As a member of its group.
        pub group_access: Option<Access>,
    }
}

record! {
    /// One membership.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Access {
        /// 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner.
        pub access_level: u32,
    }
}

impl Project {
    /// The effective role, as far as the answer tells (inherited rights may be larger).
    #[must_use]
    pub fn access_level(&self) -> u32 {
        let Some(permissions) = &self.permissions else { return 0 };
        [&permissions.project_access, &permissions.group_access].into_iter().flatten().map(|a| a.access_level).max().unwrap_or(0)
    }
}

/// One project.
#[derive(Debug, Clone)]
pub struct GetProject(pub ProjectRef);

impl Endpoint for GetProject {
    type Output = Project;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}", self.0.segment()))
    }

    fn decode(&self, response: Response) -> Result<Project, Error> {
        json(&response)
    }
}

/// `POST /projects/:id/fork`, into the person's own namespace.
#[derive(Debug, Clone)]
pub struct ForkProject {
    /// The original.
    pub project: ProjectRef,
    /// Last part of the copy's path.
    pub path: String,
}

impl Endpoint for ForkProject {
    type Output = Project;

    fn request(&self) -> Request {
        let body = serde_json::json!({ "path": self.path, "name": self.path });
        Request::new(Method::Post, format!("/projects/{}/fork", self.project.segment())).with_body(body)
    }

    fn decode(&self, response: Response) -> Result<Project, Error> {
        json(&response)
    }
}

/// `GET /projects/:id/forks`: those that belong to the person.
#[derive(Debug, Clone)]
pub struct ListOwnForks(pub ProjectRef);

impl Endpoint for ListOwnForks {
    type Output = crate::page::Page<Project>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/forks", self.0.segment())).with("owned", true).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        crate::page::Page::decode(&response)
    }
}
