//! A growing log: its bytes, and where each shown line begins. Lines are read from the bytes when
//! they are wanted, so a log takes little more room than its bytes.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use memchr::{memchr, memchr3, memmem};

use crate::line::Line;
use crate::scan::{Clean, Escape, HEADER, State, escape, header};
use crate::section::Sections;
use crate::store::Store;
use crate::style::{Mode, Style};

const ESC: u8 = 0x1b;
/// So much of a line that still grows says whether it shows anything.
const LONG: usize = 64 * 1024;
/// Bits for the place of a shown line among those of one logical line.
const PLACE: u32 = 24;

/// Where a shown line comes from: the start of its logical line, and its place among the lines
/// which that one shows.
#[derive(Debug, Clone, Copy)]
struct Entry(u64);

impl Entry {
    fn new(start: u64, place: usize) -> Self {
        Self(start << PLACE | place as u64)
    }

    fn start(self) -> u64 {
        self.0 >> PLACE
    }

    fn place(self) -> usize {
        (self.0 & ((1 << PLACE) - 1)) as usize
    }
}

/// All of a log so far. The lines of its last, unfinished part may still change.
#[derive(Debug, Clone, Default)]
pub struct Log {
    mode: Mode,
    store: Store,
    lines: Vec<Entry>,
    /// What carries over at the start of a logical line, where it is not what it was before.
    states: Vec<(u64, Clean)>,
    /// Where a line goes on that an escape sequence cut: all of the state.
    cut: BTreeMap<u64, Box<State>>,
    /// What carries over at `settled`, when no line is cut there.
    clean: Clean,
    /// Bytes up to here can change nothing any more.
    settled: u64,
    /// No line end lies before this place behind `settled`.
    searched: u64,
    timestamps: Option<bool>,
    sections: Sections,
    /// No shortcuts: what the others are compared with.
    #[cfg(test)]
    careful: bool,
}

/// A logical line: where it ends, its bytes with continuations joined, and what was left out where.
struct Logical<'a> {
    length: usize,
    bytes: std::borrow::Cow<'a, [u8]>,
    joins: Vec<(usize, usize)>,
}

