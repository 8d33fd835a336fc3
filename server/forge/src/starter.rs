//! The starter library, written for this project: what a new instance and a new person find.

use include_dir::{Dir, include_dir};

static COMMON: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter/common");
static USER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter/user");

/// One file of the library.
#[derive(Debug, Clone)]
pub struct StarterFile {
    /// Path in the repository.
    pub path: String,
    /// Bytes.
    pub content: Vec<u8>,
    /// Whether it can be run.
    pub executable: bool,
}

fn files(folder: &Dir<'_>, found: &mut Vec<StarterFile>) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().into_owned();
        // `.gitlab-ci.yml` files are kept without their dot here, so that no forge that hosts
        // this project takes them for its own.
        let path = path.replace("gitlab-ci.yml", ".gitlab-ci.yml");
        let executable = path.contains("/lifecycle/") || file.contents().starts_with(b"#!");
        found.push(StarterFile { path, content: file.contents().to_vec(), executable });
    }
    for inner in folder.dirs() {
        files(inner, found);
    }
}

/// The common project.
#[must_use]
pub fn common_files() -> Vec<StarterFile> {
    let mut found = Vec::new();
    files(&COMMON, &mut found);
    found
}

/// The project of the person called `name`.
#[must_use]
pub fn user_files(name: &str) -> Vec<StarterFile> {
    let mut found = Vec::new();
    files(&USER, &mut found);
    for file in &mut found {
        if file.path == "README.md" {
            file.content = String::from_utf8_lossy(&file.content).replace("{{name}}", name).into_bytes();
        }
    }
    found
}
