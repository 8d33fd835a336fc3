//! Bringing histories together: taking commits from another repository, merging, reverting, picking.

use std::io::Write;

use git2::{Commit, Index, Oid, Repository, Signature};

use super::{GitError, Repo, find_commit};

/// Who does it, and when in seconds since 1970.
#[derive(Debug, Clone)]
pub struct Doer {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// When.
    pub time: i64,
}

impl Doer {
    fn signature(&self) -> Result<Signature<'static>, GitError> {
        let email = if self.email.trim().is_empty() { "unknown@localhost" } else { &self.email };
        Ok(Signature::new(if self.name.trim().is_empty() { "Unknown" } else { &self.name }, email, &git2::Time::new(self.time, 0))?)
    }
}

/// How a merge would go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Nothing is in its way.
    Clean,
    /// Both sides changed the same lines.
    Conflict,
    /// The source has nothing that the target has not.
    Nothing,
}

/// The commits that a merge made.
#[derive(Debug, Clone)]
pub struct Merge {
    /// The merge.
    pub commit: String,
    /// The one commit of a squash.
    pub squash: Option<String>,
    /// Where the target branch was before.
    pub before: String,
}

fn tree_of(repository: &Repository, mut index: Index, refusal: &str) -> Result<Oid, GitError> {
    if index.has_conflicts() {
        return Err(GitError::Refused(refusal.to_owned()));
    }
    Ok(index.write_tree_to(repository)?)
}

fn point(repository: &Repository, branch: &str, new: Oid, old: Oid, why: &str) -> Result<(), GitError> {
    let name = format!("refs/heads/{branch}");
    let moved = repository.reference_matching(&name, new, true, old, why);
    moved.map(|_| ()).map_err(|_| GitError::Refused(format!("Could not update {name}. Please refresh and try again.")))
}

impl Repo {
    /// Takes what the branch or commit `revision` of `other` names over into this repository and keeps it
    /// as `reference`. Nothing else of `other` comes along: who may read here may not read all of it.
    pub fn take(&self, other: &Self, revision: &str, reference: &str) -> Result<String, GitError> {
        let id = other.resolve(revision)?;
        let repository = self.open()?;
        if repository.find_commit(id).is_err() {
            // libgit2 fetches all that a repository on this disk has, so what is wanted is packed by hand.
            let lender = other.open()?;
            let mut walk = lender.revwalk()?;
            walk.push(id)?;
            for (_, known) in self.refs()? {
                if lender.find_commit(known).is_ok() {
                    walk.hide(known)?;
                }
            }
            let mut packed = lender.packbuilder()?;
            packed.insert_walk(&mut walk)?;
            let odb = repository.odb()?;
            let mut writer = odb.packwriter()?;
            let mut failed = None;
            packed.foreach(|bytes| match writer.write_all(bytes) {
                Ok(()) => true,
                Err(error) => {
                    failed = Some(error);
                    false
                }
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            writer.commit()?;
        }
        repository.reference(reference, id, true, "taken from another project")?;
        Ok(id.to_string())
    }

    /// Lets go of a name that commits were kept under.
    pub fn let_go(&self, reference: &str) {
        if let Ok(repository) = self.open()
            && let Ok(mut found) = repository.find_reference(reference)
        {
            let _ = found.delete();
        }
    }

    /// All branches and tags of `other`, for a fork.
    pub fn copy_refs(&self, other: &Self) -> Result<(), GitError> {
        let address = other.path.to_string_lossy().into_owned();
        let repository = self.open()?;
        repository.remote_anonymous(&address)?.fetch(&["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], None, None)?;
        Ok(())
    }

    /// How merging `source` into the branch `target` would go.
    pub fn outlook(&self, target: &str, source: &str) -> Result<Outlook, GitError> {
        let repository = self.open()?;
        let (ours, theirs) = (find_commit(&repository, target)?, find_commit(&repository, source)?);
        if ours.id() == theirs.id() || repository.graph_descendant_of(ours.id(), theirs.id())? {
            return Ok(Outlook::Nothing);
        }
        let index = repository.merge_commits(&ours, &theirs, None)?;
        Ok(if index.has_conflicts() { Outlook::Conflict } else { Outlook::Clean })
    }

    /// Merges `source` into the branch `target`, always with a commit of its own.
    pub fn merge(&self, target: &str, source: &str, message: &str, squash: Option<&str>, doer: &Doer) -> Result<Merge, GitError> {
        let repository = self.open()?;
        let (ours, theirs) = (find_commit(&repository, target)?, find_commit(&repository, source)?);
        let tree = repository.find_tree(tree_of(&repository, repository.merge_commits(&ours, &theirs, None)?, "Branch cannot be merged")?)?;
        let by = doer.signature()?;
        let (second, squash) = match squash {
            Some(message) => {
                let base = repository.find_commit(repository.merge_base(ours.id(), theirs.id())?)?;
                let id = repository.commit(None, &theirs.author(), &by, message, &theirs.tree()?, &[&base])?;
                (repository.find_commit(id)?, Some(id.to_string()))
            }
            None => (theirs, None),
        };
        let id = repository.commit(None, &by, &by, message, &tree, &[&ours, &second])?;
        point(&repository, target, id, ours.id(), "merge request")?;
        Ok(Merge { commit: id.to_string(), squash, before: ours.id().to_string() })
    }

    /// Undoes or repeats `revision` on the branch `branch`, as a commit of its own; the branch's
    /// commit before and after.
    pub fn replay(&self, revision: &str, branch: &str, undo: bool, message: Option<&str>, doer: &Doer, dry: bool) -> Result<(String, String), GitError> {
        let repository = self.open()?;
        let commit = find_commit(&repository, revision)?;
        let ours = find_commit(&repository, branch)?;
        let (verb, parent) = (if undo { "revert" } else { "cherry-pick" }, u32::from(commit.parent_count() > 1));
        let refusal = format!(
            "Sorry, we cannot {verb} this commit automatically. This commit may already have been {verb}{}ed, or a more recent commit may have updated some of its content.",
            if undo { "" } else { "-pick" }
        );
        let refusal = refusal.replace("cherry-pick-picked", "cherry-picked");
        let index = if undo { repository.revert_commit(&commit, &ours, parent, None)? } else { repository.cherrypick_commit(&commit, &ours, parent, None)? };
        let tree = repository.find_tree(tree_of(&repository, index, &refusal)?)?;
        if tree.id() == ours.tree_id() {
            return Err(GitError::Refused(refusal));
        }
        if dry {
            return Ok((ours.id().to_string(), ours.id().to_string()));
        }
        let text = message.map_or_else(|| words(&commit, undo), str::to_owned);
        let by = doer.signature()?;
        let author = if undo { by.clone() } else { commit.author().to_owned() };
        let id = repository.commit(None, &author, &by, &text, &tree, &[&ours])?;
        point(&repository, branch, id, ours.id(), verb)?;
        Ok((ours.id().to_string(), id.to_string()))
    }
}

/// GitLab's message for a commit that undoes or repeats another.
fn words(commit: &Commit<'_>, undo: bool) -> String {
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let title = message.lines().next().unwrap_or_default();
    if undo { format!("Revert \"{title}\"\n\nThis reverts commit {}", commit.id()) } else { format!("{}\n\n(cherry picked from commit {})", message.trim_end(), commit.id()) }
}
