//! All assets that came, and which of them are shown in which order.

use crate::asset::{Asset, Kind, Owner};
use crate::search::{Hay, Needle};

/// What narrows the library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrow {
    /// What was typed.
    pub text: String,
    /// Whose.
    pub owner: Option<Owner>,
    /// Which kind.
    pub kind: Option<Kind>,
}

/// The order in which assets are shown: by name, then kind, then owner.
#[must_use]
pub fn order(a: &Asset, b: &Asset) -> std::cmp::Ordering {
    (&a.name, a.kind, a.owner).cmp(&(&b.name, b.kind, b.owner))
}

/// One asset, and the place of its instance in the page's list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Which instance.
    pub part: usize,
    /// The asset.
    pub asset: Asset,
}

/// The rows that are shown, and how many there are of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Places in the shelf.
    pub rows: Vec<u32>,
    /// Of all kinds, then of each.
    pub counts: [usize; 6],
}

/// Everything that came. Answers that come late are put behind what is there, so that no row
/// moves while somebody looks at it; with the next thing that is asked for, all are put in order.
#[derive(Debug, Default)]
pub struct Shelf {
    items: Vec<Item>,
    hays: Vec<Hay>,
    order: Vec<u32>,
    /// The order by name, made when nobody waits for it.
    sorted: Option<Vec<u32>>,
    arrived: Vec<usize>,
}

impl Shelf {
    /// The asset at a place.
    #[must_use]
    pub fn item(&self, place: u32) -> Option<&Item> {
        self.items.get(place as usize)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// An instance answered; what it answered before is replaced. What is new comes last.
    pub fn put(&mut self, part: usize, assets: &[Asset]) {
        if self.arrived.contains(&part) {
            let before: Vec<&Asset> = self.items.iter().filter(|item| item.part == part).map(|item| &item.asset).collect();
            if before.iter().copied().eq(assets) {
                return;
            }
            // The whole of an answer of which a part was here: the rest comes behind.
            let sorted = before.is_sorted_by(|a, b| order(a, b).is_lt());
            if sorted && before.iter().all(|known| assets.binary_search_by(|asset| order(asset, known)).is_ok()) {
                let rest = assets.iter().filter(|asset| before.binary_search_by(|known| order(known, asset)).is_err());
                let rest: Vec<Item> = rest.map(|asset| Item { part, asset: asset.clone() }).collect();
                return self.add(rest.into_iter());
            }
            let old = std::mem::take(self);
            self.arrived = old.arrived;
            let (items, order) = (old.items, old.order);
            self.add(order.into_iter().filter_map(|place| items.get(place as usize)).filter(|item| item.part != part).cloned());
        } else {
            self.arrived.push(part);
        }
        self.add(assets.iter().map(|asset| Item { part, asset: asset.clone() }));
    }

    fn add(&mut self, items: impl Iterator<Item = Item>) {
        for item in items {
            self.order.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
            self.hays.push(Hay::new(&item.asset.name));
            self.items.push(item);
        }
        self.sorted = None;
    }

    /// Makes the order that [`Self::settle`] takes; for a moment when nobody waits.
    pub fn prepare(&mut self) {
        if self.sorted.is_none() {
            let mut sorted = self.order.clone();
            let items = &self.items;
            sorted.sort_unstable_by(|a, b| order(&items[*a as usize].asset, &items[*b as usize].asset).then(a.cmp(b)));
            self.sorted = Some(sorted);
        }
    }

    /// Puts all in order, by name; somebody asked for something, or nobody is looking yet.
    pub fn settle(&mut self) {
        self.prepare();
        if let Some(sorted) = &self.sorted {
            self.order.clone_from(sorted);
        }
    }

    /// What is shown of it.
    #[must_use]
    pub fn shown(&self, narrow: &Narrow) -> Shown {
        self.sifted(narrow, |_| true)
    }

    /// The same, of what `only` lets through.
    #[must_use]
    pub fn sifted(&self, narrow: &Narrow, only: impl Fn(&Item) -> bool) -> Shown {
        let fits = |place: &u32| {
            let item = &self.items[*place as usize];
            narrow.owner.is_none_or(|owner| owner == item.asset.owner) && only(item)
        };
        let found = Needle::new(&narrow.text).find(self.order.iter().filter(|place| fits(place)).map(|place| (*place, &self.hays[*place as usize])));
        let mut counts = [found.len(), 0, 0, 0, 0, 0];
        let mut rows = Vec::new();
        for place in found {
            let kind = self.items[place as usize].asset.kind;
            counts[1 + kind as usize] += 1;
            if narrow.kind.is_none_or(|wanted| wanted == kind) {
                rows.push(place);
            }
        }
        Shown { rows, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asset, Kind, Narrow, Owner, Shelf};

    fn asset(kind: Kind, name: &str) -> Asset {
        Asset { owner: Owner::Private, kind, name: name.to_owned() }
    }

    fn names(shelf: &Shelf, narrow: &Narrow) -> Vec<String> {
        shelf.shown(narrow).rows.iter().filter_map(|place| shelf.item(*place)).map(|item| format!("{}{}", item.part, item.asset.name)).collect()
    }

    #[test]
    fn rows_stay_where_they_are_until_something_is_asked_for() {
        let mut shelf = Shelf::default();
        let all = Narrow::default();
        shelf.put(1, &[asset(Kind::Model, "b"), asset(Kind::Twin, "d")]);
        shelf.put(0, &[asset(Kind::Model, "a"), asset(Kind::Tool, "c")]);
        assert_eq!(names(&shelf, &all), ["1b", "1d", "0a", "0c"]);
        shelf.settle();
        assert_eq!(names(&shelf, &all), ["0a", "1b", "0c", "1d"]);
        shelf.put(1, &[asset(Kind::Model, "b"), asset(Kind::Twin, "d")]);
        assert_eq!(names(&shelf, &all), ["0a", "1b", "0c", "1d"], "the same answer again moves nothing");
        shelf.put(1, &[asset(Kind::Model, "e")]);
        shelf.settle();
        assert_eq!(names(&shelf, &all), ["0a", "0c", "1e"]);
        shelf.put(1, &[asset(Kind::Model, "b"), asset(Kind::Model, "e")]);
        assert_eq!(names(&shelf, &all), ["0a", "0c", "1e", "1b"], "the rest of an answer comes behind");
        shelf.put(1, &[asset(Kind::Model, "e")]);
        shelf.settle();
        let counts = shelf.shown(&Narrow { kind: Some(Kind::Tool), ..Narrow::default() }).counts;
        assert_eq!(counts, [3, 0, 0, 2, 1, 0]);
        assert_eq!(names(&shelf, &Narrow { kind: Some(Kind::Tool), ..Narrow::default() }), ["0c"]);
        let some = shelf.sifted(&all, |item| item.asset.name == "e");
        assert_eq!((some.rows.len(), some.counts), (1, [1, 0, 0, 1, 0, 0]));
        assert!(names(&shelf, &Narrow { owner: Some(Owner::Common), ..Narrow::default() }).is_empty());
    }
}
