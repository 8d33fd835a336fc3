//! What people want to change: merge requests of both projects of an instance.

use futures_util::future::{join, join_all};
use gitlab::Error;
use gitlab::commits::FileDiff;
use gitlab::endpoint::{ask, ask_all};
use gitlab::merge_requests::{Approvals, GetApprovals, GetMergeRequest, ListDiffs, ListMergeRequests, ListNotes, MergeRequest, Note};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;

/// Those of an instance, with whose project each is for, the newest change first.
pub async fn of_instance(client: Client) -> Result<Vec<(Owner, MergeRequest)>, Problem> {
    let of = |owner: Owner| {
        let client = client.clone();
        async move { (owner, ask(&client, &ListMergeRequests(client.project(owner))).await) }
    };
    let mut found = Vec::new();
    for (owner, answer) in join_all(client.owners().iter().map(|owner| of(*owner))).await {
        match answer {
            Ok(page) => found.extend(page.items.into_iter().map(|request| (owner, request))),
            // A project that is not there, or that takes no merge requests, has none.
            Err(Error::NotFound { .. } | Error::Forbidden { .. }) => {}
            Err(error) => return Err(Problem::new(&error, "load the changes", &client.instance.name)),
        }
    }
    found.sort_by(|(_, first), (_, second)| second.updated_at.cmp(&first.updated_at));
    Ok(found)
}

/// One with all that is needed to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// It.
    pub request: MergeRequest,
    /// What it changes.
    pub diffs: Vec<FileDiff>,
    /// What was said.
    pub notes: Vec<Note>,
    /// Who approved; nobody where the backend does not say.
    pub approvals: Approvals,
}

/// One of a project.
pub async fn review(client: Client, owner: Owner, iid: i64) -> Result<Review, Problem> {
    let project = client.project(owner);
    let fail = |error: Error| Problem::new(&error, &format!("load the change !{iid}"), &client.instance.name);
    let (get, diffs, notes, approvals) = (GetMergeRequest(project.clone(), iid), ListDiffs(project.clone(), iid), ListNotes(project.clone(), iid), GetApprovals(project, iid));
    let both = join(ask(&client, &get), ask_all(&client, &diffs, 20));
    let beside = join(ask_all(&client, &notes, 10), ask(&client, &approvals));
    let ((request, diffs), (notes, approvals)) = join(both, beside).await;
    Ok(Review { request: request.map_err(fail)?, diffs: diffs.map_err(fail)?, notes: notes.map_err(fail)?, approvals: approvals.unwrap_or_default() })
}
