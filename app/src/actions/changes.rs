//! What is done with merge requests, and undoing a commit.

use gitlab::branches::{CreateTag, Tag};
use gitlab::commits::{Commit, RevertCommit};
use gitlab::endpoint::ask;
use gitlab::merge_requests::{Act, CreateNote, Do};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::copy::branch;

/// In words, to go on after "could not".
fn verb(act: Act) -> &'static str {
    match act {
        Act::Close => "close",
        Act::Reopen => "reopen",
        Act::Approve => "approve",
        Act::Unapprove => "take back the approval of",
        Act::Merge => "merge",
    }
}

/// Does it, if the newest commit is still the one that was looked at.
pub async fn act(client: Client, owner: Owner, iid: i64, act: Act, sha: Option<String>) -> Result<(), Problem> {
    let wish = Do { project: client.project(owner), iid, act, sha };
    ask(&client, &wish).await.map_err(|error| match &error {
        gitlab::Error::Refused { status: 409, .. } => Problem {
            title: format!("Could not {} !{iid}: something was pushed to it since you opened this page.", verb(act)),
            advice: "Load the page again and look at what is new.".to_owned(),
            sign_in: false,
        },
        _ => Problem::new(&error, &format!("{} !{iid}", verb(act)), &client.instance.name),
    })
}

/// Says something about it.
pub async fn say(client: Client, owner: Owner, iid: i64, text: String) -> Result<(), Problem> {
    let note = ask(&client, &CreateNote(client.project(owner), iid, text)).await;
    note.map(|_| ()).map_err(|error| Problem::new(&error, "send the comment", &client.instance.name))
}

/// Makes what the default branch holds a version of its own, with a name and words.
pub async fn tag(client: Client, owner: Owner, name: String, message: String) -> Result<Tag, Problem> {
    let fail = |error: gitlab::Error| Problem::new(&error, &format!("make the version {name}"), &client.instance.name);
    let reference = branch(&client, owner).await.map_err(fail)?;
    ask(&client, &CreateTag { project: client.project(owner), name: name.clone(), reference, message }).await.map_err(fail)
}

/// Undoes a commit with another one.
pub async fn revert(client: Client, owner: Owner, sha: String) -> Result<Commit, Problem> {
    let fail = |error: gitlab::Error| Problem::new(&error, "undo the commit", &client.instance.name);
    let branch = branch(&client, owner).await.map_err(fail)?;
    ask(&client, &RevertCommit { project: client.project(owner), sha, branch }).await.map_err(fail)
}
