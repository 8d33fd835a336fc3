//! Tabs: one of several views of a thing, with the arrow keys as people know them.

use leptos::prelude::*;

use super::dynamic::dynamic;

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Its key.
    pub key: &'static str,
    /// Its words.
    pub label: String,
}

/// The row of tabs; the chosen panel is the caller's, with the id `panel-KEY`.
#[component]
pub fn Tabs(#[prop(into)] tabs: Signal<Vec<Tab>>, chosen: RwSignal<&'static str>, #[prop(into)] label: String) -> impl IntoView {
    let step = move |by: usize| {
        let all = tabs.get_untracked();
        let now = all.iter().position(|tab| tab.key == chosen.get_untracked()).unwrap_or(0);
        if let Some(next) = all.get((now + by) % all.len().max(1)) {
            chosen.set(next.key);
            if let Some(element) = document().get_element_by_id(&format!("tab-{}", next.key)) {
                use wasm_bindgen::JsCast;
                crate::browser::focus(element.unchecked_ref());
            }
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| match event.key().as_str() {
        "ArrowRight" => step(1),
        "ArrowLeft" => step(tabs.get_untracked().len().saturating_sub(1)),
        _ => {}
    };
    // The tabs stay the same, so that none loses the keyboard; only their words change.
    let rows = tabs.get_untracked().into_iter().map(|Tab { key, .. }| {
        let label = dynamic(move || tabs.get().into_iter().find(|tab| tab.key == key).map(|tab| tab.label));
        view! {
            <button
                type="button" role="tab" id=format!("tab-{key}") aria-controls=format!("panel-{key}")
                aria-selected=move || (chosen.get() == key).to_string()
                tabindex=move || if chosen.get() == key { "0" } else { "-1" }
                on:click=move |_| chosen.set(key)
            >{label}</button>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=on_key>
            {rows}
        </div>
    }
}
