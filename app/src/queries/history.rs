//! How an asset came to be: commits that touched it, and what each changed in it.

use futures_util::future::join;
use gitlab::Error;
use gitlab::branches::{ListBranches, ListTags};
use gitlab::commits::{Commit, CommitDiff, Compare, FileDiff, ListCommits};
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

/// The tags and branches of an asset's project: those that one may look at instead.
pub async fn versions(client: Client, asset: Asset) -> Result<Vec<(String, &'static str)>, Problem> {
    let project = client.project(asset.owner);
    let (tags, branches) = (ListTags(project.clone()), ListBranches(project));
    let (tags, branches) = join(ask(&client, &tags), ask(&client, &branches)).await;
    let fail = |error: Error| Problem::new(&error, "load the versions", &client.instance.name);
    let tags = tags.map_err(fail)?.items.into_iter().map(|tag| (tag.name, "tag"));
    let branches = branches.map_err(fail)?.items.into_iter().map(|branch| (branch.name, if branch.default { "default branch" } else { "branch" }));
    Ok(tags.chain(branches).collect())
}

/// How an asset differs from `version` to now.
pub async fn since(client: Client, asset: Asset, version: String) -> Result<Vec<FileDiff>, Problem> {
    let to = super::copy::branch(&client, asset.owner).await;
    let fail = |error: Error| Problem::new(&error, &format!("compare with {version}"), &client.instance.name);
    let compare = Compare { project: client.project(asset.owner), from: version.clone(), to: to.map_err(fail)? };
    let all = ask(&client, &compare).await.map_err(fail)?;
    let start = format!("{}/", asset.path());
    Ok(all.into_iter().filter(|diff| [&diff.old_path, &diff.new_path].iter().any(|path| path.starts_with(&start) || **path == asset.path())).collect())
}
