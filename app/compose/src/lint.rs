//! What does not fit together in a project: references against files, ports, types and units, CI
//! files against scripts, scripts against what runs them.

mod ci;
mod configuration;
mod federated;
mod panels;
mod rings;
mod scripts;

use serde::Serialize;

use crate::project::Project;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot work.
    Error,
    /// It works here and now, or not as it looks.
    Warning,
    /// To know.
    Info,
}

/// A change of the file that would end a finding: every `find` becomes `replace`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What the change does.
    pub title: String,
    /// What stands there.
    pub find: String,
    /// What would.
    pub replace: String,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// How bad.
    pub severity: Severity,
    /// The rule.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// A change that helps, where one is certain.
    pub fix: Option<Fix>,
}

impl Finding {
    fn new(path: &str, line: usize, severity: Severity, code: &'static str, message: String) -> Self {
        Self { path: path.to_owned(), line: line.max(1), severity, code, message, fix: None }
    }

    fn with(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix;
        self
    }
}

/// The line, from 1, where `word` is first written as a text in quotes, or at all.
fn line_of(text: &str, word: &str) -> usize {
    let quoted = serde_json::to_string(word).unwrap_or_default();
    let place = text.find(&quoted).or_else(|| text.find(word)).unwrap_or(0);
    text[..place].matches('\n').count() + 1
}

/// What is found in what was read of `project`, by file and line, but for federations and dashboards.
#[must_use]
pub fn lint(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in &project.texts {
        configuration::check(project, path, text, &mut found);
        scripts::check(project, path, text, &mut found);
    }
    for (path, model) in &project.models {
        if let Err(why) = model {
            // What is kept elsewhere is not broken.
            let severity = if why.contains("Git LFS pointer") { Severity::Info } else { Severity::Error };
            found.push(Finding::new(path, 1, severity, "fmu-unreadable", why.clone()));
        }
    }
    ci::check(project, &mut found);
    rings::check(project, &mut found);
    sorted(found)
}

/// What does not fit in federations and dashboards; apart from the rest, as few projects have any.
#[must_use]
pub fn lint_boards(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    federated::check(project, &mut found);
    panels::check(project, &mut found);
    sorted(found)
}

/// Files that [`lint_boards`] looks at.
#[must_use]
pub fn is_board(path: &str) -> bool {
    ["federation.yml", "dashboard.json"].contains(&path.rsplit('/').next().unwrap_or(path))
}

fn sorted(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by(|first, second| (&first.path, first.line, first.severity, first.code).cmp(&(&second.path, second.line, second.severity, second.code)));
    found.dedup();
    found
}

/// The findings about one folder, and about the parent CI file where they name it.
#[must_use]
pub fn about<'a>(findings: &'a [Finding], folder: &str) -> Vec<&'a Finding> {
    let start = format!("{folder}/");
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let word = format!("“{name}”");
    findings.iter().filter(|finding| finding.path.starts_with(&start) || (!finding.path.contains('/') && finding.message.contains(&word))).collect()
}
