//! Pages that are files of their own, fetched when somebody goes there: what the first load does
//! without.

#![cfg_attr(not(any(feature = "hydrate", test)), allow(unused_variables, reason = "only browsers make the pages"))]
#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use ::twin::asset::{Asset, Owner};
use leptos::prelude::*;
use leptos::wasm_split::wasm_split;
use leptos_router::hooks::use_location;

#[cfg(any(feature = "hydrate", test))]
use super::{asset, changes, compare, compose, edit, embed, federated, help, missing, run, runs, schedules, service, twin, workspace};
use crate::bootstrap::Instance;
#[cfg(any(feature = "hydrate", test))]
use crate::components::parts;
#[cfg(any(feature = "hydrate", test))]
use crate::desks::Desk;
use crate::instances::Client;
use crate::places::Places;
use crate::queries::twin::{Contents, contents};
use crate::queries::{Query, ask};
use crate::ui::later::{Arrived, in_browser, later};

// The first word names the file; what several of them use is split off once more.

#[wasm_split(page_run, wasm_split_path = leptos::wasm_split, fallible)]
fn run_page(client: Client, owner: Owner, pipeline: i64) -> Arrived {
    in_browser!(view! { <run::Run client owner pipeline/> }.into_any())
}

#[wasm_split(page_runs, wasm_split_path = leptos::wasm_split, fallible)]
fn runs_page(places: Places, instances: Vec<Instance>) -> Arrived {
    in_browser!(view! { <runs::Runs places instances/> }.into_any())
}

#[wasm_split(page_asset, wasm_split_path = leptos::wasm_split, fallible)]
fn asset_page(client: Client, asset: Asset, found: Query<Contents>) -> Arrived {
    in_browser!(view! { <asset::AssetPage client asset found/> }.into_any())
}

#[wasm_split(page_asset, wasm_split_path = leptos::wasm_split, fallible)]
fn twin_page(client: Client, asset: Asset, found: Query<Contents>) -> Arrived {
    in_browser!(view! { <twin::TwinPage client asset found/> }.into_any())
}

