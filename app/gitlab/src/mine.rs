//! One's own newest runs in several projects, short: for a number beside each instance.

use crate::endpoint::{Endpoint, Request, Response};
use crate::error::Error;
use crate::graph::{data, nodes, quoted, request, status, text};
use crate::status::Status;

/// So many of each project are looked at.
const NEWEST: usize = 20;

/// A run that somebody started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mine {
    /// Where it stands: what it started, where it started something.
    pub status: Status,
    /// ISO 8601.
    pub updated_at: String,
}

/// The newest runs of a person, in several projects.
#[derive(Debug, Clone)]
pub struct ListMine {
    projects: Vec<String>,
    username: String,
}

impl ListMine {
    /// `projects` by full path; `username` is who pressed Run.
    #[must_use]
    pub fn new(projects: Vec<String>, username: impl Into<String>) -> Self {
        Self { projects, username: username.into() }
    }
}

impl Endpoint for ListMine {
    /// Of all projects together, newest first within each; what is not to be seen has none.
    type Output = Vec<Mine>;

    fn request(&self) -> Request {
        let by = quoted(&self.username);
        let project = |(number, path): (usize, &String)| {
            format!(
                "p{number}: project(fullPath: {}) {{ pipelines(first: {NEWEST}, username: {by}) {{ nodes {{ status updatedAt downstream(first: 3) {{ nodes {{ status updatedAt }} }} }} }} }} ",
                quoted(path)
            )
        };
        request(format!("{{ {}}}", self.projects.iter().enumerate().map(project).collect::<String>()))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        let data = data(&response)?;
        let mine = |number: usize| {
            let list = nodes(&data[format!("p{number}")]["pipelines"]);
            // A trigger job is done as soon as it has started the twin's own pipeline.
            let of = |node: &serde_json::Value| Mine { status: status(&node["status"]), updated_at: text(&node["updatedAt"]) };
            list.iter().map(|node| of(nodes(&node["downstream"]).first().unwrap_or(node))).collect::<Vec<_>>()
        };
        Ok((0..self.projects.len()).flat_map(mine).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, ListMine, Response, Status};

    #[test]
    fn runs_of_two_projects_of_which_one_is_not_there() {
        let asked = ListMine::new(vec!["a/ada".into(), "a/common".into()], "a\"da");
        let query = asked.request().body.map(|body| body["query"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        assert!(query.contains(r#"username: "a\"da""#), "{query}");
        let body = r#"{"data":{"p0":{"pipelines":{"nodes":[{"status":"SUCCESS","updatedAt":"s","downstream":{"nodes":[{"status":"RUNNING","updatedAt":"u"}]}},{"status":"FAILED","updatedAt":"t"}]}},"p1":null}}"#;
        let found = asked.decode(Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }).unwrap_or_default();
        assert_eq!(found.iter().map(|mine| mine.status.clone()).collect::<Vec<_>>(), [Status::Running, Status::Failed]);
    }
}
