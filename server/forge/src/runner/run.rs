//! One job from start to end.

use std::path::PathBuf;

use gitlab::Status;

use super::Stop;
use super::artifacts;
use super::checkout::{checkout, give_to, open_to_all};
use super::container::{Engine, SEEN};
use super::log::JobLog;
use super::sandbox::Sandbox;
use super::tidy::remove_tree;
use crate::Forge;
use crate::access::blocking;
use crate::ci::job::Job;
use crate::clock;
use crate::engine::predefined::{JobVariables, Origin, name_fits};
use crate::engine::process::options;
use crate::error::{ApiError, ApiResult};
use crate::store::identity;
use crate::store::pipelines::{self, JobRow, PipelineRow};
use crate::store::projects::{self, ProjectRow};

/// GitLab gives `after_script` five minutes.
const AFTER_SECONDS: u64 = 300;

/// How a job's processes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Exit(i32),
    TimedOut,
    Cancelled,
}

/// Where a job runs.
#[derive(Clone, Copy)]
pub(super) enum Seat<'a> {
    /// As processes of this machine.
    Here,
    /// In a container.
    In(&'a Engine),
}

pub(super) struct Run<'a> {
    pub(super) forge: &'a Forge,
    pub(super) row: &'a JobRow,
    pub(super) job: Job,
    project: ProjectRow,
    pipeline: PipelineRow,
    pub(super) variables: JobVariables,
    pub(super) folder: PathBuf,
    pub(super) inside: String,
    pub(super) seat: Seat<'a>,
    cancel: Stop,
}

impl Forge {
    /// Runs `row` and writes down how it ended, whatever happens on the way.
    pub(crate) async fn run_job(&self, row: JobRow, token: &str, cancel: Stop) {
        let outcome = self.try_run(&row, token, cancel.clone()).await;
        // A server that stops tells its jobs to end, too; only a person makes one `canceling`.
        let asked = matches!(pipelines::job(&self.db, row.id).await, Ok(Some(now)) if now.status == Status::Canceling.as_str());
        let closing = self.runner.closing.load(std::sync::atomic::Ordering::Relaxed);
        let (status, reason, exit) = match &outcome {
            Ok(Ending::Cancelled) if closing && !asked => (Status::Failed, Some("runner_system_failure"), None),
            Ok(_) if asked || (cancel.script.is_cancelled() && !closing) => (Status::Canceled, None, None),
            Ok(Ending::Exit(0)) => (Status::Success, None, Some(0)),
            Ok(Ending::Exit(code)) => (Status::Failed, Some("script_failure"), Some(*code)),
            Ok(Ending::TimedOut) => (Status::Failed, Some("job_execution_timeout"), None),
            Ok(Ending::Cancelled) => (Status::Canceled, None, None),
            Err(error) => {
                tracing::error!(job = row.id, ?error, "failed to run a job");
                (Status::Failed, Some("runner_system_failure"), None)
            }
        };
        let engine = self.runner.who_takes(&options(&row).tags).and_then(|id| self.runner.engine(id));
        if let Some(engine) = engine {
            engine.clear(Some(row.id)).await;
        }
        let folder = self.folders.builds.join(row.id.to_string());
        if let Err(error) = blocking(move || remove_tree(&folder)).await {
            tracing::error!(job = row.id, ?error, "failed to clear up after a job");
        }
        self.end_job(&row, &status, reason, exit).await;
    }

    /// Writes down how a job ended, again while that fails: a job that nobody ends runs for good.
    pub(super) async fn end_job(&self, row: &JobRow, status: &Status, reason: Option<&str>, exit: Option<i32>) {
        for pause in [1, 5, 30, 120, 0] {
            let Err(error) = self.finish_job(row, status, reason, exit).await else { return };
            tracing::error!(job = row.id, ?error, "failed to write down how a job ended");
            tokio::time::sleep(std::time::Duration::from_secs(pause)).await;
        }
    }

