//! Bringing a part of a twin up to its source: what was copied, what the source has now and what the
//! twin made of it are put together file by file.

use std::collections::{BTreeMap, BTreeSet};

use compose::lock::{Entry, FILE, Lock};
use compose::merge::{Merged, three_way};
use gitlab::Error;
use gitlab::commits::{Action, ActionKind};
use gitlab::endpoint::ask;
use gitlab::repository::GetFile;
use twin::asset::Asset;

use super::transfer::{Road, send};
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::copy::{Held, Snapshot, branch, bytes, snapshot_of};
use crate::queries::parts::Standing;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The source's version comes.
    Take,
    /// Both changes go together.
    Merge,
    /// Both changed the same lines.
    Conflict,
    /// Only the twin changed it.
    Keep,
    /// Both changed it and it is no text, or one deleted it: somebody has to decide.
    Undecided,
}

/// One file of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Its path in the project.
    pub path: String,
    /// What happens.
    pub step: Step,
    /// What the twin has.
    pub here: Option<Vec<u8>>,
    /// What it will have.
    pub then: Option<Vec<u8>>,
    /// Whether it can be run afterwards.
    pub executable: bool,
}

fn by_path(snapshot: Option<&Snapshot>) -> BTreeMap<String, Held> {
    snapshot.into_iter().flat_map(|snapshot| snapshot.files.iter().map(|held| (held.path.clone(), held.clone()))).collect()
}

/// The text of both changes, where all three are texts.
fn put_together(base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Option<(Step, Vec<u8>)> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    match three_way(text(base.unwrap_or_default())?, text(ours)?, text(theirs)?) {
        Merged::Clean(text) => Some((Step::Merge, text.into_bytes())),
        Merged::Conflict(text) => Some((Step::Conflict, text.into_bytes())),
    }
}

/// What would happen, file by file.
pub async fn plan(client: Client, asset: Asset, entry: Entry, standing: Standing) -> Result<Vec<Update>, Problem> {
    let (from, owner, there) = standing.source.clone();
    let fail = |error: Error| Problem::new(&error, &format!("compare both versions of {}", entry.path), &from.instance.name);
    let base = snapshot_of(&from, owner, &entry.source.path, &entry.commit).await.map_err(fail)?;
    let (Some(here), Some(there)) = (standing.here.clone(), there) else { return Ok(Vec::new()) };
    if let Some(special) = there.files.iter().find(|file| file.special) {
        let message = format!("{} is a link or a submodule there, which the API cannot write: bring it in with git", special.path);
        return Err(fail(Error::Refused { status: 400, message }));
    }
    let place = format!("{}/{}", asset.path(), entry.path);
    let (old, new, own) = (by_path(base.as_ref()), by_path(Some(&there)), by_path(Some(&here)));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).chain(own.keys()).collect();
    let mut plan = Vec::new();
    for path in paths {
        let (base, theirs, ours) = (old.get(path), new.get(path), own.get(path));
        let id = |held: Option<&Held>| held.map(|held| held.id.clone());
        if id(theirs) == id(ours) {
            continue;
        }
        let fetch = async |held: Option<&Held>, here: bool| -> Result<Option<Vec<u8>>, Error> {
            match (held, here) {
                (None, _) => Ok(None),
                (Some(held), true) => bytes(&client, asset.owner, &place, held, "HEAD").await.map(Some),
                (Some(held), false) => bytes(&from, owner, &entry.source.path, held, &there.commit).await.map(Some),
            }
        };
        let full = if path.is_empty() { place.clone() } else { format!("{place}/{path}") };
        let executable = theirs.or(ours).is_some_and(|held| held.executable);
        let ours_bytes = fetch(ours, true).await.map_err(fail)?;
        let (step, then) = if id(base) == id(theirs) {
            (Step::Keep, ours_bytes.clone())
        } else if id(base) == id(ours) {
            (Step::Take, fetch(theirs, false).await.map_err(fail)?)
        } else {
            let (base_bytes, theirs_bytes) = (fetch(base, false).await.map_err(fail)?, fetch(theirs, false).await.map_err(fail)?);
            match (&ours_bytes, &theirs_bytes) {
                (Some(ours), Some(theirs)) => put_together(base_bytes.as_deref(), ours, theirs).map_or((Step::Undecided, Some(ours.clone())), |(step, bytes)| (step, Some(bytes))),
                // Deleted on one side and changed on the other: what was changed stays.
                (Some(ours), None) => (Step::Undecided, Some(ours.clone())),
                (None, _) => (Step::Undecided, None),
            }
        };
        plan.push(Update { path: full, step, here: ours_bytes, then, executable });
    }
    Ok(plan)
}

/// Writes the plan and the new line of the lock, in one commit.
pub async fn apply(client: Client, asset: Asset, entry: Entry, standing: Standing, plan: Vec<Update>) -> Result<(), Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("bring {} up to date", entry.path), &client.instance.name);
    let Some(there) = standing.source.2.clone() else { return Ok(()) };
    let on = branch(&client, asset.owner).await.map_err(fail)?;
    let path = format!("{}/{FILE}", asset.path());
    let file = ask(&client, &GetFile::new(client.project(asset.owner), &path, &on)).await.map_err(fail)?;
    let refuse = |message: String| fail(Error::Refused { status: 400, message });
    let mut lock = Lock::parse(&String::from_utf8_lossy(&file.content)).map_err(refuse)?;
    // What is undecided is offered again, so the lock stays at what it was.
    let undecided = plan.iter().any(|update| update.step == Step::Undecided);
    for known in lock.assets.iter_mut().filter(|known| known.path == entry.path && !undecided) {
        (known.commit, known.tree) = (there.commit.clone(), there.tree.clone());
    }
    let mut actions = Vec::new();
    for update in plan.iter().filter(|update| !matches!(update.step, Step::Keep | Step::Undecided)) {
        actions.push(match (&update.here, &update.then) {
            (None, Some(bytes)) => Action::write(ActionKind::Create, &update.path, bytes, Some(update.executable)),
            (Some(_), Some(bytes)) => {
                Action::write(ActionKind::Update, &update.path, bytes, Some(update.executable)).unless_changed_since(standing.here.as_ref().map(|here| here.commit.clone()))
            }
            (_, None) => Action::bare(ActionKind::Delete, &update.path).unless_changed_since(standing.here.as_ref().map(|here| here.commit.clone())),
        });
    }
    if undecided && actions.is_empty() {
        return Ok(());
    }
    actions.push(Action::write(ActionKind::Update, &path, lock.print().as_bytes(), None).unless_changed_since(Some(file.last_commit_id)));
    let message = format!("Update {} of {}\n\nFrom {} at {}", entry.path, asset.name, entry.source.project, there.commit);
    send(&client, asset.owner, &message, actions, Road::Commit).await.map(|_| ()).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::{Step, put_together};

    #[test]
    fn texts_go_together_and_binaries_do_not() {
        assert_eq!(put_together(Some(b"a\nb\nc\n"), b"A\nb\nc\n", b"a\nb\nC\n"), Some((Step::Merge, b"A\nb\nC\n".to_vec())));
        assert_eq!(put_together(Some(b"a\n"), b"b\n", b"c\n").map(|(step, _)| step), Some(Step::Conflict));
        assert_eq!(put_together(Some(&[0xff]), b"b\n", b"c\n"), None);
    }
}
