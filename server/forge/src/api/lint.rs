//! `…/ci/lint`: what is wrong with a CI file, before anything runs.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use crate::Forge;
use crate::access::{DEVELOPER, Visible, blocking};
use crate::auth::Caller;
use crate::ci::compile::compile;
use crate::ci::include::Files;
use crate::ci::plan::plan;
use crate::ci::rules::Scope;
use crate::engine::create::CommitFiles;
use crate::error::{ApiError, ApiResult};
use crate::params::Params;
use crate::store::projects::ProjectRow;

/// No commit yet, so no files.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<String> {
        None
    }

    fn list(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What is linted, and how.
struct Question {
    content: Option<String>,
    reference: String,
    dry_run: bool,
    include_jobs: bool,
}

fn answer(project: &ProjectRow, forge: &Forge, question: &Question) -> Result<Value, ApiError> {
    let repo = forge.repo(project.id);
    let sha = repo.resolve(&question.reference).ok().map(|id| id.to_string());
    if sha.is_none() && question.content.is_none() {
        return Err(ApiError::missing("Commit"));
    }
    let files: Box<dyn Files> = match &sha {
        Some(sha) => Box::new(CommitFiles::new(repo, sha.clone())),
        None => Box::new(NoFiles),
    };
    let content = match &question.content {
        Some(content) => content.clone(),
        None => match files.read(project.ci_path()) {
            Some(content) => content,
            None => return Ok(json!({ "valid": false, "errors": ["Please provide content of .gitlab-ci.yml"], "warnings": [], "merged_yaml": null, "includes": [] })),
        },
    };
    let variables = [
        ("CI_COMMIT_BRANCH", question.reference.clone()),
        ("CI_DEFAULT_BRANCH", project.default_branch.clone()),
        ("CI_PIPELINE_SOURCE", "push".to_owned()),
        ("CI_PROJECT_PATH", project.full_path()),
    ];
    let scope = Scope {
        variables: variables.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        changed: None,
        reference: question.reference.clone(),
        tag: false,
        source: "push".to_owned(),
    };
    let compiled = compile(&content, &Map::new(), files.as_ref(), &scope);
    let config = match compiled {
        Ok(config) => config,
        Err(errors) => return Ok(json!({ "valid": false, "errors": errors, "warnings": [], "merged_yaml": null, "includes": [] })),
    };
    let planned = plan(&config, &scope, files.as_ref());
    let errors: Vec<String> = match &planned {
        Err(error) if question.dry_run => vec![error.to_string()],
        _ => Vec::new(),
    };
    let location = |path: &String| {
        json!({
            "type": "local", "location": path, "blob": forge.url(&format!("{}/-/blob/{}/{path}", project.full_path(), question.reference)),
            "raw": forge.url(&format!("{}/-/raw/{}/{path}", project.full_path(), question.reference)), "extra": {},
            "context_project": project.full_path(), "context_sha": sha,
        })
    };
    let mut value = json!({
        "valid": errors.is_empty(), "errors": errors, "warnings": config.warnings,
        "merged_yaml": serde_yaml_ng::to_string(&config.merged).ok().map(|text| format!("---\n{text}")),
        "includes": config.includes.iter().map(location).collect::<Vec<_>>(),
    });
    if question.include_jobs {
        let jobs = planned.map(|plan| plan.jobs).unwrap_or_else(|_| config.jobs.clone());
        value["jobs"] = jobs
            .iter()
            .map(|job| {
                json!({
                    "name": job.name, "stage": job.stage, "before_script": job.before_script, "script": job.script, "after_script": job.after_script,
                    "tag_list": job.tags, "only": null, "except": null, "environment": job.environment.as_ref().map(|e| &e.name), "when": job.when,
                    "allow_failure": job.allow_failure.always, "needs": job.needs.as_ref().map(|needs| needs.iter().map(|need| json!({ "name": need.job })).collect::<Vec<_>>()),
                })
            })
            .collect();
    }
    Ok(value)
}

async fn lint(forge: Forge, visible: Visible, question: Question) -> ApiResult<Json<Value>> {
    let project = visible.project;
    blocking(move || answer(&project, &forge, &question)).await.map(Json)
}

/// `POST …/ci/lint`
pub async fn lint_content(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    caller.user()?;
    let visible = forge.project(&caller, &id).await?;
    visible.require(DEVELOPER)?;
    let question = Question {
        content: Some(params.required("content")?),
        reference: params.filled("ref").unwrap_or_else(|| visible.project.default_branch.clone()),
        dry_run: params.flag("dry_run")?.unwrap_or(false),
        include_jobs: params.flag("include_jobs")?.unwrap_or(false),
    };
    lint(forge, visible, question).await
}

/// `GET …/ci/lint`
pub async fn lint_project(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Json<Value>> {
    let visible = forge.project(&caller, &id).await?;
    visible.require_code()?;
    let reference = params.filled("content_ref").or_else(|| params.filled("sha")).or_else(|| params.filled("dry_run_ref"));
    let question = Question {
        content: None,
        reference: reference.unwrap_or_else(|| visible.project.default_branch.clone()),
        dry_run: params.flag("dry_run")?.unwrap_or(false),
        include_jobs: params.flag("include_jobs")?.unwrap_or(false),
    };
    lint(forge, visible, question).await
}
