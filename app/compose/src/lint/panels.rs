//! Dashboards: what cannot be shown of them.

use dashboard::{FILE, read};

use super::{Finding, Severity};
use crate::project::Project;

/// Looks at all dashboards.
pub fn check(project: &Project, found: &mut Vec<Finding>) {
    for (path, text) in project.texts.iter().filter(|(path, _)| path.rsplit('/').next() == Some(FILE) && path.starts_with("digital_twins/")) {
        match read(text) {
            Err(message) => found.push(Finding::new(path, 1, Severity::Error, "dashboard", message)),
            Ok(board) => {
                for fault in board.faults() {
                    // The panels are objects of a list: the line of the one that is meant is where its kind stands.
                    let line = text.match_indices("\"kind\"").nth(fault.panel.unwrap_or(0)).map_or(1, |(at, _)| text[..at].matches('\n').count() + 1);
                    let message = format!("Panel {} cannot be shown. {}", fault.panel.unwrap_or(0) + 1, fault.message);
                    found.push(Finding::new(path, line, Severity::Error, "dashboard", message));
                }
            }
        }
    }
}
