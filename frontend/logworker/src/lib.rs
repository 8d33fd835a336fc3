//! The log engine behind a Web Worker: bytes go in, rows come out as plain arrays. What it is
//! asked, and in which words, is in `public/js/logworker.js`.

use std::collections::BTreeSet;

use joblog::{Line, Log, Mode, Rows, Sections};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Bytes of one line that are shown; nobody reads on, and no browser draws more quickly.
const LONGEST_ROW: usize = 20_000;

/// One log.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Engine {
    log: Log,
    sections: Sections,
    rows: Rows,
    folded: BTreeSet<usize>,
    /// Sections before this one were asked whether they start folded.
    asked: usize,
    /// How many lines there are.
    lines: usize,
    /// Where the text that was read last ended.
    next: usize,
}

#[wasm_bindgen]
impl Engine {
    /// An empty log, read by GitLab's rules when `strict` says so.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Self { log: Log::new(if strict { Mode::GitLab } else { Mode::Better }), ..Self::default() }
    }

    /// Reads more of the log.
    pub fn push(&mut self, bytes: &[u8]) {
        self.log.push(bytes);
    }

    /// Brings what is shown up to date with what was read.
    pub fn settle(&mut self) {
        (self.lines, self.sections) = self.log.outline();
        let new = self.sections.list().get(self.asked..).unwrap_or_default();
        self.folded.extend(new.iter().filter(|section| section.collapsed).map(|section| section.header));
        // Those of the unfinished line may yet move.
        self.asked = self.sections.list().partition_point(|section| section.header < self.log.settled_lines()).max(self.asked);
        self.rows = self.sections.rows(&self.folded);
    }

    /// Rows in all.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.row(self.lines)
    }

    /// Lines in all.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Bytes in all.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        self.log.bytes() as f64
    }

    /// Rows `first` to `last`, one behind the other: how many pieces, number, line, depth, bytes left
    /// out, time or null, then null or whether it is folded with its duration, and text, classes,
    /// foreground and background of each piece.
    #[must_use]
    pub fn read(&self, first: usize, last: usize) -> Vec<JsValue> {
        let mut out = Vec::new();
        let mut row = first;
        let last = last.min(self.rows());
        while row < last {
            // Rows that follow each other are read at once.
            let line = self.rows.line(row);
            let mut count = 1;
            while row + count < last && self.rows.line(row + count) == line + count {
                count += 1;
            }
            for (place, read) in self.log.lines(line, line + count, LONGEST_ROW).iter().enumerate() {
                self.row(line + place, read, &mut out);
            }
            row += count;
        }
        out
    }

    fn row(&self, line: usize, read: &Line, out: &mut Vec<JsValue>) {
        let section = self.sections.at(line).filter(|_| read.header);
        let depth = section.map_or_else(|| self.sections.around(line).count(), |section| section.depth);
        let number = line + 1 - self.sections.footers_before(line);
        out.extend([read.spans.len(), number, line, depth, read.left_out].map(|number| JsValue::from_f64(number as f64)));
        out.push(read.timestamp.as_deref().map_or(JsValue::NULL, JsValue::from_str));
        match section {
            Some(section) => {
                out.push(self.folded.contains(&line).into());
                out.push(section.duration.as_deref().unwrap_or_default().into());
            }
            None => out.push(JsValue::NULL),
        }
        for span in &read.spans {
            out.push(JsValue::from_str(&span.text));
            out.push(JsValue::from_str(&span.style.classes()));
            out.extend(span.style.colours().map(|colour| colour.map_or(JsValue::NULL, JsValue::from)));
        }
    }

    /// Folds the section whose header is `line`, or unfolds it.
    pub fn toggle(&mut self, line: usize) {
        if !self.folded.remove(&line) {
            self.folded.insert(line);
        }
        self.rows = self.sections.rows(&self.folded);
    }

    /// Folds every section, or none.
    pub fn fold_all(&mut self, fold: bool) {
        self.folded = if fold { self.sections.list().iter().map(|section| section.header).collect() } else { BTreeSet::new() };
        self.rows = self.sections.rows(&self.folded);
    }

    /// Unfolds what hides `line`; its row.
    pub fn reveal(&mut self, line: usize) -> usize {
        for section in self.sections.around(line) {
            self.folded.remove(&section.header);
        }
        self.rows = self.sections.rows(&self.folded);
        self.rows.row(line)
    }

    /// The line with `number`.
    #[must_use]
    pub fn line_of(&self, number: usize) -> usize {
        self.sections.line_of(number)
    }

    /// The number of `line`.
    #[must_use]
    pub fn number_of(&self, line: usize) -> usize {
        line + 1 - self.sections.footers_before(line)
    }

    /// First line and the one behind the last of the section whose header is `line`.
    #[must_use]
    pub fn section(&self, line: usize) -> Option<Vec<usize>> {
        self.sections.at(line).map(|section| vec![section.header, section.end.unwrap_or(self.lines)])
    }

    /// The plain text of about `bytes` bytes of lines from `line` on, each ended by `\n`. Where the
    /// next begins is what [`Engine::next`] says.
    pub fn text(&mut self, line: usize, bytes: usize) -> String {
        let mut out = String::with_capacity(bytes + 1024);
        self.next = self.log.text(line, bytes, &mut out);
        out
    }

    /// The line behind the text that was read last.
    #[must_use]
    pub fn next(&self) -> usize {
        self.next
    }

    /// The bytes, piece by piece.
    #[must_use]
    pub fn piece(&self, place: usize) -> Option<Vec<u8>> {
        self.log.pieces().nth(place).map(<[u8]>::to_vec)
    }
}
