//! The person's own order of instances, and those that are not to be seen among all. Kept in this
//! browser: it is nobody else's business.

use leptos::prelude::*;

use crate::bootstrap::{Bootstrap, Instance};
use crate::browser;
use crate::ui::cell::Cell;

/// Under which it is kept.
const NAME: &str = "instances";

/// Order and silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arranged {
    /// Ids in the wished order; others come behind.
    pub order: Vec<String>,
    /// Ids that are left out of “all”.
    pub muted: Vec<String>,
}

impl std::fmt::Display for Arranged {
    /// The order, then the muted ones: ids with spaces between them, `|` in the middle.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}|{}", self.order.join(" "), self.muted.join(" "))
    }
}

impl Arranged {
    fn read(text: &str) -> Self {
        let ids = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let (order, muted) = text.split_once('|').unwrap_or((text, ""));
        Self { order: ids(order), muted: ids(muted) }
    }

    /// The configured instances in the person's order.
    #[must_use]
    pub fn sorted(&self, bootstrap: &Bootstrap) -> Vec<Instance> {
        let known = self.order.iter().filter_map(|id| bootstrap.instance(id));
        let others = bootstrap.instances.iter().filter(|instance| !self.order.contains(&instance.id));
        known.chain(others).cloned().collect()
    }

    /// With one instance a place up or down.
    #[must_use]
    pub fn moved(&self, bootstrap: &Bootstrap, id: &str, up: bool) -> Self {
        let mut order: Vec<String> = self.sorted(bootstrap).into_iter().map(|instance| instance.id).collect();
        if let Some(place) = order.iter().position(|known| known == id) {
            let other = if up { place.checked_sub(1) } else { Some(place + 1).filter(|other| *other < order.len()) };
            if let Some(other) = other {
                order.swap(place, other);
            }
        }
        Self { order, muted: self.muted.clone() }
    }

    /// With one instance muted, or not any more.
    #[must_use]
    pub fn toggled(&self, id: &str) -> Self {
        let mut muted = self.muted.clone();
        match muted.iter().position(|known| known == id) {
            Some(place) => drop(muted.remove(place)),
            None => muted.push(id.to_owned()),
        }
        Self { order: self.order.clone(), muted }
    }
}

/// What this browser remembers; read once the page is alive, so that it begins as the server wrote it.
#[derive(Clone, Copy)]
pub struct Arrangement(pub Cell<Arranged>);

impl Arrangement {
    /// For the whole page.
    #[must_use]
    pub fn new() -> Self {
        let arranged = Cell::new(Arranged::default());
        Effect::new(move |_| {
            if let Some(known) = browser::remembered(NAME) {
                arranged.set(Arranged::read(&known));
            }
        });
        Self(arranged)
    }

    /// From now on.
    pub fn set(self, next: Arranged) {
        browser::remember(NAME, &next.to_string());
        self.0.set(next);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arranged, Bootstrap, Instance};

    #[test]
    fn order_is_kept_and_newcomers_are_last() {
        let instance = |id: &str| Instance { id: id.into(), ..Instance::default() };
        let bootstrap = Bootstrap { instances: ["a", "b", "c"].map(instance).into(), ..Bootstrap::default() };
        let ids = |arranged: &Arranged| arranged.sorted(&bootstrap).into_iter().map(|instance| instance.id).collect::<String>();
        let moved = Arranged::default().moved(&bootstrap, "c", true);
        assert_eq!(ids(&moved), "acb");
        assert_eq!(ids(&moved.moved(&bootstrap, "a", true)), "acb", "the first stays first");
        assert_eq!(ids(&Arranged { order: vec!["gone".into(), "c".into()], muted: Vec::new() }), "cab");
        let muted = moved.toggled("a").toggled("b").toggled("a");
        assert_eq!(muted.muted, ["b"]);
        assert_eq!(Arranged::read(&muted.to_string()), muted);
        assert_eq!(Arranged::read("nonsense").order, ["nonsense"], "what means nothing does no harm");
    }
}