    async fn finish_job(&self, row: &JobRow, status: &Status, reason: Option<&str>, exit: Option<i32>) -> ApiResult<()> {
        let _guard = self.engine.lock().await;
        let job = options(row);
        let code = exit.map(i64::from);
        let excused = row.allow_failure || code.is_some_and(|code| job.allow_failure.exit_codes.contains(&code));
        sqlx::query("UPDATE jobs SET exit_code = ?, allow_failure = ?, token_hash = NULL WHERE id = ?").bind(code).bind(excused).bind(row.id).execute(&self.db).await?;
        self.set_job_status(row.id, status, reason).await?;
        self.environment_ends(row, *status == Status::Success).await?;
        let closing = self.runner.closing.load(std::sync::atomic::Ordering::Relaxed);
        // An earlier try to write this down, or a person, may have started it again.
        let again = pipelines::job(&self.db, row.id).await?.is_some_and(|now| now.retried);
        if !again && *status == Status::Failed && (closing || row.attempts < i64::try_from(job.retry.max).unwrap_or_default()) && wants_again(row, reason, code) {
            // A server that stops takes no attempt away.
            self.clone_job(row, row.user_id, row.attempts + i64::from(!closing)).await?;
        }
        self.release_resource(row).await?;
        self.process(row.pipeline_id).await
    }

    async fn try_run(&self, row: &JobRow, token: &str, cancel: Stop) -> ApiResult<Ending> {
        let mut log = JobLog::create(&self.folders.trace(row.id), self.runner.limits.log_bytes).await?;
        let outcome = match self.prepare(row, token, cancel).await {
            Ok(run) => run.whole(&mut log, token).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            log.say(&format!("\x1b[31;1mERROR: Job failed (system failure): {}\x1b[0;m", error.words())).await?;
        }
        outcome
    }

    async fn prepare<'a>(&'a self, row: &'a JobRow, token: &str, cancel: Stop) -> ApiResult<Run<'a>> {
        let job = options(row);
        let seat = match self.runner.who_takes(&job.tags).and_then(|id| self.runner.engine(id)) {
            Some(engine) => Seat::In(engine),
            None => Seat::Here,
        };
        if let Seat::In(engine) = seat {
            let advice = |reason| ApiError::bad(format!("{reason}. Whoever runs this server starts or installs it, or takes its [[runner.container]] out of twinport.toml"));
            engine.ready().await.map_err(advice)?;
        }
        if let (Seat::Here, Sandbox::Refused(reason)) = (seat, &self.runner.sandbox) {
            return Err(ApiError::bad(format!(
                "{reason}, and this server runs no job without a sandbox. Install it and start the server again, \
                 or set `runner.unsafe_no_sandbox = true` in twinport.toml to run jobs with the rights of the server"
            )));
        }
        let pipeline = pipelines::pipeline(&self.db, row.pipeline_id).await?.ok_or_else(ApiError::no_record)?;
        let project = projects::project(&self.db, row.project_id).await?.ok_or_else(ApiError::no_record)?;
        let user = identity::user(&self.db, row.user_id).await?.ok_or_else(ApiError::no_record)?;
        let (repo, sha) = (self.repo(project.id), pipeline.sha.clone());
        let commit = blocking(move || repo.commit(&sha)).await?;
        let origin = Origin {
            project: &project,
            user: &user,
            commit: &commit,
            reference: &pipeline.reference,
            tag: pipeline.tag,
            source: &pipeline.source,
            before_sha: &pipeline.before_sha,
        };
        let mut variables = self.job_variables(&origin, &pipeline, row, &job).await?;
        variables.values.insert("CI_JOB_TOKEN".to_owned(), token.to_owned());
        let folder = self.folders.builds.join(row.id.to_string());
        let inside = match (seat, &self.runner.sandbox) {
            (Seat::In(_), _) | (_, Sandbox::Bubblewrap { .. }) => format!("/builds/{}", project.full_path()),
            _ => folder.join("project").to_string_lossy().into_owned(),
        };
        variables.values.insert("CI_PROJECT_DIR".to_owned(), inside.clone());
        Ok(Run { forge: self, row, job, project, pipeline, variables, folder, inside, seat, cancel })
    }
}

