//! Choosing instances and searching in files: in one file with the frame's menus, fetched when one of them is first
//! wanted.

#![cfg_attr(not(any(feature = "hydrate", test)), allow(unused_variables, reason = "only browsers make the parts"))]
#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use std::rc::Rc;

use leptos::prelude::*;
use leptos::wasm_split::wasm_split;
use twin::asset::Asset;

#[cfg(any(feature = "hydrate", test))]
use super::choose::Choose;
#[cfg(any(feature = "hydrate", test))]
use super::facets::Facets;
#[cfg(any(feature = "hydrate", test))]
use super::in_files::InFiles;
#[cfg(any(feature = "hydrate", test))]
use super::said::Said;
use crate::instances::Client;
use crate::places::Places;
use crate::ui::cell::Cell;
use crate::ui::later::{Arrived, in_browser, later, quietly};

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn in_files_part(text: RwSignal<String>, clients: Vec<Client>) -> Arrived {
    in_browser!(view! { <InFiles text clients/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn choose_part(places: Places) -> Arrived {
    in_browser!(view! { <Choose places/> }.into_any())
}

/// Whether an asset of an instance (by its place in the list) is shown.
pub type Only = Rc<dyn Fn(usize, &Asset) -> bool>;
/// Assets, with the place of their instance.
pub type Rows = Rc<dyn Fn() -> Vec<(usize, Asset)>>;

/// What the library and its facets share.
#[derive(Clone)]
pub struct Sieve {
    /// Which assets are shown, of those that fit what was typed.
    pub only: Cell<Option<Only>>,
    /// What is chosen, as it stands in the address.
    pub more: Cell<String>,
    /// Whether the facets are open.
    pub open: RwSignal<bool>,
    /// Who asks each instance.
    pub clients: Vec<Option<Client>>,
    /// Everything that came; followed.
    pub all: StoredValue<Rows, LocalStorage>,
    /// What fits what was typed; followed.
    pub fitting: StoredValue<Rows, LocalStorage>,
}

#[wasm_split(part_facets, wasm_split_path = leptos::wasm_split, fallible)]
fn facets_part(sieve: StoredValue<Sieve, LocalStorage>) -> Arrived {
    in_browser!(view! { <Facets sieve=sieve.get_value()/> }.into_any())
}

/// Owner, tag, licence and last run, to choose from.
pub fn facets(sieve: Sieve) -> AnyView {
    let sieve = StoredValue::new_local(sieve);
    later(None, __wasm_split_preload_facets_part, move || facets_part(sieve))
}

#[wasm_split(part_facets, wasm_split_path = leptos::wasm_split, fallible)]
fn said_part(client: Client, asset: Asset) -> Arrived {
    in_browser!(view! { <Said client asset/> }.into_any())
}

/// What an asset says of itself; it says nothing when its file does not come.
pub fn said(client: Client, asset: Asset) -> AnyView {
    quietly(__wasm_split_preload_said_part, move || said_part(client.clone(), asset.clone()))
}

/// The choice of instances.
pub fn choose(places: Places) -> AnyView {
    later(None, __wasm_split_preload_choose_part, move || choose_part(places.clone()))
}

/// What stands in files, once enough was typed.
pub fn in_files(text: RwSignal<String>, clients: Vec<Client>) -> AnyView {
    later(None, __wasm_split_preload_in_files_part, move || in_files_part(text, clients.clone()))
}
