//! Offering a part that was changed here to where it came from, as a merge request there.

use compose::lock::Entry;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::{Asset, Kind};

use crate::actions::transfer::{Arrival, Journey, Known, Part, Road, offer};
use crate::desks::Desk;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::parts::Standing;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::notice::{Notice, Tone};

/// What is offered: the part as it is in the twin, at the place where the source keeps it.
fn part(client: Client, asset: &Asset, entry: &Entry, standing: &Standing) -> Option<Part> {
    let inside = Asset { owner: asset.owner, kind: Kind::Twin, name: format!("{}/{}", asset.name, entry.path) };
    Some(Part { client, asset: inside, snapshot: standing.here.clone()?, place: entry.source.path.clone() })
}

/// The form.
#[component]
pub fn OfferForm(client: Client, asset: Asset, entry: Entry, standing: Standing) -> impl IntoView {
    let place = entry.source.path.clone();
    let title = RwSignal::new(format!("Change {place}"));
    let words = RwSignal::new(format!("Changed in {}/{} of {} ({}).", asset.path(), entry.path, client.project_path(asset.owner), client.backend.url));
    let (busy, journey, known) = (RwSignal::new(false), Journey::new(), Known::default());
    let (source, owner, before) = standing.source.clone();
    let name = source.instance.name.clone();
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let sent: Cell<Option<Arrival>> = Cell::new(None);
    let (part, instance, project) = (part(client, &asset, &entry, &standing), source.instance.id.clone(), source.project_path(owner));
    let stored = StoredValue::new_local((part, source, before, known));
    let go = move |_| {
        let (part, source, before, known) = stored.get_value();
        let Some(part) = part else { return };
        let road = Road::Request(title.get_untracked(), words.get_untracked());
        busy.set(true);
        problem.set(None);
        let sending = offer(part, source, owner, before, road, known, journey);
        spawn_local(async move {
            match sending.await {
                Ok(arrival) => drop(sent.set(Some(arrival))),
                Err(error) => drop(problem.set(Some(error))),
            }
            let _ = busy.try_set(false);
        });
    };
    let outcome = dynamic(move || {
        sent.with(Clone::clone).map(|arrival| match arrival {
            Arrival::Offered(number) => {
                let href = Desk::Change(owner, number).at(&instance).to_string();
                view! { <Notice tone=Tone::Plain title=format!("Offered to {project}.") text="Whoever keeps it there decides."><a class="button" href=href>{format!("Look at !{number}")}</a></Notice> }.into_any()
            }
            Arrival::Written(_) | Arrival::Same => view! { <Notice tone=Tone::Plain title="Its source has exactly this already." text="There is nothing to offer."/> }.into_any(),
        })
    });
    view! {
        <div class="fields panel">
            <p class="faint">{format!("A merge request on {name} that makes {place} what it is in this twin.")}</p>
            <div class="field"><label for="offer-title">"Title"</label><input id="offer-title" prop:value=title on:input=move |event| title.set(event_target_value(&event))/></div>
            <div class="field"><label for="offer-words">"Description"</label><textarea id="offer-words" rows="3" prop:value=words on:input=move |event| words.set(event_target_value(&event))></textarea></div>
            {dynamic(move || problem.with(|problem| problem.clone().map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> })))}
            <div class="actions"><button type="button" class="button" data-variant="primary" disabled=move || busy.get() || title.get().trim().is_empty() || sent.with(Option::is_some) on:click=go>{move || if busy.get() { "Offering" } else { "Offer it" }}</button></div>
            {outcome}
        </div>
    }
}
