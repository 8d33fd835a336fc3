//! Assets on their way: fetched whole from where they are, written where they go in one commit, or
//! offered there as a merge request. Nothing is written before everything is here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use futures_util::future::try_join_all;
use gitlab::commits::{Action, ActionKind, Commit, CreateCommit};
use gitlab::endpoint::ask;
use gitlab::merge_requests::CreateMergeRequest;
use gitlab::projects::{ForkProject, GetProject, ListOwnForks, Project};
use gitlab::{Error, ProjectRef};
use leptos::prelude::{RwSignal, Set, Update};
use twin::asset::{Asset, Owner};

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::copy::{Held, Snapshot, branch, bytes, project, snapshot_of};

/// One commit takes at most this much, in bytes: GitLab's limit is 300 MB of JSON, and binaries
/// grow by a third in it.
pub const MOST: u64 = 200 * 1024 * 1024;

/// So many files are asked for in one go, so that whoever stops it does not wait for all.
const AT_ONCE: usize = 24;

/// An asset to be copied.
#[derive(Clone)]
pub struct Part {
    /// Who asks for it.
    pub client: Client,
    /// What it is.
    pub asset: Asset,
    /// What it holds.
    pub snapshot: Snapshot,
    /// Where it goes, as a path in the project.
    pub place: String,
}

/// A file that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it goes.
    pub path: String,
    /// The id of its content where it came from.
    pub id: String,
    /// Its bytes.
    pub content: Rc<Vec<u8>>,
    /// Whether it can be run.
    pub executable: bool,
}

/// How far it is, and whether anybody still wants it.
#[derive(Clone, Copy)]
pub struct Journey {
    /// Files that are here, and all of them.
    pub progress: RwSignal<(usize, usize)>,
    /// Set to end it.
    pub stopped: RwSignal<bool>,
}

impl Journey {
    /// Not begun.
    pub fn new() -> Self {
        Self { progress: RwSignal::new((0, 0)), stopped: RwSignal::new(false) }
    }

    fn is_over(self) -> bool {
        use leptos::prelude::GetUntracked;
        self.stopped.try_get_untracked().unwrap_or(true)
    }
}

/// Bytes by their id, so that what is here is not fetched again when a copy is tried once more.
#[derive(Clone, Default)]
pub struct Known(Rc<RefCell<HashMap<String, Rc<Vec<u8>>>>>);

/// The news that somebody stopped it.
fn stopped() -> Problem {
    Problem { title: "Stopped. Nothing was written.".to_owned(), advice: "What was fetched so far is kept until you leave this page.".to_owned(), sign_in: false }
}

async fn one(part: &Part, held: &Held, known: &Known, journey: Journey) -> Result<Fetched, Problem> {
    let path = if held.path.is_empty() { part.place.clone() } else { format!("{}/{}", part.place, held.path) };
    let here = known.0.borrow().get(&held.id).cloned();
    let content = match here {
        Some(content) => content,
        None => {
            if journey.is_over() {
                return Err(stopped());
            }
            let fail = |error: Error| Problem::new(&error, &format!("copy {}/{}", part.asset.path(), held.path), &part.client.instance.name);
            let content = Rc::new(bytes(&part.client, part.asset.owner, &part.asset.path(), held, &part.snapshot.commit).await.map_err(fail)?);
            known.0.borrow_mut().insert(held.id.clone(), content.clone());
            content
        }
    };
    let _ = journey.progress.try_update(|(done, _)| *done += 1);
    Ok(Fetched { path, id: held.id.clone(), content, executable: held.executable })
}

