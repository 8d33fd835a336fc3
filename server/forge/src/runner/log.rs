//! A job's log: secrets masked on the stream, a cap with a marker, every byte on disk at once.

use std::path::Path;

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Shorter texts are too likely to appear by chance (GitLab's rule for masking).
const SHORTEST_SECRET: usize = 8;
const MASK: &[u8] = b"[MASKED]";

/// Replaces secrets in a stream that is cut anywhere.
#[derive(Debug, Default)]
pub struct Masker {
    secrets: Vec<Vec<u8>>,
    held: Vec<u8>,
}

impl Masker {
    /// For these texts, longest first, so that a secret inside another does not show its rest.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<Vec<u8>> = secrets
            .into_iter()
            .flat_map(|secret| secret.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>())
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets, held: Vec::new() }
    }

    /// What may be shown now. Bytes that could be the start of a secret are held back.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.shown(true)
    }

    /// Masks what is held; `more` when a secret may still go on in bytes to come.
    fn shown(&mut self, more: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len());
        let mut place = 0;
        while place < self.held.len() {
            let rest = &self.held[place..];
            if more && self.secrets.iter().any(|secret| secret.len() > rest.len() && secret.starts_with(rest)) {
                break;
            } else if let Some(secret) = self.secrets.iter().find(|secret| rest.starts_with(secret)) {
                out.extend_from_slice(MASK);
                place += secret.len();
            } else {
                out.push(rest[0]);
                place += 1;
            }
        }
        self.held.drain(..place);
        out
    }

    /// What was held back, at the end.
    pub fn finish(&mut self) -> Vec<u8> {
        self.shown(false)
    }
}

/// The file that a log is written to.
#[derive(Debug)]
pub struct JobLog {
    file: File,
    masker: Masker,
    written: u64,
    limit: u64,
    capped: bool,
    last: u8,
}

impl JobLog {
    /// An empty log at `path`.
    pub async fn create(path: &Path, limit: u64) -> std::io::Result<Self> {
        Ok(Self { file: File::create(path).await?, masker: Masker::default(), written: 0, limit, capped: false, last: b'\n' })
    }

    /// From here on these texts do not appear.
    pub fn mask(&mut self, secrets: impl IntoIterator<Item = String>) {
        self.masker = Masker::new(secrets);
    }

    /// Bytes from the job.
    pub async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let shown = self.masker.push(bytes);
        self.append(&shown).await
    }

    /// Ends the stream of the job's own bytes.
    pub async fn flush_held(&mut self) -> std::io::Result<()> {
        let rest = self.masker.finish();
        self.append(&rest).await
    }

    async fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.capped || bytes.is_empty() {
            return Ok(());
        }
        let room = usize::try_from(self.limit - self.written).unwrap_or(usize::MAX);
        let taken = &bytes[..bytes.len().min(room)];
        self.put(taken).await?;
        self.written += taken.len() as u64;
        if taken.len() < bytes.len() {
            self.capped = true;
            let marker = format!("\n\x1b[33;1mJob's log exceeded limit of {} bytes.\nJob execution will continue but no more output will be collected.\x1b[0;m\n", self.limit);
            self.put(marker.as_bytes()).await?;
        }
        Ok(())
    }

    async fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.file.write_all(bytes).await?;
        self.file.flush().await
    }

    /// A line of the runner's own, which the cap does not swallow.
    pub async fn say(&mut self, line: &str) -> std::io::Result<()> {
        let start = if self.last == b'\n' { "" } else { "\n" };
        self.put(format!("{start}{line}\n").as_bytes()).await
    }

    /// A section marker as GitLab's viewer wants it.
    pub async fn section(&mut self, start: bool, time: i64, name: &str) -> std::io::Result<()> {
        let word = if start { "start" } else { "end" };
        let line = format!("section_{word}:{time}:{name}\r\x1b[0K");
        let break_before = if self.last == b'\n' { "" } else { "\n" };
        self.put(format!("{break_before}{line}").as_bytes()).await?;
        // What follows a marker stays on its line.
        self.last = b'\n';
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Masker;

    #[test]
    fn secrets_cut_anywhere_never_show() {
        let text = b"a topsecretvalue b topsecret topsecretvalue";
        for cut in 0..text.len() {
            let mut masker = Masker::new(["topsecretvalue".to_owned()]);
            let mut out = masker.push(&text[..cut]);
            out.extend(masker.push(&text[cut..]));
            out.extend(masker.finish());
            assert_eq!(out, b"a [MASKED] b topsecret [MASKED]", "cut at {cut}");
        }
    }

    #[test]
    fn a_secret_that_begins_another() {
        for cut in 0..30 {
            let text = b"x hunter2secretLONGER99 hunter2secret";
            let mut masker = Masker::new(["hunter2secret".to_owned(), "hunter2secretLONGER99".to_owned()]);
            let mut out = masker.push(&text[..cut]);
            out.extend(masker.push(&text[cut..]));
            out.extend(masker.finish());
            assert_eq!(out, b"x [MASKED] [MASKED]", "cut at {cut}");
        }
    }

    #[test]
    fn nothing_is_held_that_cannot_be_secret() {
        let mut masker = Masker::new(["topsecretvalue".to_owned()]);
        assert_eq!(masker.push(b"progress 10%"), b"progress 10%");
        assert_eq!(masker.push(b" to"), b" ");
        assert_eq!(masker.push(b"day"), b"today");
    }
}
