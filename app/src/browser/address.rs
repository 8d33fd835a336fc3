//! The parts of this page's address that the router does not write: which part is looked at, which lines are marked.

use leptos::prelude::window;
use wasm_bindgen::JsValue;

/// Sets the part of the address behind `#` without a new entry in the history.
pub fn set_fragment(fragment: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(fragment));
    }
}

/// Puts `query`, which begins with `?` or is empty, into the address of this page.
pub fn set_query(query: &str) {
    if let (Ok(history), Ok(path), Ok(hash)) = (window().history(), window().location().pathname(), window().location().hash()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("{path}{query}{hash}")));
    }
}

/// The part of the address behind `#`.
#[must_use]
pub fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}
