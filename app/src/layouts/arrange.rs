//! The menu that puts instances in order and mutes them.

use leptos::prelude::*;

use super::arrangement::{Arranged, Arrangement};
use crate::bootstrap::{Bootstrap, Instance};
use crate::ui::icon::{Icon, Picture};

/// What is in the menu at the end of the rail.
#[component]
pub fn Arrange() -> impl IntoView {
    let bootstrap = StoredValue::new(expect_context::<Bootstrap>());
    let arrangement = expect_context::<Arrangement>();
    let row = move |instance: Instance| {
        let (id, name) = (instance.id, instance.name);
        let muted = {
            let id = id.clone();
            Signal::derive(move || arrangement.0.with(|now| now.muted.contains(&id)))
        };
        let act = move |change: fn(&Arranged, &Bootstrap, &str) -> Arranged| {
            let id = id.clone();
            move |_| arrangement.set(bootstrap.with_value(|bootstrap| change(&arrangement.0.peek(Clone::clone).unwrap_or_default(), bootstrap, &id)))
        };
        let label = |word: &str| format!("{word} {name}");
        view! {
            <li>
                <span>{name.clone()}</span>
                <button type="button" class="button" data-variant="quiet" aria-label=label("Move up:") on:click=act(|now, all, id| now.moved(all, id, true))><Picture icon=Icon::Up/></button>
                <button type="button" class="button" data-variant="quiet" aria-label=label("Move down:") on:click=act(|now, all, id| now.moved(all, id, false))><Picture icon=Icon::Down/></button>
                <button type="button" class="button" data-variant="quiet" aria-pressed=move || muted.get().to_string() on:click=act(|now, _, id| now.toggled(id))>
                    {move || if muted.get() { "Muted" } else { "Mute" }}<span class="only-read">{format!(" {name}")}</span>
                </button>
            </li>
        }
    };
    let rows = move || bootstrap.with_value(|bootstrap| arrangement.0.with(|now| now.sorted(bootstrap)));
    view! {
        <p><strong>"Instances"</strong><br/><span class="faint">"Muted ones are left out of “All”. Kept in this browser."</span></p>
        <ul class="arrange"><For each=rows key=|instance| instance.id.clone() children=row/></ul>
    }
}
