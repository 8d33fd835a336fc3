//! The assets of an instance: one question for the folders of both projects, one for the short
//! texts of those that are looked at.

use futures_util::future::{join_all, try_join_all};
use gitlab::Error;
use gitlab::endpoint::ask;
use gitlab::graph::{Folder, ListFolders, Names, PAGE, Page, ReadTexts};
use gitlab::repository::ListTree;
use twin::asset::{Asset, Kind, Owner, assets};
use twin::shelf::order;

use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;

/// Of a folder with more entries than this many pages of a hundred the rest is left out.
const PAGES: usize = 50;

/// Milliseconds in which the first part of an answer comes on screen.
const SHOWN: u32 = 40;

/// What an instance has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Its assets, each owner's and kind's by name.
    pub assets: Vec<Asset>,
    /// Projects that are not there, or not to be seen.
    pub missing: Vec<Owner>,
}

/// The listing of everything below `path` in a project. The document asks for its first page too
/// ([`crate::queries::ahead`]), so it is written once.
pub fn listing(client: &Client, owner: Owner, path: &str) -> ListTree {
    ListTree::new(client.project(owner), path).at(client.branch()).recursive()
}

/// The five folders of every project that one may look into; asked ahead as well.
pub fn folders(client: &Client) -> ListFolders {
    let projects = client.owners().iter().map(|owner| client.project_path(*owner)).collect();
    // A twin is a folder; of the other kinds a file alone is an asset too.
    let folder = |kind: Kind| Folder { path: kind.folder().to_owned(), trees: Some(Page::First), blobs: (kind != Kind::Twin).then_some(Page::First) };
    ListFolders::new(projects, client.branch(), Kind::ALL.map(folder))
}

/// Folders of a project that have more than an answer holds, and where that begins.
type Rest = Vec<(Kind, Option<Page>, Option<Page>)>;

/// What of `names` is not there yet.
fn rest_of(kind: Kind, names: Names) -> Option<(Kind, Option<Page>, Option<Page>)> {
    (names.more_trees.is_some() || names.more_blobs.is_some()).then_some((kind, names.more_trees, names.more_blobs))
}

/// The rest of an owner's folders: the next page of each in one request, again and again.
async fn others(client: &Client, owner: Owner, mut rest: Rest) -> Result<Vec<Asset>, Error> {
    let mut found = Vec::new();
    for _ in 1..PAGES {
        if rest.is_empty() {
            break;
        }
        let folders = rest.iter().map(|(kind, trees, blobs)| Folder { path: kind.folder().to_owned(), trees: trees.clone(), blobs: blobs.clone() });
        let answer = ask(client, &ListFolders::new(vec![client.project_path(owner)], client.branch(), folders)).await?;
        let lists = answer.into_iter().flatten().flatten();
        rest = rest
            .iter()
            .zip(lists)
            .filter_map(|((kind, ..), names)| {
                found.extend(of_names(owner, *kind, &names));
                rest_of(*kind, names)
            })
            .collect();
    }
    Ok(found)
}

/// What a folder's names are.
fn of_names(owner: Owner, kind: Kind, names: &Names) -> Vec<Asset> {
    let folders = names.trees.iter().map(|name| format!("{}/{name}/_", kind.folder()));
    let paths: Vec<String> = folders.chain(names.blobs.iter().map(|name| format!("{}/{name}", kind.folder()))).collect();
    assets(owner, paths.iter().map(String::as_str))
}

/// All assets of an instance; `give` gets the first of them when there are more than one answer holds.
pub async fn of_instance(client: Client, give: impl Fn(Found)) -> Result<Found, Problem> {
    let fail = |error: Error| Problem::new(&error, "load the library", &client.instance.name);
    let answer = ask(&client, &folders(&client)).await.map_err(fail)?;
    let (mut found, mut more) = (Found::default(), Vec::new());
    for (owner, folders) in client.owners().iter().zip(answer) {
        let Some(folders) = folders else {
            found.missing.push(*owner);
            continue;
        };
        let mut rest = Rest::new();
        for (kind, names) in Kind::ALL.into_iter().zip(folders) {
            found.assets.extend(of_names(*owner, kind, &names));
            rest.extend(rest_of(kind, names));
        }
        if !rest.is_empty() {
            more.push((*owner, rest));
        }
    }
    found.assets.sort_unstable_by(order);
    if !more.is_empty() {
        give(found.clone());
        // What was given is shown first.
        browser::sleep(SHOWN).await;
        let others = try_join_all(more.into_iter().map(|(owner, rest)| others(&client, owner, rest))).await.map_err(fail)?;
        found.assets.extend(others.into_iter().flatten());
        found.assets.sort_unstable_by(order);
        // Files whose next page was not named came twice.
        found.assets.dedup();
    }
    Ok(found)
}

/// The first line that says something.
fn first_line(text: &str) -> Option<String> {
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| line.trim_start_matches('#').trim().to_owned())
}

/// The short texts of `assets`, in their order, `None` for those that have none; nothing at all of those that were not answered.
pub async fn descriptions(client: Client, assets: Vec<Asset>) -> Vec<Option<Option<String>>> {
    let mut asked = Vec::new();
    for owner in Owner::ALL {
        let paths: Vec<String> = assets.iter().filter(|asset| asset.owner == owner).map(Asset::description_path).collect();
        asked.extend(paths.chunks(PAGE).map(|paths| (owner, ReadTexts::new(client.project_path(owner), client.branch(), paths.to_vec()))));
    }
    let client = &client;
    let answers = join_all(asked.iter().map(|(owner, texts)| async move { (*owner, ask(client, texts).await.ok()) })).await;
    let find = |asset: &Asset| {
        let path = asset.description_path();
        let mut texts = answers.iter().filter(|(owner, _)| *owner == asset.owner).map(|(_, texts)| texts.as_ref());
        let found = texts.clone().flatten().flatten().find(|(of, _)| *of == path).and_then(|(_, text)| first_line(text));
        (found.is_some() || texts.all(|texts| texts.is_some())).then_some(found)
    };
    assets.iter().map(find).collect()
}
