//! The runner inside the server: jobs as local processes in a sandbox or in containers, several at once.

pub mod artifacts;
pub mod checkout;
pub mod container;
pub mod log;
pub mod run;
pub mod sandbox;
pub mod script;
mod shell;
pub mod tidy;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gitlab::Status;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Forge;
use crate::access::blocking;
use crate::engine::process::options;
use crate::error::ApiResult;
use crate::runner::run::wants_again;
use crate::store::pipelines::{JOB, JobRow};

pub use container::{ContainerConfig, Engine};
pub use sandbox::Sandbox;

/// What jobs may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of log that are kept.
    pub log_bytes: u64,
    /// Bytes of an archive.
    pub artifact_bytes: u64,
    /// Bytes of one file that a job writes.
    pub file_bytes: u64,
    /// Bytes of address space of one process.
    pub memory_bytes: u64,
    /// Processes of one job.
    pub processes: u64,
    /// Seconds between asking a job to end and ending it.
    pub grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            log_bytes: 4 * 1024 * 1024,
            artifact_bytes: 1024 * 1024 * 1024,
            file_bytes: 4 * 1024 * 1024 * 1024,
            memory_bytes: 16 * 1024 * 1024 * 1024,
            processes: 512,
            grace_seconds: 10,
        }
    }
}

/// How the runner is set up.
#[derive(Debug, Clone)]
pub struct RunnerConfig {
    /// Tags it offers.
    pub tags: Vec<String>,
    /// Jobs at once.
    pub slots: usize,
    /// Whether jobs may use the network.
    pub network: bool,
    /// Whether jobs run even where no sandbox works.
    pub without_sandbox: bool,
    /// What jobs may use.
    pub limits: Limits,
    /// Containers for jobs whose tags ask for them.
    pub containers: Vec<ContainerConfig>,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        let tags = ["linux", "shell", "twinport"].map(str::to_owned).to_vec();
        Self { tags, slots: 4, network: false, without_sandbox: false, limits: Limits::default(), containers: Vec::new() }
    }
}

/// How a running job is told to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// The script.
    pub script: CancellationToken,
    /// What comes after it as well.
    pub after: CancellationToken,
}

impl Stop {
    fn ask(&self) {
        if self.script.is_cancelled() {
            self.after.cancel();
        }
        self.script.cancel();
    }
}

/// The runner's state; jobs themselves are in the database.
#[derive(Debug)]
pub struct Runner {
    /// Shown name.
    pub description: String,
    /// Tags it offers.
    pub tags: Vec<String>,
    /// How processes are kept apart.
    pub sandbox: Sandbox,
    /// Where jobs run that ask for containers.
    pub engines: Vec<Engine>,
    /// What they may use.
    pub limits: Limits,
    /// Rung when a job became pending.
    pub wake: Notify,
    slots: usize,
    running: Mutex<HashMap<i64, Stop>>,
    /// The server stops: jobs end because of that, and not because somebody wants it.
    pub(crate) closing: AtomicBool,
}

