//! The person's own order of instances, and those that are not to be seen among all. Kept in this
//! browser: it is nobody else's business.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::bootstrap::{Bootstrap, Instance};
use crate::browser;
use crate::ui::icon::{Icon, Picture};

/// Under which it is kept.
const NAME: &str = "instances";

/// Order and silence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arranged {
    /// Ids in the wished order; others come behind.
    pub order: Vec<String>,
    /// Ids that are left out of “all”.
    pub muted: Vec<String>,
}

impl Arranged {
    /// The configured instances in the person's order.
    #[must_use]
    pub fn sorted(&self, bootstrap: &Bootstrap) -> Vec<Instance> {
        let mut list = bootstrap.instances.clone();
        list.sort_by_key(|instance| self.order.iter().position(|id| *id == instance.id).unwrap_or(usize::MAX));
        list
    }

    fn moved(&self, bootstrap: &Bootstrap, id: &str, up: bool) -> Self {
        let mut order: Vec<String> = self.sorted(bootstrap).into_iter().map(|instance| instance.id).collect();
        if let Some(place) = order.iter().position(|known| known == id) {
            let other = if up { place.checked_sub(1) } else { Some(place + 1).filter(|other| *other < order.len()) };
            if let Some(other) = other {
                order.swap(place, other);
            }
        }
        Self { order, muted: self.muted.clone() }
    }

    fn toggled(&self, id: &str) -> Self {
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
pub struct Arrangement(pub RwSignal<Arranged>);

impl Arrangement {
    /// For the whole page.
    #[must_use]
    pub fn new() -> Self {
        let arranged = RwSignal::new(Arranged::default());
        Effect::new(move |_| {
            if let Some(known) = browser::remembered(NAME).and_then(|text| serde_json::from_str(&text).ok()) {
                arranged.set(known);
            }
        });
        Self(arranged)
    }

    fn set(self, next: Arranged) {
        browser::remember(NAME, &serde_json::to_string(&next).unwrap_or_default());
        self.0.set(next);
    }
}

/// The menu at the end of the rail.
#[component]
pub fn Arrange() -> impl IntoView {
    let bootstrap = StoredValue::new(expect_context::<Bootstrap>());
    let arrangement = expect_context::<Arrangement>();
    let row = move |instance: Instance| {
        let (id, name) = (instance.id, instance.name);
        let muted = arrangement.0.with_untracked(|now| now.muted.contains(&id));
        let act = move |change: fn(&Arranged, &Bootstrap, &str) -> Arranged| {
            let id = id.clone();
            move |_| arrangement.set(bootstrap.with_value(|bootstrap| change(&arrangement.0.get_untracked(), bootstrap, &id)))
        };
        let label = |word: &str| format!("{word} {name}");
        view! {
            <li>
                <span>{name.clone()}</span>
                <button type="button" class="button" data-variant="quiet" aria-label=label("Move up:") on:click=act(|now, all, id| now.moved(all, id, true))><Picture icon=Icon::Up/></button>
                <button type="button" class="button" data-variant="quiet" aria-label=label("Move down:") on:click=act(|now, all, id| now.moved(all, id, false))><Picture icon=Icon::Down/></button>
                <button type="button" class="button" data-variant="quiet" aria-pressed=muted.to_string() on:click=act(|now, _, id| now.toggled(id))>
                    {if muted { "Muted" } else { "Mute" }}<span class="only-read">{format!(" {name}")}</span>
                </button>
            </li>
        }
    };
    let rows = move || bootstrap.with_value(|bootstrap| arrangement.0.get().sorted(bootstrap)).into_iter().map(row).collect_view();
    view! {
        <details class="menu rail-menu">
            <summary class="button" data-variant="quiet" aria-label="Arrange instances" title="Arrange instances"><Picture icon=Icon::More/></summary>
            <div class="menu-body">
                <p><strong>"Instances"</strong><br/><span class="faint">"Muted ones are left out of “All”. Kept in this browser."</span></p>
                <ul class="arrange">{rows}</ul>
            </div>
        </details>
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
        assert_eq!(moved.toggled("a").toggled("b").toggled("a").muted, ["b"]);
    }
}
