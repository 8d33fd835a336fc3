//! A pipeline is made: its file compiled, its rules applied, its jobs stored in one transaction.

use std::collections::HashMap;

use gitlab::Status;
use serde_json::{Map, Value};

use super::predefined::Origin;
use crate::Forge;
use crate::access::blocking;
use crate::ci::compile::compile;
use crate::ci::include::Files;
use crate::ci::job::{Config, Job};
use crate::ci::plan::{Plan, expand_with, plan};
use crate::ci::rules::Scope;
use crate::ci::variables;
use crate::error::{ApiError, ApiResult};
use crate::git::{GitError, Repo};
use crate::store::identity::UserRow;
use crate::store::pipelines::{self, PipelineRow};
use crate::store::projects::{self, ProjectRow};

/// A pipeline that somebody wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Where.
    pub project: ProjectRow,
    /// Under whose rights.
    pub user: UserRow,
    /// Branch or tag, short or as `refs/…`, or (for children) the branch of the parent.
    pub reference: String,
    /// The commit, when it is not the tip of `reference`.
    pub sha: Option<String>,
    /// The commit before, of a push.
    pub before_sha: Option<String>,
    /// `push`, `api`, `web`, `trigger`, `parent_pipeline`.
    pub source: String,
    /// Key, value, `env_var` or `file`.
    pub variables: Vec<(String, String, String)>,
    /// Values for `spec: inputs`.
    pub inputs: Map<String, Value>,
    /// Files to read instead of the project's CI file.
    pub config: Vec<String>,
    /// The text of a generated child configuration.
    pub text: Option<String>,
    /// The bridge that wants it.
    pub parent_job: Option<i64>,
}

/// The files of one commit, listed once.
pub struct CommitFiles {
    repo: Repo,
    sha: String,
    list: std::cell::OnceCell<Vec<String>>,
}

impl CommitFiles {
    /// Of this commit.
    #[must_use]
    pub fn new(repo: Repo, sha: String) -> Self {
        Self { repo, sha, list: std::cell::OnceCell::new() }
    }
}

impl Files for CommitFiles {
    fn read(&self, path: &str) -> Option<String> {
        String::from_utf8(self.repo.file(&self.sha, path).ok()?.content).ok()
    }

    fn list(&self) -> Vec<String> {
        self.list.get_or_init(|| self.repo.paths(&self.sha).unwrap_or_default()).clone()
    }
}

/// A configuration of several local files is what including them would give.
fn joined(config: &[String], files: &dyn Files) -> Result<String, Vec<String>> {
    match config {
        [single] => files.read(single).ok_or_else(|| vec![format!("Local file `{single}` does not exist!")]),
        many => {
            let lines: Vec<String> = many.iter().map(|path| format!("  - local: {}", Value::String(format!("/{path}")))).collect();
            Ok(format!("include:\n{}\n", lines.join("\n")))
        }
    }
}

impl Forge {
    /// Makes a pipeline and starts what can start. Refusals are GitLab's.
    pub async fn create_pipeline(&self, wish: Wish) -> ApiResult<PipelineRow> {
        let _guard = self.engine.lock().await;
        let row = self.create_pipeline_locked(wish).await?;
        Ok(pipelines::pipeline(&self.db, row.id).await?.unwrap_or(row))
    }

    pub(crate) async fn create_pipeline_locked(&self, mut wish: Wish) -> ApiResult<PipelineRow> {
        let repo = self.repo(wish.project.id);
        let (sha, tag) = self.locate(&repo, &wish).await?;
        wish.reference = short(&wish.reference).to_owned();
        let commit = {
            let (repo, sha) = (repo.clone(), sha.clone());
            blocking(move || repo.commit(&sha)).await?
        };
        let before = wish.before_sha.clone().unwrap_or_else(|| "0".repeat(40));
        let origin = Origin { project: &wish.project, user: &wish.user, commit: &commit, reference: &wish.reference, tag, source: &wish.source, before_sha: &before };
        let mut known = self.origin_variables(&origin);
        known.extend(self.stored_variables(&wish.project, &wish.reference, None).await?.into_iter().map(|row| (row.key, row.value, row.raw)));
        known.extend(wish.variables.iter().map(|(key, value, _)| (key.clone(), value.clone(), true)));
        let mut scope = Scope { variables: variables::resolve(&known), changed: None, reference: wish.reference.clone(), tag, source: wish.source.clone() };
        if wish.config.is_empty() && wish.text.is_none() {
            wish.config.push(wish.project.ci_path().to_owned());
        }
        let work = {
            let (wish, before) = (wish.clone(), before.clone());
            move || -> Result<Result<(Config, Plan, Scope), ApiError>, GitError> {
                if wish.source == "push" && before.chars().any(|c| c != '0') {
                    let from = repo.resolve(&before).ok();
                    scope.changed = from.map(|from| repo.changed_paths(Some(from), repo.resolve(&sha)?)).transpose()?;
                }
                Ok(build(&wish, repo, &sha, scope))
            }
        };
        let (config, plan, scope) = blocking(work).await??;
        self.store_pipeline(&wish, &commit.id, &before, tag, &config, &plan, &scope).await
    }

