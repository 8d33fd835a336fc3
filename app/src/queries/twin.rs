//! One asset or twin: its files, its README, its phases.

use gitlab::Error;
use gitlab::endpoint::{ask, ask_all};
use gitlab::repository::{EntryKind, RawFile};
use twin::asset::Asset;
use twin::phase::{Phase, phases};

use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::library::listing;

/// What is in an asset's folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Paths of its files, below the project.
    pub files: Vec<String>,
    /// Its README, if it has one.
    pub readme: Option<String>,
    /// Its short text, if it has one.
    pub description: Option<String>,
    /// What its lifecycle folder defines.
    pub phases: Vec<Phase>,
    /// Whether it has a CI file of its own.
    pub runnable: bool,
}

fn shown(asset: &Asset) -> String {
    format!("load “{}”", asset.name)
}

async fn text(client: &Client, asset: &Asset, files: &[String], wanted: &str) -> Result<Option<String>, Error> {
    let path = format!("{}/{wanted}", asset.path());
    match files.iter().find(|file| file.eq_ignore_ascii_case(&path)) {
        Some(path) => {
            let bytes = ask(client, &RawFile::new(client.project(asset.owner), path, client.branch())).await?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        None => Ok(None),
    }
}

/// Everything a page about an asset shows first.
pub async fn contents(client: Client, asset: Asset) -> Result<Contents, Problem> {
    let fail = |error: Error| Problem::new(&error, &shown(&asset), &client.instance.name);
    let entries = match ask_all(&client, &listing(&client, asset.owner, &asset.path()), 20).await {
        Ok(entries) => entries,
        // A loose file is an asset without a folder.
        Err(Error::NotFound { .. }) => {
            ask(&client, &RawFile::new(client.project(asset.owner), asset.path(), client.branch())).await.map_err(fail)?;
            return Ok(Contents { files: vec![asset.path()], readme: None, description: None, phases: Vec::new(), runnable: false });
        }
        Err(error) => return Err(fail(error)),
    };
    let files: Vec<String> = entries.into_iter().filter(|entry| entry.kind == EntryKind::Blob).map(|entry| entry.path).collect();
    let (readme, description) = futures_util::future::join(text(&client, &asset, &files, "README.md"), text(&client, &asset, &files, "description.md")).await;
    let phases = phases(&asset.path(), files.iter().map(String::as_str));
    let ci_file = format!("{}/.gitlab-ci.yml", asset.path());
    Ok(Contents { readme: readme.map_err(fail)?, description: description.map_err(fail)?, phases, runnable: files.contains(&ci_file), files })
}

/// The bytes of one file.
pub async fn file(client: Client, asset: Asset, path: String) -> Result<Vec<u8>, Problem> {
    let raw = RawFile::new(client.project(asset.owner), &path, client.branch()).whole();
    ask(&client, &raw).await.map_err(|error| Problem::new(&error, &format!("load the file {path}"), &client.instance.name))
}
