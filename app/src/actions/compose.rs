//! A new twin: its own files, copies of what was collected, the lock that says where those came
//! from, and its block in the parent CI file, all in one commit. What reads YAML is in a file of its
//! own, which comes when a block is written.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use compose::lock::{self, Entry, Lock, Source};
use compose::project::Project;
use compose::rewrite::rewrite;
use compose::scaffold::{Template, files};
use gitlab::Error;
use gitlab::commits::{Action, ActionKind};
use gitlab::endpoint::ask;
use gitlab::repository::GetFile;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use twin::asset::{Asset, Kind, Owner};

use super::transfer::{Arrival, Fetched, Journey, Known, Part, Road, fetch, send};
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::copy::{branch, snapshot_of};

/// The parent CI file.
pub const PARENT: &str = ".gitlab-ci.yml";

/// A twin to be made.
#[derive(Clone)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// Its short text.
    pub about: String,
    /// What it begins as.
    pub template: Template,
    /// What goes into it; their places are below the twin's folder.
    pub parts: Vec<Part>,
    /// Whether absolute paths are rewritten where it is certain to what.
    pub rewrite: bool,
}

#[wasm_split(part_yaml, wasm_split_path = leptos::wasm_split, fallible)]
fn add_block(text: String, name: String) -> Result<Result<String, String>, SplitLoaderError> {
    Ok(compose::trigger::add(&text, &name, Kind::Twin.folder()))
}

#[wasm_split(part_yaml, wasm_split_path = leptos::wasm_split, fallible)]
fn remove_block(text: String, name: String) -> Result<Result<String, String>, SplitLoaderError> {
    Ok(compose::trigger::remove(&text, &name))
}

/// Deletes an asset, and with a twin the block that starts it, in one commit.
pub async fn delete(client: Client, asset: Asset) -> Result<Arrival, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("delete “{}”", asset.name), &client.instance.name);
    let on = branch(&client, asset.owner).await.map_err(fail)?;
    let Some(snapshot) = snapshot_of(&client, asset.owner, &asset.path(), &on).await.map_err(fail)? else { return Ok(Arrival::Same) };
    let full = |path: &str| if path.is_empty() { asset.path() } else { format!("{}/{path}", asset.path()) };
    let mut actions: Vec<Action> =
        snapshot.files.iter().map(|file| Action::bare(ActionKind::Delete, full(&file.path)).unless_changed_since(Some(snapshot.commit.clone()))).collect();
    if asset.kind == Kind::Twin {
        match ask(&client, &GetFile::new(client.project(asset.owner), PARENT, &on)).await {
            Ok(file) => {
                let text = String::from_utf8_lossy(&file.content).into_owned();
                let refuse = |reason: String| fail(Error::Refused { status: 400, message: format!("{PARENT} stays as it is: {reason}") });
                let new = match remove_block(text.clone(), asset.name.clone()).await {
                    Ok(new) => new.map_err(refuse)?,
                    Err(_) => return Err(refuse("the part of Twinport that reads it could not be loaded".to_owned())),
                };
                if new != text {
                    actions.push(Action::write(ActionKind::Update, PARENT, new.as_bytes(), None).unless_changed_since(Some(file.last_commit_id)));
                }
            }
            Err(Error::NotFound { .. }) => {}
            // A trigger that stays would fail every start: better nothing is deleted.
            Err(error) => return Err(fail(error)),
        }
    }
    send(&client, asset.owner, &format!("Delete {}", asset.path()), actions, Road::Commit).await.map_err(fail)
}

/// The parent with a block for a twin.
async fn add(text: &str, name: &str) -> Result<String, String> {
    let added = add_block(text.to_owned(), name.to_owned()).await;
    added.unwrap_or_else(|_| Err("the part of Twinport that reads it could not be loaded".to_owned()))
}

/// The change of the parent CI file that lets a twin be started; nothing when it has its block.
pub async fn trigger(client: &Client, owner: Owner, name: &str, on: &str) -> Result<Option<Action>, Error> {
    let refuse = |reason: String| Error::Refused { status: 400, message: format!("{PARENT} stays as it is: {reason}") };
    match ask(client, &GetFile::new(client.project(owner), PARENT, on)).await {
        Ok(file) => {
            let text = String::from_utf8(file.content).map_err(|_| refuse("it is no text".to_owned()))?;
            let new = add(&text, name).await.map_err(refuse)?;
            Ok((new != text).then(|| Action::write(ActionKind::Update, PARENT, new.as_bytes(), None).unless_changed_since(Some(file.last_commit_id))))
        }
        Err(Error::NotFound { .. }) => {
            let new = add("", name).await.map_err(refuse)?;
            Ok(Some(Action::write(ActionKind::Create, PARENT, new.as_bytes(), None)))
        }
        Err(error) => Err(error),
    }
}

