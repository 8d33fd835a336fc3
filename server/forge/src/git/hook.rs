//! What a push has to pass before any of it counts: a hook that `git receive-pack` runs with
//! everything still in quarantine. The words are GitLab's (`lib/gitlab/checks`).

use std::path::Path;

use super::GitError;

/// Variable that names the protected branch: no deletion, no rewriting.
pub const PROTECTED: &str = "TWINPORT_PROTECTED_BRANCH";
/// Variable that names the file for the push options.
pub const OPTIONS: &str = "TWINPORT_PUSH_OPTIONS";

/// Reads `old new reference` lines. Only branches, tags and notes belong to people; every other
/// name is the server's own.
const PRE_RECEIVE: &str = r#"#!/bin/sh
count=0
while [ "$count" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
    eval "printf '%s\\n' \"\$GIT_PUSH_OPTION_$count\"" >> "$TWINPORT_PUSH_OPTIONS"
    count=$((count + 1))
done
refuse() { echo "GitLab: $1"; exit 1; }
while read -r old new name; do
    case "$name" in
    refs/heads/HEAD|refs/heads/-*|refs/heads/refs/*|refs/tags/HEAD|refs/tags/-*|refs/tags/refs/*) refuse "The name '$name' is not allowed: it would hide another." ;;
    refs/heads/*|refs/tags/*|refs/notes/*) ;;
    *) refuse "You are not allowed to write to '$name': only branches, tags and notes can be pushed." ;;
    esac
    # What looks like a commit's id would be found instead of it.
    short=${name#refs/*/}
    case "$short" in *[!0-9a-fA-F]*) ;; *) case ${#short} in 40|64) refuse "The name '$name' is not allowed: it looks like the id of a commit." ;; esac ;; esac
    [ "$name" = "refs/heads/$TWINPORT_PROTECTED_BRANCH" ] || continue
    case "$new" in *[!0]*) ;; *) refuse "The default branch of a project cannot be deleted." ;; esac
    case "$old" in *[!0]*) ;; *) continue ;; esac
    git merge-base --is-ancestor "$old" "$new" || refuse "You are not allowed to force push code to a protected branch on this project."
done
"#;

/// Writes the hook below `folder`.
pub fn install(folder: &Path) -> Result<(), GitError> {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join("pre-receive");
    std::fs::create_dir_all(folder)?;
    if std::fs::read_to_string(&file).is_ok_and(|text| text == PRE_RECEIVE) {
        return Ok(());
    }
    std::fs::write(&file, PRE_RECEIVE)?;
    Ok(std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700))?)
}