    /// A pipeline that could not begin, so that whoever pushed a broken file sees what is wrong with
    /// it (GitLab's `save_on_errors`).
    pub(crate) async fn store_broken_pipeline(&self, wish: &Wish, sha: &str, errors: &[String]) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        let now = self.clock.text();
        sqlx::query(
            "INSERT INTO pipelines (iid, project_id, reference, tag, sha, before_sha, status, source, user_id, yaml_errors, created_at, updated_at, finished_at) \
             VALUES ((SELECT COALESCE(MAX(iid), 0) + 1 FROM pipelines WHERE project_id = ?1), ?1, ?2, ?9, ?3, ?4, 'failed', ?5, ?6, ?7, ?8, ?8, ?8)",
        )
        .bind(wish.project.id)
        .bind(short(&wish.reference))
        .bind(sha)
        .bind(wish.before_sha.clone().unwrap_or_else(|| "0".repeat(40)))
        .bind(&wish.source)
        .bind(wish.user.id)
        .bind(errors.join("\n"))
        .bind(&now)
        .bind(wish.reference.starts_with("refs/tags/"))
        .execute(&self.db)
        .await?;
        Ok(())
    }

    /// The commit and whether the reference is a tag.
    async fn locate(&self, repo: &Repo, wish: &Wish) -> ApiResult<(String, bool)> {
        let refuse = || ApiError::base(&["Reference not found".to_owned()]);
        let (repo, wish) = (repo.clone(), wish.clone());
        let found = blocking(move || {
            let refs = repo.refs()?;
            // `refs/tags/x` means the tag even where a branch has the same name.
            let short = short(&wish.reference);
            let named = |kind: &str| {
                let full = format!("refs/{kind}/{short}");
                let asked = short == wish.reference || full == wish.reference;
                refs.iter().find(|(name, _)| asked && *name == full).map(|(name, _)| name.clone())
            };
            let (branch, tag) = (named("heads"), named("tags"));
            let is_tag = branch.is_none() && tag.is_some();
            let sha = match (&wish.sha, branch.or(tag)) {
                (Some(sha), _) => repo.resolve(sha)?,
                (None, Some(full)) => repo.resolve(&full)?,
                (None, None) => return Ok(None),
            };
            Ok::<_, GitError>(Some((sha.to_string(), is_tag)))
        });
        found.await.map_err(|_| refuse())?.ok_or_else(refuse)
    }

    #[expect(clippy::too_many_arguments, reason = "one row is made of all of them")]
    async fn store_pipeline(&self, wish: &Wish, sha: &str, before: &str, tag: bool, config: &Config, plan: &Plan, scope: &Scope) -> ApiResult<PipelineRow> {
        let now = self.clock.text();
        let mut transaction = self.db.begin_with("BEGIN IMMEDIATE").await?;
        let iid: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(iid), 0) + 1 FROM pipelines WHERE project_id = ?").bind(wish.project.id).fetch_one(&mut *transaction).await?;
        let id = sqlx::query(
            "INSERT INTO pipelines (iid, project_id, reference, tag, sha, before_sha, status, source, user_id, name, on_job_failure, config_path, parent_job_id, created_at, updated_at) \
             VALUES (?,?,?,?,?,?,'created',?,?,?,?,?,?,?,?)",
        )
        .bind(iid)
        .bind(wish.project.id)
        .bind(&wish.reference)
        .bind(tag)
        .bind(sha)
        .bind(before)
        .bind(&wish.source)
        .bind(wish.user.id)
        .bind(&plan.name)
        .bind(&plan.on_job_failure)
        .bind(wish.config.join(","))
        .bind(wish.parent_job)
        .bind(&now)
        .bind(&now)
        .execute(&mut *transaction)
        .await?
        .last_insert_rowid();
        for (key, value, kind) in &wish.variables {
            sqlx::query("INSERT INTO pipeline_variables VALUES (?,?,?,?,0)").bind(id).bind(key).bind(value).bind(kind).execute(&mut *transaction).await?;
        }
        for job in &plan.jobs {
            let stage_index = config.stages.iter().position(|stage| *stage == job.stage).unwrap_or_default();
            insert_job(&mut transaction, &JobSeed { pipeline: id, project: wish.project.id, user: wish.user.id, stage_index: stage_index as i64, attempts: 0 }, job, scope, &now)
                .await?;
        }
        if let Some(bridge) = wish.parent_job {
            sqlx::query("UPDATE jobs SET downstream_id = ? WHERE id = ?").bind(id).bind(bridge).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        projects::touch(&self.db, wish.project.id, &now).await?;
        Box::pin(self.process(id)).await?;
        pipelines::pipeline(&self.db, id).await?.ok_or_else(ApiError::no_record)
    }
}