/// Texts with paths that hold on one machine only, as they would be rewritten; by path.
fn rewritten(folder: &str, fetched: &[Fetched]) -> Vec<(String, String)> {
    let project = Project::of_paths(fetched.iter().map(|file| file.path.clone()));
    let text = |file: &Fetched| {
        let text = std::str::from_utf8(&file.content).ok()?;
        let (new, count) = rewrite(text, folder, &project);
        (count > 0).then(|| (file.path.clone(), new))
    };
    fetched.iter().filter_map(text).collect()
}

/// Makes it.
pub async fn create(client: Client, wish: Wish, known: Known, journey: Journey) -> Result<Arrival, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("create “{}”", wish.name), &client.instance.name);
    let folder = format!("{}/{}", Kind::Twin.folder(), wish.name);
    let parts: Vec<Part> = wish.parts.iter().map(|part| Part { place: format!("{folder}/{}", part.place), ..part.clone() }).collect();
    let fetched = fetch(&parts, &known, journey).await?;
    let on = branch(&client, Owner::Private).await.map_err(fail)?;
    // The name may have been taken while the form was open, here or by somebody else.
    if snapshot_of(&client, Owner::Private, &folder, &on).await.map_err(fail)?.is_some() {
        return Err(Problem {
            title: format!("There is a twin “{}” already in {}.", wish.name, client.project_path(Owner::Private)),
            advice: "Choose another name. Nothing was written.".to_owned(),
            sign_in: false,
        });
    }
    let changed = if wish.rewrite { rewritten(&folder, &fetched) } else { Vec::new() };
    let mut actions: Vec<Action> =
        files(&wish.name, &wish.about, wish.template).into_iter().map(|file| Action::write(ActionKind::Create, file.path, file.text.as_bytes(), Some(file.executable))).collect();
    for file in &fetched {
        let content = changed.iter().find(|(path, _)| *path == file.path).map_or(file.content.as_slice(), |(_, text)| text.as_bytes());
        actions.push(Action::write(ActionKind::Create, &file.path, content, Some(file.executable)));
    }
    if !parts.is_empty() {
        let text = Lock::new(parts.iter().map(|part| entry(part, &folder, &changed)).collect()).print();
        actions.push(Action::write(ActionKind::Create, format!("{folder}/{}", lock::FILE), text.as_bytes(), None));
    }
    let message = format!("Create {} digital twin", wish.name);
    // Somebody may write the parent between our reading and our commit: then it is read again.
    for last in [false, true] {
        let mut all = actions.clone();
        all.extend(trigger(&client, Owner::Private, &wish.name, &on).await.map_err(fail)?);
        if leptos::prelude::GetUntracked::try_get_untracked(&journey.stopped).unwrap_or(true) {
            return Err(Problem { title: "Stopped. Nothing was written.".to_owned(), advice: "Press “Create twin” to go on.".to_owned(), sign_in: false });
        }
        match send(&client, Owner::Private, &message, all, Road::Commit).await {
            Err(Error::Refused { message, .. }) if !last && (message.contains("has changed since") || message.contains("Could not update")) => {}
            outcome => return outcome.map_err(fail),
        }
    }
    Ok(Arrival::Same)
}

/// The line of the lock for a part.
pub fn entry(part: &Part, folder: &str, changed: &[(String, String)]) -> Entry {
    let path = part.place.strip_prefix(&format!("{folder}/")).unwrap_or(&part.place).to_owned();
    let start = format!("{}/", part.place);
    Entry {
        path,
        source: Source {
            backend: part.client.backend.url.clone(),
            project: part.client.project_path(part.asset.owner),
            path: part.asset.path(),
            branch: part.client.instance.branch.clone(),
        },
        commit: part.snapshot.commit.clone(),
        tree: part.snapshot.tree.clone(),
        rewritten: changed.iter().filter_map(|(path, _)| path.strip_prefix(&start)).map(str::to_owned).collect(),
    }
}
