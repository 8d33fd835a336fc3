//! Nothing there, and why: one sentence and one thing to do.

use leptos::prelude::*;

/// An empty place.
#[component]
pub fn Empty(#[prop(into)] title: String, #[prop(into, optional)] text: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            {(!text.is_empty()).then(|| view! { <p>{text}</p> })}
            {children.map(|children| children())}
        </div>
    }
}
