//! Commits made through the API: many file actions, applied in order, in one commit that either
//! is there as a whole or not at all. Refusals are in GitLab's words (GITLAB.md §3.5).

use std::collections::BTreeMap;
use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository, Signature, Tree};
use gitlab::commits::ActionKind;

use super::{GitError, Repo, find_commit};

/// One action, content decoded.
#[derive(Debug, Clone)]
pub struct FileAction {
    /// What is done.
    pub kind: ActionKind,
    /// To which path.
    pub path: String,
    /// From which path, with `move`.
    pub previous_path: Option<String>,
    /// New content; `None` keeps it.
    pub content: Option<Vec<u8>>,
    /// The commit that the caller believes touched it last.
    pub last_commit: Option<String>,
    /// The executable bit, if it is to change.
    pub executable: Option<bool>,
}

/// A commit to be made.
#[derive(Debug, Clone)]
pub struct NewCommit {
    /// The branch it goes to.
    pub branch: String,
    /// Where the branch starts when it is new.
    pub start: Option<String>,
    /// Overwrite an existing branch.
    pub force: bool,
    /// The message.
    pub message: String,
    /// The actions, in order.
    pub actions: Vec<FileAction>,
    /// Name and address of the author.
    pub author: (String, String),
    /// Name and address of the committer.
    pub committer: (String, String),
    /// Seconds since 1970.
    pub time: i64,
}

type Refusal<T> = Result<T, GitError>;

fn refuse<T>(message: impl Into<String>) -> Refusal<T> {
    Err(GitError::Refused(message.into()))
}

/// The paths that differ from the base tree: a blob, or nothing.
struct Overlay<'a> {
    base: Option<Tree<'a>>,
    changed: BTreeMap<String, Option<(Oid, FileMode)>>,
}

impl Overlay<'_> {
    fn get(&self, path: &str) -> Option<(Oid, FileMode)> {
        if let Some(entry) = self.changed.get(path) {
            return *entry;
        }
        let entry = self.base.as_ref()?.get_path(Path::new(path)).ok()?;
        let mode = match entry.filemode() {
            0o100_755 => FileMode::BlobExecutable,
            0o120_000 => FileMode::Link,
            0o040_000 => return None,
            _ => FileMode::Blob,
        };
        Some((entry.id(), mode))
    }

    fn is_folder(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.changed.iter().any(|(known, entry)| entry.is_some() && known.starts_with(&below))
            || self.base.as_ref().and_then(|tree| tree.get_path(Path::new(path)).ok()).is_some_and(|entry| entry.filemode() == 0o040_000)
    }
}

/// A path as it may be written, or the refusal.
fn clean_path(path: &str) -> Refusal<String> {
    let path = path.trim_start_matches('/');
    if path.is_empty() {
        return refuse("You must provide a file path");
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.contains(&"..") {
        return refuse("Path cannot include directory traversal");
    }
    // Names that a disk or `git` itself takes for another; deeper trees cannot be cloned any more.
    let hidden = |part: &str| part.trim_end_matches([' ', '.']).eq_ignore_ascii_case(".git") || part.to_ascii_lowercase().starts_with("git~");
    let odd = parts.iter().any(|part| part.is_empty() || *part == "." || hidden(part));
    if parts.iter().any(|part| part.len() > 255) || path.len() > 4096 || parts.len() > 1000 {
        return refuse("invalid path: a name may have 255 bytes, a path 4096 bytes and 1000 folders");
    }
    if odd || path.chars().any(char::is_control) {
        return refuse(format!("invalid path: '{path}'"));
    }
    Ok(path.to_owned())
}

/// Who did something, as git writes it: without what would end a name or an address there.
pub(super) fn signature(name: &str, email: &str, time: i64) -> Result<Signature<'static>, git2::Error> {
    let clean = |text: &str, otherwise: &str| {
        let kept: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
        // What libgit2 takes off the ends by itself, and then finds nothing.
        if kept.trim_matches(|c: char| c.is_whitespace() || ".,:;\"\\'".contains(c)).is_empty() { otherwise.to_owned() } else { kept.trim().to_owned() }
    };
    Signature::new(&clean(name, "Unknown"), &clean(email, "unknown@localhost"), &git2::Time::new(time, 0))
}

fn apply(repository: &Repository, overlay: &mut Overlay<'_>, action: &FileAction) -> Refusal<()> {
    let path = clean_path(&action.path)?;
    let existing = overlay.get(&path);
    let missing = "A file with this name doesn't exist";
    let blob = |content: &Option<Vec<u8>>| -> Refusal<Option<Oid>> { Ok(content.as_ref().map(|bytes| repository.blob(bytes)).transpose()?) };
    let parent_is_file = path.match_indices('/').any(|(place, _)| overlay.get(&path[..place]).is_some());
    if parent_is_file {
        return refuse(format!("invalid path: '{path}'"));
    }
    match action.kind {
        ActionKind::Create | ActionKind::Move if overlay.is_folder(&path) => {
            return refuse("A directory with this name already exists");
        }
        ActionKind::Create => {
            if existing.is_some() {
                return refuse("A file with this name already exists");
            }
            let id = blob(&Some(action.content.clone().unwrap_or_default()))?.unwrap_or(Oid::ZERO_SHA1);
            let mode = if action.executable == Some(true) { FileMode::BlobExecutable } else { FileMode::Blob };
            overlay.changed.insert(path, Some((id, mode)));
        }
        ActionKind::Update => {
            if overlay.is_folder(&path) {
                return refuse("Path is a directory, not a file");
            }
            let Some((old, mode)) = existing else { return refuse(missing) };
            let id = blob(&action.content)?.unwrap_or(old);
            overlay.changed.insert(path, Some((id, with_bit(mode, action.executable))));
        }
        ActionKind::Move => {
            let from = clean_path(action.previous_path.as_deref().unwrap_or_default())?;
            let Some((old, mode)) = overlay.get(&from) else { return refuse(missing) };
            if existing.is_some() && from != path {
                return refuse("A file with this name already exists");
            }
            let id = blob(&action.content)?.unwrap_or(old);
            overlay.changed.insert(from, None);
            overlay.changed.insert(path, Some((id, with_bit(mode, action.executable))));
        }
        ActionKind::Delete if existing.is_none() && overlay.is_folder(&path) => {
            // The existing DTaaS client deletes a twin as if its folder were a file.
            delete_folder(overlay, &path)?;
        }
        ActionKind::Delete => {
            if existing.is_none() {
                return refuse(missing);
            }
            overlay.changed.insert(path, None);
        }
        ActionKind::Chmod => {
            let Some((id, mode)) = existing else { return refuse(missing) };
            overlay.changed.insert(path, Some((id, with_bit(mode, Some(action.executable.unwrap_or_default())))));
        }
        ActionKind::Other(_) => return refuse("unknown action"),
    }
    Ok(())
}

