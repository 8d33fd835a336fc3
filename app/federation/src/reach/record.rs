//! The journal where it is kept: a file on a branch of its own in the managing project. A commit that
//! was made since the journal was read makes writing fail (`last_commit_id`), so that of two who lead
//! at once only one does.

use gitlab::commits::{Action, ActionKind, CreateCommit};
use gitlab::endpoint::{ask, ask_all};
use gitlab::repository::{GetFile, ListTree};
use gitlab::{Error, ProjectRef, Transport};

use super::sentence;
use crate::journal::{BRANCH, Journal, QUIET, folder, path};

/// Pages of a hundred records that are listed.
const PAGES: usize = 3;

/// Reads a journal, with the commit that guards the next write of it.
///
/// # Errors
/// Why it could not be read.
pub async fn read(transport: &impl Transport, project: &str, twin: &str, run: &str) -> Result<(Journal, String), String> {
    let file = ask(transport, &GetFile::new(ProjectRef::path(project), path(twin, run), BRANCH)).await.map_err(|error| sentence(&error))?;
    Ok((Journal::read(&String::from_utf8_lossy(&file.content))?, file.last_commit_id))
}

/// Writes a journal over what `known` was the last commit of, or as a new file. Gives the commit
/// that guards the next write.
///
/// # Errors
/// Why it was not written, or may not have been.
pub async fn write(transport: &impl Transport, project: &str, journal: (&str, &str), text: &str, known: Option<&str>) -> Result<String, String> {
    let (twin, run) = journal;
    let kind = if known.is_some() { ActionKind::Update } else { ActionKind::Create };
    let action = Action::write(kind, path(twin, run), text.as_bytes(), None).unless_changed_since(known.map(str::to_owned));
    let mut commit = CreateCommit::new(ProjectRef::path(project), BRANCH, format!("{twin}: Go on with the federated run {run} {QUIET}"), vec![action]);
    let answer = match (ask(transport, &commit).await, known) {
        // The first of all on a project makes the branch.
        (Err(Error::Refused { .. } | Error::NotFound { .. }), None) => {
            commit.start_branch = Some(super::default_branch(transport, project).await.map_err(|error| sentence(&error))?);
            ask(transport, &commit).await
        }
        (answer, _) => answer,
    };
    answer.map(|commit| commit.id).map_err(|error| sentence(&error))
}

/// The ids of a twin's federated runs, newest first.
///
/// # Errors
/// Why the backend could not be asked.
pub async fn list(transport: &impl Transport, project: &str, twin: &str) -> Result<Vec<String>, Error> {
    let tree = ListTree::new(ProjectRef::path(project), folder(twin)).at(BRANCH);
    let entries = match ask_all(transport, &tree, PAGES).await {
        Err(Error::NotFound { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    let mut runs: Vec<String> = entries.into_iter().filter_map(|entry| entry.name.strip_suffix(".json").map(str::to_owned)).collect();
    runs.sort_unstable_by(|a, b| b.cmp(a));
    Ok(runs)
}
