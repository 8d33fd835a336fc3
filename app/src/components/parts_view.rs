//! What a twin is made of, by its lock: where each part came from, whether there is something newer
//! there, and bringing it in.

use compose::lock::{Entry, FILE, Lock};
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::offer_form::OfferForm;
use super::problem_box::ProblemBox;
use super::update_form::UpdateForm;
use crate::bootstrap::Bootstrap;
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::queries::parts::{Standing, lock_of, stand, whose};
use crate::queries::{Load, Query, ask};
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;

fn words(standing: &Standing) -> (&'static str, Icon, String) {
    match (standing.newer, standing.changed) {
        _ if !standing.there => ("bad", Icon::Cross, "Not in the twin any more.".to_owned()),
        (None, changed) => ("info", Icon::Circle, format!("The source does not have it any more{}", if changed { "; the copy was changed here." } else { "." })),
        (Some(true), true) => ("warn", Icon::Warning, "Newer at its source, and changed here: both can be put together.".to_owned()),
        (Some(true), false) => ("warn", Icon::Down, "Newer at its source.".to_owned()),
        (Some(false), true) => ("info", Icon::Pen, "Changed here since it was copied.".to_owned()),
        (Some(false), false) => ("good", Icon::Check, "As at its source.".to_owned()),
    }
}

/// One part.
fn row(client: StoredValue<Client>, asset: StoredValue<Asset>, entry: Entry, again: Callback<()>) -> AnyView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let source = whose(&bootstrap, &instances, &entry.source);
    let name = source.as_ref().map_or_else(|| entry.source.backend.clone(), |(client, _)| client.instance.name.clone());
    let standing: Cell<Option<Result<Standing, Problem>>> = Cell::new(None);
    let (updating, offering) = (RwSignal::new(false), RwSignal::new(false));
    let known = source.is_some();
    if let Some((from, owner)) = source {
        let (client, asset, entry) = (client.get_value(), asset.get_value(), entry.clone());
        spawn_local(async move {
            standing.set(Some(stand(client, asset, from, owner, entry).await));
        });
    }
    let place = entry.source.clone();
    let shown = entry.clone();
    let state = dynamic(move || {
        if !known {
            return view! { <p class="faint">"Its backend is not configured here, or you are not signed in to it."</p> }.into_any();
        }
        standing.with(|standing| match standing {
            None => view! { <p class="faint" role="status">"Asking its source…"</p> }.into_any(),
            Some(Err(problem)) => view! { <p class="faint">{problem.title.clone()}</p> }.into_any(),
            Some(Ok(standing)) => {
                let (variant, icon, text) = words(standing);
                let act = (standing.newer == Some(true) && standing.there)
                    .then(|| view! { <button type="button" class="button" on:click=move |_| updating.set(true)>"Look at the update"</button> });
                // What is newer there as well is brought in first, so that nobody's change is taken back.
                let give = (standing.newer == Some(false) && standing.changed && standing.source.0.username.is_some())
                    .then(|| view! { <button type="button" class="button" aria-expanded=move || offering.get().to_string() on:click=move |_| offering.update(|open| *open = !*open)>"Offer the change"</button> });
                view! { <p class="part-state" data-variant=variant><Picture icon/>{text}</p>{act}{give} }.into_any()
            }
        })
    });
    let form = dynamic(move || {
        let standing = if updating.get() { standing.with(|standing| standing.clone().and_then(Result::ok)) } else { None };
        standing.map(|standing| view! { <UpdateForm client=client.get_value() asset=asset.get_value() entry=shown.clone() standing done=again/> })
    });
    let offered = entry.clone();
    let offer = dynamic(move || {
        let standing = if offering.get() { standing.with(|standing| standing.clone().and_then(Result::ok)) } else { None };
        standing.map(|standing| view! { <OfferForm client=client.get_value() asset=asset.get_value() entry=offered.clone() standing/> })
    });
    view! {
        <li class="part">
            <h2><code>{entry.path.clone()}</code></h2>
            <p class="faint">{format!("From {} of {} on {name}, at commit {}", place.path, place.project, entry.commit.get(..8).unwrap_or(&entry.commit))}</p>
            {state}{form}{offer}
        </li>
    }
    .into_any()
}

/// The list.
#[component]
pub fn PartsView(client: Client, asset: Asset) -> impl IntoView {
    let (client, asset) = (StoredValue::new(client), StoredValue::new(asset));
    let found: Query<Option<Lock>> = ask(|| (), move |()| lock_of(client.get_value(), asset.get_value()));
    let again = Callback::new(move |()| found.refresh());
    dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=4 label="Reading the lock"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again/> }.into_any(),
        Load::Ready(None) => {
            let text = format!("It has no {FILE}. Twins that are composed of parts get one, which says where each part came from and finds newer versions.");
            view! { <Empty title="Nothing is known of its parts" text/> }.into_any()
        }
        Load::Ready(Some(lock)) if lock.assets.is_empty() => view! { <Empty title="No copied parts" text="Its lock names none."/> }.into_any(),
        Load::Ready(Some(lock)) => view! { <ul class="parts">{lock.assets.into_iter().map(|entry| row(client, asset, entry, again)).collect_view()}</ul> }.into_any(),
    })
}
