//! Differences between two trees, file by file.

use git2::{Delta, DiffFindOptions, Oid, Patch, Repository, Tree};

use super::{GitError, Repo, find_revision};

/// How one file differs.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// Path before.
    pub old_path: String,
    /// Path after.
    pub new_path: String,
    /// Mode before, 0 when absent.
    pub old_mode: u32,
    /// Mode after, 0 when absent.
    pub new_mode: u32,
    /// Added.
    pub new_file: bool,
    /// Moved.
    pub renamed_file: bool,
    /// Removed.
    pub deleted_file: bool,
    /// Unified hunks, empty for binaries and files that are too large.
    pub diff: String,
    /// Whether hunks were left out for their size.
    pub too_large: bool,
}

/// Lines added and removed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    /// Added lines.
    pub additions: usize,
    /// Removed lines.
    pub deletions: usize,
}

/// GitLab leaves out hunks above this size.
const MAX_DIFF_BYTES: usize = 200 * 1024;

fn compare(repository: &Repository, old: Option<&Tree<'_>>, new: &Tree<'_>) -> Result<(Vec<FileChange>, Stats), GitError> {
    let mut diff = repository.diff_tree_to_tree(old, Some(new), None)?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    let stats = diff.stats()?;
    let mut changes = Vec::new();
    for (index, delta) in diff.deltas().enumerate() {
        let path = |file: git2::DiffFile<'_>| file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned());
        let new_path = path(delta.new_file()).or_else(|| path(delta.old_file())).unwrap_or_default();
        let old_path = path(delta.old_file()).unwrap_or_else(|| new_path.clone());
        let text = match Patch::from_diff(&diff, index)? {
            Some(mut patch) => String::from_utf8_lossy(&patch.to_buf()?).into_owned(),
            None => String::new(),
        };
        let hunks = text.find("\n@@ ").map(|place| text[place + 1..].to_owned()).unwrap_or_default();
        let too_large = hunks.len() > MAX_DIFF_BYTES;
        changes.push(FileChange {
            old_path,
            new_path,
            old_mode: delta.old_file().mode().into(),
            new_mode: delta.new_file().mode().into(),
            new_file: delta.status() == Delta::Added,
            renamed_file: delta.status() == Delta::Renamed,
            deleted_file: delta.status() == Delta::Deleted,
            diff: if too_large { String::new() } else { hunks },
            too_large,
        });
    }
    Ok((changes, Stats { additions: stats.insertions(), deletions: stats.deletions() }))
}

impl Repo {
    /// What a commit changed against its first parent.
    pub fn commit_changes(&self, revision: &str) -> Result<(Vec<FileChange>, Stats), GitError> {
        let repository = self.open()?;
        let commit = find_revision(&repository, revision)?;
        let parent = commit.parent(0).ok().map(|parent| parent.tree()).transpose()?;
        compare(&repository, parent.as_ref(), &commit.tree()?)
    }

    /// What changed from `from` (or their merge base, unless `straight`) to `to`.
    pub fn changes(&self, from: &str, to: &str, straight: bool) -> Result<Vec<FileChange>, GitError> {
        let repository = self.open()?;
        let (old, new) = (find_revision(&repository, from)?, find_revision(&repository, to)?);
        let base = if straight { old.id() } else { repository.merge_base(old.id(), new.id()).unwrap_or(old.id()) };
        let base = repository.find_commit(base)?.tree()?;
        Ok(compare(&repository, Some(&base), &new.tree()?)?.0)
    }

    /// Paths that differ between two commits; everything when there is no `from`.
    pub fn changed_paths(&self, from: Option<Oid>, to: Oid) -> Result<Vec<String>, GitError> {
        let repository = self.open()?;
        let old = from.map(|id| repository.find_commit(id).and_then(|commit| commit.tree())).transpose()?;
        let new = repository.find_commit(to)?.tree()?;
        let diff = repository.diff_tree_to_tree(old.as_ref(), Some(&new), None)?;
        let path = |delta: git2::DiffDelta<'_>| {
            let file = delta.new_file().path_bytes().or(delta.old_file().path_bytes());
            file.map(|path| String::from_utf8_lossy(path).into_owned())
        };
        Ok(diff.deltas().filter_map(path).collect())
    }
}
