//! One logical line of bytes to shown lines, with the state that carries over.

use std::rc::Rc;

use crate::line::{Line, Span};
use crate::style::{Mode, Style};

/// Bytes of `2024-05-14T11:19:19.899359Z 01O `.
pub(crate) const HEADER: usize = 32;
/// GitLab shows no section longer than a year.
const YEAR: i64 = 31_556_952;

/// What carries over from line to line.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    style: Style,
    open: Vec<Section>,
    line: Line,
    segment: Vec<u8>,
    /// How far GitLab's idea of a place is off: a line end that goes with a cut sequence is not
    /// counted, and a header behind it is counted twice.
    drift: i64,
    /// Whether the last logical line was cut off so that the next one goes on with it.
    unfinished: bool,
    mode: Mode,
}

/// A section that is open, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    name: String,
    since: i64,
}

/// All that carries over between logical lines that end in an orderly way: style, open sections,
/// and how far GitLab's idea of a place is off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clean {
    pub style: Style,
    pub open: Rc<[Section]>,
    pub drift: i64,
}

/// Whether `bytes` starts with a timestamp header, and whether it continues the line before.
#[must_use]
pub(crate) fn header(bytes: &[u8]) -> Option<bool> {
    let head = bytes.get(..HEADER)?;
    const FORM: &[u8; HEADER] = b"dddd-dd-ddTdd:dd:dd.ddddddZ hhso";
    let fits = head.iter().zip(FORM).all(|(byte, form)| match form {
        b'd' => byte.is_ascii_digit(),
        b'h' => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        b's' => matches!(byte, b'O' | b'E'),
        b'o' => matches!(byte, b' ' | b'+'),
        form => byte == form,
    });
    fits.then(|| head[HEADER - 1] == b'+')
}

struct Marker {
    length: usize,
    start: bool,
    time: i64,
    name: String,
    options: Vec<(String, String)>,
}

/// `section_start:TIME:NAME[options]\r\e[0K` at the start of `bytes`.
fn marker(bytes: &[u8]) -> Option<Marker> {
    let (start, rest) = match (bytes.strip_prefix(b"section_start:"), bytes.strip_prefix(b"section_end:")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let time = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let rest = rest[digits..].strip_prefix(b":")?;
    let letters = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let name: String = rest[..letters].iter().map(|byte| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() as char } else { '-' }).collect();
    let mut rest = &rest[letters..];
    let mut options = Vec::new();
    if rest.first() == Some(&b'[') {
        let end = rest.iter().position(|byte| *byte == b']')?;
        let inside = std::str::from_utf8(&rest[1..end]).ok()?;
        let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        for (place, pair) in inside.split(',').enumerate().filter(|_| !inside.is_empty()) {
            let (key, value) = pair.split_once('=')?;
            let plain = if place > 0 { key.strip_prefix(' ').unwrap_or(key) } else { key };
            if !word(plain) || !word(value) {
                return None;
            }
            // GitLab keeps the space before a second option's name.
            options.push((key.to_owned(), value.to_owned()));
        }
        rest = &rest[end + 1..];
    }
    let rest = rest.strip_prefix(b"\r\x1b[0K")?;
    (letters > 0).then(|| Marker { length: bytes.len() - rest.len(), start, time, name, options })
}

pub(crate) enum Escape {
    /// Bytes of a whole sequence, and whether it sets a style.
    Whole(usize, bool),
    /// Cut off by the end of the line.
    Cut,
    /// No sequence that anybody reads.
    Text,
}

