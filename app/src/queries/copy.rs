//! What an asset holds at one commit, ready to be copied, compared or brought up to date.

use std::collections::BTreeMap;

use futures_util::future::{join, try_join_all};
use gitlab::Error;
use gitlab::commits::GetCommit;
use gitlab::endpoint::{ask, ask_all};
use gitlab::projects::{GetProject, Project};
use gitlab::repository::{EntryKind, ListTree, RawBlob, RawFile, TreeEntry};
use twin::asset::{Asset, Kind, Owner};

use crate::instances::Client;
use crate::problem::Problem;

/// An asset with more files than this many pages of a hundred is not copied.
const PAGES: usize = 100;

/// A file of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its path below the asset; empty for an asset that is one file.
    pub path: String,
    /// The id of its content.
    pub id: String,
    /// Whether it can be run.
    pub executable: bool,
    /// Whether it is a link or a submodule, which the API cannot write.
    pub special: bool,
}

/// An asset at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The commit.
    pub commit: String,
    /// The id of its tree, or of its content when it is one file.
    pub tree: String,
    /// Its files, by path.
    pub files: Vec<Held>,
}

/// The project of an owner, with its rights and default branch.
pub async fn project(client: &Client, owner: Owner) -> Result<Project, Error> {
    ask(client, &GetProject(client.project(owner))).await
}

/// The branch that is written to when nothing else is said.
pub async fn branch(client: &Client, owner: Owner) -> Result<String, Error> {
    match client.instance.branch.clone() {
        Some(branch) => Ok(branch),
        None => Ok(project(client, owner).await?.default_branch.unwrap_or_else(|| "main".to_owned())),
    }
}

fn held(entry: TreeEntry, start: &str) -> Held {
    let path = entry.path.strip_prefix(start).unwrap_or(&entry.path).trim_start_matches('/').to_owned();
    Held { path, id: entry.id, executable: entry.mode == "100755", special: entry.mode == "120000" || entry.kind == EntryKind::Commit }
}

/// What is at `path` of a project at `reference`; nothing when there is nothing.
pub async fn snapshot_of(client: &Client, owner: Owner, path: &str, reference: &str) -> Result<Option<Snapshot>, Error> {
    let commit = ask(client, &GetCommit(client.project(owner), reference.to_owned())).await?.id;
    let parent = compose::project::folder(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let beside = ListTree::new(client.project(owner), parent).at(&commit);
    let below = ListTree::new(client.project(owner), path).at(&commit).recursive();
    let (beside, below) = join(ask_all(client, &beside, PAGES), ask_all(client, &below, PAGES)).await;
    let own = match beside {
        Ok(entries) => entries.into_iter().find(|entry| entry.name == name),
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let Some(own) = own else { return Ok(None) };
    if own.kind != EntryKind::Tree {
        return Ok(Some(Snapshot { commit, tree: own.id.clone(), files: vec![held(own, path)] }));
    }
    let mut files: Vec<Held> = below?.into_iter().filter(|entry| entry.kind != EntryKind::Tree).map(|entry| held(entry, path)).collect();
    files.sort_by(|first, second| first.path.cmp(&second.path));
    Ok(Some(Snapshot { commit, tree: own.id, files }))
}

/// An asset on the branch that is looked at.
pub async fn snapshot(client: Client, asset: Asset) -> Result<Snapshot, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("look at “{}”", asset.name), &client.instance.name);
    let missing = || Error::NotFound { message: String::new() };
    snapshot_of(&client, asset.owner, &asset.path(), &client.branch()).await.and_then(|found| found.ok_or_else(missing)).map_err(fail)
}

/// The start of a Git LFS pointer (git-lfs, docs/spec.md).
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The bytes of a file; what Git LFS keeps elsewhere is fetched from there.
pub async fn bytes(client: &Client, owner: Owner, asset_path: &str, held: &Held, commit: &str) -> Result<Vec<u8>, Error> {
    let content = ask(client, &RawBlob(client.project(owner), held.id.clone())).await?;
    if content.len() < 1024 && content.starts_with(POINTER) {
        let path = if held.path.is_empty() { asset_path.to_owned() } else { format!("{asset_path}/{}", held.path) };
        return ask(client, &RawFile::new(client.project(owner), path, commit).whole()).await;
    }
    Ok(content)
}

/// Where else the same content is: instances whose folder of that kind has an entry with this id.
pub async fn elsewhere(clients: Vec<Client>, kind: Kind, tree: String) -> BTreeMap<String, Vec<Asset>> {
    let look = |client: Client| {
        let tree = tree.clone();
        async move {
            let of = |owner: Owner| {
                let (client, tree) = (client.clone(), tree.clone());
                async move {
                    let entries = ask_all(&client, &ListTree::new(client.project(owner), kind.folder()).at(client.branch()), 20).await.unwrap_or_default();
                    entries.into_iter().filter(|entry| entry.id == tree).map(|entry| Asset { owner, kind, name: entry.name }).collect::<Vec<_>>()
                }
            };
            let found = try_join_all(client.owners().iter().map(|owner| async move { Ok::<_, Error>(of(*owner).await) })).await.unwrap_or_default();
            (client.instance.id.clone(), found.into_iter().flatten().collect::<Vec<_>>())
        }
    };
    let found = futures_util::future::join_all(clients.into_iter().map(look)).await;
    found.into_iter().filter(|(_, assets)| !assets.is_empty()).collect()
}
