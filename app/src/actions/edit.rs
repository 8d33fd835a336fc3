//! Saving edited files: all of them in one commit, none over what somebody else did meanwhile.

use gitlab::Error;
use gitlab::commits::{Action, ActionKind, Commit};
use gitlab::endpoint::ask;
pub use gitlab::repository::File;
use gitlab::repository::GetFile;
use twin::asset::Owner;

use super::transfer::{Arrival, Road, send};
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::copy::branch;

/// One edited file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A new one.
    Create {
        /// Its path.
        path: String,
        /// Its bytes.
        content: Vec<u8>,
        /// Whether it can be run.
        executable: bool,
    },
    /// Another path or other content, if it is still as of that commit.
    Write {
        /// Its path so far.
        from: String,
        /// Its path from now on.
        to: String,
        /// Its bytes from now on; those it has when absent.
        content: Option<Vec<u8>>,
        /// A commit at which it was as it was opened.
        since: String,
    },
    /// Gone, if it is still as of that commit.
    Delete {
        /// Its path.
        path: String,
        /// A commit at which it was as it was opened.
        since: String,
    },
}

impl Edit {
    /// The file that it is about.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Create { path, .. } | Self::Delete { path, .. } => path,
            Self::Write { to, .. } => to,
        }
    }

    /// What goes first: a place is given up before another file takes it.
    fn turn(&self) -> u8 {
        match self {
            Self::Delete { .. } => 0,
            Self::Write { .. } => 1,
            Self::Create { .. } => 2,
        }
    }

    fn action(&self) -> Action {
        match self {
            Self::Create { path, content, executable } => Action::write(ActionKind::Create, path, content, Some(*executable)),
            Self::Write { from, to, content: Some(content), since } if from == to => Action::write(ActionKind::Update, to, content, None).unless_changed_since(Some(since.clone())),
            Self::Write { from, to, content, since } => {
                let moved = content.as_ref().map_or_else(|| Action::bare(ActionKind::Move, to), |content| Action::write(ActionKind::Move, to, content, None));
                Action { previous_path: Some(from.clone()), ..moved }.unless_changed_since(Some(since.clone()))
            }
            Self::Delete { path, since } => Action::bare(ActionKind::Delete, path).unless_changed_since(Some(since.clone())),
        }
    }
}

/// Where it got to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is there.
    Written(Commit),
    /// It waits for somebody as a merge request.
    Offered(i64),
}

/// How saving went.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// It was taken.
    Done(Outcome),
    /// Somebody changed these files meanwhile; what they are now.
    Conflict(Vec<(String, File)>),
}

/// Whether a refusal says that somebody was faster.
fn is_conflict(message: &str) -> bool {
    ["has changed since", "Could not update", "A file with this name"].iter().any(|words| message.contains(words))
}

/// Saves `edits` in one commit, or offers that as a merge request.
pub async fn save(client: Client, owner: Owner, message: String, edits: Vec<Edit>, offer: bool) -> Result<Saved, Problem> {
    let fail = |error: Error| Problem::new(&error, "save the files", &client.instance.name);
    let on = branch(&client, owner).await.map_err(fail)?;
    let road = if offer { Road::Request(message.clone(), String::new()) } else { Road::Commit };
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| edit.turn());
    match send(&client, owner, &message, ordered.into_iter().map(Edit::action).collect(), road).await {
        Ok(Arrival::Written(commit)) => Ok(Saved::Done(Outcome::Written(commit))),
        Ok(Arrival::Offered(number)) => Ok(Saved::Done(Outcome::Offered(number))),
        Ok(Arrival::Same) => Err(fail(Error::Refused { status: 400, message: "nothing was changed".to_owned() })),
        Err(Error::Refused { status, message }) if is_conflict(&message) => {
            let mut others = Vec::new();
            for edit in &edits {
                if let Edit::Write { from, content: Some(_), since, .. } = edit
                    && let Ok(now) = ask(&client, &GetFile::new(client.project(owner), from, &on)).await
                    && now.last_commit_id != *since
                {
                    others.push((from.clone(), now));
                }
            }
            if others.is_empty() { Err(fail(Error::Refused { status, message })) } else { Ok(Saved::Conflict(others)) }
        }
        Err(error) => Err(fail(error)),
    }
}

/// A file with what guards its change; of an error also whether the file is simply not there.
pub async fn open(client: Client, owner: Owner, path: String) -> Result<File, (Problem, bool)> {
    let file = ask(&client, &GetFile::new(client.project(owner), &path, client.branch())).await;
    file.map_err(|error| (Problem::new(&error, &format!("open {path}"), &client.instance.name), matches!(error, Error::NotFound { .. })))
}
