//! What this tab, and this page in it, are called and remember.

use std::cell::RefCell;

use leptos::prelude::window;

use super::{bring_sheet, chance, now};

thread_local! {
    static NAME: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A name that no other page has, until it is loaded again.
#[must_use]
pub fn page_name() -> String {
    let new = || format!("page-{:x}-{:08x}", now() as u64, (chance() * f64::from(u32::MAX)) as u32);
    NAME.with_borrow_mut(|name| name.get_or_insert_with(new).clone())
}

/// What this tab remembers under `name`, also when its page is loaded again.
#[must_use]
pub fn remembered_in_tab(name: &str) -> Option<String> {
    window().session_storage().ok().flatten()?.get_item(name).ok().flatten()
}

/// Remembers `text` under `name` in this tab; never anything that is secret.
pub fn remember_in_tab(name: &str, text: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(name, text);
    }
}

/// Where this page is from, in lower case: `https://twins.example`.
#[must_use]
pub fn origin() -> String {
    window().location().origin().unwrap_or_default().to_lowercase()
}

/// Brings the stylesheet of federated twins, services and dashboards, once; it need not be waited for.
pub fn boards() {
    let _ = bring_sheet("boards.css");
}

/// Brings the stylesheet of logs, once.
pub async fn log_sheet() {
    let _ = wasm_bindgen_futures::JsFuture::from(bring_sheet("logs.css")).await;
}
