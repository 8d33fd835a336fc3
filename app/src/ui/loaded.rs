//! Loading: the shape of what is to come, after a moment, so that fast answers do not flicker.

use leptos::prelude::*;

/// Grey lines in place of rows.
#[component]
pub fn Skeleton(#[prop(default = 6)] rows: usize, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="only-read">{label}</span>
            {(0..rows).map(|_| view! { <div class="skeleton-row" aria-hidden="true"></div> }).collect_view()}
        </div>
    }
}