impl Runner {
    /// A runner with nothing to do.
    #[must_use]
    pub fn new(config: RunnerConfig, sandbox: Sandbox, engines: Vec<Engine>) -> Self {
        Self {
            description: "Twinport on this machine".to_owned(),
            tags: config.tags,
            sandbox,
            engines,
            limits: config.limits,
            wake: Notify::new(),
            slots: config.slots.max(1),
            running: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Stop>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Asks a running job to end, its `after_script` too when it was asked before; `false` when it
    /// does not run here.
    pub fn cancel(&self, job: i64) -> bool {
        let found = self.table().get(&job).cloned();
        found.inspect(Stop::ask).is_some()
    }

    /// Whether no job runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.table().is_empty()
    }

    /// All that run jobs here, as a GitLab would list them: number, name and tags. The first are the processes of
    /// this machine, which also take what asks for no tag.
    #[must_use]
    pub fn all(&self) -> Vec<(i64, String, &[String])> {
        let containers = self.engines.iter().map(|engine| (format!("{}, containers", self.description), engine.config.tags.as_slice()));
        std::iter::once((self.description.clone(), self.tags.as_slice())).chain(containers).zip(1..).map(|((name, tags), id)| (id, name, tags)).collect()
    }

    /// The first that has all of `tags`: its number.
    #[must_use]
    pub fn who_takes(&self, tags: &[String]) -> Option<i64> {
        self.all().into_iter().find(|(_, _, offered)| tags.iter().all(|tag| offered.contains(tag))).map(|(id, ..)| id)
    }

    /// The containers of that number, where it is not the processes'.
    #[must_use]
    pub fn engine(&self, id: i64) -> Option<&Engine> {
        self.engines.get(usize::try_from(id).ok()?.checked_sub(2)?)
    }
}

impl Forge {
    /// Takes pending jobs until the server stops.
    pub async fn run_jobs(&self, stop: CancellationToken) {
        self.runner.closing.store(false, std::sync::atomic::Ordering::Relaxed);
        loop {
            tokio::select! {
                () = self.runner.wake.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stop.cancelled() => break,
            }
            if let Err(error) = self.take_jobs().await {
                tracing::error!(?error, "failed to look for jobs");
            }
        }
        self.runner.closing.store(true, std::sync::atomic::Ordering::Relaxed);
        let tokens: Vec<_> = self.runner.table().values().cloned().collect();
        tokens.iter().for_each(Stop::ask);
        for _ in 0..100 {
            if self.runner.table().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for engine in &self.runner.engines {
            engine.clear(None).await;
        }
    }

    async fn take_jobs(&self) -> ApiResult<()> {
        self.start_scheduled().await?;
        if let Err(error) = self.start_due_schedules().await {
            tracing::error!(?error, "failed to look for schedules");
        }
        let waiting: Vec<JobRow> = sqlx::query_as(&format!("{JOB} WHERE status = 'pending' AND kind = 'build' ORDER BY id LIMIT 200")).fetch_all(&self.db).await?;
        for row in waiting {
            let tags: Vec<String> = serde_json::from_str(&row.tags).unwrap_or_default();
            if self.runner.table().len() >= self.runner.slots {
                break;
            }
            if self.runner.who_takes(&tags).is_some() {
                self.start_job(row).await?;
            }
        }
        Ok(())
    }

    async fn start_scheduled(&self) -> ApiResult<()> {
        let due: Vec<JobRow> = sqlx::query_as(&format!("{JOB} WHERE status = 'scheduled' AND scheduled_at <= ?")).bind(self.clock.text()).fetch_all(&self.db).await?;
        for row in due {
            let _guard = self.engine.lock().await;
            self.move_job(&row, &Status::Pending).await?;
            self.update_pipeline(row.pipeline_id).await?;
        }
        Ok(())
    }

    async fn start_job(&self, row: JobRow) -> ApiResult<()> {
        let token = crate::secret::token("glcbt-");
        let _guard = self.engine.lock().await;
        let taken = sqlx::query("UPDATE jobs SET status = 'running', started_at = ?, token_hash = ? WHERE id = ? AND status = 'pending'")
            .bind(self.clock.text())
            .bind(crate::secret::hash(&token))
            .bind(row.id)
            .execute(&self.db)
            .await?;
        if taken.rows_affected() == 0 {
            return Ok(());
        }
        let cancel = Stop::default();
        self.runner.table().insert(row.id, cancel.clone());
        // The job is taken by now: what goes wrong here must not keep its slot.
        if let Err(error) = self.environment_begins(&row).await {
            tracing::error!(job = row.id, ?error, "failed to write down an environment");
        }
        if let Err(error) = self.update_pipeline(row.pipeline_id).await {
            tracing::error!(job = row.id, ?error, "failed to write down that a job began");
        }
        let forge = self.clone();
        tokio::spawn(async move {
            let (id, worker, own) = (row.id, forge.clone(), row.clone());
            // In a task of its own, so that not even a panic keeps a slot or leaves a job running.
            let ended = tokio::spawn(async move { worker.run_job(own, &token, cancel).await }).await;
            if let Err(error) = ended {
                tracing::error!(job = id, %error, "a job's task broke");
                forge.end_job(&row, &Status::Failed, Some("runner_system_failure"), None).await;
            }
            forge.runner.table().remove(&id);
            forge.runner.wake.notify_one();
        });
        Ok(())
    }

    /// After a crash: what was running is not, and says so.
    pub(crate) async fn fail_orphans(&self) -> ApiResult<()> {
        let rows: Vec<JobRow> = sqlx::query_as(&format!("{JOB} WHERE kind = 'build' AND status IN ('running', 'canceling')")).fetch_all(&self.db).await?;
        let _guard = self.engine.lock().await;
        for row in rows {
            let line = "\n\x1b[31;1mERROR: Job failed: the server stopped while this job was running. Run it again.\x1b[0;m\n";
            let path = self.folders.trace(row.id);
            if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
                let _ = std::io::Write::write_all(&mut file, line.as_bytes());
            }
            let was_canceling = row.status == Status::Canceling.as_str();
            let (status, reason) = if was_canceling { (Status::Canceled, None) } else { (Status::Failed, Some("runner_system_failure")) };
            let written = async {
                self.set_job_status(row.id, &status, reason).await?;
                // A continuous twin that asks to be tried again is.
                // It may be what brought the server down, so that each time takes an attempt.
                let left = row.attempts < i64::try_from(options(&row).retry.max).unwrap_or_default();
                if status == Status::Failed && left && wants_again(&row, reason, None) {
                    self.clone_job(&row, row.user_id, row.attempts + 1).await?;
                }
                self.release_resource(&row).await?;
                self.process(row.pipeline_id).await
            };
            // One pipeline that cannot go on is no reason not to start.
            if let Err(error) = written.await {
                tracing::error!(job = row.id, ?error, "failed to write down that a job of an earlier start ended");
            }
        }
        for engine in &self.runner.engines {
            engine.clear(None).await;
        }
        let builds = self.folders.builds.clone();
        blocking(move || {
            for entry in std::fs::read_dir(&builds)?.flatten() {
                if let Err(error) = tidy::remove_tree(&entry.path()) {
                    tracing::error!(%error, "failed to clear up after a job of an earlier start");
                }
            }
            Ok::<_, std::io::Error>(())
        })
        .await?;
        Ok(())
    }
}
