//! The editor of an asset: its files, what was changed in them, and one commit for all of it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use twin::asset::Asset;

use crate::components::asset_table::route_of;
use crate::components::desk::buffers::Desk;
use crate::components::desk::files::FileList;
use crate::components::desk::open::OpenFile;
use crate::components::desk::save::SaveBar;
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::queries::copy::{Snapshot, snapshot};
use crate::queries::{Load, Query, ask};
use crate::ui::dynamic::dynamic;
use crate::ui::loaded::Skeleton;

#[component]
fn Bench(client: Client, asset: Asset, snapshot: Snapshot, again: Callback<()>) -> impl IntoView {
    let query = use_location().query;
    let (file, line, fix) = query.with_untracked(|query| (query.get("file"), query.get("line").and_then(|line| line.parse().ok()), query.get("fix")));
    let desk = Desk::new(client, asset, &snapshot);
    let first = file.or_else(|| desk.first());
    if let Some(path) = first {
        desk.open(path, line, fix);
    }
    let leave = crate::browser::desk::guard_leaving(move || desk.changed() > 0);
    let leave = StoredValue::new_local(Some(leave));
    on_cleanup(move || {
        if let Some(leave) = leave.try_update_value(Option::take).flatten() {
            leave();
        }
    });
    let open = dynamic(move || desk.shown().map(|number| view! { <OpenFile desk number/> }));
    view! {
        <div class="bench">
            <FileList desk/>
            <div class="bench-main">{open}</div>
        </div>
        <SaveBar desk again/>
    }
}

/// The page.
#[component]
pub fn Edit(client: Client, asset: Asset) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()));
    let found: Query<Snapshot> = ask(|| (), move |()| snapshot(stored.get_value(), of.get_value()));
    let again = Callback::new(move |()| found.refresh());
    let back = route_of(&client.instance.id, &asset).to_string();
    let body = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=8 label="Opening the files"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again/> }.into_any(),
        Load::Ready(snapshot) => view! { <Bench client=stored.get_value() asset=of.get_value() snapshot again/> }.into_any(),
    });
    view! {
        <Title text=format!("Edit {}", asset.name)/>
        <nav class="crumbs" aria-label="Path"><a href=back>{asset.name.clone()}</a></nav>
        <div class="page-head"><h1>{format!("Edit {}", asset.name)}</h1><span class="tag" data-variant=asset.owner.word()>{asset.owner.label()}</span></div>
        {body}
    }
}
