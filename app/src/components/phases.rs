//! The lifecycle as one strip: what the twin defines, in the order of a life.

use gitlab::JobId;
use leptos::prelude::*;
use twin::lifecycle::{Standing, Step};
use twin::phase::{Phase, explanation};

use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};

/// The strip.
#[component]
pub fn Phases(phases: Vec<Phase>) -> impl IntoView {
    view! {
        <ol class="phases" aria-label="Lifecycle phases">
            {phases.into_iter().map(|phase| {
                let text = explanation(&phase.name).unwrap_or("A phase of its own").to_owned();
                view! { <li><strong>{phase.name.clone()}</strong><span>{text}</span></li> }
            }).collect_view()}
        </ol>
    }
}

/// What is said of a phase in a run, with its mark and look.
fn said(standing: Standing) -> (&'static str, Icon, &'static str) {
    match standing {
        Standing::Done => ("good", Icon::Check, "Passed"),
        Standing::Active => ("active", Icon::Half, "The twin is here"),
        Standing::Failed => ("bad", Icon::Cross, "Failed"),
        Standing::Waiting => ("waiting", Icon::Circle, "Begins when it is its turn"),
        Standing::Startable(_) => ("asks", Icon::Hand, "May be started now"),
        Standing::Off(why) => ("off", Icon::Dash, why),
    }
}

/// The strip of a run: where the twin is, and what may be started.
#[component]
pub fn Strip(#[prop(into)] steps: Signal<Vec<Step>>, on_start: Callback<JobId>) -> impl IntoView {
    let step = move |step: Step| {
        let (variant, icon, words) = said(step.standing);
        let start = match step.standing {
            Standing::Startable(job) => Some(view! { <button type="button" class="button" on:click=move |_| on_start.run(JobId(job))><Picture icon=Icon::Play/>"Start"</button> }),
            _ => None,
        };
        view! { <li data-variant=variant><strong><Picture icon/>{step.name}</strong><span>{words}</span>{start}</li> }
    };
    // A single phase is what the list of jobs says already.
    dynamic(move || {
        Some(steps.get()).filter(|steps| steps.len() > 1).map(|steps| view! { <ol class="phases" aria-label="Lifecycle phases">{steps.into_iter().map(step).collect_view()}</ol> })
    })
}