impl Log {
    /// An empty log that is read by the rules of `mode`.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.store.len()
    }

    /// Lines that can change no more.
    #[must_use]
    pub fn settled_lines(&self) -> usize {
        self.lines.len()
    }

    /// How many lines are shown and their sections, those of the last, unfinished line among them.
    #[must_use]
    pub fn outline(&self) -> (usize, Sections) {
        let (mut sections, rest) = (self.sections.clone(), self.rest(LONG));
        for (place, line) in rest.iter().enumerate() {
            sections.note(self.lines.len() + place, line);
        }
        (self.lines.len() + rest.len(), sections)
    }

    /// The sections.
    #[must_use]
    pub fn sections(&self) -> Sections {
        self.outline().1
    }

    /// Every byte, in pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.store.pieces()
    }

    /// Bytes of memory that are held, about: what a log costs.
    #[must_use]
    pub fn memory(&self) -> usize {
        let store = usize::try_from(self.store.len()).unwrap_or_default();
        store + self.lines.capacity() * size_of::<Entry>() + self.states.capacity() * size_of::<(u64, Clean)>()
    }

    fn has_timestamps(&self) -> bool {
        self.timestamps == Some(true)
    }

    /// Reads more of the log.
    pub fn push(&mut self, bytes: &[u8]) {
        self.store.push(bytes);
        if self.timestamps.is_none() {
            let start = self.store.open(0);
            if start.len() < HEADER && memchr(b'\n', start).is_none() {
                return;
            }
            self.timestamps = Some(header(start).is_some());
        }
        // Nothing to settle in a long line that is still growing.
        let fresh = self.store.open(self.settled + self.searched);
        if memchr(b'\n', fresh).is_none() && !self.has_timestamps() {
            self.searched += fresh.len() as u64;
            return;
        }
        self.searched = 0;
        let store = std::mem::take(&mut self.store);
        let open = store.open(self.settled);
        let mut at = 0;
        while let Some(length) = self.settle(&open[at..]) {
            at += length;
        }
        self.store = store;
        if !self.has_timestamps() {
            self.searched = self.bytes() - self.settled;
        }
        self.store.close(self.settled);
    }

    /// Settles the logical line at the start of `open`; its length, if it is whole.
    fn settle(&mut self, open: &[u8]) -> Option<usize> {
        let mut from = 0;
        // Plain lines, which are most, need one look at each.
        while self.takes_shortcuts() && self.cut.last_key_value().is_none_or(|(place, _)| *place != self.settled) {
            let rest = &open[from..];
            let first = memchr3(b'\n', b'\r', ESC, rest)?;
            if rest[first] == b'\n' {
                if !self.ends_here(&rest[first + 1..])? {
                    break;
                }
                if first > self.skipped(rest) {
                    self.lines.push(Entry::new(self.settled, 0));
                }
                from += first + 1;
                self.settled += first as u64 + 1;
                continue;
            }
            let end = first + memchr(b'\n', &rest[first..])?;
            if !self.ends_here(&rest[end + 1..])? {
                break;
            }
            let mut style = self.clean.style;
            let Some(shown) = self.skim(&rest[..=end], &mut style) else { break };
            if shown {
                self.lines.push(Entry::new(self.settled, 0));
            }
            from += end + 1;
            self.settled += end as u64 + 1;
            if style != self.clean.style {
                self.clean.style = style;
                self.states.push((self.settled, self.clean.clone()));
            }
        }
        if from > 0 {
            return Some(from);
        }
        self.read_one(open)
    }

    #[cfg(not(test))]
    fn takes_shortcuts(&self) -> bool {
        true
    }

    #[cfg(test)]
    fn takes_shortcuts(&self) -> bool {
        !self.careful
    }

    /// Settles one logical line with all rules.
    fn read_one(&mut self, open: &[u8]) -> Option<usize> {
        let logical = self.logical(open, false)?;
        let mut state = self.state_at(self.settled);
        let mut out = Vec::new();
        state.read(&logical.bytes, self.settled, &logical.joins, self.has_timestamps(), &mut out);
        for (place, line) in out.iter().enumerate() {
            self.sections.note(self.lines.len(), line);
            self.lines.push(Entry::new(self.settled, place));
        }
        self.settled += logical.length as u64;
        match state.clean() {
            Some(clean) => {
                if clean != self.clean || self.cut.contains_key(&(self.settled - logical.length as u64)) {
                    self.states.push((self.settled, clean.clone()));
                    self.clean = clean;
                }
            }
            None => {
                self.cut.insert(self.settled, Box::new(state));
            }
        }
        Some(logical.length)
    }

    /// Bytes of a timestamp at the start of a line.
    fn skipped(&self, line: &[u8]) -> usize {
        if self.has_timestamps() && header(line).is_some() { HEADER } else { 0 }
    }

    /// Whether the line before `next` ends there; `None` while that is not known.
    fn ends_here(&self, next: &[u8]) -> Option<bool> {
        if !self.has_timestamps() {
            return Some(true);
        }
        if next.len() < HEADER && memchr(b'\n', next).is_none() {
            return None;
        }
        Some(next.get(HEADER - 1) != Some(&b'+') || header(next) != Some(true))
    }

    /// A line with escape sequences or carriage returns: whether it shows anything, and the style
    /// behind it. `None` when it needs all rules: a marker, or a sequence that is cut.
    fn skim(&self, line: &[u8], style: &mut Style) -> Option<bool> {
        let mut at = self.skipped(line);
        let (mut text, mut markers) = (false, None);
        loop {
            let plain = memchr3(b'\n', b'\r', ESC, &line[at..])?;
            text |= plain > 0;
            at += plain;
            let rest = &line[at..];
            if rest[0] == ESC {
                match escape(rest, self.mode) {
                    Escape::Whole(length, sets) => {
                        if sets {
                            style.apply(&rest[2..length - 1], self.mode);
                        }
                        at += length;
                    }
                    Escape::Cut => return None,
                    Escape::Text => {
                        text = true;
                        at += 1;
                    }
                }
                continue;
            }
            let returns = rest.iter().take_while(|byte| **byte == b'\r').count();
            if rest.get(returns) == Some(&b'\n') {
                return (at + returns + 1 == line.len()).then_some(text);
            }
            if rest.starts_with(b"\r\x1b[0K") && *markers.get_or_insert_with(|| memmem::find(line, b"section_").is_some()) {
                return None;
            }
            text = false;
            at += 1;
            if self.has_timestamps() && header(&line[at..]) == Some(false) {
                at += HEADER;
            }
        }
    }

    /// The state at the start of the logical line at `start`.
    fn state_at(&self, start: u64) -> State {
        if let Some(state) = self.cut.get(&start) {
            return (**state).clone();
        }
        if start == self.settled {
            return State::at(&self.clean, start, self.mode);
        }
        let index = self.states.partition_point(|(at, _)| *at <= start);
        let clean = index.checked_sub(1).map(|index| self.states[index].1.clone()).unwrap_or_default();
        State::at(&clean, start, self.mode)
    }

    /// The logical line at the start of `bytes`, continuations joined to it; `None` while it is not
    /// sure to be whole, unless `last` says that nothing more comes.
    fn logical<'a>(&self, bytes: &'a [u8], last: bool) -> Option<Logical<'a>> {
        if bytes.is_empty() {
            return None;
        }
        let (mut place, mut joined, mut joins) = (0, Vec::new(), Vec::new());
        loop {
            let rest = &bytes[place..];
            let end = memchr(b'\n', rest).map(|end| end + 1);
            if end.is_none() && !last {
                return None;
            }
            let piece = &rest[..end.unwrap_or(rest.len())];
            let after = place + piece.len();
            let next = &bytes[after..];
            let goes_on = end.is_some() && self.has_timestamps() && header(next) == Some(true);
            if end.is_some() && !last && self.ends_here(next).is_none() {
                return None;
            }
            if !goes_on {
                let bytes = if joins.is_empty() {
                    piece.into()
                } else {
                    joined.extend_from_slice(piece);
                    joined.into()
                };
                return Some(Logical { length: after, bytes, joins });
            }
            joined.extend_from_slice(&piece[..piece.len() - 1]);
            joins.push((joined.len(), 1 + HEADER));
            place = after + HEADER;
        }
    }

    /// The lines of what is not settled, as if the log ended here.
    fn rest(&self, limit: usize) -> Vec<Line> {
        let open = self.store.open(self.settled);
        let (mut at, mut left_out, mut out, mut state) = (0, 0, Vec::new(), self.state_at(self.settled));
        while let Some(logical) = self.logical(&open[at..], true) {
            let text = shortened(&logical.bytes, limit);
            state.read(text, self.settled + at as u64, &logical.joins, self.has_timestamps(), &mut out);
            left_out = logical.bytes.len() - text.len();
            at += logical.length;
        }
        let shown = out.len();
        state.finish(&mut out);
        // The line that still grows, if no more than its start was read.
        if let Some(line) = out.get_mut(shown) {
            line.left_out = left_out;
        }
        out
    }
}

/// The first `limit` bytes of a line, if nothing behind them can change what those show.
fn shortened(line: &[u8], limit: usize) -> &[u8] {
    let plain = line.len() > limit && memchr(b'\r', &line[..line.len() - 2]).is_none();
    if plain { &line[..limit] } else { line }
}