/// Bytes of what GitLab takes for text though terminals show none of it (ECMA-48): titles and links
/// (`ESC ]`, to BEL or `ESC \\`), other strings, character sets (`ESC ( B`), saved cursors (`ESC 7`).
fn unseen(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = bytes.iter().skip(2).position(|byte| matches!(byte, 0x07 | 0x1b | b'\r' | b'\n'))? + 2;
            match (bytes[end], bytes.get(end + 1)) {
                (0x07, _) => Some(end + 1),
                (0x1b, Some(b'\\')) => Some(end + 2),
                _ => None,
            }
        }
        b' '..=b'/' => {
            let end = bytes.iter().skip(2).position(|byte| !(b' '..=b'/').contains(byte))? + 2;
            (b'0'..=b'~').contains(&bytes[end]).then_some(end + 1)
        }
        b'0'..=b'?' => Some(2),
        _ => None,
    }
}

/// `\e([@-_])(.*?)([@-~])`, as GitLab reads sequences.
pub(crate) fn escape(bytes: &[u8], mode: Mode) -> Escape {
    if let (Mode::Better, Some(length)) = (mode, unseen(bytes)) {
        return Escape::Whole(length, false);
    }
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    match bytes.get(1).filter(|_| end > 1) {
        None => Escape::Cut,
        Some(byte) if !(b'@'..=b'_').contains(byte) => Escape::Text,
        Some(byte) => match bytes[2..end].iter().position(|byte| (b'@'..=b'~').contains(byte)) {
            None => Escape::Cut,
            Some(place) => Escape::Whole(place + 3, *byte == b'[' && bytes[2 + place] == b'm'),
        },
    }
}

fn clock(seconds: i64) -> String {
    let seconds = seconds.clamp(0, YEAR);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours:02}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

impl State {
    /// At the start of a logical line that begins at `offset`.
    pub fn at(clean: &Clean, offset: u64, mode: Mode) -> Self {
        let section = clean.open.last().map(|section| section.name.clone());
        let line = Line { offset: offset.saturating_add_signed(clean.drift), section, ..Line::default() };
        Self { style: clean.style, open: clean.open.to_vec(), drift: clean.drift, line, mode, ..Self::default() }
    }

    /// What carries over, if nothing else does: no line that is cut in the middle.
    pub fn clean(&self) -> Option<Clean> {
        let fresh = self.line.spans.is_empty() && self.segment.is_empty() && !self.line.header && self.line.timestamp.is_none() && !self.unfinished;
        fresh.then(|| Clean { style: self.style, open: self.open.as_slice().into(), drift: self.drift })
    }

    fn end_segment(&mut self) {
        if !self.segment.is_empty() {
            let text = String::from_utf8_lossy(&self.segment).into_owned();
            self.segment.clear();
            self.line.spans.push(Span { text, style: self.style });
        }
    }

    /// Starts a line at `offset`, after emitting the one before if it shows anything.
    fn next_line(&mut self, offset: u64, keep_time: bool, out: &mut Vec<Line>) {
        self.end_segment();
        let timestamp = self.line.timestamp.clone().filter(|_| keep_time);
        let section = self.open.last().map(|section| section.name.clone());
        let line = std::mem::replace(&mut self.line, Line { offset, timestamp, section, ..Line::default() });
        if !line.spans.is_empty() {
            out.push(line);
        }
    }

    fn section(&mut self, marker: Marker, place: u64, bare: u64, out: &mut Vec<Line>) {
        if marker.start {
            self.break_at(place, bare, out);
            let name = marker.name.clone();
            self.line.header = true;
            self.line.options.clone_from(&marker.options);
            // Opened again, a section keeps its place among the open ones.
            match self.open.iter_mut().find(|section| section.name == marker.name) {
                Some(section) => section.since = marker.time,
                None => self.open.push(Section { name: marker.name, since: marker.time }),
            }
            self.line.section = Some(name);
            return;
        }
        let Some(found) = self.open.iter().position(|section| section.name == marker.name) else { return };
        self.break_at(place, bare, out);
        self.line.section = self.open.last().map(|section| section.name.clone());
        let section = self.open.remove(found);
        self.line.duration = Some(clock(marker.time - section.since));
        self.line.ends = Some(section.name);
        self.line.header = false;
        self.line.options = Vec::new();
        let after = place + marker.length as u64;
        let section = self.open.last().map(|section| section.name.clone());
        let next = Line { offset: after, timestamp: self.line.timestamp.clone(), section, ..Line::default() };
        out.push(std::mem::replace(&mut self.line, next));
    }

