//! The variables that GitLab predefines (GITLAB.md §8.2), and the whole set a job gets.

use serde_json::Value;

use crate::Forge;
use crate::ci::job::{Job, Variable};
use crate::ci::variables;
use crate::error::ApiResult;
use crate::git::log::CommitInfo;
use crate::store::identity::UserRow;
use crate::store::pipelines::{JobRow, PipelineRow, pipeline_variables};
use crate::store::projects::ProjectRow;
use crate::store::variables::{Owner, VariableRow, variables as stored};

/// Name, text, and whether the text is taken as it is.
pub type Triple = (String, String, bool);

fn slug(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    plain.chars().take(63).collect::<String>().trim_matches('-').to_owned()
}

fn raw(pairs: Vec<(&str, String)>) -> Vec<Triple> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value, true)).collect()
}

/// What is known of a pipeline before it exists.
#[derive(Debug)]
pub struct Origin<'a> {
    /// The project.
    pub project: &'a ProjectRow,
    /// Who starts it.
    pub user: &'a UserRow,
    /// The commit.
    pub commit: &'a CommitInfo,
    /// Branch or tag.
    pub reference: &'a str,
    /// Whether it is a tag.
    pub tag: bool,
    /// `push`, `api`, …
    pub source: &'a str,
    /// The commit before, of a push.
    pub before_sha: &'a str,
}

impl Forge {
    /// Variables of server, project, commit and person: what rules may use.
    #[must_use]
    pub fn origin_variables(&self, origin: &Origin<'_>) -> Vec<Triple> {
        let Origin { project, user, commit, reference, tag, source, before_sha } = origin;
        let url = url::Url::parse(&self.url("")).ok();
        let port = url.as_ref().and_then(url::Url::port_or_known_default).unwrap_or_default();
        let title = commit.message.lines().next().unwrap_or_default().to_owned();
        let description = commit.message.split_once('\n').map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default();
        let web_url = self.url(&project.full_path());
        let base = self.url("").trim_end_matches('/').to_owned();
        let mut list = raw(vec![
            ("CI", "true".into()),
            ("GITLAB_CI", "true".into()),
            ("CI_SERVER", "yes".into()),
            ("CI_SERVER_URL", base),
            ("CI_SERVER_HOST", url.as_ref().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()),
            ("CI_SERVER_PORT", port.to_string()),
            ("CI_SERVER_PROTOCOL", url.as_ref().map(|url| url.scheme().to_owned()).unwrap_or_default()),
            ("CI_SERVER_FQDN", self.host()),
            ("CI_SERVER_NAME", "Twinport".into()),
            ("CI_SERVER_VERSION", crate::VERSION.into()),
            ("CI_SERVER_VERSION_MAJOR", "18".into()),
            ("CI_SERVER_VERSION_MINOR", "5".into()),
            ("CI_SERVER_VERSION_PATCH", "0".into()),
            ("CI_SERVER_REVISION", crate::REVISION.into()),
            ("CI_API_V4_URL", self.url("api/v4")),
            ("CI_API_GRAPHQL_URL", self.url("api/graphql")),
            ("CI_PROJECT_ID", project.id.to_string()),
            ("CI_PROJECT_NAME", project.path.clone()),
            ("CI_PROJECT_TITLE", project.name.clone()),
            ("CI_PROJECT_PATH", project.full_path()),
            ("CI_PROJECT_PATH_SLUG", slug(&project.full_path())),
            ("CI_PROJECT_NAMESPACE", project.namespace_path.clone()),
            ("CI_PROJECT_NAMESPACE_ID", project.namespace_id.to_string()),
            ("CI_PROJECT_ROOT_NAMESPACE", project.namespace_path.clone()),
            ("CI_PROJECT_URL", web_url.clone()),
            ("CI_PROJECT_VISIBILITY", project.visibility.clone()),
            ("CI_PROJECT_DESCRIPTION", project.description.clone().unwrap_or_default()),
            ("CI_PROJECT_TOPICS", project.topics.clone()),
            ("CI_DEFAULT_BRANCH", project.default_branch.clone()),
            ("CI_CONFIG_PATH", project.ci_path().to_owned()),
            ("CI_COMMIT_SHA", commit.id.clone()),
            ("CI_COMMIT_SHORT_SHA", commit.id[..8].to_owned()),
            ("CI_COMMIT_BEFORE_SHA", (*before_sha).to_owned()),
            ("CI_COMMIT_REF_NAME", (*reference).to_owned()),
            ("CI_COMMIT_REF_SLUG", slug(reference)),
            ("CI_COMMIT_REF_PROTECTED", (*reference == project.default_branch).to_string()),
            ("CI_COMMIT_MESSAGE", commit.message.clone()),
            ("CI_COMMIT_TITLE", title),
            ("CI_COMMIT_DESCRIPTION", description),
            ("CI_COMMIT_TIMESTAMP", commit.committer.date.clone()),
            ("CI_COMMIT_AUTHOR", format!("{} <{}>", commit.author.name, commit.author.email)),
            ("CI_PIPELINE_SOURCE", (*source).to_owned()),
            ("CI_REPOSITORY_URL", format!("{web_url}.git")),
            ("GITLAB_USER_ID", user.id.to_string()),
            ("GITLAB_USER_LOGIN", user.username.clone()),
            ("GITLAB_USER_NAME", user.name.clone()),
            ("GITLAB_USER_EMAIL", user.email.clone()),
        ]);
        let name = if *tag { "CI_COMMIT_TAG" } else { "CI_COMMIT_BRANCH" };
        list.extend(raw(vec![(name, (*reference).to_owned())]));
        if *source == "trigger" {
            list.extend(raw(vec![("CI_PIPELINE_TRIGGERED", "true".into())]));
        }
        list
    }

