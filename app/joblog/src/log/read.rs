//! Reading lines and their text back from the bytes of a log.

use memchr::memchr3;

use super::{ESC, Entry, LONG, Log, shortened};
use crate::line::Line;

impl Log {
    /// Lines `from` up to `to`, those that may still change among them. Of a settled line longer
    /// than `limit` bytes only so many are read.
    #[must_use]
    pub fn lines(&self, from: usize, to: usize, limit: usize) -> Vec<Line> {
        let mut out = Vec::with_capacity(to.saturating_sub(from).min(10_000));
        let mut index = from;
        while index < to.min(self.lines.len()) {
            let entry = self.lines[index];
            let mut read = self.read_settled(entry.start(), limit).into_iter().skip(entry.place());
            while let Some(line) = read.next().filter(|_| index < to) {
                out.push(line);
                index += 1;
            }
        }
        if to > self.lines.len() {
            let skip = from.saturating_sub(self.lines.len());
            out.extend(self.rest(limit).into_iter().skip(skip).take(to - from.max(self.lines.len())));
        }
        out
    }

    fn read_settled(&self, start: u64, limit: usize) -> Vec<Line> {
        let mut bytes = self.store.from(start);
        let settled = usize::try_from(self.settled - start).unwrap_or(usize::MAX);
        bytes = &bytes[..bytes.len().min(settled)];
        let Some(logical) = self.logical(bytes, true) else { return Vec::new() };
        let (text, mut out, mut state) = (shortened(&logical.bytes, limit), Vec::new(), self.state_at(start));
        state.read(text, start, &logical.joins, self.has_timestamps(), &mut out);
        if text.len() < logical.bytes.len() {
            state.finish(&mut out);
            if let Some(line) = out.last_mut() {
                line.left_out = logical.bytes.len() - text.len();
            }
        }
        out
    }

    /// Appends the plain text of the lines from `from` on to `out`, each ended by `\n`, until `out`
    /// has about `bytes`; the first line that is left.
    pub fn text(&self, from: usize, bytes: usize, out: &mut String) -> usize {
        let mut index = from;
        while out.len() < bytes && index < self.lines.len() {
            let entry = self.lines[index];
            index += if let Some(text) = self.plain(entry) {
                out.push_str(&String::from_utf8_lossy(text));
                out.push('\n');
                1
            } else {
                let lines = self.read_settled(entry.start(), usize::MAX);
                let shown = lines.len().saturating_sub(entry.place()).max(1);
                lines.iter().skip(entry.place()).for_each(|line| line.write_text(out));
                shown
            };
        }
        if index >= self.lines.len() && out.len() < bytes {
            let rest = self.rest(usize::MAX);
            rest.iter().skip(index - self.lines.len()).for_each(|line| line.write_text(out));
            return index.max(self.lines.len() + rest.len());
        }
        index
    }

    /// The text of a line in which nothing but text stands.
    fn plain(&self, entry: Entry) -> Option<&[u8]> {
        let bytes = self.store.from(entry.start());
        let end = memchr3(b'\n', b'\r', ESC, bytes)?;
        let own = entry.place() == 0 && !self.cut.contains_key(&entry.start());
        if bytes[end] != b'\n' || !own || self.ends_here(&bytes[end + 1..]) == Some(false) {
            return None;
        }
        bytes.get(self.skipped(bytes)..end)
    }

    /// How many lines are shown, those that may still change among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len() + self.rest(LONG).len()
    }

    /// Whether nothing is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
