//! A drawing of who is connected to whom, in layers from left to right: blocks are boxes, all links
//! between two of them one curve. What goes back against the order is drawn below.

/// Sizes in pixels.
pub const WIDTH: f64 = 176.0;
/// Height of a box.
pub const HEIGHT: f64 = 56.0;
const GAP: (f64, f64) = (96.0, 32.0);
/// Wide enough for what goes round the outside.
const MARGIN: f64 = 32.0;
/// Sweeps that put boxes near those they are connected to.
const SWEEPS: usize = 8;

/// A box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Its left side.
    pub x: f64,
    /// Its top.
    pub y: f64,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Block that it leaves, by number.
    pub from: usize,
    /// Block that it reaches.
    pub to: usize,
    /// An SVG path.
    pub path: String,
    /// Where its words stand.
    pub label: Spot,
}

/// The drawing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    /// Its size.
    pub size: (f64, f64),
    /// One box a block, in their order.
    pub boxes: Vec<Spot>,
    /// One curve a pair.
    pub curves: Vec<Curve>,
}

/// The pairs that go forward when cycles are cut where they are met first.
fn forward(count: usize, pairs: &[(usize, usize)]) -> Vec<bool> {
    let mut state = vec![0_u8; count];
    let mut good = vec![true; pairs.len()];
    // Depth first without recursion: a chain may be as long as there are blocks.
    for start in 0..count {
        let mut stack = vec![(start, 0_usize)];
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        while let Some((block, next)) = stack.pop() {
            match (next..pairs.len()).find(|pair| pairs[*pair].0 == block) {
                Some(pair) => {
                    stack.push((block, pair + 1));
                    let to = pairs[pair].1;
                    match state[to] {
                        0 => {
                            state[to] = 1;
                            stack.push((to, 0));
                        }
                        1 => good[pair] = false,
                        _ => {}
                    }
                }
                None => state[block] = 2,
            }
        }
    }
    good
}

