//! The assets of an instance: one listing a project, descriptions as they come.

use gitlab::Error;
use gitlab::endpoint::{ask, ask_all};
use gitlab::repository::{EntryKind, ListTree, RawFile};
use twin::asset::{Asset, Owner, assets};

use crate::instances::Client;
use crate::problem::Problem;

/// A project with more files than this many pages of a hundred is not listed whole.
const PAGES: usize = 50;

/// The listing of everything below `path` in a project. The document asks for its first page too
/// ([`crate::queries::ahead`]), so it is written once.
pub fn listing(client: &Client, owner: Owner, path: &str) -> ListTree {
    ListTree::new(client.project(owner), path).at(client.branch()).recursive()
}

/// All file paths of a project; none when it is empty or not there.
async fn paths(client: &Client, owner: Owner) -> Result<Vec<String>, Error> {
    match ask_all(client, &listing(client, owner, ""), PAGES).await {
        Ok(entries) => Ok(entries.into_iter().filter(|entry| entry.kind == EntryKind::Blob).map(|entry| entry.path).collect()),
        // An empty repository has no tree, which is no failure.
        Err(Error::NotFound { message }) if message.contains("Tree") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The assets of one owner.
pub async fn of_owner(client: Client, owner: Owner) -> Result<Vec<Asset>, Problem> {
    let name = client.instance.name.clone();
    let wish = format!("load the {} assets", owner.word());
    let paths = paths(&client, owner).await.map_err(|error| Problem::new(&error, &wish, &name))?;
    Ok(assets(owner, paths.iter().map(String::as_str)))
}

/// The short text of an asset; `None` when it has none.
pub async fn description(client: Client, asset: Asset) -> Option<String> {
    let file = RawFile::new(client.project(asset.owner), asset.description_path(), client.branch());
    let bytes = ask(&client, &file).await.ok()?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| line.trim_start_matches('#').trim().to_owned())
}
