//! Parts of the frame that are opened now and then, and searching in files: one file, fetched when
//! one of them is first wanted.

#![cfg_attr(not(any(feature = "hydrate", test)), allow(unused_variables, reason = "only browsers make the parts"))]
#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use leptos::prelude::*;
use leptos::wasm_split::wasm_split;

#[cfg(any(feature = "hydrate", test))]
use super::account::Accounts;
#[cfg(any(feature = "hydrate", test))]
use super::arrange::Arrange;
use super::badge::Badges;
#[cfg(any(feature = "hydrate", test))]
use super::step_up::StepUp;
#[cfg(any(feature = "hydrate", test))]
use super::watch::Watch;
use crate::ui::later::{Arrived, in_browser, later, quietly};
use crate::ui::notice::{Notice, Tone};

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn accounts_part() -> Arrived {
    in_browser!(view! { <Accounts/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn arrange_part() -> Arrived {
    in_browser!(view! { <Arrange/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn step_up_part() -> Arrived {
    in_browser!(view! { <StepUp/> }.into_any())
}

#[wasm_split(part_frame, wasm_split_path = leptos::wasm_split, fallible)]
fn lost_part(name: String, href: String) -> Arrived {
    let title = format!("You are no longer signed in to {name}.");
    Ok(view! {
        <Notice tone=Tone::Plain title=title text="What you see stays as it is. Sign in again, and you come back to this page.">
            <a class="button" data-variant="primary" rel="external" href=href>"Sign in again"</a>
        </Notice>
    }
    .into_any())
}

#[wasm_split(part_watch, wasm_split_path = leptos::wasm_split, fallible)]
fn watch_part(badges: Badges) -> Arrived {
    in_browser!(view! { <Watch badges/> }.into_any())
}

/// Counts one's runs from now on. It shows nothing, so it says nothing when it does not come.
pub fn watch(badges: Badges) -> AnyView {
    quietly(__wasm_split_preload_watch_part, move || watch_part(badges))
}

/// The sign-in at an instance has ended; `href` is the way back to this page.
pub fn lost(name: String, href: String) -> AnyView {
    later(None, __wasm_split_preload_lost_part, move || lost_part(name.clone(), href.clone()))
}

/// Who one is at each backend.
pub fn accounts() -> AnyView {
    later(None, __wasm_split_preload_accounts_part, accounts_part)
}

/// Order and silence of instances.
pub fn arrange() -> AnyView {
    later(None, __wasm_split_preload_arrange_part, arrange_part)
}

/// The question for the right to write.
pub fn step_up() -> AnyView {
    later(None, __wasm_split_preload_step_up_part, step_up_part)
}