/// Fetches everything, or says what could not be.
pub async fn fetch(parts: &[Part], known: &Known, journey: Journey) -> Result<Vec<Fetched>, Problem> {
    let files: Vec<(&Part, &Held)> = parts.iter().flat_map(|part| part.snapshot.files.iter().map(move |held| (part, held))).collect();
    if let Some((part, held)) = files.iter().find(|(_, held)| held.special) {
        return Err(Problem {
            title: format!("“{}” cannot be copied: {} is a link or a submodule.", part.asset.name, held.path),
            advice: "GitLab's API writes plain files only. Copy it with git, or put a file in its place.".to_owned(),
            sign_in: false,
        });
    }
    journey.progress.set((0, files.len()));
    let mut fetched = Vec::with_capacity(files.len());
    for some in files.chunks(AT_ONCE) {
        fetched.extend(try_join_all(some.iter().map(|(part, held)| one(part, held, known, journey))).await?);
    }
    let size: u64 = fetched.iter().map(|file| file.content.len() as u64).sum();
    if size > MOST {
        return Err(Problem {
            title: format!("This is {} MB, more than one commit takes ({} MB).", size / 1_048_576, MOST / 1_048_576),
            advice: "Leave the largest asset out and add it with git, or keep it in Git LFS.".to_owned(),
            sign_in: false,
        });
    }
    Ok(fetched)
}

/// What makes of `before` (an asset at its place, if it is there) what was fetched.
#[must_use]
pub fn changes(place: &str, before: Option<&Snapshot>, files: &[Fetched]) -> Vec<Action> {
    let full = |held: &Held| if held.path.is_empty() { place.to_owned() } else { format!("{place}/{}", held.path) };
    let old: HashMap<String, &Held> = before.into_iter().flat_map(|snapshot| &snapshot.files).map(|held| (full(held), held)).collect();
    // Nobody's change meanwhile is overwritten.
    let since = before.map(|snapshot| snapshot.commit.clone());
    let mut actions: Vec<Action> = Vec::new();
    for file in files {
        match old.get(&file.path) {
            None => actions.push(Action::write(ActionKind::Create, &file.path, &file.content, Some(file.executable))),
            Some(held) if held.id != file.id => {
                actions.push(Action::write(ActionKind::Update, &file.path, &file.content, Some(file.executable)).unless_changed_since(since.clone()));
            }
            Some(held) if held.executable != file.executable => {
                actions.push(Action { execute_filemode: Some(file.executable), ..Action::bare(ActionKind::Chmod, &file.path) });
            }
            Some(_) => {}
        }
    }
    let mut gone: Vec<&String> = old.keys().filter(|path| !files.iter().any(|file| file.path == **path)).collect();
    gone.sort();
    actions.extend(gone.into_iter().map(|path| Action::bare(ActionKind::Delete, path).unless_changed_since(since.clone())));
    actions
}

/// How a change reaches its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Road {
    /// As a commit.
    Commit,
    /// As a merge request: its title and its words.
    Request(String, String),
}

/// Where it got to.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrival {
    /// It is there.
    Written(Commit),
    /// It waits for somebody, under this number.
    Offered(i64),
    /// It was there already.
    Same,
}

/// A fork is made in the background; it is looked at so many times, this many milliseconds apart.
const LOOKS: (u32, u32) = (40, 500);

/// The person's own copy of a project, made when there is none.
async fn own_copy(client: &Client, original: &Project) -> Result<ProjectRef, Error> {
    let of = ProjectRef::Id(original.id);
    if let Some(fork) = ask(client, &ListOwnForks(of.clone())).await?.items.into_iter().next() {
        return Ok(fork.id.into());
    }
    // Named after its group too: people have one namespace for the forks of all instances.
    let path = original.path_with_namespace.replace('/', "-");
    let fork = ask(client, &ForkProject { project: of, path }).await?;
    for _ in 0..LOOKS.0 {
        let seen = ask(client, &GetProject(fork.id.into())).await?;
        if seen.default_branch.is_some() {
            break;
        }
        browser::sleep(LOOKS.1).await;
    }
    Ok(fork.id.into())
}

/// A branch's name out of a title, with something that no other has.
fn branch_name(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).take(6).collect();
    format!("twinport/{}-{:05x}", words.join("-"), (browser::chance() * f64::from(0xf_ffff)) as u32)
}

