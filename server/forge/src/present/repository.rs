//! Trees, commits, branches, differences.

use serde_json::{Map, Value, json};

use crate::Forge;
use crate::git::changes::{FileChange, Stats};
use crate::git::files::Entry;
use crate::git::log::CommitInfo;
use crate::store::projects::ProjectRow;

/// A tree entry.
#[must_use]
pub fn entry(entry: &Entry) -> Value {
    json!({ "id": entry.id.to_string(), "name": entry.name, "type": entry.kind, "path": entry.path, "mode": format!("{:06o}", entry.mode) })
}

/// `Commit`.
#[must_use]
pub fn commit(forge: &Forge, project: &ProjectRow, commit: &CommitInfo) -> Value {
    let title = commit.message.lines().next().unwrap_or_default();
    json!({
        "id": commit.id, "short_id": &commit.id[..8], "created_at": commit.committer.date, "parent_ids": commit.parents, "title": title,
        "message": commit.message, "author_name": commit.author.name, "author_email": commit.author.email,
        "authored_date": commit.author.date, "committer_name": commit.committer.name, "committer_email": commit.committer.email,
        "committed_date": commit.committer.date, "trailers": trailers(&commit.message), "extended_trailers": {},
        "web_url": forge.url(&format!("{}/-/commit/{}", project.full_path(), commit.id)),
    })
}

/// `Key: value` lines of the last paragraph.
fn trailers(message: &str) -> Value {
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let whole = message.trim_end().contains("\n\n");
    let pairs: Option<Map<String, Value>> = last
        .lines()
        .map(|line| {
            let (key, value) = line.split_once(": ")?;
            let word = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            word.then(|| (key.to_owned(), json!(value)))
        })
        .collect();
    Value::Object(pairs.filter(|_| whole).unwrap_or_default())
}

/// Added to a commit that is asked for alone.
#[must_use]
pub fn commit_detail(mut value: Value, project: &ProjectRow, stats: Option<Stats>, last_pipeline: Value) -> Value {
    if let Some(stats) = stats {
        value["stats"] = json!({ "additions": stats.additions, "deletions": stats.deletions, "total": stats.additions + stats.deletions });
    }
    value["status"] = last_pipeline.get("status").cloned().unwrap_or(Value::Null);
    value["project_id"] = json!(project.id);
    value["last_pipeline"] = last_pipeline;
    value
}

/// `Branch`.
#[must_use]
pub fn branch(forge: &Forge, project: &ProjectRow, name: &str, commit: Value, merged: bool, can_push: bool) -> Value {
    let default = name == project.default_branch;
    json!({
        "name": name, "commit": commit, "merged": merged, "protected": default, "developers_can_push": default,
        "developers_can_merge": default, "can_push": can_push, "default": default,
        "web_url": forge.url(&format!("{}/-/tree/{name}", project.full_path())),
    })
}

/// One entry of `diffs`.
#[must_use]
pub fn change(change: &FileChange) -> Value {
    json!({
        "diff": change.diff, "collapsed": false, "too_large": change.too_large, "new_path": change.new_path, "old_path": change.old_path,
        "a_mode": mode(change.old_mode), "b_mode": mode(change.new_mode), "new_file": change.new_file, "renamed_file": change.renamed_file,
        "deleted_file": change.deleted_file, "generated_file": false,
    })
}

fn mode(mode: u32) -> String {
    if mode == 0 { "0".to_owned() } else { format!("{mode:06o}") }
}
