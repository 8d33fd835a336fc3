//! A growing log: its bytes, and where each shown line begins. Lines are read from the bytes when
//! they are wanted, so a log takes little more room than its bytes.

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
                match escape(rest) {
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
        let (mut at, mut out, mut state) = (0, Vec::new(), self.state_at(self.settled));
        while let Some(logical) = self.logical(&open[at..], true) {
            let text = shortened(&logical.bytes, limit);
            state.read(text, self.settled + at as u64, &logical.joins, self.has_timestamps(), &mut out);
            at += logical.length;
        }
        state.finish(&mut out);
        out
    }

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

/// The first `limit` bytes of a line, if nothing behind them can change what those show.
fn shortened(line: &[u8], limit: usize) -> &[u8] {
    let plain = line.len() > limit && memchr(b'\r', &line[..line.len() - 2]).is_none();
    if plain { &line[..limit] } else { line }
}

#[cfg(test)]
mod tests {
    use super::{Log, Mode};

    /// Numbers that look random and are the same each time.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, most: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % most
        }
    }

    const PIECES: [&[u8]; 22] = [
        b"a",
        b"text ",
        b"\n",
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\r\r\n",
        b"\x1b[31m",
        b"\x1b[0m",
        b"\x1b[0K",
        b"\x1b",
        b"\x1b[38;2;1;2;3m",
        b"section_",
        b"section_start:10:x\r\x1b[0K",
        b"section_start:20:y[collapsed=true]\r\x1b[0K",
        b"section_end:30:x\r\x1b[0K",
        b"section_end:95:y\r\x1b[0K",
        "\u{e9}".as_bytes(),
        b"\xff",
        b"2024-05-14T11:19:19.899359Z 01O ",
        b"2024-05-14T11:19:20.000000Z 01O+",
    ];

    fn log(dice: &mut Dice, timestamps: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..dice.below(60) {
            if timestamps && (bytes.is_empty() || bytes.ends_with(b"\n")) && dice.below(8) > 0 {
                bytes.extend_from_slice(PIECES[20 + usize::from(dice.below(4) == 0 && !bytes.is_empty())]);
            }
            bytes.extend_from_slice(PIECES[dice.below(PIECES.len() - 2 * usize::from(!timestamps))]);
        }
        bytes
    }

    #[test]
    fn shortcuts_show_what_all_rules_show() {
        let mut dice = Dice(7);
        for round in 0..20_000 {
            let bytes = log(&mut dice, round % 2 == 0);
            let mode = if round % 3 == 0 { Mode::GitLab } else { Mode::Better };
            let mut careful = Log { careful: true, ..Log::new(mode) };
            careful.push(&bytes);
            let mut quick = Log::new(mode);
            for piece in bytes.chunks(1 + dice.below(40)) {
                quick.push(piece);
            }
            let expected = careful.lines(0, usize::MAX, usize::MAX);
            let shown = String::from_utf8_lossy(&bytes);
            assert_eq!(quick.lines(0, usize::MAX, usize::MAX), expected, "{round}: {shown:?}");
            assert_eq!(quick.len(), expected.len(), "{round}: {shown:?}");
            for (index, line) in expected.iter().enumerate() {
                assert_eq!(quick.lines(index, index + 1, usize::MAX).first(), Some(line), "{round} line {index}: {shown:?}");
            }
            let (mut text, mut from) = (String::new(), 0);
            while from < expected.len() {
                let mut part = String::new();
                from = quick.text(from, 5, &mut part);
                text += &part;
            }
            let plain: String = expected.iter().map(|line| line.text() + "\n").collect();
            assert_eq!(text, plain, "{round}: {shown:?}");
            assert_eq!(quick.sections().list(), careful.sections().list(), "{round}: {shown:?}");
        }
    }

    #[test]
    fn a_long_line_is_read_in_part() {
        let mut log = Log::default();
        log.push(&vec![b'x'; 3_000_000]);
        log.push(b"\nshort\n");
        let lines = log.lines(0, 2, 1_000);
        assert_eq!((lines[0].text().len(), lines[0].left_out), (1_000, 2_999_001));
        assert_eq!(lines[1].text(), "short");
        assert!(log.memory() < 4_000_000);
    }

    #[test]
    fn folded_rows() {
        let mut log = Log::default();
        log.push(b"a\nsection_start:1:x\r\x1b[0Khead\nin\nsection_start:2:y\r\x1b[0Kinner\ndeep\nsection_end:5:y\r\x1b[0Ksection_end:9:x\r\x1b[0Kafter\n");
        let sections = log.sections();
        let shown = |folded: &[usize]| {
            let rows = sections.rows(&folded.iter().copied().collect());
            let lines = log.lines(0, usize::MAX, usize::MAX);
            let text: Vec<String> = (0..).map(|row| rows.line(row)).take_while(|line| *line < lines.len()).map(|line| lines[line].text()).collect();
            for row in 0..text.len() {
                assert_eq!(rows.row(rows.line(row)), row);
                assert!(!rows.hides(rows.line(row)));
            }
            (text.join(" "), rows.row(lines.len()))
        };
        assert_eq!(shown(&[]), ("a head in inner deep after".into(), 6));
        assert_eq!(shown(&[1]), ("a head after".into(), 3));
        assert_eq!(shown(&[3]), ("a head in inner after".into(), 5));
        assert_eq!(shown(&[1, 3]), ("a head after".into(), 3));
        assert_eq!(sections.at(1).and_then(|section| section.duration.clone()).as_deref(), Some("00:08"));
        assert_eq!(sections.around(4).map(|section| section.name.as_str()).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!((sections.line_of(1), sections.line_of(5), sections.line_of(6)), (0, 4, 7));
    }
}