/// `refs/heads/main` to `main`.
fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

/// Compiles and plans; refusals carry GitLab's words.
fn build(wish: &Wish, repo: Repo, sha: &str, scope: Scope) -> Result<(Config, Plan, Scope), ApiError> {
    let files = CommitFiles::new(repo, sha.to_owned());
    let text = match &wish.text {
        Some(text) => text.clone(),
        None if wish.parent_job.is_none() && files.read(&wish.config[0]).is_none() => {
            return Err(ApiError::base(&["Missing CI config file".to_owned()]));
        }
        None => joined(&wish.config, &files).map_err(|errors| ApiError::base(&errors))?,
    };
    let config = compile(&text, &wish.inputs, &files, &scope).map_err(ApiError::Config)?;
    let plan = plan(&config, &scope, &files).map_err(|error| ApiError::base(&[error.to_string()]))?;
    Ok((config, plan, scope))
}

/// Where a job row goes.
pub(crate) struct JobSeed {
    pub pipeline: i64,
    pub project: i64,
    pub user: i64,
    pub stage_index: i64,
    pub attempts: i64,
}

/// Stores a job as `created`, its tags and environment expanded with what is known now.
pub(crate) async fn insert_job(connection: &mut sqlx::SqliteConnection, seed: &JobSeed, job: &Job, scope: &Scope, now: &str) -> ApiResult<i64> {
    let mut set: HashMap<String, String> = job.variables.iter().map(|v| (v.key.clone(), scope.expand(&v.value))).collect();
    // What the scope knows is stronger than the file's variables.
    set.extend(scope.variables.clone());
    let mut job = job.clone();
    let expand = |text: &str| expand_with(text, &set);
    job.tags = job.tags.iter().map(|tag| expand(tag)).filter(|tag| !tag.is_empty()).collect();
    if let Some(environment) = &mut job.environment {
        environment.name = expand(&environment.name);
        environment.url = environment.url.as_deref().map(expand);
    }
    job.resource_group = job.resource_group.as_deref().map(expand);
    let kind = if job.trigger.is_some() { "bridge" } else { "build" };
    let done = sqlx::query(
        "INSERT INTO jobs (pipeline_id, project_id, kind, name, stage, stage_index, status, allow_failure, options, tags, user_id, attempts, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
    )
    .bind(seed.pipeline)
    .bind(seed.project)
    .bind(kind)
    .bind(&job.name)
    .bind(&job.stage)
    .bind(seed.stage_index)
    .bind(Status::Created.as_str())
    .bind(job.allow_failure.always)
    .bind(serde_json::to_string(&job).map_err(ApiError::internal)?)
    .bind(serde_json::to_string(&job.tags).map_err(ApiError::internal)?)
    .bind(seed.user)
    .bind(seed.attempts)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.last_insert_rowid())
}
