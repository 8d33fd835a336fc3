//! Parts of the frame that are opened now and then, and searching in files: one file, fetched when
//! one of them is first wanted.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use leptos::prelude::*;
use leptos::wasm_split::wasm_split;

use super::account::Accounts;
use super::arrange::Arrange;
use super::step_up::StepUp;
use crate::routes::Route;
use crate::ui::later::{Arrived, later};

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn accounts_part(route: Memo<Route>) -> Arrived {
    Ok(view! { <Accounts route/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn arrange_part() -> Arrived {
    Ok(view! { <Arrange/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn step_up_part() -> Arrived {
    Ok(view! { <StepUp/> }.into_any())
}

/// Who one is at each backend.
pub fn accounts(route: Memo<Route>) -> AnyView {
    later(None, __wasm_split_preload_accounts_part, move || accounts_part(route))
}

/// Order and silence of instances.
pub fn arrange() -> AnyView {
    later(None, __wasm_split_preload_arrange_part, arrange_part)
}

/// The question for the right to write.
pub fn step_up() -> AnyView {
    later(None, __wasm_split_preload_step_up_part, step_up_part)
}
