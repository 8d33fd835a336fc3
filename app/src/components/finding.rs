//! Choosing instances and searching in files: in one file with the frame's menus, fetched when one of them is first
//! wanted.

#![cfg_attr(not(any(feature = "hydrate", test)), allow(unused_variables, reason = "only browsers make the parts"))]
#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use leptos::prelude::*;
use leptos::wasm_split::wasm_split;

#[cfg(any(feature = "hydrate", test))]
use super::choose::Choose;
#[cfg(any(feature = "hydrate", test))]
use super::in_files::InFiles;
use crate::instances::Client;
use crate::places::Places;
use crate::ui::later::{Arrived, in_browser, later};

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn in_files_part(text: RwSignal<String>, clients: Vec<Client>) -> Arrived {
    in_browser!(view! { <InFiles text clients/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn choose_part(places: Places) -> Arrived {
    in_browser!(view! { <Choose places/> }.into_any())
}

/// The choice of instances.
pub fn choose(places: Places) -> AnyView {
    later(None, __wasm_split_preload_choose_part, move || choose_part(places.clone()))
}

/// What stands in files, once enough was typed.
pub fn in_files(text: RwSignal<String>, clients: Vec<Client>) -> AnyView {
    later(None, __wasm_split_preload_in_files_part, move || in_files_part(text, clients.clone()))
}
