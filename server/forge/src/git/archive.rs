//! `git archive`, and branches and tags made and removed.

use std::process::Stdio;

use tokio::process::{Child, Command};

use super::write::signature;
use super::{GitError, Repo, find_commit, valid_branch};

/// A `git` that knows nothing of the machine's configuration.
pub(crate) fn git() -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .kill_on_drop(true);
    command
}

impl Repo {
    /// Starts writing an archive (`tar`, `tar.gz`, `tar.bz2` or `zip`) of `commit`, or of `path` in it, without the paths in
    /// `left_out`, to its standard output.
    pub fn archive(&self, commit: &str, format: &str, prefix: &str, path: Option<&str>, left_out: &[String]) -> Result<Child, GitError> {
        let mut command = git();
        command.args(["-c", "tar.tar.bz2.command=bzip2 -c"]);
        command.arg("--git-dir").arg(self.path()).arg("archive").arg(format!("--format={format}")).arg(format!("--prefix={prefix}/")).arg(commit);
        let path = path.map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
        if path.is_some() || !left_out.is_empty() {
            command.arg("--").arg(path.map_or(".".into(), |path| format!(":(literal){path}")));
            command.args(left_out.iter().map(|path| format!(":(exclude,literal){path}")));
        }
        Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
    }

    /// Makes a branch at `revision`.
    pub fn create_branch(&self, name: &str, revision: &str) -> Result<(), GitError> {
        if !valid_branch(name) {
            return Err(GitError::Refused("Branch name is invalid".to_owned()));
        }
        let repository = self.open()?;
        let full = format!("refs/heads/{name}");
        if repository.find_reference(&full).is_ok() {
            return Err(GitError::Refused("Branch already exists".to_owned()));
        }
        if let Some(other) = self.in_the_way(&full) {
            return Err(GitError::Refused(format!("Failed to create branch '{name}': '{other}' exists; choose a name that is not above or below it")));
        }
        let commit = find_commit(&repository, revision).map_err(|_| GitError::Refused(format!("Failed to create branch '{name}': invalid reference name '{revision}'")))?;
        repository.reference(&full, commit.id(), false, "branch made through the API")?;
        Ok(())
    }

    /// Makes a tag at `revision`, annotated when there is a message.
    pub fn create_tag(&self, name: &str, revision: &str, message: Option<&str>, tagger: (&str, &str), time: i64) -> Result<(), GitError> {
        if !git2::Reference::is_valid_name(&format!("refs/tags/{name}")) || name.starts_with('-') || name == "HEAD" {
            return Err(GitError::Refused("Tag name invalid".to_owned()));
        }
        let repository = self.open()?;
        let commit = find_commit(&repository, revision).map_err(|_| GitError::Refused(format!("Target {revision} is invalid")))?;
        if let Some(other) = self.in_the_way(&format!("refs/tags/{name}")) {
            return Err(GitError::Refused(format!("Failed to create tag '{name}': '{other}' exists; choose a name that is not above or below it")));
        }
        let taken = |error: git2::Error| match error.code() {
            git2::ErrorCode::Exists => GitError::Refused(format!("Tag {name} already exists")),
            _ => GitError::Git(error),
        };
        match message.filter(|message| !message.is_empty()) {
            Some(message) => {
                let signature = signature(tagger.0, tagger.1, time)?;
                repository.tag(name, commit.as_object(), &signature, message, false).map_err(taken)?;
            }
            None => {
                repository.tag_lightweight(name, commit.as_object(), false).map_err(taken)?;
            }
        }
        Ok(())
    }

    /// The target id and the message of a tag.
    pub fn tag(&self, name: &str) -> Result<(String, Option<String>), GitError> {
        let repository = self.open()?;
        let reference = repository.find_reference(&format!("refs/tags/{name}")).map_err(|_| GitError::Revision)?;
        let target = reference.target().ok_or(GitError::Revision)?;
        let message = repository.find_tag(target).ok().and_then(|tag| tag.message_bytes().map(|text| String::from_utf8_lossy(text).trim_end().to_owned()));
        Ok((target.to_string(), message))
    }

    /// Removes `refs/heads/…` or `refs/tags/…`.
    pub fn delete_ref(&self, name: &str) -> Result<(), GitError> {
        let repository = self.open()?;
        repository.find_reference(name).map_err(|_| GitError::Revision)?.delete()?;
        Ok(())
    }
}
