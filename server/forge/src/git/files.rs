//! Trees and files at a revision.

use std::path::Path;

use git2::{ObjectType, Oid, Repository, Tree, TreeWalkMode, TreeWalkResult};

use super::{GitError, Repo, find_revision};

/// One entry of a tree.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Object id.
    pub id: Oid,
    /// Last part of the path.
    pub name: String,
    /// Whole path.
    pub path: String,
    /// git's mode, such as `0o100644`.
    pub mode: i32,
    /// `tree`, `blob` or `commit`.
    pub kind: &'static str,
}

/// A file and where it comes from.
#[derive(Debug, Clone)]
pub struct File {
    /// Its bytes.
    pub content: Vec<u8>,
    /// Object id.
    pub blob: Oid,
    /// The commit it was read at.
    pub commit: Oid,
    /// git's mode.
    pub mode: i32,
}

fn kind_of(kind: Option<ObjectType>) -> &'static str {
    match kind {
        Some(ObjectType::Tree) => "tree",
        Some(ObjectType::Commit) => "commit",
        _ => "blob",
    }
}

/// The tree at `path` below `root`.
pub(crate) fn subtree<'a>(repository: &'a Repository, root: Tree<'a>, path: &str) -> Result<Tree<'a>, GitError> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(root);
    }
    let entry = root.get_path(Path::new(path)).map_err(|_| GitError::Path)?;
    repository.find_tree(entry.id()).map_err(|_| GitError::Path)
}

impl Repo {
    /// The entries of `path` at `revision`: folders, files, submodules, each in git's order.
    pub fn tree(&self, revision: &str, path: &str, recursive: bool) -> Result<Vec<Entry>, GitError> {
        let repository = self.open()?;
        let commit = find_revision(&repository, revision)?;
        let tree = subtree(&repository, commit.tree()?, path)?;
        let base = path.trim_matches('/');
        let mut entries = Vec::new();
        let mut add = |folder: &str, entry: &git2::TreeEntry<'_>| {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let parts: Vec<&str> = [base, folder.trim_end_matches('/'), &name].into_iter().filter(|part| !part.is_empty()).collect();
            entries.push(Entry { id: entry.id(), path: parts.join("/"), name, mode: entry.filemode(), kind: kind_of(entry.kind()) });
        };
        if recursive {
            tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
                add(folder, entry);
                TreeWalkResult::Ok
            })?;
        } else {
            tree.iter().for_each(|entry| add("", &entry));
        }
        let rank = |entry: &Entry| ["tree", "blob", "commit"].iter().position(|kind| *kind == entry.kind);
        entries.sort_by_key(rank);
        Ok(entries)
    }

    /// The file at `path`; folders are [`GitError::Path`].
    pub fn file(&self, revision: &str, path: &str) -> Result<File, GitError> {
        let repository = self.open()?;
        let commit = find_revision(&repository, revision)?;
        let entry = commit.tree()?.get_path(Path::new(path)).map_err(|_| GitError::Path)?;
        let blob = repository.find_blob(entry.id()).map_err(|_| GitError::Path)?;
        Ok(File { content: blob.content().to_vec(), blob: blob.id(), commit: commit.id(), mode: entry.filemode() })
    }

    /// A blob by id.
    pub fn blob(&self, id: &str) -> Result<Vec<u8>, GitError> {
        let repository = self.open()?;
        let id = Oid::from_str(id).map_err(|_| GitError::Path)?;
        let blob = repository.find_blob(id).map_err(|_| GitError::Path)?;
        Ok(blob.content().to_vec())
    }

    /// Every file path at `revision`.
    pub fn paths(&self, revision: &str) -> Result<Vec<String>, GitError> {
        Ok(self.tree(revision, "", true)?.into_iter().filter(|entry| entry.kind == "blob").map(|entry| entry.path).collect())
    }
}
