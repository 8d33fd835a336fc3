//! `twinport inspect` and `twinport lint`: what the browser knows of files, for scripts.

use std::path::{Path, PathBuf};

use compose::lint::{Severity, lint, lint_boards};
use compose::project::{MOST_TEXT, Project};

use super::say;

/// A checkout with more files is not looked at.
const MOST_FILES: usize = 100_000;
/// Larger FMUs are not read, in bytes.
const MOST_MODEL: u64 = 1024 * 1024 * 1024;

/// Prints the card of a file.
pub fn inspect(file: &Path) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("failed to read {}: {error}", file.display()))?;
    let card = compose::inspect::inspect(&file.to_string_lossy(), &bytes)?;
    say(&serde_json::to_string_pretty(&card).map_err(|error| error.to_string())?)
}

/// Files below `folder`, without what git keeps for itself; links are not followed.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("failed to read the folder {}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("failed to read the folder {}: {error}", folder.display()))?;
        let kind = entry.file_type().map_err(|error| format!("failed to look at {}: {error}", entry.path().display()))?;
        if kind.is_dir() && entry.file_name() != ".git" {
            collect(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
        if found.len() > MOST_FILES {
            return Err(format!("{} holds more than {MOST_FILES} files; give the folder of a project", folder.display()));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|about| about.permissions().mode() & 0o111 != 0)
}

/// What is in a folder, read as far as the lint needs it.
fn read(folder: &Path) -> Result<Project, String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    let mut project = Project::default();
    for file in files {
        let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        project.files.insert(path, is_executable(&file));
    }
    let small = |path: &String, most: u64| std::fs::metadata(folder.join(path)).is_ok_and(|about| about.len() <= most);
    for path in project.wanted_texts().into_iter().filter(|path| small(path, MOST_TEXT)) {
        // A script may be a program, which has no text.
        if let Ok(text) = std::fs::read_to_string(folder.join(&path)) {
            project.texts.insert(path, text);
        }
    }
    for path in project.wanted_models().into_iter().filter(|path| small(path, MOST_MODEL)) {
        let bytes = std::fs::read(folder.join(&path)).map_err(|error| format!("failed to read {path}: {error}"))?;
        project.models.insert(path, fmu::read(&bytes).map_err(|error| error.to_string()));
    }
    Ok(project)
}

/// Prints what does not fit in a checked-out project, one JSON object a line; whether it is free of
/// errors.
pub fn lint_folder(folder: &Path) -> Result<bool, String> {
    let project = read(folder)?;
    let findings: Vec<_> = lint(&project).into_iter().chain(lint_boards(&project)).collect();
    for finding in &findings {
        say(&serde_json::to_string(finding).map_err(|error| error.to_string())?)?;
    }
    Ok(findings.iter().all(|finding| finding.severity != Severity::Error))
}