    /// A marker begins a line of its own, unless it stands right behind a timestamp.
    fn break_at(&mut self, place: u64, bare: u64, out: &mut Vec<Line>) {
        let empty = self.line.spans.is_empty() && self.segment.is_empty();
        if empty && self.line.timestamp.is_some() {
            // GitLab does not count the headers of a line that shows nothing yet.
            self.line.offset = self.line.offset.max(bare);
        } else {
            self.next_line(place, true, out);
        }
    }

    /// Reads one logical line (with its line end, if it has come) that starts at `offset`. `joins`
    /// are places in `bytes` behind which bytes of the log were left out, and how many.
    pub fn read(&mut self, bytes: &[u8], offset: u64, joins: &[(usize, usize)], timestamps: bool, out: &mut Vec<Line>) {
        let shows = !self.line.spans.is_empty() || !self.segment.is_empty() || self.line.header;
        let unfinished = std::mem::take(&mut self.unfinished);
        let mut at = 0;
        if timestamps && !(unfinished && shows) && header(bytes).is_some() {
            self.line.timestamp = Some(String::from_utf8_lossy(&bytes[..27]).into_owned());
            at = HEADER;
            if unfinished {
                self.drift += 1 + HEADER as i64;
            }
        }
        let start = offset.saturating_add_signed(self.drift);
        let position = |at: usize| start + at as u64 + joins.iter().filter(|(place, _)| *place <= at).map(|(_, left)| *left as u64).sum::<u64>();
        while at < bytes.len() {
            let rest = &bytes[at..];
            match rest[0] {
                b's' => match marker(rest) {
                    Some(found) => {
                        let length = found.length;
                        let bare = (start + at as u64).saturating_sub(HEADER as u64);
                        // What was left out just before a marker is not counted yet.
                        let skipped: u64 = joins.iter().filter(|(place, _)| *place == at).map(|(_, left)| *left as u64).sum();
                        self.section(found, position(at) - skipped, bare, out);
                        at += length;
                    }
                    None => {
                        self.segment.push(b's');
                        at += 1;
                    }
                },
                0x1b => match escape(rest, self.mode) {
                    Escape::Whole(length, style) => {
                        if style {
                            self.end_segment();
                            self.style.apply(&rest[2..length - 1], self.mode);
                        }
                        at += length;
                    }
                    // GitLab drops the rest, line end included.
                    Escape::Cut => {
                        if rest.ends_with(b"\n") {
                            self.drift -= 1;
                            self.unfinished = true;
                        }
                        return;
                    }
                    Escape::Text => {
                        self.segment.push(0x1b);
                        at += 1;
                    }
                },
                b'\r' | b'\n' => {
                    let returns = rest.iter().take_while(|byte| **byte == b'\r').count();
                    if rest.get(returns) == Some(&b'\n') {
                        at += returns + 1;
                        self.next_line(position(at), false, out);
                    } else {
                        self.segment.clear();
                        self.line.spans.clear();
                        at += 1;
                        if timestamps && header(&bytes[at..]) == Some(false) {
                            // A progress bar of a program whose lines carry times.
                            self.line.timestamp = Some(String::from_utf8_lossy(&bytes[at..at + 27]).into_owned());
                            at += HEADER;
                        }
                    }
                }
                _ => {
                    let plain = rest.iter().position(|byte| matches!(byte, b's' | 0x1b | b'\r' | b'\n')).unwrap_or(rest.len());
                    self.segment.extend_from_slice(&rest[..plain]);
                    at += plain;
                }
            }
        }
    }

    /// What would be shown if nothing more came.
    pub fn finish(mut self, out: &mut Vec<Line>) {
        self.next_line(0, false, out);
    }
}
