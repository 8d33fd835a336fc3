//! Text in files, found by `git grep`.

use std::process::Stdio;

use super::archive::git;
use super::{GitError, Repo, find_revision};

/// A file may be shown so often, with so many lines around what was found, and so many in all.
const AROUND: &str = "2";
const MOST: usize = 1_000;
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Searching may take so long.
const TIME: std::time::Duration = std::time::Duration::from_secs(10);

/// Some lines of a file that hold what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The file.
    pub path: String,
    /// Number of the first line; 1 for a file that was found by its name.
    pub start: usize,
    /// The lines, each with its end.
    pub text: String,
}

/// The passages in what `git grep --null --line-number` printed: `commit:path NUL line NUL text`,
/// `--` between those of one file that do not touch.
fn passages(output: &str) -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    let mut fresh = true;
    for row in output.lines() {
        if row == "--" {
            fresh = true;
            continue;
        }
        let mut parts = row.splitn(3, '\0');
        let (Some(place), Some(number), Some(text)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let path = place.split_once(':').map_or(place, |(_, path)| path);
        let full = found.len() >= MOST;
        match found.last_mut().filter(|last| !fresh && last.path == path) {
            Some(last) => last.text.push_str(&format!("{text}\n")),
            None if full => break,
            None => found.push(Passage { path: path.to_owned(), start: number.parse().unwrap_or(1), text: format!("{text}\n") }),
        }
        fresh = false;
    }
    found
}

impl Repo {
    /// Files whose name, then files whose lines hold `text`, whatever its case.
    pub async fn grep(&self, revision: &str, text: &str) -> Result<Vec<Passage>, GitError> {
        use tokio::io::AsyncReadExt;
        let (repo, revision, wanted) = (self.clone(), revision.to_owned(), text.to_lowercase());
        let names = tokio::task::spawn_blocking(move || -> Result<_, GitError> {
            let commit = find_revision(&repo.open()?, &revision)?.id().to_string();
            let named = repo.paths(&commit)?.into_iter().filter(|path| path.to_lowercase().contains(&wanted)).take(MOST).collect::<Vec<_>>();
            Ok((commit, named))
        });
        let (commit, named) = names.await.map_err(std::io::Error::other)??;
        let mut found: Vec<Passage> = named.into_iter().map(|path| Passage { path, start: 1, text: String::new() }).collect();
        let mut command = git();
        command.arg("--git-dir").arg(self.path());
        command.args(["grep", "--ignore-case", "--fixed-strings", "-I", "--line-number", "--null", "--before-context", AROUND, "--after-context", AROUND, "-e", text, &commit]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut bytes = Vec::new();
        if let Some(out) = child.stdout.take() {
            // What came in time is shown.
            let _ = tokio::time::timeout(TIME, out.take(MOST_BYTES as u64).read_to_end(&mut bytes)).await;
        }
        drop(child);
        found.extend(passages(&String::from_utf8_lossy(&bytes)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::passages;

    #[test]
    fn lines_that_touch_are_one_passage() {
        let output = "c0:a.md\x001\0one\nc0:a.md\x002\0two\n--\nc0:a.md\x009\0nine\n--\nc0:b:c\x003\0x\0y\n";
        let found: Vec<_> = passages(output).into_iter().map(|passage| (passage.path, passage.start, passage.text)).collect();
        let expected = [("a.md", 1, "one\ntwo\n"), ("a.md", 9, "nine\n"), ("b:c", 3, "x\0y\n")];
        assert_eq!(found, expected.map(|(path, start, text)| (path.to_owned(), start, text.to_owned())));
    }
}
