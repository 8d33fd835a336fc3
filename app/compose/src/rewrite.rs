//! Paths that hold on one machine only: found in a text, and what they could be instead.

use crate::project::{Project, relative};

/// Where the workspaces of DTaaS have their files.
const ROOTS: [&str; 2] = ["/workspace/", "/home/"];

/// A path that is written out in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absolute {
    /// The line, from 1.
    pub line: usize,
    /// As written.
    pub written: String,
    /// The same file seen from the twin's folder, where there is just one that it can be.
    pub instead: Option<String>,
}

fn ends_path(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | ',' | ')' | '(' | '|' | '&' | '<' | '>' | '=' | '$' | '*' | '}' | ':')
}

/// The absolute paths in `text`, a file below `base`, which is the folder that they are rewritten for.
#[must_use]
pub fn absolute(text: &str, base: &str, project: &Project) -> Vec<Absolute> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut from = 0;
        while let Some(start) = ROOTS.iter().filter_map(|root| line[from..].find(root).map(|at| from + at)).min() {
            let path = line[start..].split(ends_path).next().unwrap_or_default().trim_end_matches(['/', '.']);
            from = start + path.len().max(1);
            // Part of another word, such as an address on the web.
            let before = line[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | '/')) || path.len() < 3 {
                continue;
            }
            let like = project.like(path);
            let instead = match like.as_slice() {
                [one] => Some(relative(base, one)),
                _ => folder_like(project, path).map(|folder| relative(base, &folder)),
            };
            found.push(Absolute { line: number + 1, written: path.to_owned(), instead });
        }
    }
    found
}

/// The folder that the end of an absolute path names, if there is just one.
fn folder_like(project: &Project, absolute: &str) -> Option<String> {
    let parts: Vec<&str> = absolute.split('/').filter(|part| !part.is_empty()).collect();
    (0..parts.len()).map(|skip| parts[skip..].join("/")).find(|tail| project.has_folder(tail))
}

/// The text with its absolute paths rewritten where that is certain, and how many were. Each is
/// changed where it stands: one path may be the beginning of another.
#[must_use]
pub fn rewrite(text: &str, base: &str, project: &Project) -> (String, usize) {
    let (mut out, mut count) = (String::with_capacity(text.len()), 0);
    let mut found = absolute(text, base, project).into_iter().peekable();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut rest = line;
        while let Some(path) = found.next_if(|path| path.line == number + 1) {
            let Some((before, after)) = rest.split_once(&path.written) else { continue };
            out.push_str(before);
            match &path.instead {
                Some(instead) => {
                    out.push_str(if instead.is_empty() { "." } else { instead });
                    count += 1;
                }
                None => out.push_str(&path.written),
            }
            rest = after;
        }
        out.push_str(rest);
    }
    (out, count)
}

#[cfg(test)]
mod tests {
    use super::{absolute, rewrite};
    use crate::project::Project;

    #[test]
    fn only_what_is_certain() {
        let project = Project::of_paths(["digital_twins/x/cosim.json", "models/m.fmu", "a/same.csv", "b/same.csv"].map(str::to_owned));
        let text = "cp /workspace/examples/models/m.fmu .\nls \"/workspace/examples/data/none.csv\" https://h.test/workspace/x\ncat /workspace/same.csv\n";
        let found = absolute(text, "digital_twins/x", &project);
        let seen: Vec<_> = found.iter().map(|path| (path.line, path.written.as_str(), path.instead.as_deref())).collect();
        assert_eq!(seen, [(1, "/workspace/examples/models/m.fmu", Some("../../models/m.fmu")), (2, "/workspace/examples/data/none.csv", None), (3, "/workspace/same.csv", None)]);
        let twice = Project::of_paths(["data/a".to_owned()]);
        assert_eq!(rewrite("ls /workspace/data /workspace/database /workspace/data", "", &twice), ("ls data /workspace/database data".to_owned(), 2));
        let (new, count) = rewrite(text, "digital_twins/x", &project);
        assert!(new.starts_with("cp ../../models/m.fmu .\n") && count == 1, "{new}");
    }
}
