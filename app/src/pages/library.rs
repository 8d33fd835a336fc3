//! The library: five kinds, private and common, narrowed while one types.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use twin::asset::{Asset, Kind, Owner, matches};

use crate::components::asset_table::AssetTable;
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::queries::{Load, Query, ask, library};
use crate::routes::Route;
use crate::ui::empty::Empty;
use crate::ui::filter::Filter;
use crate::ui::loaded::Skeleton;

/// The kinds as a row of links, with how many there are of each.
#[component]
fn Kinds(#[prop(into)] instance: String, chosen: Memo<Option<Kind>>, #[prop(into)] assets: Signal<Vec<Asset>>) -> impl IntoView {
    let link = move |kind: Option<Kind>| {
        let href = Route::Library { instance: instance.clone(), kind }.to_string();
        let label = kind.map_or("All", Kind::plural);
        let count = move || assets.get().iter().filter(|asset| kind.is_none_or(|kind| kind == asset.kind)).count();
        view! { <li><a href=href aria-current=move || (chosen.get() == kind).then_some("page")>{label}" "<span class="count">{count}</span></a></li> }
    };
    view! {
        <nav class="kinds" aria-label="Kinds of assets">
            <ul>{link(None)}{Kind::ALL.into_iter().map(|kind| link(Some(kind))).collect_view()}</ul>
        </nav>
    }
}

/// The library.
#[component]
pub fn Library(client: Client) -> impl IntoView {
    let path = use_location().pathname;
    let kind = Memo::new(move |_| match Route::parse(&path.get()) {
        Route::Library { kind, .. } => kind,
        _ => None,
    });
    let (text, owner) = (RwSignal::new(String::new()), RwSignal::new(None::<Owner>));
    let of = |owner: Owner| {
        let client = StoredValue::new(client.clone());
        ask(move || owner, move |owner| library::of_owner(client.get_value(), owner))
    };
    let queries: [(Owner, Query<Vec<Asset>>); 2] = [(Owner::Private, of(Owner::Private)), (Owner::Common, of(Owner::Common))];
    let found = Memo::new(move |_| queries.iter().flat_map(|(_, query)| query.get().unwrap_or_default()).collect::<Vec<Asset>>());
    let narrowed = Memo::new(move |_| {
        let (text, owner) = (text.get(), owner.get());
        found.get().into_iter().filter(|asset| matches(&text, &asset.name) && owner.is_none_or(|owner| owner == asset.owner)).collect::<Vec<Asset>>()
    });
    let shown = Memo::new(move |_| narrowed.get().into_iter().filter(|asset| kind.get().is_none_or(|kind| kind == asset.kind)).collect::<Vec<Asset>>());
    let loading = move || queries.iter().any(|(_, query)| query.state.get() == Load::Loading);
    let failed = move || queries.iter().any(|(_, query)| matches!(query.state.get(), Load::Failed(_)));
    let problems = move || {
        let box_of = |(_, query): (Owner, Query<Vec<Asset>>)| match query.state.get() {
            Load::Failed(problem) => Some(view! { <ProblemBox problem again=Callback::new(move |()| query.refresh())/> }),
            _ => None,
        };
        queries.into_iter().filter_map(box_of).collect_view()
    };
    let nothing = move || {
        let none_at_all = found.get().is_empty();
        let (title, words) = if none_at_all {
            ("No assets yet", "Push a folder below functions, models, tools, data or digital_twins to your project, and it appears here.")
        } else {
            ("Nothing matches", "Type less, or choose another kind.")
        };
        view! {
            <Empty title=title text=words>
                {(!none_at_all).then(|| view! { <button type="button" class="button" on:click=move |_| { text.set(String::new()); owner.set(None); }>"Clear the filter"</button> })}
            </Empty>
        }
    };
    let owner_button = move |wanted: Option<Owner>, label: &'static str| {
        view! { <button type="button" aria-pressed=move || (owner.get() == wanted).to_string() on:click=move |_| owner.set(wanted)>{label}</button> }
    };
    // The server reads the title when the head is sent, which may be after the page was made and let go.
    let title = move || kind.try_get().flatten().map_or("Library", Kind::plural);
    let instance = client.instance.id.clone();
    view! {
        <Title text=title/>
        <div class="page-head"><h1>{title}</h1></div>
        <Kinds instance chosen=kind assets=narrowed/>
        <div class="bar">
            <Filter text label="Filter by name"/>
            <div class="choice" role="group" aria-label="Where">
                {owner_button(None, "All")}{owner_button(Some(Owner::Private), "Private")}{owner_button(Some(Owner::Common), "Common")}
            </div>
            <span class="faint" role="status">{move || if loading() { String::new() } else { format!("{} shown", shown.get().len()) }}</span>
        </div>
        {problems}
        <Show when=move || !shown.get().is_empty()><AssetTable client=client.clone() assets=shown/></Show>
        <Show when=loading><Skeleton rows=5 label="Loading assets"/></Show>
        <Show when=move || !loading() && !failed() && shown.get().is_empty()>{nothing}</Show>
    }
}
