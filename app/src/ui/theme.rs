//! Light, dark, or as the system says.

use leptos::prelude::*;

use super::icon::{Icon, Picture};
use crate::browser;

/// The button that goes round.
#[component]
pub fn ThemeButton() -> impl IntoView {
    let next = move |_| match browser::theme().as_deref() {
        None => browser::set_theme(Some("dark")),
        Some("dark") => browser::set_theme(Some("light")),
        Some(_) => browser::set_theme(None),
    };
    view! {
        <button type="button" class="button" data-variant="quiet" title="Theme: system, dark, light" on:click=next>
            <Picture icon=Icon::Theme/><span class="only-read">"Change theme: system, dark, light"</span>
        </button>
    }
}
