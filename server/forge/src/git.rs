//! Bare repositories: reading and writing objects with libgit2, `git` itself for the wire protocol.
//! All functions here block; callers run them off the async threads.

pub mod archive;
pub mod changes;
pub mod files;
pub mod grep;
pub mod hook;
pub mod http;
pub mod locks;
pub mod log;
pub mod merge;
pub mod write;

use std::path::{Path, PathBuf};

use git2::{Commit, ObjectType, Oid, Repository};

/// What can go wrong in a repository.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No such branch, tag or commit.
    #[error("revision not found")]
    Revision,
    /// No such path at that revision.
    #[error("path not found")]
    Path,
    /// A write that cannot be done, in GitLab's words.
    #[error("{0}")]
    Refused(String),
    /// The folder is not there.
    #[error("the repository {0} is missing on this server's disk")]
    Gone(String),
    /// libgit2.
    #[error("failed to read or write the repository")]
    Git(#[from] git2::Error),
    /// The disk, or `git`.
    #[error("failed to run git or to use the disk")]
    Io(#[from] std::io::Error),
}

/// One bare repository.
#[derive(Debug, Clone)]
pub struct Repo {
    path: PathBuf,
}

impl Repo {
    /// The repository at `path`, which must exist.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes an empty repository whose HEAD names `default_branch`.
    pub fn create(path: &Path, default_branch: &str) -> Result<Self, GitError> {
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).initial_head(default_branch).external_template(false);
        let repository = Repository::init_opts(path, &options)?;
        let mut config = repository.config()?;
        // A commit that was answered must survive a loss of power.
        config.set_str("core.fsync", "committed")?;
        config.set_bool("uploadpack.allowAnySHA1InWant", true)?;
        config.set_bool("http.receivepack", true)?;
        config.set_bool("receive.fsckObjects", true)?;
        config.set_i32("gc.auto", 0)?;
        Ok(Self::at(path.to_owned()))
    }

    pub(crate) fn open(&self) -> Result<Repository, GitError> {
        Repository::open_bare(&self.path).map_err(|error| if self.path.join("HEAD").exists() { error.into() } else { self.gone() })
    }

    /// The commit that `revision` (branch, tag, full or short id, `HEAD`) names.
    pub fn resolve(&self, revision: &str) -> Result<Oid, GitError> {
        Ok(find_commit(&self.open()?, revision)?.id())
    }

    /// Its folder is not there.
    pub(crate) fn gone(&self) -> GitError {
        GitError::Gone(self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    }

    /// Whether there is no commit yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open().is_ok_and(|repository| has_no_branch(&repository))
    }

    /// Every branch and tag with its target, as `refs/heads/…` and `refs/tags/…`.
    pub fn refs(&self) -> Result<Vec<(String, Oid)>, GitError> {
        let repository = self.open()?;
        let mut found = Vec::new();
        for reference in repository.references()? {
            let reference = reference?;
            if let (Ok(name), Some(target)) = (reference.name(), reference.target())
                && (name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
            {
                found.push((name.to_owned(), target));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The reference that is in the way of `full`: one that it would be a folder of, or a file in.
    pub(crate) fn in_the_way(&self, full: &str) -> Option<String> {
        let names = self.refs().ok()?.into_iter().map(|(name, _)| name);
        let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        names.into_iter().find(|name| inside(name, full) || inside(full, name))
    }

    /// Points HEAD at another branch.
    pub fn set_head(&self, branch: &str) -> Result<(), GitError> {
        self.open()?.set_head(&format!("refs/heads/{branch}"))?;
        Ok(())
    }
}

/// Whether no branch exists yet. (libgit2's own `is_empty` also wants HEAD to have the name that
/// the machine's configuration gives to first branches.)
pub(crate) fn has_no_branch(repository: &Repository) -> bool {
    repository.references_glob("refs/heads/*").is_ok_and(|mut branches| branches.next().is_none())
}

/// Branches win over tags, tags over commit ids, as on GitLab.
pub(crate) fn find_commit<'a>(repository: &'a Repository, revision: &str) -> Result<Commit<'a>, GitError> {
    let names = [format!("refs/heads/{revision}"), format!("refs/tags/{revision}"), revision.to_owned()];
    for name in names.iter().filter(|name| git2::Reference::is_valid_name(name)) {
        if let Ok(commit) = repository.find_reference(name).and_then(|reference| reference.peel_to_commit()) {
            return Ok(commit);
        }
    }
    let hex = revision.len() >= 4 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && let Ok(object) = repository.revparse_single(revision).and_then(|object| object.peel(ObjectType::Commit)) {
        return object.into_commit().map_err(|_| GitError::Revision);
    }
    Err(GitError::Revision)
}

/// A commit that may be named by its way from another, as `git rev-parse` takes it: `main~2`, `v1^2`. For reading only:
/// who changes something names it.
pub(crate) fn find_revision<'a>(repository: &'a Repository, revision: &str) -> Result<Commit<'a>, GitError> {
    let known = find_commit(repository, revision);
    let Some((base, way)) = revision.find(['~', '^']).map(|at| revision.split_at(at)).filter(|_| known.is_err()) else { return known };
    if way.len() > 12 || !way.bytes().all(|byte| b"~^0123456789".contains(&byte)) {
        return known;
    }
    let start = find_commit(repository, base)?.id();
    let object = repository.revparse_single(&format!("{start}{way}")).and_then(|object| object.peel(ObjectType::Commit));
    object.map_err(|_| GitError::Revision)?.into_commit().map_err(|_| GitError::Revision)
}

/// Whether `name` may be a branch; a name that looks like a commit or a full reference would hide one.
#[must_use]
pub fn valid_branch(name: &str) -> bool {
    let id = name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    !id && !name.starts_with('-') && !name.starts_with("refs/") && name != "HEAD" && git2::Reference::is_valid_name(&format!("refs/heads/{name}"))
}
