//! Where the vectors are.

use std::path::PathBuf;

/// A path below `shared/gitlab`, or `None` (after saying so) in a plain clone.
pub fn find(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/gitlab");
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    println!("{path}: not here, nothing to compare with");
    None
}

/// A JSON file below `shared/gitlab`.
pub fn json(path: &str) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(find(path)?).expect("the file can be read");
    Some(serde_json::from_str(&text).expect("the file is JSON"))
}
