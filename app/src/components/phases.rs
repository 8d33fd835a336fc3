//! The lifecycle as one strip: what the twin defines, in the order of a life.

use leptos::prelude::*;
use twin::phase::Phase;

/// The strip.
#[component]
pub fn Phases(phases: Vec<Phase>) -> impl IntoView {
    view! {
        <ol class="phases" aria-label="Lifecycle phases">
            {phases.into_iter().map(|phase| {
                let text = phase.explanation().unwrap_or("A phase of its own").to_owned();
                view! { <li><strong>{phase.name.clone()}</strong><span>{text}</span></li> }
            }).collect_view()}
        </ol>
    }
}
