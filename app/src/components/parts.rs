//! Parts of pages that are files of their own, fetched when they are first shown: Markdown brings its
//! parser, a file its table and plot, results their list.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use gitlab::JobId;
use leptos::prelude::*;
use leptos::wasm_split::wasm_split;
use twin::asset::{Asset, Owner};

use super::checks_view::ChecksView;
use super::dashboard::{Around, DashboardOf};
use super::desk::buffer::{Buffer, Theirs};
use super::desk::buffers::Desk;
use super::desk::conflict::Conflict;
use super::desk::review::review;
use super::embed_form::EmbedForm;
use super::file_view::FileView;
use super::fmu_card::FmuCard;
use super::graph_view::GraphView;
use super::history_view::HistoryView;
use super::log::view::LogView;
use super::markdown::Markdown;
use super::notebook_view::NotebookView;
use super::parameter_form::ParameterForm;
use super::parts_view::PartsView;
use super::results::Results;
use super::start_form::StartForm;
use super::test_report::test_report;
use super::use_view::UseView;
use crate::actions::embed::Offer;
use crate::browser::tab;
use crate::instances::Client;
use crate::queries::run::RunView;
use crate::ui::later::{Arrived, later};

#[wasm_split(part_markdown, wasm_split_path = leptos::wasm_split, fallible)]
fn markdown_part(text: String, folder: String) -> Arrived {
    Ok(view! { <Markdown text folder/> }.into_any())
}

#[wasm_split(part_file, wasm_split_path = leptos::wasm_split, fallible)]
fn file_part(path: String, content: Vec<u8>) -> Arrived {
    Ok(view! { <FileView path content/> }.into_any())
}

#[wasm_split(part_file, wasm_split_path = leptos::wasm_split, fallible)]
fn results_part(client: Client, owner: Owner, run: Signal<RunView>) -> Arrived {
    Ok(view! { <Results client owner run/> }.into_any())
}

#[wasm_split(part_log, wasm_split_path = leptos::wasm_split, fallible)]
fn log_part(client: Client, owner: Owner, job: JobId, name: String, over: Signal<bool>) -> Arrived {
    Ok(view! { <LogView client owner job name over/> }.into_any())
}

/// The log of a job.
pub fn log(client: Client, owner: Owner, job: JobId, name: String, over: Signal<bool>) -> AnyView {
    later(None, bring_log, move || log_part(client.clone(), owner, job, name.clone(), over))
}

async fn bring_log() -> Result<(), leptos::wasm_split::SplitLoaderError> {
    futures_util::future::join(__wasm_split_preload_log_part(), tab::log_sheet()).await.0
}

/// Begins to fetch what shows logs, beside the page that will show one.
pub fn expect_log() {
    leptos::task::spawn_local(async {
        let _ = bring_log().await;
    });
}

#[wasm_split(part_timeline, wasm_split_path = leptos::wasm_split, fallible)]
fn timeline_part(run: Signal<RunView>, instance: String, owner: Owner) -> Arrived {
    Ok(super::timeline::timeline(run, instance, owner))
}

/// The stages of a run, and when their jobs ran.
pub fn timeline(run: Signal<RunView>, instance: String, owner: Owner) -> AnyView {
    later(None, __wasm_split_preload_timeline_part, move || timeline_part(run, instance.clone(), owner))
}

#[wasm_split(part_start, wasm_split_path = leptos::wasm_split, fallible)]
fn start_part(client: Client, asset: Asset) -> Arrived {
    Ok(view! { <StartForm client asset/> }.into_any())
}

/// The form that starts a twin.
pub fn start(client: Client, asset: Asset) -> AnyView {
    later(None, __wasm_split_preload_start_part, move || start_part(client.clone(), asset.clone()))
}

#[wasm_split(part_model, wasm_split_path = leptos::wasm_split, fallible)]
fn fmu_part(content: Vec<u8>, report: bool) -> Arrived {
    Ok(if report { test_report(&content) } else { view! { <FmuCard content/> }.into_any() })
}

#[wasm_split(part_checks, wasm_split_path = leptos::wasm_split, fallible)]
fn graph_part(path: String, text: String, whose: Option<(Client, Asset)>) -> Arrived {
    Ok(view! { <GraphView path text whose/> }.into_any())
}

#[wasm_split(part_checks, wasm_split_path = leptos::wasm_split, fallible)]
fn checks_part(client: Client, asset: Asset) -> Arrived {
    Ok(view! { <ChecksView client asset/> }.into_any())
}

#[wasm_split(part_notebook, wasm_split_path = leptos::wasm_split, fallible)]
fn notebook_part(text: String, folder: String) -> Arrived {
    Ok(view! { <NotebookView text folder/> }.into_any())
}

