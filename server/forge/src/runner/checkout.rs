//! The project's files as a job finds them: the commit checked out, artifacts of earlier jobs put in.

use std::path::Path;

use crate::git::archive::git;
use crate::git::{GitError, Repo};

/// How much history a job gets (GitLab's `GIT_DEPTH`).
const DEPTH: &str = "--depth=20";

/// Checks `sha` out into `folder`, which must not exist.
pub async fn checkout(repo: &Repo, sha: &str, reference: &str, remote: &str, folder: &Path) -> Result<(), GitError> {
    let source = repo.path().to_owned();
    let run = async |args: &[&std::ffi::OsStr]| {
        let output = git().args(["-c", "safe.directory=*", "-c", "advice.detachedHead=false", "-c", "protocol.file.allow=always"]).current_dir(folder).args(args).output().await?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(GitError::Io(std::io::Error::other(text)))
    };
    std::fs::create_dir_all(folder)?;
    let word = std::ffi::OsStr::new;
    run(&[word("init"), word("--quiet"), word("--template=")]).await?;
    let url = format!("file://{}", source.canonicalize()?.display());
    let into = format!("{sha}:refs/remotes/origin/{reference}");
    run(&[word("fetch"), word("--quiet"), word("--no-tags"), word(DEPTH), word(&url), word(&into)]).await?;
    run(&[word("checkout"), word("--quiet"), word("--detach"), word(sha)]).await?;
    // What a person would see in a clone: the public address, not the server's folder.
    run(&[word("remote"), word("add"), word("origin"), word(remote)]).await
}

/// Lets everybody read and write a folder and everything below it.
pub fn open_to_all(place: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let about = place.symlink_metadata()?;
    if about.is_symlink() {
        return Ok(());
    }
    let more = if about.is_dir() { 0o777 } else { 0o666 };
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(about.permissions().mode() | more))?;
    if about.is_dir() {
        for entry in std::fs::read_dir(place)? {
            open_to_all(&entry?.path())?;
        }
    }
    Ok(())
}

/// Gives a folder and everything below it to `user`.
pub fn give_to(folder: &Path, user: u32) -> std::io::Result<()> {
    std::os::unix::fs::lchown(folder, Some(user), Some(user))?;
    if folder.symlink_metadata()?.is_dir() {
        for entry in std::fs::read_dir(folder)? {
            give_to(&entry?.path(), user)?;
        }
    }
    Ok(())
}
