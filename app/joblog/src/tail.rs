//! A growing log.

use crate::line::Line;
use crate::scan::{HEADER, State, header};

/// All lines of a log so far. The last one may still change.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    lines: Vec<Line>,
    /// How many lines no further byte can change.
    settled: usize,
    /// The state after those.
    state: State,
    /// Bytes that are not settled, and where they start.
    pending: Vec<u8>,
    offset: u64,
    timestamps: Option<bool>,
}

impl Tail {
    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.offset + self.pending.len() as u64
    }

    /// Reads more of the log; returns the first line that is new or different.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.pending.extend_from_slice(bytes);
        if self.timestamps.is_none() && (self.pending.len() >= HEADER || self.pending.contains(&b'\n')) {
            self.timestamps = Some(header(&self.pending).is_some());
        }
        let first = self.settled;
        self.lines.truncate(self.settled);
        let mut start = 0;
        while let Some((end, joined, joins)) = self.logical_line(start, false) {
            self.state.read(&joined, self.offset + start as u64, &joins, self.timestamps == Some(true), &mut self.lines);
            start = end;
        }
        self.pending.drain(..start);
        self.offset += start as u64;
        self.settled = self.lines.len();
        // What is left is shown as if the log ended here.
        let mut state = self.state.clone();
        let mut start = 0;
        while let Some((end, joined, joins)) = self.logical_line(start, true) {
            state.read(&joined, self.offset + start as u64, &joins, self.timestamps == Some(true), &mut self.lines);
            start = end;
        }
        state.finish(&mut self.lines);
        first
    }

    /// The line that begins at `start`, continuations joined to it; `None` while it is not sure to
    /// be whole, unless `last` says that nothing more comes.
    #[expect(clippy::type_complexity, reason = "end, bytes, and what was left out where")]
    fn logical_line(&self, start: usize, last: bool) -> Option<(usize, Vec<u8>, Vec<(usize, usize)>)> {
        if start >= self.pending.len() {
            return None;
        }
        let mut joined = Vec::new();
        let mut joins = Vec::new();
        let mut place = start;
        loop {
            let rest = &self.pending[place..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n').map(|end| end + 1) else {
                joined.extend_from_slice(rest);
                return last.then_some((self.pending.len(), joined, joins));
            };
            joined.extend_from_slice(&rest[..end]);
            place += end;
            if self.timestamps != Some(true) {
                return Some((place, joined, joins));
            }
            let next = &self.pending[place..];
            match header(next) {
                Some(true) => {
                    joined.pop();
                    joins.push((joined.len(), 1 + HEADER));
                    place += HEADER;
                }
                None if next.len() < HEADER && !next.contains(&b'\n') && !last => return None,
                _ => return Some((place, joined, joins)),
            }
        }
    }
}
