//! Lock files that a killed process left in repositories: as long as one lies there, its branch
//! cannot change.

use std::path::Path;

/// Deletes every `*.lock` in the repositories. Only for whoever holds the data folder, before
/// anything else uses it.
pub fn remove_stale(repositories: &Path) {
    for repository in std::fs::read_dir(repositories).into_iter().flatten().flatten() {
        clear(&repository.path(), 0);
    }
}

/// Refs nest as deep as branch names have slashes; objects are not looked at.
fn clear(folder: &Path, level: usize) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && level < 64 && name != "objects" {
            clear(&path, level + 1);
        } else if !is_folder && path.extension().is_some_and(|extension| extension == "lock") {
            tracing::warn!(file = %path.display(), "a lock of an earlier start was in the way; it is gone");
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn locks_go_and_branches_stay() {
        let root = tempfile::tempdir().expect("a folder");
        let heads = root.path().join("1.git/refs/heads/feature");
        std::fs::create_dir_all(&heads).expect("made");
        for name in ["main", "main.lock"] {
            std::fs::write(heads.join(name), "x").expect("written");
        }
        super::remove_stale(root.path());
        assert!(heads.join("main").exists());
        assert!(!heads.join("main.lock").exists());
    }
}
