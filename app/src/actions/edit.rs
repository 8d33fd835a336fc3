//! Saving edited files: all of them in one commit, none over what somebody else did meanwhile.

use gitlab::Error;
use gitlab::commits::{Action, ActionKind, Commit};
use gitlab::endpoint::ask;
use gitlab::repository::{File, GetFile};
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
    /// Other content, if it is still as of that commit.
    Update {
        /// Its path.
        path: String,
        /// Its text.
        content: String,
        /// The commit that touched it last.
        since: String,
    },
    /// Another path.
    Move {
        /// Its path so far.
        from: String,
        /// Its path from now on.
        to: String,
    },
    /// Gone.
    Delete {
        /// Its path.
        path: String,
    },
}

impl Edit {
    /// The file that it is about.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Create { path, .. } | Self::Update { path, .. } | Self::Delete { path } => path,
            Self::Move { to, .. } => to,
        }
    }

    fn action(&self) -> Action {
        match self {
            Self::Create { path, content, executable } => Action::write(ActionKind::Create, path, content, Some(*executable)),
            Self::Update { path, content, since } => Action::write(ActionKind::Update, path, content.as_bytes(), None).unless_changed_since(Some(since.clone())),
            Self::Move { from, to } => Action { previous_path: Some(from.clone()), ..Action::bare(ActionKind::Move, to) },
            Self::Delete { path } => Action::bare(ActionKind::Delete, path),
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
    match send(&client, owner, &message, edits.iter().map(Edit::action).collect(), road).await {
        Ok(Arrival::Written(commit)) => Ok(Saved::Done(Outcome::Written(commit))),
        Ok(Arrival::Offered(number)) => Ok(Saved::Done(Outcome::Offered(number))),
        Ok(Arrival::Same) => Err(fail(Error::Refused { status: 400, message: "nothing was changed".to_owned() })),
        Err(Error::Refused { status, message }) if is_conflict(&message) => {
            let mut others = Vec::new();
            for edit in &edits {
                if let Edit::Update { path, since, .. } = edit
                    && let Ok(now) = ask(&client, &GetFile::new(client.project(owner), path, &on)).await
                    && now.last_commit_id != *since
                {
                    others.push((path.clone(), now));
                }
            }
            if others.is_empty() { Err(fail(Error::Refused { status, message })) } else { Ok(Saved::Conflict(others)) }
        }
        Err(error) => Err(fail(error)),
    }
}

/// A file with what guards its change.
pub async fn open(client: Client, owner: Owner, path: String) -> Result<File, Problem> {
    let file = ask(&client, &GetFile::new(client.project(owner), &path, client.branch())).await;
    file.map_err(|error| Problem::new(&error, &format!("open {path}"), &client.instance.name))
}
