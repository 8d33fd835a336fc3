//! What a run left: the files in its jobs' archives.

use gitlab::artifacts::{ArtifactEntry, ArtifactFile, DownloadArtifacts, ListArtifacts};
use gitlab::endpoint::{ask, ask_all};
use gitlab::jobs::Job;
use gitlab::{Error, JobId};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;

/// The archive of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// The job.
    pub job: Job,
    /// Its files; `None` on backends that do not list them.
    pub files: Option<Vec<ArtifactEntry>>,
}

/// The archives of `jobs`.
pub async fn archives(client: Client, owner: Owner, jobs: Vec<Job>) -> Result<Vec<Archive>, Problem> {
    let with_files = jobs.into_iter().filter(|job| job.artifacts_file.is_some());
    let one = async |job: Job| match ask_all(&client, &ListArtifacts::new(client.project(owner), job.id), 20).await {
        Ok(entries) => Ok(Archive { job, files: Some(entries.into_iter().filter(|entry| entry.kind == "file").collect()) }),
        Err(Error::NotFound { .. }) => Ok(Archive { job, files: None }),
        Err(error) => Err(Problem::new(&error, "list the results", &client.instance.name)),
    };
    futures_util::future::join_all(with_files.map(one)).await.into_iter().collect()
}

/// One file.
pub async fn file(client: Client, owner: Owner, job: JobId, path: String) -> Result<Vec<u8>, Problem> {
    let wanted = ArtifactFile::new(client.project(owner), job, &path);
    ask(&client, &wanted).await.map_err(|error| Problem::new(&error, &format!("load the result {path}"), &client.instance.name))
}

/// A whole archive.
pub async fn archive(client: Client, owner: Owner, job: JobId) -> Result<Vec<u8>, Problem> {
    let wanted = DownloadArtifacts::new(client.project(owner), job);
    ask(&client, &wanted).await.map_err(|error| Problem::new(&error, "download the archive", &client.instance.name))
}
