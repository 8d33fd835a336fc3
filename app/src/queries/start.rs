//! Before a start: what can be chosen, and whether it would go well.

use compose::lint::Severity;
use futures_util::future::join;
use gitlab::branches::ListBranches;
use gitlab::endpoint::ask;
use gitlab::lint::LintBranch;
use gitlab::pipelines::{Given, ListGiven};
use gitlab::projects::{GetProject, Project};
use gitlab::repository::{ListTree, RawFile};
use gitlab::runners::OnlineRunners;
use gitlab::{Error, PipelineId};
use twin::asset::{Asset, Kind, Owner};
use twin::declared::{Field, declared};

use super::checks::check_later;
use super::runs::of_owner;
use crate::instances::Client;
use crate::problem::Problem;

/// Names that the contract of DTAAS.md §2.3 gives values to.
pub const BY_CONTRACT: [&str; 2] = ["DTName", "RunnerTag"];

/// What a start can be given.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    /// The project it runs in.
    pub project: Project,
    /// Its branches.
    pub branches: Vec<String>,
    /// What the CI file declares.
    pub fields: Vec<Field>,
    /// Why its declarations cannot be read.
    pub unread: Option<String>,
    /// What an earlier run was given, and its number.
    pub before: Option<(i64, Vec<Given>)>,
}

/// The pipeline variables of a run.
pub async fn given(client: &Client, owner: Owner, run: i64) -> Result<Vec<Given>, Error> {
    ask(client, &ListGiven::new(client.project(owner), PipelineId(run))).await
}

/// What the CI file declares on `branch`, and why that cannot be read where it is there.
pub async fn fields_on(client: &Client, owner: Owner, branch: &str) -> Result<(Vec<Field>, Option<String>), Error> {
    let file = ask(client, &RawFile::new(client.project(owner), ".gitlab-ci.yml", branch)).await;
    match file.map(|bytes| declared(&String::from_utf8_lossy(&bytes))) {
        Ok(Ok(fields)) => Ok((fields.into_iter().filter(|field| !BY_CONTRACT.contains(&field.name.as_str())).collect(), None)),
        Ok(Err(why)) => Ok((Vec::new(), Some(why))),
        Err(Error::NotFound { .. }) => Ok((Vec::new(), Some(format!("there is no .gitlab-ci.yml on {branch}")))),
        Err(error) => Err(error),
    }
}

/// What can be chosen for `asset`, prefilled from run `from`, else from the last run of the twin.
pub async fn choices(client: Client, asset: Asset, from: Option<i64>) -> Result<Choices, Problem> {
    let (owner, name) = (asset.owner, asset.name.clone());
    let fail = |error: Error| Problem::new(&error, &format!("prepare the start of “{name}”"), &client.instance.name);
    let of_project = client.project(owner);
    let project = ask(&client, &GetProject(of_project.clone())).await.map_err(fail)?;
    let branch = client.instance.branch.clone().or(project.default_branch.clone()).unwrap_or_else(|| "main".to_owned());
    let (branches, declared) = join(ask(&client, &ListBranches(of_project)), fields_on(&client, owner, &branch)).await;
    let (fields, unread) = declared.map_err(fail)?;
    let mut branches: Vec<String> = branches.map_err(fail)?.items.into_iter().map(|branch| branch.name).collect();
    branches.sort_by_key(|name| *name != branch);
    let last = match from {
        Some(run) => Some(run),
        None => of_owner(client.clone(), owner, Some(asset.name.clone())).await.ok().and_then(|runs| runs.first().map(|run| run.pipeline)),
    };
    let before = match last {
        // Where they may not be seen, the form is empty, and says nothing of that run.
        Some(run) => given(&client, owner, run).await.ok().map(|given| (run, given)),
        None => None,
    };
    Ok(Choices { project, branches, fields, unread, before })
}

/// How a look before the start went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Good.
    Pass,
    /// It may start, and should know this.
    Warn(String),
    /// It would fail, and this is the remedy.
    Stop(String),
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it went.
    pub verdict: Verdict,
}

/// Whether a role may give variables to pipelines.
fn may_give(level: u32, least: Option<&str>) -> bool {
    match least {
        Some("no_one_allowed") => false,
        Some("owner") => level >= 50,
        Some("maintainer") => level >= 40,
        _ => level >= 30,
    }
}

/// Whether a CI file has a job of this name, as lines show it.
fn has_job(text: &str, job: &str) -> bool {
    let key = |line: &str| line.trim_start_matches(['"', '\'']).strip_prefix(job).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'));
    text.lines().any(key)
}

