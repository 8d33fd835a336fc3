//! Writing: `POST /projects/:id/repository/commits`, many files in one commit.

use serde::{Deserialize, Serialize};

use crate::status::words;

words! {
    /// What a commit action does to a file.
    ActionKind {
        /// A new file.
        Create = "create",
        /// New content.
        Update = "update",
        /// A new path.
        Move = "move",
        /// No longer there.
        Delete = "delete",
        /// The executable bit.
        Chmod = "chmod",
    }
}

/// One action of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What is done.
    pub action: ActionKind,
    /// To which file.
    pub file_path: String,
    /// Where it was, with `move`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_path: Option<String>,
    /// Its new content; absent keeps it (with `move`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// `text` (default) or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The last commit known to have touched the file; a newer one is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit_id: Option<String>,
    /// The executable bit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute_filemode: Option<bool>,
}