#[wasm_split(part_history, wasm_split_path = leptos::wasm_split, fallible)]
fn history_part(client: Client, asset: Asset) -> Arrived {
    Ok(view! { <HistoryView client asset/> }.into_any())
}

#[wasm_split(part_use, wasm_split_path = leptos::wasm_split, fallible)]
fn use_part(client: Client, asset: Asset) -> Arrived {
    Ok(view! { <UseView client asset/> }.into_any())
}

#[wasm_split(part_embed, wasm_split_path = leptos::wasm_split, fallible)]
fn embed_part(instance: String, project: String, offers: Signal<Vec<Offer>>) -> Arrived {
    Ok(view! { <EmbedForm instance project offers/> }.into_any())
}

/// Links for pages of somebody's own.
pub fn embed(instance: String, project: String, offers: Signal<Vec<Offer>>) -> AnyView {
    later(None, __wasm_split_preload_embed_part, move || embed_part(instance.clone(), project.clone(), offers))
}

#[wasm_split(part_dashboard, wasm_split_path = leptos::wasm_split, fallible)]
fn dashboard_part(asset: Asset, around: StoredValue<Around, LocalStorage>) -> Arrived {
    Ok(view! { <DashboardOf asset around/> }.into_any())
}

/// The panels of a twin, over what `around` says.
pub fn dashboard(asset: Asset, around: Around) -> AnyView {
    let around = StoredValue::new_local(around);
    later(None, __wasm_split_preload_dashboard_part, move || dashboard_part(asset.clone(), around))
}

#[wasm_split(part_made_of, wasm_split_path = leptos::wasm_split, fallible)]
fn parts_part(client: Client, asset: Asset) -> Arrived {
    Ok(view! { <PartsView client asset/> }.into_any())
}

#[wasm_split(part_yaml, wasm_split_path = leptos::wasm_split, fallible)]
fn editing_part(part: Editing) -> Arrived {
    Ok(match part {
        Editing::Form(path, text) => view! { <ParameterForm path text/> }.into_any(),
        Editing::Conflict(buffer, theirs) => view! { <Conflict buffer theirs/> }.into_any(),
        Editing::Review(desk) => review(desk),
    })
}

/// Parts of the editor, in one file: each that is split off adds its name to the first load.
#[derive(Clone)]
pub enum Editing {
    /// The values of a file as a form.
    Form(String, RwSignal<String>),
    /// What somebody else saved meanwhile.
    Conflict(Buffer, Theirs),
    /// What would be saved.
    Review(Desk),
}

/// A part of the editor.
pub fn editing(part: Editing) -> AnyView {
    later(None, __wasm_split_preload_editing_part, move || editing_part(part.clone()))
}

/// The card of an FMU, or the tests of a `report`: what is read out of XML.
pub fn fmu(content: Vec<u8>, report: bool) -> AnyView {
    later(None, __wasm_split_preload_fmu_part, move || fmu_part(content.clone(), report))
}

/// A co-simulation as a graph, held against its models where it is known whose it is.
pub fn graph(path: String, text: String, whose: Option<(Client, Asset)>) -> AnyView {
    later(None, __wasm_split_preload_graph_part, move || graph_part(path.clone(), text.clone(), whose.clone()))
}

/// Whether a twin's parts fit.
pub fn checks(client: Client, asset: Asset) -> AnyView {
    later(None, __wasm_split_preload_checks_part, move || checks_part(client.clone(), asset.clone()))
}

/// A notebook.
pub fn notebook(text: String, folder: String) -> AnyView {
    later(None, __wasm_split_preload_notebook_part, move || notebook_part(text.clone(), folder.clone()))
}

/// How an asset came to be.
pub fn history(client: Client, asset: Asset) -> AnyView {
    later(None, __wasm_split_preload_history_part, move || history_part(client.clone(), asset.clone()))
}

/// What can be done with an asset.
pub fn uses(client: Client, asset: Asset) -> AnyView {
    later(None, __wasm_split_preload_use_part, move || use_part(client.clone(), asset.clone()))
}

/// What a twin was made of.
pub fn made_of(client: Client, asset: Asset) -> AnyView {
    later(None, __wasm_split_preload_parts_part, move || parts_part(client.clone(), asset.clone()))
}

/// Markdown, with the folder that relative links start from.
pub fn markdown(text: String, folder: String) -> AnyView {
    later(None, __wasm_split_preload_markdown_part, move || markdown_part(text.clone(), folder.clone()))
}

/// A file, as what it is.
pub fn file(path: String, content: Vec<u8>) -> AnyView {
    later(None, __wasm_split_preload_file_part, move || file_part(path.clone(), content.clone()))
}

/// What a run left.
pub fn results(client: Client, owner: Owner, run: Signal<RunView>) -> AnyView {
    later(None, __wasm_split_preload_results_part, move || results_part(client.clone(), owner, run))
}
