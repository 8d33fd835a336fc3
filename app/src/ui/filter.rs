//! A field that narrows a list while one types.

use leptos::prelude::*;

use super::icon::{Icon, Picture};

/// The field.
#[component]
pub fn Filter(text: RwSignal<String>, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <label class="filter">
            <span class="only-read">{label.clone()}</span>
            <Picture icon=Icon::Search/>
            <input type="search" placeholder=label prop:value=text on:input=move |event| text.set(event_target_value(&event)) autocomplete="off" spellcheck="false"/>
        </label>
    }
}