/// Sends a change on its road, in one commit.
pub async fn send(client: &Client, owner: Owner, message: &str, actions: Vec<Action>, road: Road) -> Result<Arrival, Error> {
    if actions.is_empty() {
        return Ok(Arrival::Same);
    }
    let target = project(client, owner).await?;
    let goal = client.instance.branch.clone().or(target.default_branch.clone()).unwrap_or_else(|| "main".to_owned());
    let Road::Request(title, description) = road else {
        let commit = ask(client, &CreateCommit::new(target.id.into(), goal, message, actions)).await?;
        return Ok(Arrival::Written(commit));
    };
    let new = branch_name(&title);
    let may_push = target.access_level() >= 30;
    let source = if may_push { target.id.into() } else { own_copy(client, &target).await? };
    let mut commit = CreateCommit::new(source.clone(), &new, message, actions);
    commit.start_branch = Some(goal.clone());
    commit.start_project = (!may_push).then_some(target.id);
    ask(client, &commit).await?;
    let wish = CreateMergeRequest { source, source_branch: new, target: (!may_push).then_some(target.id), target_branch: goal, title, description };
    Ok(Arrival::Offered(ask(client, &wish).await?.iid))
}

/// Brings an asset into a project at its own path, over what is there under that name.
pub async fn bring(part: Part, target: Client, owner: Owner, road: Road, known: Known, journey: Journey) -> Result<Arrival, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("bring “{}” to {}", part.asset.name, target.project_path(owner)), &target.instance.name);
    let files = fetch(std::slice::from_ref(&part), &known, journey).await?;
    let on = branch(&target, owner).await.map_err(fail)?;
    let before = snapshot_of(&target, owner, &part.place, &on).await.map_err(fail)?;
    let mut actions = changes(&part.place, before.as_ref(), &files);
    if part.asset.kind == twin::asset::Kind::Twin {
        actions.extend(super::compose::trigger(&target, owner, &part.asset.name, &on).await.map_err(fail)?);
    }
    if journey.is_over() {
        return Err(stopped());
    }
    let verb = if before.is_some() { "Update" } else { "Add" };
    let message = format!("{verb} {}\n\nFrom {} of {} at {}", part.place, part.asset.path(), part.client.project_path(part.asset.owner), part.snapshot.commit);
    send(&target, owner, &message, actions, road).await.map_err(fail)
}

/// Offers what a twin made of a part to the place that it was copied from; `before` is what is there now.
pub async fn offer(part: Part, target: Client, owner: Owner, before: Option<Snapshot>, road: Road, known: Known, journey: Journey) -> Result<Arrival, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("offer {} to {}", part.place, target.project_path(owner)), &target.instance.name);
    let files = fetch(std::slice::from_ref(&part), &known, journey).await?;
    let message = format!("Change {}\n\nAs in {} of {} at {}", part.place, part.asset.path(), part.client.project_path(part.asset.owner), part.snapshot.commit);
    send(&target, owner, &message, changes(&part.place, before.as_ref(), &files), road).await.map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::{ActionKind, Fetched, Held, Snapshot, changes};
    use std::rc::Rc;

    #[test]
    fn only_what_differs_is_written() {
        let held = |path: &str, id: &str, executable| Held { path: path.into(), id: id.into(), executable, special: false };
        let before =
            Snapshot { commit: "c".into(), tree: "t".into(), files: vec![held("same", "1", false), held("mode", "2", false), held("new", "3", false), held("gone", "4", false)] };
        let file = |path: &str, id: &str, executable| Fetched { path: format!("models/a/{path}"), id: id.into(), content: Rc::new(vec![0xff]), executable };
        let files = [file("same", "1", false), file("mode", "2", true), file("new", "9", false), file("more", "5", true)];
        let done: Vec<_> =
            changes("models/a", Some(&before), &files).into_iter().map(|action| (action.action, action.file_path, action.encoding, action.execute_filemode)).collect();
        let own = |text: &str| text.to_owned();
        assert_eq!(
            done,
            [
                (ActionKind::Chmod, own("models/a/mode"), None, Some(true)),
                (ActionKind::Update, own("models/a/new"), Some(own("base64")), Some(false)),
                (ActionKind::Create, own("models/a/more"), Some(own("base64")), Some(true)),
                (ActionKind::Delete, own("models/a/gone"), None, None),
            ]
        );
        assert_eq!(changes("models/a", None, &files).len(), 4);
    }
}
