//! Merge requests and their notes.

use serde_json::{Value, json};

use super::people;
use crate::Forge;
use crate::git::merge::Outlook;
use crate::store::identity::UserRow;
use crate::store::merge_requests::{MergeRequestRow, NoteRow};
use crate::store::projects::ProjectRow;

/// What depends on more than the row.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Author, who merged, who closed.
    pub people: [Option<UserRow>; 3],
    /// Notes of people.
    pub notes: i64,
    /// How merging it would go, where that was looked at.
    pub outlook: Option<Outlook>,
}

/// GitLab's two words for whether it can be merged (`merge_status`, `detailed_merge_status`).
fn standing(row: &MergeRequestRow, outlook: Option<Outlook>) -> (&'static str, &'static str) {
    match (row.state.as_str(), outlook) {
        ("opened", None) => ("unchecked", "unchecked"),
        ("opened", Some(Outlook::Conflict)) => ("cannot_be_merged", "conflict"),
        ("opened", Some(Outlook::Nothing)) => ("cannot_be_merged", "commits_status"),
        ("opened", Some(Outlook::Clean)) if row.is_draft() => ("can_be_merged", "draft_status"),
        ("opened", Some(Outlook::Clean)) => ("can_be_merged", "mergeable"),
        _ => ("can_be_merged", "not_open"),
    }
}

/// `MergeRequestBasic`.
#[must_use]
pub fn basic(forge: &Forge, target: &ProjectRow, row: &MergeRequestRow, beside: &Beside) -> Value {
    let person = |place: usize| beside.people[place].as_ref().map(|person| people::user(forge, person));
    let (merge_status, detailed) = standing(row, beside.outlook);
    let path = target.full_path();
    json!({
        "id": row.id, "iid": row.iid, "project_id": row.project_id, "title": row.title, "description": row.description, "state": row.state,
        "created_at": row.created_at, "updated_at": row.updated_at, "merged_by": person(1), "merge_user": person(1), "merged_at": row.merged_at,
        "closed_by": person(2), "closed_at": row.closed_at, "target_branch": row.target_branch, "source_branch": row.source_branch,
        "user_notes_count": beside.notes, "upvotes": 0, "downvotes": 0, "author": person(0), "assignees": [], "assignee": null, "reviewers": [],
        "source_project_id": row.source_project_id, "target_project_id": row.project_id, "labels": [], "draft": row.is_draft(),
        "imported": false, "imported_from": "none", "work_in_progress": row.is_draft(), "milestone": null, "merge_when_pipeline_succeeds": false,
        "merge_status": merge_status, "detailed_merge_status": detailed, "merge_after": null, "sha": row.sha, "merge_commit_sha": row.merge_commit_sha,
        "squash_commit_sha": row.squash_commit_sha, "discussion_locked": null, "should_remove_source_branch": row.remove_source,
        "force_remove_source_branch": row.remove_source, "prepared_at": row.created_at, "allow_collaboration": false,
        "reference": format!("!{}", row.iid),
        "references": { "short": format!("!{}", row.iid), "relative": format!("!{}", row.iid), "full": format!("{path}!{}", row.iid) },
        "web_url": forge.url(&format!("{path}/-/merge_requests/{}", row.iid)),
        "time_stats": { "time_estimate": 0, "total_time_spent": 0, "human_time_estimate": null, "human_total_time_spent": null },
        "squash": row.squash, "squash_on_merge": row.squash, "task_completion_status": { "count": 0, "completed_count": 0 },
        "has_conflicts": beside.outlook == Some(Outlook::Conflict), "blocking_discussions_resolved": true, "approvals_before_merge": null,
    })
}

/// A note.
#[must_use]
pub fn note(forge: &Forge, project: i64, iid: i64, row: &NoteRow, author: Option<&UserRow>) -> Value {
    json!({
        "id": row.id, "type": null, "body": row.body, "attachment": null, "author": author.map(|person| people::user(forge, person)),
        "created_at": row.created_at, "updated_at": row.updated_at, "system": row.system, "noteable_id": row.merge_request_id,
        "noteable_type": "MergeRequest", "project_id": project, "resolvable": false, "confidential": false, "internal": false,
        "imported": false, "imported_from": "none", "noteable_iid": iid, "commands_changes": {},
    })
}
