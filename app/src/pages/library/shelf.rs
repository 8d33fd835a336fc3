//! All assets that came, and which of them are shown in which order.

use twin::asset::{Asset, Kind, Owner};
use twin::search::{Hay, Needle};

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
    arrived: Vec<usize>,
    in_order: bool,
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

    /// An instance answered; what it answered before is replaced.
    pub fn put(&mut self, part: usize, assets: &[Asset]) {
        if self.arrived.contains(&part) {
            let kept = |shelf: &Self| shelf.items.iter().filter(|item| item.part == part).map(|item| &item.asset).eq(assets);
            if kept(self) {
                return;
            }
            let old: Vec<Item> = std::mem::take(self).items;
            self.extend(old.into_iter().filter(|item| item.part != part));
            self.in_order = false;
        }
        self.arrived.push(part);
        self.extend(assets.iter().map(|asset| Item { part, asset: asset.clone() }));
        self.in_order = self.arrived.len() == 1;
    }

    fn extend(&mut self, items: impl Iterator<Item = Item>) {
        for item in items {
            if !self.arrived.contains(&item.part) {
                self.arrived.push(item.part);
            }
            self.order.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
            self.hays.push(Hay::new(&item.asset.name));
            self.items.push(item);
        }
    }

    /// Puts all in order, by name; somebody asked for something, or nobody is looking yet.
    pub fn settle(&mut self) {
        if !self.in_order {
            let items = &self.items;
            self.order.sort_unstable_by(|a, b| (&items[*a as usize].asset.name, a).cmp(&(&items[*b as usize].asset.name, b)));
            self.in_order = true;
        }
    }

    /// What is shown of it.
    #[must_use]
    pub fn shown(&self, narrow: &Narrow) -> Shown {
        let fits = |place: &u32| narrow.owner.is_none_or(|owner| owner == self.items[*place as usize].asset.owner);
        let found = Needle::new(&narrow.text).find(self.order.iter().filter(|place| fits(place)).map(|place| (*place, &self.hays[*place as usize])));
        let mut counts = [found.len(), 0, 0, 0, 0, 0];
        let mut rows = Vec::new();
        for place in found {
            let kind = self.items[place as usize].asset.kind;
            if let Some(number) = Kind::ALL.iter().position(|known| *known == kind) {
                counts[number + 1] += 1;
            }
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
        assert_eq!(names(&shelf, &all), ["0a", "0c", "1e"]);
        let counts = shelf.shown(&Narrow { kind: Some(Kind::Tool), ..Narrow::default() }).counts;
        assert_eq!(counts, [3, 0, 0, 2, 1, 0]);
        assert_eq!(names(&shelf, &Narrow { kind: Some(Kind::Tool), ..Narrow::default() }), ["0c"]);
        assert!(names(&shelf, &Narrow { owner: Some(Owner::Common), ..Narrow::default() }).is_empty());
    }
}
