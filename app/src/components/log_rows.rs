//! Which rows of a log are seen: sections folded, only what fits the window drawn.

use std::collections::HashSet;

use joblog::Tail;

/// Height of a row in pixels, as in the stylesheet.
pub const ROW: usize = 20;
/// Rows drawn above and below the window.
const MARGIN: usize = 20;

/// Lines that are shown, as indexes, given the folded sections (by the index of their headers).
#[must_use]
pub fn visible(tail: &Tail, folded: &HashSet<usize>) -> Vec<usize> {
    let mut shown = Vec::with_capacity(tail.lines().len());
    // Names of open sections, and whether each hides what is inside.
    let mut open: Vec<(String, bool)> = Vec::new();
    for (index, line) in tail.lines().iter().enumerate() {
        let hidden = open.iter().any(|(_, folded)| *folded);
        if line.header {
            if !hidden {
                shown.push(index);
            }
            open.push((line.section.clone().unwrap_or_default(), folded.contains(&index)));
        } else if line.is_footer() {
            if let Some(place) = open.iter().rposition(|(name, _)| Some(name) == line.section.as_ref()) {
                open.remove(place);
            }
        } else if !hidden {
            shown.push(index);
        }
    }
    shown
}

/// The duration of the section whose header is at `index`, when it has ended.
#[must_use]
pub fn duration(tail: &Tail, index: usize) -> Option<String> {
    let header = tail.lines().get(index)?;
    tail.lines()[index + 1..].iter().find(|line| line.is_footer() && line.section == header.section).and_then(|line| line.duration.clone())
}

/// First and last row to draw (the last excluded).
#[must_use]
pub fn window(scrolled: usize, height: usize, rows: usize) -> (usize, usize) {
    let first = (scrolled / ROW).saturating_sub(MARGIN).min(rows);
    let last = ((scrolled + height) / ROW + 1 + MARGIN).min(rows);
    (first, last)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use joblog::Tail;

    use super::{duration, visible, window};

    fn tail() -> Tail {
        let mut tail = Tail::default();
        tail.push(b"a\nsection_start:1:x\r\x1b[0Khead\nin\nsection_start:2:y\r\x1b[0Kinner\ndeep\nsection_end:5:y\r\x1b[0Ksection_end:9:x\r\x1b[0Kafter\n");
        tail
    }

    #[test]
    fn folding_hides_what_is_inside() {
        let tail = tail();
        let text = |rows: Vec<usize>| rows.into_iter().map(|row| tail.lines()[row].text()).collect::<Vec<_>>();
        assert_eq!(text(visible(&tail, &HashSet::new())), ["a", "head", "in", "inner", "deep", "after"]);
        assert_eq!(text(visible(&tail, &HashSet::from([1]))), ["a", "head", "after"]);
        assert_eq!(duration(&tail, 1).as_deref(), Some("00:08"));
    }

    #[test]
    fn only_the_window_is_drawn() {
        assert_eq!(window(0, 400, 1_000_000), (0, 41));
        assert_eq!(window(20_000, 400, 1_000_000), (980, 1041));
        assert_eq!(window(0, 400, 3), (0, 3));
    }
}