/// Looks at everything that is known to go wrong, all at once.
pub async fn preflight(client: Client, asset: Asset, project: Project, branch: String, tag: String) -> Vec<Check> {
    let (of_project, name) = (client.project(asset.owner), asset.name.clone());
    let level = project.access_level();
    let rights = match level {
        30.. => Verdict::Pass,
        0 => Verdict::Warn("The backend does not say what your role here is.".to_owned()),
        _ => Verdict::Stop(format!("Your role in {} lets you look, not run. Ask one of its maintainers for the role Developer.", project.path_with_namespace)),
    };
    let least = project.ci_pipeline_variables_minimum_override_role.as_deref();
    let variables = match (level, may_give(level, least)) {
        (0, _) | (_, true) => Verdict::Pass,
        _ => Verdict::Stop(format!(
            "{} takes pipeline variables from the role {} up, and a twin needs two. Change “Minimum role to use pipeline variables” in its CI/CD settings.",
            project.path_with_namespace,
            least.unwrap_or("developer").replace('_', " ")
        )),
    };
    let folder = Asset { kind: Kind::Twin, owner: asset.owner, name: name.clone() }.path();
    let lint = async {
        match ask(&client, &LintBranch::new(of_project.clone(), &branch)).await {
            Ok(verdict) if !verdict.valid => Verdict::Stop(format!("On {branch}: {}", verdict.errors.join("; "))),
            Ok(verdict) if !verdict.warnings.is_empty() => Verdict::Warn(verdict.warnings.join("; ")),
            Ok(_) => Verdict::Pass,
            Err(Error::NotFound { .. }) => Verdict::Stop(format!("There is no branch or tag {branch} in this project, or you may not see it. Choose another.")),
            Err(error) => Verdict::Warn(format!("The backend did not check the CI file: {error}.")),
        }
    };
    let trigger = async {
        let root = RawFile::new(of_project.clone(), ".gitlab-ci.yml", &branch);
        let (root, tree) = join(ask(&client, &root), ask(&client, &ListTree::new(of_project.clone(), &folder).at(&branch))).await;
        let own = tree.is_ok_and(|tree| tree.items.iter().any(|entry| entry.name == ".gitlab-ci.yml"));
        let named = root.is_ok_and(|bytes| has_job(&String::from_utf8_lossy(&bytes), &format!("trigger_{name}")));
        match (own, named) {
            (true, true) => Verdict::Pass,
            (false, _) => Verdict::Stop(format!("There is no {folder}/.gitlab-ci.yml on {branch}. Choose a branch that has it, or add it.")),
            (true, false) => {
                Verdict::Warn(format!("The project's .gitlab-ci.yml on {branch} has no job trigger_{name}. Unless a file that it includes has one, nothing will run."))
            }
        }
    };
    let runner = async {
        match ask(&client, &OnlineRunners::new(of_project.clone(), &tag)).await {
            Ok(runners) if runners.items.is_empty() => Verdict::Warn(format!("No runner that is online has the tag {tag}: the jobs will wait until one comes.")),
            Ok(_) => Verdict::Pass,
            // Only maintainers may see a project's runners.
            Err(_) => Verdict::Warn(format!("Your role does not show whether a runner with the tag {tag} is online.")),
        }
    };
    let large = async {
        let attributes = ask(&client, &RawFile::new(of_project.clone(), ".gitattributes", &branch)).await.unwrap_or_default();
        let uses = String::from_utf8_lossy(&attributes).contains("filter=lfs");
        match project.lfs_enabled {
            Some(false) if uses => Verdict::Warn("Files are marked for Git LFS, which is off in this project: jobs get their pointers instead.".to_owned()),
            _ => Verdict::Pass,
        }
    };
    let composed = async {
        let checked = check_later(client.clone(), asset.clone()).await;
        let Some(checked) = checked else { return Verdict::Warn("Whether its parts fit could not be checked.".to_owned()) };
        let first =
            |severity: Severity| checked.findings.iter().filter(|finding| finding.severity == severity).map(|finding| format!("{}: {}", finding.path, finding.message)).next();
        let more = " The tab “Checks” has all of it.";
        match (first(Severity::Error), first(Severity::Warning)) {
            (Some(text), _) => Verdict::Stop(text + more),
            (None, Some(text)) => Verdict::Warn(text + more),
            (None, None) => Verdict::Pass,
        }
    };
    let ((lint, trigger), ((runner, large), composed)) = join(join(lint, trigger), join(join(runner, large), composed)).await;
    let check = |what, verdict| Check { what, verdict };
    vec![
        check("Your rights", rights),
        check("Variables are taken", variables),
        check("The CI file", lint),
        check("The twin's trigger", trigger),
        check("Its parts", composed),
        check("A runner", runner),
        check("Large files", large),
    ]
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_may_give_variables() {
        let cases = [
            (30, None, true),
            (30, Some("developer"), true),
            (30, Some("maintainer"), false),
            (40, Some("maintainer"), true),
            (40, Some("owner"), false),
            (50, Some("no_one_allowed"), false),
        ];
        for (level, least, expected) in cases {
            assert_eq!(super::may_give(level, least), expected, "{level} {least:?}");
        }
    }

    #[test]
    fn a_name_is_not_the_beginning_of_another() {
        let text = "trigger_hello_world:\n  x: 1\n'trigger_b' :\n  trigger_c: 1\n";
        assert!(super::has_job(text, "trigger_hello_world") && super::has_job(text, "trigger_b"));
        assert!(!super::has_job(text, "trigger_hello") && !super::has_job(text, "trigger_c"));
    }
}