    /// The variables that administrators and maintainers set, for this branch and environment; what wins comes last: a
    /// project's over its group's, and of one owner those for fewer environments (doc/ci/environments, "Limit the scope").
    pub async fn stored_variables(&self, project: &ProjectRow, reference: &str, environment: Option<&str>) -> ApiResult<Vec<VariableRow>> {
        let protected = reference == project.default_branch;
        let mut list = Vec::new();
        for owner in [Owner::Namespace(project.namespace_id), Owner::Project(project.id)] {
            let mut own = stored(&self.db, owner).await?;
            own.retain(|row| (protected || !row.protected) && is_for(&row.environment_scope, environment));
            own.sort_by_key(|row| (!row.environment_scope.contains('*'), row.environment_scope.len()));
            list.extend(own);
        }
        Ok(list)
    }

    /// Everything a job gets, expanded; file variables still hold their text.
    pub async fn job_variables(&self, origin: &Origin<'_>, pipeline: &PipelineRow, row: &JobRow, job: &Job) -> ApiResult<JobVariables> {
        let mut list = self.origin_variables(origin);
        let project = origin.project;
        let started = self.clock.text();
        let timeout = job.timeout.unwrap_or(project.build_timeout.unsigned_abs());
        let (runner, description, tags) = {
            let all = self.runner.all();
            let taker = self.runner.who_takes(&job.tags).unwrap_or(1);
            all.into_iter().find(|(id, ..)| *id == taker).unwrap_or((1, String::new(), &[]))
        };
        list.extend(raw(vec![
            ("CI_PIPELINE_ID", pipeline.id.to_string()),
            ("CI_PIPELINE_IID", pipeline.iid.to_string()),
            ("CI_PIPELINE_URL", self.url(&format!("{}/-/pipelines/{}", project.full_path(), pipeline.id))),
            ("CI_PIPELINE_CREATED_AT", pipeline.created_at.clone()),
            ("CI_PIPELINE_NAME", pipeline.name.clone().unwrap_or_default()),
            ("CI_JOB_ID", row.id.to_string()),
            ("CI_JOB_NAME", row.name.clone()),
            ("CI_JOB_NAME_SLUG", slug(&row.name)),
            ("CI_JOB_STAGE", row.stage.clone()),
            ("CI_JOB_STATUS", "running".into()),
            ("CI_JOB_STARTED_AT", started),
            ("CI_JOB_URL", self.url(&format!("{}/-/jobs/{}", project.full_path(), row.id))),
            ("CI_JOB_TIMEOUT", timeout.to_string()),
            ("CI_RUNNER_ID", runner.to_string()),
            ("CI_RUNNER_DESCRIPTION", description),
            ("CI_RUNNER_TAGS", serde_json::to_string(tags).unwrap_or_default()),
            ("CI_RUNNER_VERSION", crate::VERSION.into()),
            ("CI_RUNNER_EXECUTABLE_ARCH", format!("linux/{}", std::env::consts::ARCH)),
            ("CI_BUILDS_DIR", "/builds".into()),
            ("CI_PROJECT_DIR", format!("/builds/{}", project.full_path())),
            ("CI_NODE_TOTAL", "1".into()),
        ]));
        if job.when == crate::ci::job::When::Manual {
            list.extend(raw(vec![("CI_JOB_MANUAL", "true".into())]));
        }
        if let Some(parent) = pipeline.parent_job_id
            && let Some(bridge) = crate::store::pipelines::job(&self.db, parent).await?
        {
            list.extend(raw(vec![
                ("CI_UPSTREAM_JOB_ID", bridge.id.to_string()),
                ("CI_UPSTREAM_PIPELINE_ID", bridge.pipeline_id.to_string()),
                ("CI_UPSTREAM_PROJECT_ID", bridge.project_id.to_string()),
            ]));
        }
        if let Some(environment) = &job.environment {
            list.extend(raw(vec![
                ("CI_ENVIRONMENT_NAME", environment.name.clone()),
                ("CI_ENVIRONMENT_SLUG", slug(&environment.name)),
                ("CI_ENVIRONMENT_URL", environment.url.clone().unwrap_or_default()),
                ("CI_ENVIRONMENT_ACTION", environment.action.clone()),
            ]));
        }
        list.extend(job.variables.iter().map(|Variable { key, value, raw }| (key.clone(), value.clone(), *raw)));
        list.extend(self.dotenv_of(pipeline.id, row, job).await?);
        let stored = self.stored_variables(project, &pipeline.reference, job.environment.as_ref().map(|environment| environment.name.as_str())).await?;
        let own = pipeline_variables(&self.db, pipeline.id).await?;
        let files = stored.iter().filter(|row| row.variable_type == "file").map(|row| row.key.clone());
        let files = files.chain(own.iter().filter(|(_, _, kind, _)| kind == "file").map(|(key, ..)| key.clone())).collect();
        let secrets = stored.iter().filter(|row| row.masked).map(|row| row.value.clone()).collect();
        list.extend(stored.into_iter().map(|row| (row.key, row.value, row.raw)));
        list.extend(own.into_iter().map(|(key, value, _, raw)| (key, value, raw)));
        Ok(JobVariables { values: variables::resolve(&list).into_iter().collect(), files, secrets })
    }

