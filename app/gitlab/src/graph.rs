//! `POST /api/graphql`: many folders, files or runs in one request (GITLAB.md §4). Queries are
//! built so that the cost of one for two projects stays below what GitLab allows anybody who is
//! signed in, and of one for a single project below what it allows guests.

use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Request, Response};
use crate::error::Error;
use crate::ids::PipelineId;
use crate::status::Status;

/// The most entries of a list that GitLab gives at once.
pub const PAGE: usize = 100;

/// Text as GraphQL writes it; JSON's escapes are a part of it.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

pub(crate) fn request(query: String) -> Request {
    Request::graph(json!({ "query": query }))
}

/// The `data` of an answer, or its first error.
pub(crate) fn data(response: &Response) -> Result<Value, Error> {
    let mut answer = crate::endpoint::value(response)?;
    match answer["errors"][0]["message"].as_str() {
        // An answer of which a part failed would look as if there was nothing.
        Some(message) => Err(Error::Refused { status: response.status, message: message.to_owned() }),
        None if !answer["data"].is_object() => Err(Error::Unreadable { reason: "there is no data in it".to_owned() }),
        _ => Ok(answer["data"].take()),
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn nodes(value: &Value) -> &[Value] {
    value["nodes"].as_array().map_or(&[], Vec::as_slice)
}

/// What a folder holds, without what is below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Folders.
    pub trees: Vec<String>,
    /// Files.
    pub blobs: Vec<String>,
    /// Where more folders begin, when there are any.
    pub more_trees: Option<Page>,
    /// Where more files begin, when there may be any.
    pub more_blobs: Option<Page>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The first [`PAGE`] entries.
    First,
    /// Those after this cursor, which an answer named.
    After(String),
}

/// A folder to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its path.
    pub path: String,
    /// Which of its folders, if any.
    pub trees: Option<Page>,
    /// Which of its files, if any.
    pub blobs: Option<Page>,
}

/// What tells where the next page begins. Whether there is one would cost more for all folders than people may spend: a page that is full
/// may be followed by an empty one.
const CURSOR: &str = "pageInfo { endCursor } ";
/// The same with whether there is one: of a folder whose files are not asked for, as that of the twins.
const MORE: &str = "pageInfo { hasNextPage endCursor } ";

impl Folder {
    /// Whether it is listed from the beginning. Where the next files would begin costs more than guests may spend, so it is asked for
    /// only where there are as many as a page holds.
    fn begins(&self) -> bool {
        self.trees == Some(Page::First)
    }
}

/// The entries of the same folders of several projects.
#[derive(Debug, Clone)]
pub struct ListFolders {
    projects: Vec<String>,
    reference: String,
    folders: Vec<Folder>,
}

impl ListFolders {
    /// `projects` by full path, at `reference` (`HEAD` for the default branch).
    #[must_use]
    pub fn new(projects: Vec<String>, reference: impl Into<String>, folders: impl IntoIterator<Item = Folder>) -> Self {
        Self { projects, reference: reference.into(), folders: folders.into_iter().collect() }
    }
}

impl Endpoint for ListFolders {
    /// For each project its folders in the order of the question, or nothing where it is not
    /// there or not to be seen.
    type Output = Vec<Option<Vec<Names>>>;

    fn request(&self) -> Request {
        let reference = quoted(&self.reference);
        let folder = |(number, folder): (usize, &Folder)| {
            let page = |name: &str, page: Option<&Page>, info: &str| match page {
                Some(Page::First) => format!("{name}(first: {PAGE}) {{ nodes {{ name }} {info}}} "),
                Some(Page::After(cursor)) => format!("{name}(first: {PAGE}, after: {}) {{ nodes {{ name }} {info}}} ", quoted(cursor)),
                None => String::new(),
            };
            let whole = if folder.blobs.is_none() { MORE } else { CURSOR };
            let (trees, blobs) = (page("trees", folder.trees.as_ref(), whole), page("blobs", folder.blobs.as_ref(), if folder.begins() { "" } else { CURSOR }));
            format!("f{number}: tree(path: {}, ref: {reference}) {{ {trees}{blobs}}} ", quoted(&folder.path))
        };
        let folders: String = self.folders.iter().enumerate().map(folder).collect();
        let project = |(number, path): (usize, &String)| format!("p{number}: project(fullPath: {}) {{ repository {{ {folders}}} }} ", quoted(path));
        request(format!("{{ {}}}", self.projects.iter().enumerate().map(project).collect::<String>()))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        let data = data(&response)?;
        let names = |value: &Value| nodes(value).iter().map(|node| text(&node["name"])).collect();
        let after = |list: &Value| {
            let info = &list["pageInfo"];
            let more = info["hasNextPage"].as_bool().unwrap_or_else(|| nodes(list).len() >= PAGE);
            info["endCursor"].as_str().filter(|_| more).map(|cursor| Page::After(cursor.to_owned()))
        };
        let folder = |project: &Value, number: usize| {
            let tree = &project["repository"][format!("f{number}")];
            let (trees, blobs): (Vec<String>, Vec<String>) = (names(&tree["trees"]), names(&tree["blobs"]));
            let full = self.folders[number].begins() && blobs.len() >= PAGE;
            let more_blobs = if full { Some(Page::First) } else { after(&tree["blobs"]) };
            Names { trees, blobs, more_trees: after(&tree["trees"]), more_blobs }
        };
        let project = |number: usize| {
            let project = &data[format!("p{number}")];
            project.is_object().then(|| (0..self.folders.len()).map(|number| folder(project, number)).collect())
        };
        Ok((0..self.projects.len()).map(project).collect())
    }
}

