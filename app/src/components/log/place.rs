//! Where rows are: of a log of any length, in a box that no browser can make higher than so.

/// Height of a row in pixels, as in the stylesheet.
pub const ROW: usize = 20;
/// Rows drawn above and below the window.
pub const MARGIN: usize = 40;
/// Browsers lose count beyond some tens of millions of pixels.
const HIGHEST: usize = 12_000_000;

/// A scrolled box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// How far it is scrolled, pixels.
    pub top: usize,
    /// Its height, pixels.
    pub height: usize,
}

/// Height of everything, pixels.
#[must_use]
pub fn whole(total: usize) -> usize {
    (total * ROW).min(HIGHEST)
}

impl Place {
    /// Rows that fit.
    fn fits(self) -> usize {
        self.height / ROW
    }

    /// The first row that is seen.
    #[must_use]
    pub fn row(self, total: usize) -> usize {
        if total * ROW <= HIGHEST {
            return self.top / ROW;
        }
        let way = HIGHEST.saturating_sub(self.height).max(1);
        (self.top.min(way) as f64 / way as f64 * total.saturating_sub(self.fits()) as f64) as usize
    }

    /// How far to scroll so that `row` is seen, with some before it.
    #[must_use]
    pub fn scrolled_to(self, row: usize, total: usize) -> usize {
        let first = row.saturating_sub(self.fits() / 3);
        if total * ROW <= HIGHEST {
            return first * ROW;
        }
        let way = HIGHEST.saturating_sub(self.height);
        (first as f64 / total.saturating_sub(self.fits()).max(1) as f64 * way as f64) as usize
    }

    /// Where rows that begin with `first` are put, pixels from the top of everything.
    #[must_use]
    pub fn offset(self, first: usize, total: usize) -> usize {
        if total * ROW <= HIGHEST {
            return first * ROW;
        }
        (self.top + first * ROW).saturating_sub(self.row(total) * ROW)
    }

    /// What to ask for: the first row, and how many.
    #[must_use]
    pub fn wanted(self, total: usize) -> (usize, usize) {
        (self.row(total).saturating_sub(MARGIN), self.fits() + 1 + 2 * MARGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::{HIGHEST, Place, ROW, whole};

    #[test]
    fn short_and_endless() {
        let place = Place { top: 400, height: 600 };
        assert_eq!((place.row(1000), place.offset(5, 1000), whole(1000)), (20, 100, 20_000));
        assert_eq!(place.scrolled_to(500, 1000), 490 * ROW);
        let total = 5_000_000;
        assert_eq!(whole(total), HIGHEST);
        let end = Place { top: HIGHEST - 600, height: 600 };
        assert_eq!(end.row(total), total - 30);
        // Rows drawn there end where the box ends.
        assert_eq!(end.offset(total - 30, total) + 30 * ROW, HIGHEST);
        let there = Place { top: end.scrolled_to(2_500_000, total), height: 600 };
        assert!(there.row(total).abs_diff(2_499_990) < 30);
    }
}
