//! What a log view knows, and what its worker tells it.

use std::rc::Rc;

use leptos::prelude::*;

use crate::browser;
use crate::browser::logs::{Found, LogWorker, Said, Shown, Trouble};
use crate::queries::run_log::Progress;
use crate::ui::cell::Cell;
use crate::ui::toast::Toasts;

/// Everything.
#[derive(Clone, Copy)]
pub struct LogState {
    worker: StoredValue<Option<Rc<LogWorker>>, LocalStorage>,
    /// The rows that are looked at.
    pub shown: Cell<Shown>,
    /// What a search found.
    pub found: Cell<Found>,
    /// Which of the lines found is looked at.
    pub hit: Cell<Option<usize>>,
    /// Whether the end is followed.
    pub following: RwSignal<bool>,
    /// How reading goes.
    pub progress: Cell<Progress>,
    /// Lines that look like trouble, once somebody asked.
    pub digest: Cell<Option<Vec<Trouble>>>,
    /// Lines that are marked: from, to, as people count.
    pub marked: Cell<Option<(u32, u32)>>,
    /// A row to be scrolled to.
    pub wish: Cell<Option<usize>>,
    /// Why it cannot be shown at all.
    pub broken: Cell<Option<String>>,
    /// When something was written last, as far as is known: milliseconds since 1970.
    pub beat: Cell<Option<f64>>,
}

/// Milliseconds behind a question in which the log brings what was written before it.
const EARLIER: f64 = 1_500.0;

impl LogState {
    /// With no worker yet, as on the server.
    pub fn new() -> Self {
        Self {
            worker: StoredValue::new_local(None),
            shown: Cell::new(Shown::default()),
            found: Cell::new(Found::default()),
            hit: Cell::new(None),
            following: RwSignal::new(true),
            progress: Cell::new(Progress::Read(0)),
            digest: Cell::new(None),
            marked: Cell::new(None),
            wish: Cell::new(None),
            broken: Cell::new(None),
            beat: Cell::new(None),
        }
    }

    /// Starts the worker.
    pub fn start(self, toasts: Toasts) -> Rc<LogWorker> {
        let worker = Rc::new(LogWorker::new(move |said| self.hear(said, toasts)));
        self.worker.set_value(Some(worker.clone()));
        worker
    }

    /// Tells the worker something, if there is one.
    pub fn tell(self, act: impl FnOnce(&LogWorker)) {
        let worker = self.worker.try_with_value(Option::clone).flatten();
        if let Some(worker) = worker {
            act(&worker);
        }
    }

    fn hear(self, said: Said, toasts: Toasts) {
        match said {
            Said::Shown(shown) => {
                if self.shown.peek(|before| before.bytes < shown.bytes) == Some(true) {
                    self.grown(&shown);
                }
                self.shown.set(shown);
            }
            Said::Found(found) => {
                // Whoever follows the end is not taken away from it by a line that came.
                let first = self.hit.peek(Option::is_none) == Some(true) && !found.lines.is_empty() && !found.grown;
                if self.hit.peek(|hit| hit.is_some_and(|hit| hit >= found.lines.len())) == Some(true) {
                    self.hit.set(None);
                }
                self.found.set(found);
                if first {
                    self.to_hit(0);
                }
            }
            Said::Gone(row, ..) => {
                let _ = self.following.try_set(false);
                self.wish.set(Some(row));
            }
            Said::Digest(list) => {
                self.digest.set(Some(list));
            }
            Said::Copied(text) => {
                let lines = text.lines().count();
                leptos::task::spawn_local(async move {
                    match browser::copy(&text).await {
                        true => toasts.good(format!("Copied {lines} lines.")),
                        false => toasts.bad("The text was not copied.", "This browser does not let pages write what is pasted. Mark the lines and copy them, or save the log."),
                    }
                });
            }
            Said::Blob(address, name) => {
                if name.is_empty() {
                    browser::open_beside(&address);
                } else {
                    browser::save_from(&address, &name);
                }
                browser::forget_later(address);
            }
            Said::Broken(why) => {
                self.broken.set(Some(why));
            }
        }
    }

    /// Notes when the log grew. A line may say when it was written; of what comes right behind a question, its file does.
    fn grown(self, shown: &Shown) {
        let last = shown.rows.last().filter(|_| shown.first + shown.rows.len() == shown.total);
        let said = last.and_then(|row| browser::parse_time(row.time.as_deref()?));
        let opened = self.worker.try_with_value(|worker| worker.as_ref().map(|worker| worker.opened())).flatten();
        let beat = match (said, opened) {
            (Some(said), _) => Some(said),
            (None, Some((at, written))) if browser::ticks() - at < EARLIER => written,
            _ => Some(browser::now()),
        };
        self.beat.set(beat);
    }

    /// Looks at one of the lines that a search found.
    pub fn to_hit(self, index: usize) {
        let line = self.found.peek(|found| found.lines.get(index).copied()).flatten();
        if let Some(line) = line {
            self.hit.set(Some(index));
            self.tell(|worker| worker.go(None, Some(line)));
        }
    }

    /// Looks at the next line found, or the one before.
    pub fn step(self, forward: bool) {
        let count = self.found.peek(|found| found.lines.len()).unwrap_or(0);
        if count > 0 {
            let now = self.hit.peek(|hit| *hit).flatten();
            self.to_hit(match now {
                Some(now) if forward => (now + 1) % count,
                Some(now) => (now + count - 1) % count,
                None if forward => 0,
                None => count - 1,
            });
        }
    }

    /// Marks the line behind the one that was marked last, or before it; at first the first one that is seen. `further`
    /// marks it beside those that are marked.
    pub fn mark_next(self, forward: bool, further: bool, seen: usize) {
        let marked = self.marked.peek(|marked| *marked).flatten();
        let first = self.shown.peek(|shown| shown.rows.get(seen.saturating_sub(shown.first)).map(|row| row.number)).flatten();
        let lines = self.shown.peek(|shown| shown.rows.last().map_or(1, |row| row.number)).unwrap_or(1);
        let Some(number) = marked.map(|(from, to)| if forward { (to + 1).min(lines.max(to)) } else { from.max(2) - 1 }).or(first) else { return };
        match marked.filter(|_| further) {
            Some((from, to)) => self.mark_range(from.min(number), to.max(number)),
            None => self.mark_range(number, number),
        }
        self.tell(|worker| worker.go(Some(number), None));
    }

    /// Marks lines, and puts them into the address.
    pub fn mark(self, number: u32, further: bool) {
        let from = self.marked.peek(|marked| *marked).flatten().filter(|_| further).map_or(number, |(from, _)| from);
        self.mark_range(from.min(number), from.max(number));
    }

    fn mark_range(self, from: u32, to: u32) {
        self.marked.set(Some((from, to)));
        browser::address::set_fragment(&if from == to { format!("#L{from}") } else { format!("#L{from}-{to}") });
    }
}

/// Lines that an address names: `#L12` or `#L12-20`.
#[must_use]
pub fn named(fragment: &str) -> Option<(u32, u32)> {
    let text = fragment.strip_prefix("#L")?;
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to): (u32, u32) = (from.parse().ok()?, to.trim_start_matches('L').parse().ok()?);
    (from > 0).then_some((from.min(to.max(1)), from.max(to)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_in_an_address() {
        for (text, expected) in [("#L12", Some((12, 12))), ("#L9-4", Some((4, 9))), ("#L4-L9", Some((4, 9))), ("#L0", None), ("#x", None), ("", None)] {
            assert_eq!(super::named(text), expected, "{text}");
        }
    }
}
