//! A menu whose body is made when it is first opened.

use leptos::prelude::*;

use super::dynamic::dynamic;

/// The menu: what stands on it, and what is in it.
pub fn menu(class: &'static str, summary: AnyView, body: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let opened = RwSignal::new(false);
    let body = dynamic(move || opened.get().then(&body));
    view! {
        <details class=class on:toggle=move |_| opened.set(true)>
            {summary}
            <div class="menu-body">{body}</div>
        </details>
    }
    .into_any()
}
