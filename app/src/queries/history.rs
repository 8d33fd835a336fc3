//! How an asset came to be: commits that touched it, and what each changed in it.

use gitlab::Error;
use gitlab::commits::{Commit, CommitDiff, FileDiff, ListCommits};
use gitlab::endpoint::{ask, ask_all};
use twin::asset::Asset;

use crate::instances::Client;
use crate::problem::Problem;

/// How many are shown.
pub const SHOWN: usize = 50;

/// The newest commits that touched an asset.
pub async fn commits(client: Client, asset: Asset) -> Result<Vec<Commit>, Problem> {
    let list = ListCommits { project: client.project(asset.owner), reference: client.branch(), path: asset.path(), count: SHOWN };
    let page = ask(&client, &list).await;
    page.map(|page| page.items).map_err(|error: Error| Problem::new(&error, &format!("load the history of “{}”", asset.name), &client.instance.name))
}

/// What a commit changed in an asset, and how many files elsewhere.
pub async fn changed(client: Client, asset: Asset, sha: String) -> Result<(Vec<FileDiff>, usize), Problem> {
    let all = ask_all(&client, &CommitDiff(client.project(asset.owner), sha), 10).await;
    let all = all.map_err(|error| Problem::new(&error, "load what the commit changed", &client.instance.name))?;
    let start = format!("{}/", asset.path());
    let count = all.len();
    let here: Vec<FileDiff> = all.into_iter().filter(|diff| [&diff.old_path, &diff.new_path].iter().any(|path| path.starts_with(&start) || **path == asset.path())).collect();
    let elsewhere = count - here.len();
    Ok((here, elsewhere))
}
