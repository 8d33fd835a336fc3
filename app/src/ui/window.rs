//! Of many rows of one height, those near the window. What is above and below is as high as the
//! rows would be, so that the scroll bar is right.

use leptos::ev;
use leptos::html::Tbody;
use leptos::prelude::*;

use super::cell::Cell;
use crate::browser;

/// Lists up to this length are there whole.
const WHOLE: usize = 200;
/// Rows above and below the window that are there as well; the range moves in steps of half of them.
const MARGIN: usize = 8;

/// Which rows are there.
#[derive(Clone, Copy)]
pub struct Window {
    total: Signal<usize, LocalStorage>,
    /// The first row, rows in the window, and the height of one in pixels.
    seen: Cell<(usize, usize, f64)>,
}

impl Window {
    /// For a table's body whose first and last rows fill the space of those that are not there.
    pub fn new(body: NodeRef<Tbody>, total: Signal<usize, LocalStorage>) -> Self {
        let seen = Cell::new((0, 40, 56.0));
        let look = move || {
            // The frame may come after the table is gone.
            let Some(element) = body.try_get_untracked().flatten() else { return };
            if total.try_get_untracked().is_none_or(|total| total <= WHOLE) {
                return;
            }
            let row = element.children().item(1).map_or(56.0, |row| browser::height(&row)).max(20.0);
            let (above, height) = browser::above(&element);
            let step = (MARGIN / 2).max(1);
            let first = ((above / row).max(0.0) as usize).saturating_sub(MARGIN) / step * step;
            let count = (height / row) as usize + 2 * MARGIN + step;
            if seen.peek(|seen| *seen == (first, count, row)) == Some(false) {
                seen.set((first, count, row));
            }
        };
        let scroll = window_event_listener(ev::scroll, move |_| look());
        let resize = window_event_listener(ev::resize, move |_| look());
        on_cleanup(move || {
            scroll.remove();
            resize.remove();
        });
        Effect::new(move |_| {
            let _ = total.get();
            request_animation_frame(look);
        });
        Self { total, seen }
    }

    /// First row that is there, and the one after the last.
    #[must_use]
    pub fn range(self) -> (usize, usize) {
        let (total, (first, count, _)) = (self.total.get(), self.seen.with(|seen| *seen));
        if total <= WHOLE { (0, total) } else { (first.min(total.saturating_sub(count)), (first + count).min(total)) }
    }

    /// Pixels above the first row.
    #[must_use]
    pub fn before(self) -> u64 {
        (self.range().0 as f64 * self.seen.with(|seen| *seen).2) as u64
    }

    /// Pixels below the last row.
    #[must_use]
    pub fn after(self) -> u64 {
        (self.total.get().saturating_sub(self.range().1) as f64 * self.seen.with(|seen| *seen).2) as u64
    }
}
