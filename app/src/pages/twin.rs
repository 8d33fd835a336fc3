//! One twin: what it is, its lifecycle, its files, its runs, and the button that runs it.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::wasm_split;
use twin::asset::Asset;

use super::asset::{AssetHead, AssetTabs};
use crate::actions::runs::{Start, start};
use crate::components::parts;
use crate::components::phases::Phases;
use crate::components::problem_box::ProblemBox;
use crate::components::run_table::RunTable;
use crate::desks::Desk;
use crate::instances::Client;
use crate::queries::runs::of_owner;
use crate::queries::twin::Contents;
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::later::{Arrived, later};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::onward::Onward;
use crate::ui::tabs::Tab;
use crate::ui::toast::Toasts;

/// The button, and what went wrong when it was pressed.
#[component]
fn RunButton(client: Client, asset: Asset, runnable: Signal<Option<bool>>, problem: RwSignal<Option<crate::problem::Problem>>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let (toasts, onward) = (expect_context::<Toasts>(), Onward::here());
    let press = move |_| {
        let (client, asset) = (client.clone(), asset.clone());
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let instance = client.instance.id.clone();
            match start(client, asset.owner, asset.name, Start::default()).await {
                Ok(pipeline) => {
                    if !onward.to(&Route::Run { instance, owner: asset.owner, pipeline, job: None }.to_string()) {
                        toasts.good(format!("Run {pipeline} was started."));
                    }
                }
                Err(error) => {
                    let _ = problem.try_set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <button type="button" class="button" data-variant="primary" disabled=move || busy.get() || runnable.get() != Some(true) on:click=press>
            <Picture icon=Icon::Play/>{dynamic(move || if busy.get() { "Starting" } else { "Run" })}
        </button>
    }
}

/// Runs of this twin.
#[component]
fn TwinRuns(client: Client, asset: Asset) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client), StoredValue::new(asset));
    let found = ask(|| (), move |()| of_owner(stored.get_value(), of.get_value().owner, Some(of.get_value().name)));
    dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=4 label="Loading runs"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(rows) if rows.is_empty() => {
            view! { <Empty title="Not run yet" text="Press Run, and the run appears here, for everybody who may see this project."/> }.into_any()
        }
        Load::Ready(rows) => {
            view! { <RunTable instances=Vec::new() rows=Signal::derive(move || rows.clone()) with_twin=false chosen=crate::ui::cell::Cell::new(Vec::new())/> }.into_any()
        }
    })
}

#[wasm_split(page_runs, wasm_split_path = leptos::wasm_split, fallible)]
fn twin_runs(client: Client, asset: Asset) -> Arrived {
    Ok(view! { <TwinRuns client asset/> }.into_any())
}

/// What only twins have.
fn special(key: &'static str, client: &Client, asset: &Asset) -> Option<AnyView> {
    let (client, asset) = (client.clone(), asset.clone());
    Some(match key {
        "start" => parts::start(client, asset),
        "runs" => later(None, __wasm_split_preload_twin_runs, move || twin_runs(client.clone(), asset.clone())),
        "checks" => parts::checks(client, asset),
        "parts" => parts::made_of(client, asset),
        _ => return None,
    })
}

#[component]
fn Body(client: Client, asset: Asset, contents: Contents) -> impl IntoView {
    let tab = |key: &'static str, label: &str| Tab { key, label: label.to_owned() };
    let files = format!("Files ({})", contents.files.len());
    let tabs = [("about", "About"), ("files", &files), ("start", "Start with…"), ("runs", "Runs"), ("checks", "Checks"), ("parts", "Made of")].map(|(key, label)| tab(key, label));
    view! { <AssetTabs client asset contents first="about" before=tabs.to_vec() special/> }
}

/// The page.
#[component]
pub fn TwinPage(client: Client, asset: Asset, found: Query<Contents>) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()));
    let runnable = Signal::derive(move || found.get().map(|contents| contents.runnable));
    let problem = RwSignal::new(None);
    let federated = Memo::new(move |_| found.get().is_some_and(|contents| contents.files.iter().any(|path| path.ends_with("/federation.yml"))));
    let federation = Desk::Federated(asset.owner, asset.name.clone(), None).at(&client.instance.id).to_string();
    let body = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=8 label="Loading the twin"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(contents) => {
            let (client, asset) = (stored.get_value(), of.get_value());
            let path = format!("{}/.gitlab-ci.yml", asset.path());
            view! {
                <p class="lead">{contents.description.clone()}</p>
                {(!contents.runnable && !federated.get_untracked()).then(|| view! { <Notice tone=Tone::Plain title="This twin cannot be run yet." text=format!("It has no {path}. Add one that runs its lifecycle scripts.")/> })}
                {(!contents.phases.is_empty()).then(|| view! { <Phases phases=contents.phases.clone()/> })}
                <Body client asset contents/>
            }
            .into_any()
        }
    });
    let (again_client, again_asset) = (client.clone(), asset.clone());
    view! {
        <AssetHead client=client.clone() asset=asset.clone()>
            {dynamic(move || federated.get().then(|| view! { <a class="button" href=federation.clone()>"Federation"</a> }))}
            <RunButton client=again_client asset=again_asset runnable problem/>
        </AssetHead>
        {dynamic(move || problem.get().map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> }))}
        {body}
    }
}