/// The texts of files in one project.
#[derive(Debug, Clone)]
pub struct ReadTexts {
    project: String,
    reference: String,
    paths: Vec<String>,
}

impl ReadTexts {
    /// At most [`PAGE`] files are read.
    #[must_use]
    pub fn new(project: impl Into<String>, reference: impl Into<String>, paths: Vec<String>) -> Self {
        Self { project: project.into(), reference: reference.into(), paths }
    }
}

impl Endpoint for ReadTexts {
    /// Path and text of those that are there and are text.
    type Output = Vec<(String, String)>;

    fn request(&self) -> Request {
        let paths: Vec<String> = self.paths.iter().take(PAGE).map(|path| quoted(path)).collect();
        request(format!(
            "{{ project(fullPath: {}) {{ repository {{ blobs(paths: [{}], ref: {}, first: {}) {{ nodes {{ path rawTextBlob }} }} }} }} }}",
            quoted(&self.project),
            paths.join(","),
            quoted(&self.reference),
            paths.len()
        ))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        let data = data(&response)?;
        let pair = |node: &Value| Some((text(&node["path"]), node["rawTextBlob"].as_str()?.to_owned()));
        Ok(nodes(&data["project"]["repository"]["blobs"]).iter().filter_map(pair).collect())
    }
}

/// A pipeline that another one started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Number.
    pub id: PipelineId,
    /// Where it stands.
    pub status: Status,
    /// ISO 8601.
    pub updated_at: String,
}

/// A pipeline of a project, with what it started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Number.
    pub id: PipelineId,
    /// Where it stands itself.
    pub status: Status,
    /// A name that the CI file or a person gave it.
    pub name: String,
    /// The commit.
    pub sha: String,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
    /// Names of its trigger jobs.
    pub triggers: Vec<String>,
    /// In the order in which they were started.
    pub children: Vec<Child>,
}

/// Some runs of a project, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    /// The runs.
    pub list: Vec<Run>,
    /// Behind what the older ones come, if there are any.
    pub older: Option<String>,
}

/// Runs of several projects.
#[derive(Debug, Clone)]
pub struct ListRuns {
    projects: Vec<(String, Option<String>)>,
    first: u32,
}

impl ListRuns {
    /// The newest `first` of each of `projects`, by full path, or those that come behind [`Runs::older`].
    #[must_use]
    pub fn new(projects: Vec<(String, Option<String>)>, first: u32) -> Self {
        Self { projects, first }
    }
}

/// The number at the end of `gid://gitlab/Ci::Pipeline/7`.
fn number(id: &Value) -> Option<PipelineId> {
    id.as_str()?.rsplit('/').next()?.parse().ok()
}

/// The graph writes states in upper case.
pub(crate) fn status(value: &Value) -> Status {
    Status::from(text(value).to_lowercase())
}

fn child(node: &Value) -> Option<Child> {
    Some(Child { id: number(&node["id"])?, status: status(&node["status"]), updated_at: text(&node["updatedAt"]) })
}

fn run(node: &Value) -> Option<Run> {
    Some(Run {
        id: number(&node["id"])?,
        status: status(&node["status"]),
        name: text(&node["name"]),
        sha: text(&node["sha"]),
        created_at: text(&node["createdAt"]),
        updated_at: text(&node["updatedAt"]),
        triggers: nodes(&node["jobs"]).iter().filter(|job| job["kind"] == "BRIDGE").map(|job| text(&job["name"])).collect(),
        children: nodes(&node["downstream"]).iter().filter_map(child).collect(),
    })
}

impl Endpoint for ListRuns {
    /// For each project its runs, or nothing where it is not there or not to be seen.
    type Output = Vec<Option<Runs>>;