fn delete_folder(overlay: &mut Overlay<'_>, path: &str) -> Refusal<()> {
    let below = format!("{path}/");
    let mut paths: Vec<String> = Vec::new();
    if let Some(tree) = &overlay.base {
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            let full = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
            if entry.kind() != Some(git2::ObjectType::Tree) && full.starts_with(&below) {
                paths.push(full);
            }
            git2::TreeWalkResult::Ok
        })?;
    }
    paths.extend(overlay.changed.keys().filter(|known| known.starts_with(&below)).cloned());
    overlay.changed.extend(paths.into_iter().map(|path| (path, None)));
    Ok(())
}

fn with_bit(mode: FileMode, executable: Option<bool>) -> FileMode {
    match (mode, executable) {
        (FileMode::Link, _) | (_, None) => mode,
        (_, Some(true)) => FileMode::BlobExecutable,
        (_, Some(false)) => FileMode::Blob,
    }
}

impl Repo {
    /// Makes the commit and moves the branch; nothing is visible before that.
    pub fn write(&self, new: &NewCommit) -> Refusal<String> {
        if !super::valid_branch(&new.branch) {
            return refuse("Branch name is invalid");
        }
        let repository = self.open()?;
        let name = format!("refs/heads/{}", new.branch);
        let existing = repository.find_reference(&name).ok().and_then(|reference| reference.target());
        let parent = match (&new.start, existing) {
            (Some(start), existing) if *start != new.branch => {
                if existing.is_some() && !new.force {
                    return refuse(format!("A branch called '{}' already exists. Switch to that branch in order to make changes", new.branch));
                }
                Some(find_commit(&repository, start).map_err(|_| GitError::Refused("You can only create or edit files when you are on a branch".to_owned()))?)
            }
            (_, Some(id)) => Some(repository.find_commit(id)?),
            (_, None) if super::has_no_branch(&repository) => None,
            _ => return refuse("You can only create or edit files when you are on a branch"),
        };
        self.check_last_commits(new, parent.as_ref())?;
        let mut overlay = Overlay { base: parent.as_ref().map(git2::Commit::tree).transpose()?, changed: BTreeMap::new() };
        for action in &new.actions {
            apply(&repository, &mut overlay, action)?;
        }
        let tree = write_tree(&repository, overlay)?;
        let signature = |(name, email): &(String, String)| signature(name, email, new.time);
        let tree = repository.find_tree(tree)?;
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = repository.commit(None, &signature(&new.author)?, &signature(&new.committer)?, &new.message, &tree, &parents)?;
        let moved = match existing {
            Some(old) => repository.reference_matching(&name, id, true, old, "commit through the API"),
            None => repository.reference(&name, id, false, "commit through the API"),
        };
        match moved {
            Ok(_) => Ok(id.to_string()),
            Err(_) if existing.is_none() && self.in_the_way(&name).is_some() => {
                let other = self.in_the_way(&name).unwrap_or_default();
                refuse(format!("Failed to create branch '{}': '{other}' exists; choose a name that is not above or below it", new.branch))
            }
            Err(_) => refuse(format!("Could not update {name}. Please refresh and try again.")),
        }
    }

    /// GitLab compares the last commit of the path now with the one as of the given id.
    fn check_last_commits(&self, new: &NewCommit, parent: Option<&git2::Commit<'_>>) -> Refusal<()> {
        let Some(parent) = parent else { return Ok(()) };
        for action in &new.actions {
            let path = action.previous_path.as_ref().unwrap_or(&action.path);
            let Some(known) = &action.last_commit else { continue };
            let now = self.last_commit_of(&parent.id().to_string(), path)?;
            let then = self.last_commit_of(known, path).unwrap_or_default();
            if now.is_some() && then.is_some() && now != then {
                return refuse(format!("The file has changed since you started editing it: {path}"));
            }
        }
        Ok(())
    }
}

fn write_tree(repository: &Repository, overlay: Overlay<'_>) -> Refusal<Oid> {
    let empty;
    let base = match &overlay.base {
        Some(tree) => tree,
        None => {
            empty = repository.find_tree(repository.treebuilder(None)?.write()?)?;
            &empty
        }
    };
    let mut update = TreeUpdateBuilder::new();
    let present = |path: &String| base.get_path(Path::new(path)).is_ok();
    for (path, entry) in &overlay.changed {
        match entry {
            Some((id, mode)) => {
                update.upsert(path.as_str(), *id, *mode);
            }
            None if present(path) => {
                update.remove(path.as_str());
            }
            None => {}
        }
    }
    Ok(update.create_updated(repository, base)?)
}
