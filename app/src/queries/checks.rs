//! Whether a twin's parts fit together: its project read as far as the lint needs it. The lint is in
//! a file of its own, and the reader of FMUs in that of their cards.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use std::collections::BTreeSet;

use compose::lint::{Finding, about, is_board, lint, lint_boards};
use compose::project::Project;
use compose::scenario::Scenario;
use futures_util::future::{LocalBoxFuture, join_all};
use gitlab::Error;
use gitlab::endpoint::{ask, ask_all};
use gitlab::repository::{EntryKind, RawFile};
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use twin::asset::Asset;

use super::library::listing;
use crate::instances::Client;
use crate::problem::Problem;

/// A project with more files than this many pages of a hundred is looked at without the rest.
const PAGES: usize = 50;

/// The project with what was read of it, and the findings about one asset.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was read.
    pub project: Project,
    /// What does not fit.
    pub findings: Vec<Finding>,
    /// Files that could not be read, so that nothing is said about them.
    pub unread: Vec<String>,
}

async fn read(client: &Client, asset: &Asset, path: String) -> (String, Result<Vec<u8>, Error>) {
    let raw = RawFile::new(client.project(asset.owner), &path, client.branch()).whole();
    let answer = ask(client, &raw).await;
    (path, answer)
}

/// FMUs that a configuration of the asset names, as files of the project.
fn named(project: &Project, folder: &str) -> BTreeSet<String> {
    let start = format!("{folder}/");
    let mut found: BTreeSet<String> = project.wanted_models().into_iter().filter(|path| path.starts_with(&start)).collect();
    for (path, text) in project.texts.iter().filter(|(path, _)| path.starts_with(&start)) {
        for (_, written) in Scenario::parse(text).map(|scenario| scenario.fmus).unwrap_or_default() {
            found.extend(project.resolve(path, &written).or_else(|| project.like(&written).into_iter().next()));
        }
    }
    found.retain(|path| path.to_lowercase().ends_with(".fmu"));
    found
}

#[wasm_split(part_model, wasm_split_path = leptos::wasm_split, fallible)]
fn read_model(bytes: Vec<u8>) -> Result<Result<fmu::Card, String>, SplitLoaderError> {
    Ok(fmu::read(&bytes).map_err(|error| error.to_string()))
}

/// What checking comes to.
type Checking = LocalBoxFuture<'static, Result<Checked, Problem>>;

#[wasm_split(part_checks, wasm_split_path = leptos::wasm_split, fallible)]
fn begin_check(client: Client, asset: Asset) -> Result<Checking, SplitLoaderError> {
    Ok(Box::pin(check(client, asset)))
}

/// [`check`] from another file.
pub async fn check_later(client: Client, asset: Asset) -> Option<Checked> {
    begin_check(client, asset).await.ok()?.await.ok()
}

#[wasm_split(part_checks, wasm_split_path = leptos::wasm_split, fallible)]
fn lint_one(project: Project, path: String, text: String) -> Result<Vec<Finding>, SplitLoaderError> {
    let mut project = project;
    project.files.entry(path.clone()).or_insert(None);
    project.texts.insert(path.clone(), text);
    let mut found = lint(&project);
    found.retain(|finding| finding.path == path);
    Ok(found)
}

// One function for both: each that is split off adds its name to the first load.
#[wasm_split(part_plan, wasm_split_path = leptos::wasm_split, fallible)]
fn begin_boards(project: Project, only: Option<(String, String)>) -> Result<Vec<Finding>, SplitLoaderError> {
    let mut project = project;
    let path = only.map(|(path, text)| {
        project.files.entry(path.clone()).or_insert(None);
        project.texts.insert(path.clone(), text);
        path
    });
    let mut found = lint_boards(&project);
    found.retain(|finding| path.as_ref().is_none_or(|path| *path == finding.path));
    Ok(found)
}

/// What is said about federations and dashboards, if there are any.
async fn boards(project: &Project) -> Vec<Finding> {
    if project.texts.keys().any(|path| is_board(path)) { begin_boards(project.clone(), None).await.unwrap_or_default() } else { Vec::new() }
}