#[wasm_split(page_compare, wasm_split_path = leptos::wasm_split, fallible)]
fn compare_page(client: Client, owner: Owner, first: i64, second: i64) -> Arrived {
    in_browser!(view! { <compare::Compare client owner first second/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn help_page() -> Arrived {
    in_browser!(view! { <help::Help/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn missing_page(instance: Option<String>) -> Arrived {
    in_browser!(match instance {
        Some(instance) => view! { <missing::UnknownInstance instance/> }.into_any(),
        None => view! { <missing::NotFound/> }.into_any(),
    })
}

#[wasm_split(page_compose, wasm_split_path = leptos::wasm_split, fallible)]
fn compose_page(client: Client) -> Arrived {
    in_browser!(view! { <compose::Compose client/> }.into_any())
}

#[wasm_split(page_edit, wasm_split_path = leptos::wasm_split, fallible)]
fn edit_page(client: Client, asset: Asset) -> Arrived {
    in_browser!(view! { <edit::Edit client asset/> }.into_any())
}

#[wasm_split(page_changes, wasm_split_path = leptos::wasm_split, fallible)]
fn changes_page(client: Client, one: Option<(Owner, i64)>) -> Arrived {
    in_browser!(match one {
        Some((owner, number)) => view! { <changes::Change client owner number/> }.into_any(),
        None => view! { <changes::Changes client/> }.into_any(),
    })
}

#[wasm_split(page_workspace, wasm_split_path = leptos::wasm_split, fallible)]
fn workspace_page(client: Client) -> Arrived {
    in_browser!(view! { <workspace::WorkspacePage client/> }.into_any())
}

#[wasm_split(page_workspace, wasm_split_path = leptos::wasm_split, fallible)]
fn service_page(client: Client, schedules: bool) -> Arrived {
    in_browser!(if schedules { view! { <schedules::SchedulePage client/> }.into_any() } else { view! { <service::ServicePage client/> }.into_any() })
}

#[wasm_split(page_federated, wasm_split_path = leptos::wasm_split, fallible)]
fn federated_page(client: Client, owner: Owner, twin: String, run: Option<String>) -> Arrived {
    in_browser!(view! { <federated::FederatedPage client owner twin run/> }.into_any())
}

#[wasm_split(page_embed, wasm_split_path = leptos::wasm_split, fallible)]
fn embed_page(told: String) -> Arrived {
    in_browser!(view! { <embed::Embedded told/> }.into_any())
}

/// A view in a page of somebody else.
pub fn embedded(told: String) -> AnyView {
    Effect::new(|_| crate::browser::mark_ready());
    later(None, __wasm_split_preload_embed_page, move || embed_page(told.clone()))
}

// Which desk it is, is known to this file alone, so that the first load need not know it.
#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn desk_page(client: Client, rest: String) -> Arrived {
    in_browser!(match Desk::parse(&rest) {
        Some(Desk::Compose) => later(Some("Compose a twin".to_owned()), __wasm_split_preload_compose_page, move || compose_page(client.clone())),
        Some(Desk::Edit(asset)) => later(Some(format!("Edit {}", asset.name)), __wasm_split_preload_edit_page, move || edit_page(client.clone(), asset.clone())),
        Some(Desk::Workspace) => later(Some("Workspace".to_owned()), __wasm_split_preload_workspace_page, move || workspace_page(client.clone())),
        Some(Desk::Federated(owner, twin, run)) => {
            later(Some(twin.clone()), __wasm_split_preload_federated_page, move || federated_page(client.clone(), owner, twin.clone(), run.clone()))
        }
        Some(Desk::Services) => later(Some("Services".to_owned()), __wasm_split_preload_service_page, move || service_page(client.clone(), false)),
        Some(Desk::Schedules) => later(Some("Schedules".to_owned()), __wasm_split_preload_service_page, move || service_page(client.clone(), true)),
        Some(Desk::Changes) => later(Some("Changes".to_owned()), __wasm_split_preload_changes_page, move || changes_page(client.clone(), None)),
        Some(Desk::Change(owner, number)) => {
            later(Some(format!("Change !{number}")), __wasm_split_preload_changes_page, move || changes_page(client.clone(), Some((owner, number))))
        }
        None => missing(None),
    })
}

/// Where things are made and changed.
pub fn desk(client: Client, rest: String) -> AnyView {
    later(None, __wasm_split_preload_desk_page, move || desk_page(client.clone(), rest.clone()))
}

/// The guide.
pub fn help() -> AnyView {
    later(Some("Help".to_owned()), __wasm_split_preload_help_page, help_page)
}

/// An address that leads nowhere, because of an instance that is not there if that is known.
pub fn missing(instance: Option<String>) -> AnyView {
    later(None, __wasm_split_preload_missing_page, move || missing_page(instance.clone()))
}

/// Two runs beside each other.
pub fn compare(client: Client, owner: Owner, first: i64, second: i64) -> AnyView {
    later(Some(format!("Runs {first} and {second}")), __wasm_split_preload_compare_page, move || compare_page(client.clone(), owner, first, second))
}

/// One run.
pub fn run(client: Client, owner: Owner, pipeline: i64) -> AnyView {
    #[cfg(any(feature = "hydrate", test))]
    Effect::new(|_| parts::expect_log());
    later(Some(format!("Run {pipeline}")), __wasm_split_preload_run_page, move || run_page(client.clone(), owner, pipeline))
}

/// The runs of one or several instances.
pub fn runs(places: Places, instances: Vec<Instance>) -> AnyView {
    later(Some("Runs".to_owned()), __wasm_split_preload_runs_page, move || runs_page(places.clone(), instances.clone()))
}

/// The version that the address names, followed.
pub fn version() -> impl Fn() -> Option<String> + Copy {
    let query = use_location().query;
    move || query.with(|query| query.get("ref"))
}

/// What an asset holds is asked for at once, while the page that shows it comes.
fn contents_of(client: &Client, asset: &Asset) -> Query<Contents> {
    let (client, asset) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()));
    ask(version(), move |version| contents(client.get_value().at(version), asset.get_value()))
}

/// One asset that is no twin.
pub fn asset(client: Client, asset: Asset) -> AnyView {
    let found = contents_of(&client, &asset);
    later(Some(asset.name.clone()), __wasm_split_preload_asset_page, move || asset_page(client.clone(), asset.clone(), found))
}

/// One twin.
pub fn twin(client: Client, asset: Asset) -> AnyView {
    let found = contents_of(&client, &asset);
    later(Some(asset.name.clone()), __wasm_split_preload_twin_page, move || twin_page(client.clone(), asset.clone(), found))
}