    fn request(&self) -> Request {
        const FIELDS: &str = "pageInfo { hasNextPage endCursor } nodes { id name status sha createdAt updatedAt jobs(first: 5) { nodes { name kind } } downstream(first: 3) { nodes { id status updatedAt } } }";
        let project = |(number, (path, behind)): (usize, &(String, Option<String>))| {
            let behind = behind.as_ref().map(|behind| format!(", after: {}", quoted(behind))).unwrap_or_default();
            format!("p{number}: project(fullPath: {}) {{ pipelines(first: {}{behind}) {{ {FIELDS} }} }} ", quoted(path), self.first)
        };
        request(format!("{{ {}}}", self.projects.iter().enumerate().map(project).collect::<String>()))
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        let data = data(&response)?;
        let project = |number: usize| {
            let project = &data[format!("p{number}")];
            let page = &project["pipelines"]["pageInfo"];
            let older = page["endCursor"].as_str().filter(|_| page["hasNextPage"] == true).map(str::to_owned);
            project.is_object().then(|| Runs { list: nodes(&project["pipelines"]).iter().filter_map(run).collect(), older })
        };
        Ok((0..self.projects.len()).map(project).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Error, Folder, ListFolders, ListRuns, PAGE, Page, Response, Status};

    fn answer(body: &str) -> Response {
        Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn names_are_quoted_and_absent_projects_are_told_apart() {
        let asked = ListFolders::new(vec!["a/\"b\\".into(), "a/c".into()], "HEAD", [Folder { path: "models".into(), trees: Some(Page::First), blobs: Some(Page::First) }]);
        let query = asked.request().body.map(|body| body["query"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        assert!(query.contains(r#"p0: project(fullPath: "a/\"b\\")"#), "{query}");
        let body = r#"{"data":{"p0":null,"p1":{"repository":{"f0":{"trees":{"nodes":[{"name":"x"}]},"blobs":{"nodes":[]}}}}}}"#;
        let found = asked.decode(answer(body)).unwrap_or_default();
        assert_eq!(found[0], None);
        assert_eq!(found[1].as_ref().map(|folders| folders[0].trees.clone()), Some(vec!["x".to_owned()]));
        let empty = asked.decode(answer(r#"{"data":{"p0":{"repository":null},"p1":{"repository":{"f0":null}}}}"#)).unwrap_or_default();
        assert!(empty.iter().flatten().flatten().all(|names| names.trees.is_empty()));
    }

    #[test]
    fn long_folders_go_on_where_they_ended() {
        let of = |trees, blobs| ListFolders::new(vec!["a".into()], "HEAD", [Folder { path: "data".into(), trees, blobs }]);
        let files = vec![r#"{"name":"x"}"#; PAGE].join(",");
        let body = format!(r#"{{"data":{{"p0":{{"repository":{{"f0":{{"trees":{{"nodes":[{files}],"pageInfo":{{"endCursor":"c\"1"}}}},"blobs":{{"nodes":[{files}]}}}}}}}}}}}}"#);
        let first = of(Some(Page::First), Some(Page::First));
        let names = first.decode(answer(&body)).unwrap_or_default().remove(0).unwrap_or_default().remove(0);
        assert_eq!((names.more_trees.clone(), names.more_blobs.clone()), (Some(Page::After("c\"1".into())), Some(Page::First)));
        let next = of(names.more_trees, names.more_blobs);
        let query = next.request().body.map(|body| body["query"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        assert!(query.contains(r#"trees(first: 100, after: "c\"1")"#) && query.matches("endCursor").count() == 2, "{query}");
        let end = r#"{"data":{"p0":{"repository":{"f0":{"trees":{"nodes":[]},"blobs":{"nodes":[{}],"pageInfo":{"endCursor":"c2"}}}}}}}"#;
        let names = next.decode(answer(end)).unwrap_or_default().remove(0).unwrap_or_default().remove(0);
        assert_eq!((names.more_trees, names.more_blobs), (None, None));
    }

    #[test]
    fn refusals_and_other_peoples_pages() {
        let asked = ListRuns::new(vec![("a/b".into(), None)], 3);
        let refused = asked.decode(answer(r#"{"errors":[{"message":"Query has complexity of 310"}]}"#));
        assert!(matches!(refused, Err(Error::Refused { message, .. }) if message.contains("310")));
        for body in ["<html>", "{}", "[]", "3", r#"{"data":null}"#] {
            assert!(asked.decode(answer(body)).is_err(), "{body}");
        }
    }

    #[test]
    fn runs_with_children() {
        let body = r#"{"data":{"p0":{"pipelines":{"pageInfo":{"hasNextPage":true,"endCursor":"c2"},"nodes":[{"id":"gid://gitlab/Ci::Pipeline/7","status":"RUNNING","sha":"c0","createdAt":"t","updatedAt":"u",
            "jobs":{"nodes":[{"name":"trigger_x","kind":"BRIDGE"},{"name":"y","kind":"BUILD"}]},
            "downstream":{"nodes":[{"id":"gid://gitlab/Ci::Pipeline/8","status":"WAITING_FOR_RESOURCE","updatedAt":"v"}]}}]}}}}"#;
        let asked = ListRuns::new(vec![("a/b".into(), Some("c\"1".into()))], 3);
        let query = asked.request().body.map(|body| body["query"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        assert!(query.contains(r#"pipelines(first: 3, after: "c\"1")"#), "{query}");
        let found = asked.decode(answer(body)).unwrap_or_default();
        assert_eq!(found[0].as_ref().and_then(|runs| runs.older.as_deref()), Some("c2"));
        let run = found[0].as_ref().and_then(|runs| runs.list.first()).cloned();
        let child = run.as_ref().and_then(|run| run.children.first()).cloned();
        assert_eq!(child.map(|child| child.status), Some(Status::WaitingForResource));
        assert_eq!(run.map(|run| (run.id.0, run.status, run.triggers)), Some((7, Status::Running, vec!["trigger_x".to_owned()])));
    }
}
