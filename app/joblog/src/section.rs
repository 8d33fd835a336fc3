//! Sections: which lines they hold, how long they took, and what folding leaves.

use std::collections::BTreeSet;

use crate::line::Line;

/// One section, from its header to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Line of its header.
    pub header: usize,
    /// Line behind the last one inside; `None` while it is open.
    pub end: Option<usize>,
    /// `MM:SS` or `HH:MM:SS`, once it has ended, unless it asks not to show it.
    pub duration: Option<String>,
    /// Whether it asks to start folded.
    pub collapsed: bool,
    /// How many sections it lies in.
    pub depth: usize,
}

/// All sections of a log, in the order of their headers.
#[derive(Debug, Clone, Default)]
pub struct Sections {
    list: Vec<Section>,
    open: Vec<usize>,
    /// Lines that end a section and show nothing.
    footers: Vec<usize>,
}

impl Sections {
    /// The sections.
    #[must_use]
    pub fn list(&self) -> &[Section] {
        &self.list
    }

    pub(crate) fn note(&mut self, index: usize, line: &Line) {
        let name = line.ends.as_ref().or(line.section.as_ref()).cloned().unwrap_or_default();
        if let Some(duration) = &line.duration {
            self.footers.push(index);
            if let Some(place) = self.open.iter().position(|open| self.list[*open].name == name) {
                // One that was opened again ends once (`section_start` only sets its time anew), and what was
                // opened inside and never ended goes no further than what it lies in.
                let ended: Vec<usize> = self.open.drain(place..).collect();
                let newest = ended.iter().rev().find(|inside| self.list[**inside].name == name).copied();
                for inside in ended {
                    let section = &mut self.list[inside];
                    section.end = Some(index);
                    if Some(inside) == newest {
                        section.duration = section.duration.take().is_none().then(|| duration.clone());
                    }
                }
            }
        } else if line.header {
            let option = |wanted: &str| line.options.iter().any(|(key, value)| key.trim() == wanted && value == "true");
            // While it is open, the place of the duration says that none is wanted.
            let duration = option("hide_duration").then(String::new);
            let depth = self.open.len();
            self.open.push(self.list.len());
            self.list.push(Section { name, header: index, end: None, duration, collapsed: option("collapsed"), depth });
        }
    }

    /// The section whose header is at `line`.
    #[must_use]
    pub fn at(&self, line: usize) -> Option<&Section> {
        let place = self.list.partition_point(|section| section.header < line);
        self.list.get(place).filter(|section| section.header == line)
    }

    /// The sections around `line`, outermost first.
    pub fn around(&self, line: usize) -> impl Iterator<Item = &Section> {
        let before = self.list.partition_point(|section| section.header < line);
        self.list[..before].iter().filter(move |section| section.end.is_none_or(|end| line < end))
    }

    /// What is left when the sections whose headers are in `folded` hide what they hold.
    #[must_use]
    pub fn rows(&self, folded: &BTreeSet<usize>) -> Rows {
        let inside = self.list.iter().filter(|section| folded.contains(&section.header));
        let mut hidden: Vec<(usize, usize)> = inside.map(|section| (section.header + 1, section.end.map_or(usize::MAX, |end| end + 1))).collect();
        hidden.extend(self.footers.iter().map(|footer| (*footer, footer + 1)));
        hidden.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::with_capacity(hidden.len());
        for (from, to) in hidden {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        let mut before = 0;
        let hidden = merged
            .into_iter()
            .map(|(from, to)| {
                let row = from - before;
                before += to.saturating_sub(from).min(usize::MAX / 4);
                Hidden { from, to, row }
            })
            .collect();
        Rows { hidden }
    }

    /// How many of the lines before `line` show nothing: what numbers leave out.
    #[must_use]
    pub fn footers_before(&self, line: usize) -> usize {
        self.footers.partition_point(|footer| *footer < line)
    }

    /// The line that has `number`, counted from 1 without those that show nothing.
    #[must_use]
    pub fn line_of(&self, number: usize) -> usize {
        // Footer number k stands behind that many shown lines.
        let shown = |place: usize| self.footers[place] - place;
        let (mut low, mut high) = (0, self.footers.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if shown(middle) < number { low = middle + 1 } else { high = middle }
        }
        number.saturating_sub(1) + low
    }
}

#[derive(Debug, Clone)]
struct Hidden {
    from: usize,
    to: usize,
    /// The row at which the lines behind it go on.
    row: usize,
}

/// Lines to rows and back, some lines hidden.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    hidden: Vec<Hidden>,
}

impl Rows {
    /// The line that is shown in `row`.
    #[must_use]
    pub fn line(&self, row: usize) -> usize {
        match self.hidden.partition_point(|hidden| hidden.row <= row).checked_sub(1) {
            Some(place) => self.hidden[place].to.saturating_add(row - self.hidden[place].row),
            None => row,
        }
    }

    /// The row that shows `line`, or the first one behind it.
    #[must_use]
    pub fn row(&self, line: usize) -> usize {
        match self.hidden.partition_point(|hidden| hidden.from <= line).checked_sub(1) {
            Some(place) => self.hidden[place].row + line.saturating_sub(self.hidden[place].to),
            None => line,
        }
    }

    /// Whether `line` is hidden.
    #[must_use]
    pub fn hides(&self, line: usize) -> bool {
        self.hidden.partition_point(|hidden| hidden.from <= line).checked_sub(1).is_some_and(|place| line < self.hidden[place].to)
    }
}
