//! The journal where it is kept: a file on a branch of its own in the managing project. A commit that
//! was made since the journal was read makes writing fail (`last_commit_id`), so that of two who lead
//! at once only one does.

use gitlab::commits::{Action, ActionKind, CreateCommit};
use gitlab::endpoint::{ask, ask_all};
use gitlab::repository::{GetFile, ListTree, RawFile};
use gitlab::{Error, ProjectRef, Transport};

use super::sentence;
use crate::journal::{BRANCH, Journal, QUIET, folder, path};
use crate::plan::Plan;

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

/// What is written when a run begins beside its journal, and never changed: the plan.
fn plan_path(twin: &str, run: &str) -> String {
    format!("{}/{run}.plan", folder(twin))
}

/// The plan that a run began with; what its manifest says by now does not matter to it.
///
/// # Errors
/// Why it could not be read.
pub async fn plan(transport: &impl Transport, project: &str, twin: &str, run: &str) -> Result<Plan, String> {
    let file = ask(transport, &RawFile::new(ProjectRef::path(project), plan_path(twin, run), BRANCH)).await.map_err(|error| sentence(&error))?;
    serde_json::from_slice(&file).map_err(|error| format!("The plan of this run cannot be read: {error}."))
}

/// Why a journal was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritten {
    /// Somebody else was faster, or nobody knows.
    Perhaps(String),
    /// This one may not.
    Denied(String),
}

impl Unwritten {
    /// Why, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Perhaps(why) | Self::Denied(why) => why,
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::Forbidden { .. } => Self::Denied(sentence(error)),
            other => Self::Perhaps(sentence(other)),
        }
    }
}

async fn commit(transport: &impl Transport, project: &str, twin: &str, run: &str, actions: Vec<Action>) -> Result<String, Error> {
    let commit = CreateCommit::new(ProjectRef::path(project), BRANCH, format!("{twin}: Go on with the federated run {run} {QUIET}"), actions);
    Ok(ask(transport, &commit).await?.id)
}

/// Writes the journal and the plan of a run that begins. Gives the commit that guards the next write.
///
/// # Errors
/// Why it was not written, or may not have been.
pub async fn begin(transport: &impl Transport, project: &str, journal: &Journal, plan: &Plan) -> Result<String, Unwritten> {
    let (twin, run) = (journal.twin.as_str(), journal.id.as_str());
    let plan = serde_json::to_string_pretty(plan).unwrap_or_default() + "\n";
    let actions = || {
        vec![Action::write(ActionKind::Create, path(twin, run), journal.print().as_bytes(), None), Action::write(ActionKind::Create, plan_path(twin, run), plan.as_bytes(), None)]
    };
    match commit(transport, project, twin, run, actions()).await {
        // The first of all on a project makes the branch.
        Err(Error::Refused { .. } | Error::NotFound { .. }) => {
            let start = super::default_branch(transport, project).await.map_err(|error| Unwritten::of(&error))?;
            let message = format!("{twin}: Begin the federated run {run} {QUIET}");
            let first = CreateCommit { start_branch: Some(start), ..CreateCommit::new(ProjectRef::path(project), BRANCH, message, actions()) };
            ask(transport, &first).await.map(|commit| commit.id).map_err(|error| Unwritten::of(&error))
        }
        answer => answer.map_err(|error| Unwritten::of(&error)),
    }
}

/// Writes a journal over what `known` was the last commit of. Gives the commit that guards the next write.
///
/// # Errors
/// Why it was not written, or may not have been.
pub async fn write(transport: &impl Transport, project: &str, (twin, run): (&str, &str), text: &str, known: &str) -> Result<String, Unwritten> {
    let action = Action::write(ActionKind::Update, path(twin, run), text.as_bytes(), None).unless_changed_since(Some(known.to_owned()));
    commit(transport, project, twin, run, vec![action]).await.map_err(|error| Unwritten::of(&error))
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