/// Whether a job that failed for `reason` asks to be tried again, however often it was.
pub(super) fn wants_again(row: &JobRow, reason: Option<&str>, code: Option<i64>) -> bool {
    let retry = options(row).retry;
    retry.max > 0
        && (retry.when.is_empty() || retry.when.iter().any(|word| word == "always" || Some(word.as_str()) == reason))
        && (retry.exit_codes.is_empty() || code.is_some_and(|code| retry.exit_codes.contains(&code)))
}

impl Run<'_> {
    fn now(&self) -> i64 {
        self.forge.clock.now().timestamp()
    }

    async fn whole(&self, log: &mut JobLog, token: &str) -> ApiResult<Ending> {
        log.mask(self.variables.secrets.iter().cloned().chain([token.to_owned()]));
        let tags = if self.job.tags.is_empty() { String::new() } else { format!(", tags {}", self.job.tags.join(", ")) };
        log.say(&format!("\x1b[0KRunning with twinport {} on this machine{tags}", env!("CARGO_PKG_VERSION"))).await?;
        self.explain(log).await?;
        log.section(true, self.now(), "get_sources").await?;
        log.say(&format!("\x1b[0K\x1b[36;1mGetting {} at {} ({})\x1b[0;m", self.project.full_path(), &self.pipeline.sha[..8], self.pipeline.reference)).await?;
        let remote = self.forge.url(&format!("{}.git", self.project.full_path()));
        let project = self.folder.join("project");
        checkout(&self.forge.repo(self.project.id), &self.pipeline.sha, &self.pipeline.reference, &remote, &project).await?;
        log.section(false, self.now(), "get_sources").await?;
        self.download(log).await?;
        let ending = self.steps(log).await?;
        self.upload(log, ending).await?;
        self.last_word(log, ending).await?;
        Ok(ending)
    }

    async fn explain(&self, log: &mut JobLog) -> ApiResult<()> {
        match (self.seat, &self.forge.runner.sandbox) {
            (Seat::In(engine), _) => log.say(&engine.words(&self.image(engine)?)).await?,
            (_, Sandbox::Bubblewrap { network, .. }) => {
                let net = if *network { "with" } else { "without" };
                log.say(&format!("Using a bubblewrap sandbox {net} network")).await?;
            }
            _ => log.say("\x1b[33;1mWARNING: no sandbox; this job has the rights of the server\x1b[0;m").await?,
        }
        if let (Seat::Here, Some(image)) = (self.seat, &self.job.image) {
            let containers: Vec<String> = self.forge.runner.engines.iter().map(|engine| engine.config.tags.join(", ")).collect();
            let where_ = if containers.is_empty() { String::new() } else { format!("; it is with the tags {}", containers.join(" or ")) };
            log.say(&format!("The image {image} is not used: this job is a process of this machine{where_}")).await?;
        }
        if self.job.services {
            log.say("\x1b[33;1mWARNING: services are not available here\x1b[0;m").await?;
        }
        Ok(())
    }

    /// The image that the job asks for, its variables read.
    pub(super) fn image(&self, engine: &Engine) -> ApiResult<String> {
        let wanted = self.job.image.as_ref().map(|image| crate::ci::variables::expand(image, &|key| self.variables.values.get(key).cloned()));
        engine.image(wanted.as_deref()).map_err(ApiError::bad)
    }

    /// The user number that the job's files belong to, if it has one.
    pub(super) fn user(&self) -> Option<u32> {
        match self.seat {
            Seat::Here => self.forge.runner.sandbox.user_of(self.row.id),
            Seat::In(engine) => engine.user_of(self.row.id),
        }
    }

    /// Where files of the server's own are seen by the job.
    pub(super) fn seen(&self, name: &str) -> String {
        match (self.seat, &self.forge.runner.sandbox) {
            (Seat::In(_), _) | (_, Sandbox::Bubblewrap { .. }) => format!("{SEEN}/{name}"),
            _ => self.folder.join(name).to_string_lossy().into_owned(),
        }
    }

    /// Archives of the jobs before this one.
    async fn download(&self, log: &mut JobLog) -> ApiResult<()> {
        let rows = pipelines::jobs(&self.forge.db, self.row.pipeline_id, false).await?;
        let wanted = |other: &&JobRow| match (&self.job.needs, &self.job.dependencies) {
            (_, Some(names)) => names.contains(&other.name),
            (Some(needs), None) => needs.iter().any(|need| need.job == other.name && need.artifacts),
            (None, None) => other.stage_index < self.row.stage_index,
        };
        let sources: Vec<&JobRow> = rows.iter().filter(|other| other.artifacts_size.is_some()).filter(wanted).collect();
        if sources.is_empty() {
            return Ok(());
        }
        log.section(true, self.now(), "download_artifacts").await?;
        log.say("\x1b[0K\x1b[36;1mDownloading artifacts\x1b[0;m").await?;
        for source in sources {
            let (archive, root, limit) = (self.forge.folders.artifact(source.id), self.folder.join("project"), self.forge.runner.limits.artifact_bytes);
            blocking(move || artifacts::unpack(&archive, &root, limit)).await?;
            log.say(&format!("Unpacked the artifacts of {} ({})", source.name, source.id)).await?;
        }
        log.section(false, self.now(), "download_artifacts").await?;
        Ok(())
    }

    async fn steps(&self, log: &mut JobLog) -> ApiResult<Ending> {
        let files = self.folder.join("files");
        std::fs::create_dir_all(&files)?;
        for name in &self.variables.files {
            // Written by the server, outside the sandbox: whatever let such a name in, it ends here.
            if !name_fits(name) {
                return Err(ApiError::bad(format!("the variable “{}” of type file has a name that is not allowed", name.escape_debug())));
            }
            std::fs::write(files.join(name), self.variables.values.get(name).map(String::as_str).unwrap_or_default())?;
        }
        if matches!(self.seat, Seat::In(engine) if engine.config.image_user) {
            let (folder, places) = (self.folder.clone(), [self.folder.join("project"), self.folder.join("files")]);
            // Whoever the image's user is must be able to read and write; nobody else comes as far as here.
            blocking(move || {
                std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
                places.iter().try_for_each(|place| open_to_all(place))
            })
            .await?;
        }
        if let Some(user) = self.user() {
            let folder = self.folder.clone();
            blocking(move || give_to(&folder, user)).await?;
        }
        let timeout = self.job.timeout.unwrap_or(self.project.build_timeout.unsigned_abs());
        let commands: Vec<String> = self.job.before_script.iter().chain(&self.job.script).cloned().collect();
        log.section(true, self.now(), "step_script").await?;
        log.say("\x1b[0K\x1b[36;1mRunning the script\x1b[0;m").await?;
        let ending = self.shell(log, "step_script", &commands, timeout, &self.cancel.script, "running").await?;
        log.section(false, self.now(), "step_script").await?;
        let closing = self.forge.runner.closing.load(std::sync::atomic::Ordering::Relaxed);
        // A container that begins now would outlive the server.
        let too_late = closing && matches!(self.seat, Seat::In(_));
        if !self.job.after_script.is_empty() && !too_late {
            log.section(true, self.now(), "after_script").await?;
            log.say("\x1b[0K\x1b[36;1mRunning after_script\x1b[0;m").await?;
            let word = match ending {
                Ending::Exit(0) => "success",
                Ending::Cancelled => "canceled",
                _ => "failed",
            };
            if let Seat::In(engine) = self.seat {
                engine.clear(Some(self.row.id)).await;
            }
            // As on GitLab, what it comes to changes nothing (Ci docs, `after_script`).
            if let Err(error) = self.shell(log, "after_script", &self.job.after_script, AFTER_SECONDS, &self.cancel.after, word).await {
                log.say(&format!("\x1b[33;1mWARNING: after_script failed: {}\x1b[0;m", error.words())).await?;
            }
            log.section(false, self.now(), "after_script").await?;
        }
        Ok(ending)
    }

    async fn upload(&self, log: &mut JobLog, ending: Ending) -> ApiResult<()> {
        let Some(wanted) = &self.job.artifacts else { return Ok(()) };
        let root = self.folder.join("project");
        let pairs = artifacts::dotenv(&root, wanted);
        if !pairs.is_empty() {
            let text = serde_json::to_string(&pairs).map_err(ApiError::internal)?;
            sqlx::query("UPDATE jobs SET dotenv = ? WHERE id = ?").bind(text).bind(self.row.id).execute(&self.forge.db).await?;
        }
        let fits = match wanted.when.as_str() {
            "always" => true,
            "on_failure" => ending != Ending::Exit(0),
            _ => ending == Ending::Exit(0),
        };
        if !fits || wanted.paths.is_empty() {
            return Ok(());
        }
        let name = if ending == Ending::Exit(0) { "upload_artifacts_on_success" } else { "upload_artifacts_on_failure" };
        log.section(true, self.now(), name).await?;
        log.say("\x1b[0K\x1b[36;1mUploading artifacts\x1b[0;m").await?;
        let expand = |text: &String| crate::ci::variables::expand(text, &|key| self.variables.values.get(key).cloned());
        let (paths, exclude): (Vec<String>, Vec<String>) = (wanted.paths.iter().map(expand).collect(), wanted.exclude.iter().map(expand).collect());
        let (target, limit) = (self.forge.folders.artifact(self.row.id), self.forge.runner.limits.artifact_bytes);
        let packed = blocking(move || {
            let files = artifacts::collect(&root, &paths, &exclude)?;
            let size = if files.is_empty() { None } else { Some(artifacts::pack(&root, &files, &target, limit)?) };
            Ok::<_, artifacts::ArchiveError>((files.len(), size))
        });
        match packed.await {
            Ok((_, None)) => log.say(&format!("\x1b[33;1mWARNING: {} matched no files\x1b[0;m", wanted.paths.join(", "))).await?,
            Ok((count, Some(size))) => {
                let file_name = format!("{}.zip", wanted.name.as_ref().map_or_else(|| "artifacts".to_owned(), expand).replace('/', "-"));
                let expires = wanted.expire_in.map(|seconds| clock::text(self.forge.clock.now() + chrono::Duration::seconds(i64::try_from(seconds).unwrap_or(0))));
                sqlx::query("UPDATE jobs SET artifacts_size = ?, artifacts_name = ?, artifacts_expire_at = ? WHERE id = ?")
                    .bind(i64::try_from(size).unwrap_or_default())
                    .bind(file_name)
                    .bind(expires)
                    .bind(self.row.id)
                    .execute(&self.forge.db)
                    .await?;
                log.say(&format!("Stored {count} file{} ({size} bytes)", if count == 1 { "" } else { "s" })).await?;
            }
            Err(error) => log.say(&format!("\x1b[33;1mWARNING: the artifacts were not stored: {}\x1b[0;m", error.words())).await?,
        }
        log.section(false, self.now(), name).await?;
        Ok(())
    }

    async fn last_word(&self, log: &mut JobLog, ending: Ending) -> ApiResult<()> {
        let text = match ending {
            Ending::Exit(0) => "\x1b[32;1mJob succeeded\x1b[0;m".to_owned(),
            Ending::Exit(code) => format!("\x1b[31;1mERROR: Job failed: exit code {code}\x1b[0;m"),
            Ending::TimedOut => {
                let seconds = self.job.timeout.unwrap_or(self.project.build_timeout.unsigned_abs());
                format!("\x1b[31;1mERROR: Job failed: execution took longer than {seconds} seconds\x1b[0;m")
            }
            Ending::Cancelled if self.forge.runner.closing.load(std::sync::atomic::Ordering::Relaxed) => {
                "\x1b[31;1mERROR: Job failed: the server was stopped while this job was running\x1b[0;m".to_owned()
            }
            Ending::Cancelled => "\x1b[31;1mERROR: Job was cancelled\x1b[0;m".to_owned(),
        };
        Ok(log.say(&text).await?)
    }
}