/// The layer of each block: one behind the last that leads to it.
fn layers(count: usize, pairs: &[(usize, usize)], good: &[bool]) -> Vec<usize> {
    let mut layer = vec![0_usize; count];
    for _ in 0..count {
        let mut changed = false;
        for ((from, to), _) in pairs.iter().zip(good).filter(|(_, good)| **good) {
            if layer[*to] <= layer[*from] {
                layer[*to] = layer[*from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layer
}

/// Draws `count` blocks and the pairs of them that are connected.
#[must_use]
pub fn draw(count: usize, pairs: &[(usize, usize)]) -> Drawing {
    let pairs: Vec<(usize, usize)> = pairs.iter().copied().filter(|(from, to)| *from < count && *to < count).collect();
    if count == 0 {
        return Drawing::default();
    }
    let good = forward(count, &pairs);
    let layer = layers(count, &pairs, &good);
    let depth = layer.iter().max().copied().unwrap_or(0) + 1;
    let mut rows: Vec<Vec<usize>> = (0..depth).map(|of| (0..count).filter(|block| layer[*block] == of).collect()).collect();
    let mut place = vec![0.0_f64; count];
    let settle = |row: &[usize], place: &mut [f64]| row.iter().enumerate().for_each(|(at, block)| place[*block] = at as f64 - row.len() as f64 / 2.0);
    rows.iter().for_each(|row| settle(row, &mut place));
    for sweep in 0..SWEEPS {
        let order: Vec<usize> = if sweep % 2 == 0 { (0..depth).collect() } else { (0..depth).rev().collect() };
        for of in order {
            let middle = |block: usize| {
                let near: Vec<f64> = pairs
                    .iter()
                    .filter_map(|(from, to)| {
                        if *from == block {
                            Some(place[*to])
                        } else if *to == block {
                            Some(place[*from])
                        } else {
                            None
                        }
                    })
                    .collect();
                if near.is_empty() { place[block] } else { near.iter().sum::<f64>() / near.len() as f64 }
            };
            let mut sorted: Vec<(f64, usize)> = rows[of].iter().map(|block| (middle(*block), *block)).collect();
            sorted.sort_by(|first, second| first.0.total_cmp(&second.0));
            rows[of] = sorted.into_iter().map(|(_, block)| block).collect();
            settle(&rows[of], &mut place);
        }
    }
    let tallest = rows.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let high = tallest * HEIGHT + (tallest - 1.0) * GAP.1;
    let mut boxes = vec![Spot { x: 0.0, y: 0.0 }; count];
    for (of, row) in rows.iter().enumerate() {
        let own = row.len() as f64 * HEIGHT + (row.len() as f64 - 1.0) * GAP.1;
        for (at, block) in row.iter().enumerate() {
            boxes[*block] = Spot { x: MARGIN + of as f64 * (WIDTH + GAP.0), y: MARGIN + (high - own) / 2.0 + at as f64 * (HEIGHT + GAP.1) };
        }
    }
    let mut bottom = MARGIN + high;
    let mut back = 0.0;
    let curves = pairs.iter().zip(&good).map(|((from, to), good)| {
        let (a, b) = (boxes[*from], boxes[*to]);
        let (start, end) = ((a.x + WIDTH, a.y + HEIGHT / 2.0), (b.x, b.y + HEIGHT / 2.0));
        let (path, label) = if *good {
            let bend = GAP.0 / 2.0;
            let path = format!("M{:.0} {:.0}C{:.0} {:.0} {:.0} {:.0} {:.0} {:.0}", start.0, start.1, start.0 + bend, start.1, end.0 - bend, end.1, end.0, end.1);
            (path, Spot { x: (start.0 + end.0) / 2.0, y: (start.1 + end.1) / 2.0 - 6.0 })
        } else {
            back += 1.0;
            let low = MARGIN + high + 20.0 * back;
            bottom = bottom.max(low + 8.0);
            let (right, left) = (start.0 + 24.0, end.0 - 24.0);
            let path = format!(
                "M{:.0} {:.0}C{right:.0} {:.0} {right:.0} {low:.0} {:.0} {low:.0}L{:.0} {low:.0}C{left:.0} {low:.0} {left:.0} {:.0} {:.0} {:.0}",
                start.0,
                start.1 + 8.0,
                start.1 + 8.0,
                start.0 - 12.0,
                end.0 + 12.0,
                end.1 + 8.0,
                end.0,
                end.1 + 8.0
            );
            (path, Spot { x: (start.0 + end.0) / 2.0, y: low - 5.0 })
        };
        Curve { from: *from, to: *to, path, label }
    });
    let curves: Vec<Curve> = curves.collect();
    Drawing { size: (2.0 * MARGIN + depth as f64 * WIDTH + (depth as f64 - 1.0) * GAP.0, bottom + MARGIN), boxes, curves }
}

#[cfg(test)]
mod tests {
    use super::{HEIGHT, WIDTH, draw};
    use proptest::prelude::{prop_assert, proptest};

    #[test]
    fn a_chain_goes_right_and_a_ring_is_cut_once() {
        let chain = draw(3, &[(0, 1), (1, 2)]);
        assert!(chain.boxes[0].x < chain.boxes[1].x && chain.boxes[1].x < chain.boxes[2].x);
        let ring = draw(2, &[(0, 1), (1, 0)]);
        assert!(ring.boxes[0].x < ring.boxes[1].x && ring.curves.len() == 2);
        assert!(ring.size.1 > chain.size.1, "the way back is below");
        assert_eq!(draw(0, &[]).boxes.len(), 0);
    }

    proptest! {
        #[test]
        fn no_two_boxes_meet(count in 1_usize..30, pairs in proptest::collection::vec((0_usize..30, 0_usize..30), 0..60)) {
            let drawing = draw(count, &pairs);
            for (at, a) in drawing.boxes.iter().enumerate() {
                prop_assert!(a.x >= 0.0 && a.y >= 0.0 && a.x + WIDTH <= drawing.size.0 && a.y + HEIGHT <= drawing.size.1);
                for b in &drawing.boxes[at + 1..] {
                    prop_assert!((a.x - b.x).abs() >= WIDTH || (a.y - b.y).abs() >= HEIGHT);
                }
            }
        }
    }
}