/// What the lint says about one file as it is now, among the others as they are there.
pub async fn lint_later(project: Project, path: String, text: String) -> Vec<Finding> {
    if is_board(&path) {
        return begin_boards(project, Some((path, text))).await.unwrap_or_default();
    }
    lint_one(project, path, text).await.unwrap_or_default()
}

/// Reads what the lint needs to judge `asset`, and lets it.
pub async fn check(client: Client, asset: Asset) -> Result<Checked, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("check “{}”", asset.name), &client.instance.name);
    let entries = ask_all(&client, &listing(&client, asset.owner, ""), PAGES).await.map_err(fail)?;
    let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::Blob);
    let mut project = Project { files: files.map(|entry| (entry.path, Some(entry.mode == "100755"))).collect(), ..Project::default() };
    let (folder, start) = (asset.path(), format!("{}/", asset.path()));
    let texts = project.wanted_texts().into_iter().filter(|path| path.starts_with(&start) || path == ".gitlab-ci.yml");
    let mut unread = Vec::new();
    for (path, answer) in join_all(texts.map(|path| read(&client, &asset, path))).await {
        match answer.map(String::from_utf8) {
            Ok(Ok(text)) => {
                project.texts.insert(path, text);
            }
            // A program has no text.
            Ok(Err(_)) => {}
            Err(_) => unread.push(path),
        }
    }
    if project.files.len() >= PAGES * 100 {
        unread.push("what is beyond the first 5,000 files of the project".to_owned());
    }
    let models = named(&project, &folder);
    for (path, answer) in join_all(models.into_iter().map(|path| read(&client, &asset, path))).await {
        match answer {
            Ok(bytes) => match read_model(bytes).await {
                Ok(card) => {
                    project.models.insert(path, card);
                }
                Err(_) => unread.push(path),
            },
            Err(_) => unread.push(path),
        }
    }
    let mut all = lint(&project);
    all.extend(boards(&project).await);
    // Of a project that is not known whole nobody can say what it lacks.
    if project.files.len() >= PAGES * 100 {
        all.retain(|finding| !finding.code.ends_with("-missing") && finding.code != "missing-file");
    }
    let findings = about(&all, &folder).into_iter().cloned().collect();
    Ok(Checked { project, findings, unread })
}

/// The models that a configuration names, each with its card or why there is none.
pub async fn models(client: Client, asset: Asset, path: String, scenario: Scenario) -> Result<Project, Problem> {
    let fail = |error: Error| Problem::new(&error, "look for the models", &client.instance.name);
    let entries = ask_all(&client, &listing(&client, asset.owner, ""), PAGES).await;
    let files = entries.map_err(fail)?.into_iter().filter(|entry| entry.kind == EntryKind::Blob).map(|entry| entry.path);
    let mut project = Project::of_paths(files);
    project.texts.insert(path.clone(), String::new());
    // What the create phase makes is known from its script.
    let start = format!("{}/lifecycle/create", asset.path());
    let scripts: Vec<String> = project.files.keys().filter(|path| path.starts_with(&start)).cloned().collect();
    for (path, answer) in join_all(scripts.into_iter().map(|path| read(&client, &asset, path))).await {
        if let Ok(text) = answer.map(String::from_utf8).unwrap_or(Ok(String::new())) {
            project.texts.insert(path, text);
        }
    }
    let wanted: BTreeSet<String> = scenario.fmus.iter().filter_map(|(_, written)| project.resolve(&path, written).or_else(|| project.like(written).into_iter().next())).collect();
    for (path, answer) in join_all(wanted.into_iter().filter(|path| path.to_lowercase().ends_with(".fmu")).map(|path| read(&client, &asset, path))).await {
        if let Ok(bytes) = answer
            && let Ok(card) = read_model(bytes).await
        {
            project.models.insert(path, card);
        }
    }
    Ok(project)
}
