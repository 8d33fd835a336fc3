//! Lifecycle scripts: what keeps them from running somewhere else.

use super::{Finding, Fix, Severity};
use crate::project::Project;
use crate::rewrite::absolute;

/// The twin whose lifecycle script this is.
fn twin_of(path: &str) -> Option<&str> {
    let (folder, _) = path.rsplit_once('/')?;
    folder.strip_suffix("/lifecycle").or_else(|| (folder == "lifecycle").then_some(""))
}

/// Looks at one file, if it is a script.
pub fn check(project: &Project, path: &str, text: &str, found: &mut Vec<Finding>) {
    let Some(twin) = twin_of(path) else { return };
    let name = path.rsplit('/').next().unwrap_or(path);
    if text.contains("\r\n") && (!name.contains('.') || name.ends_with(".sh")) {
        let message = "Its lines end as on Windows, so Linux looks for an interpreter whose name ends in a carriage return. Save it with line ends of Unix.".to_owned();
        let fix = Fix { title: "Use line ends of Unix".to_owned(), find: "\r\n".to_owned(), replace: "\n".to_owned() };
        found.push(Finding::new(path, 1, Severity::Error, "script-crlf", message).with(Some(fix)));
    }
    if text.trim().is_empty() {
        found.push(Finding::new(path, 1, Severity::Warning, "script-empty", "This phase has an empty script, so it does nothing.".to_owned()));
    }
    for path_in in absolute(text, twin, project) {
        let (message, fix) = match path_in.instead {
            Some(instead) => (
                format!("{} is a path of one machine. Seen from the twin it is {instead}.", path_in.written),
                Some(Fix { title: format!("Use {instead}"), find: path_in.written.clone(), replace: instead }),
            ),
            None => (format!("{} is a path of one machine, and the project has no such file. The script fails where that is missing.", path_in.written), None),
        };
        found.push(Finding::new(path, path_in.line, Severity::Warning, "absolute-path", message).with(fix));
    }
}