    /// Variables that earlier jobs reported through `artifacts: reports: dotenv`.
    async fn dotenv_of(&self, pipeline: i64, row: &JobRow, job: &Job) -> ApiResult<Vec<Triple>> {
        let mut list = Vec::new();
        for other in crate::store::pipelines::jobs(&self.db, pipeline, false).await? {
            let wanted = match (&job.needs, &job.dependencies) {
                (Some(needs), _) => needs.iter().any(|need| need.job == other.name && need.artifacts),
                (None, Some(names)) => names.contains(&other.name),
                (None, None) => other.stage_index < row.stage_index,
            };
            if let (true, Some(text)) = (wanted, &other.dotenv) {
                let pairs: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
                list.extend(pairs.into_iter().map(|(key, value)| (key, value, true)));
            }
        }
        Ok(list)
    }
}

/// Whether a scope, in which `*` stands for any text, is for a job of `environment`.
fn is_for(scope: &str, environment: Option<&str>) -> bool {
    let Some(name) = environment.filter(|_| scope != "*") else { return scope == "*" };
    let mut parts = scope.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        let found = if parts.peek().is_none() { rest.ends_with(part).then(|| rest.len() - part.len()) } else { rest.find(part) };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// What a job's processes see.
#[derive(Debug, Default)]
pub struct JobVariables {
    /// Names and texts.
    pub values: std::collections::BTreeMap<String, String>,
    /// Names whose text goes to a file.
    pub files: Vec<String>,
    /// Texts that never appear in the log.
    pub secrets: Vec<String>,
}

/// Variables that a pipeline may be given, and the bytes of them all. A program's environment has room for about 2 MB
/// (execve(2)), and the runner's own are in it too.
pub const MOST: usize = 1_000;
/// See [`MOST`].
pub const LARGEST: usize = 512 * 1024;

/// Whether `key` may name a variable: letters, digits and `_`, at most 255 of them (GitLab's
/// `Ci::HasVariable`). A variable of type file is written under its name, so nothing else will do.
#[must_use]
pub fn name_fits(key: &str) -> bool {
    !key.is_empty() && key.len() <= 255 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The variables of a request (`[{key, value}]`, `{K: "v"}`), or why they are none.
pub fn read_variables(value: Option<&Value>) -> Result<Vec<(String, String, String)>, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    };
    let mut found = Vec::new();
    let mut add = |key: &str, value: Option<String>, kind: &str| match value {
        Some(value) if name_fits(key) => {
            found.push((key.to_owned(), value, if kind == "file" { "file" } else { "env_var" }.to_owned()));
            Ok(())
        }
        Some(_) => Err(format!("variable name `{key}` is invalid: use letters, digits and _")),
        None => Err("variables needs to be a map of key-valued strings".to_owned()),
    };
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::Object(map)) => map.iter().try_for_each(|(key, value)| add(key, text(value), "env_var"))?,
        Some(Value::Array(list)) => list.iter().try_for_each(|item| {
            let kind = item.get("variable_type").and_then(Value::as_str).unwrap_or("env_var");
            add(item.get("key").and_then(Value::as_str).unwrap_or_default(), item.get("value").and_then(text).or_else(|| Some(String::new())), kind)
        })?,
        Some(_) => return Err("variables is invalid".to_owned()),
    }
    let size: usize = found.iter().map(|(key, value, _)| key.len() + value.len()).sum();
    if found.len() > MOST || size > LARGEST {
        return Err(format!("there are {} variables with {size} bytes together; {MOST} with {LARGEST} bytes are allowed", found.len()));
    }
    Ok(found)
}
