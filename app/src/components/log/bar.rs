//! What a log view says about itself, and what can be done with it.

use leptos::prelude::*;

use super::digest::Digest;
use super::find::Find;
use super::state::LogState;
use crate::browser;
use crate::queries::run::Heartbeat;
use crate::queries::run_log::Progress;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};

/// Seconds without a line after which that is said: longer than a GitLab takes to get one.
const QUIET: f64 = 90.0;

/// How often that is looked at: nothing happens that would say so.
const LOOK: std::time::Duration = std::time::Duration::from_secs(3);

/// How fresh the log is. `quiet` is how long nothing was written, in seconds.
fn freshness(progress: &Progress, over: bool, embedded: bool, quiet: Option<f64>) -> String {
    match progress {
        Progress::Read(_) if quiet.is_some_and(|quiet| quiet >= QUIET) && !over => {
            // By the minute: it is read out when it changes.
            format!("Nothing written for {} min", (quiet.unwrap_or_default() / 60.0) as u64)
        }
        Progress::End => "Complete".to_owned(),
        Progress::Trouble(_) => "Cannot be read just now".to_owned(),
        Progress::Read(_) if over => "Reading the rest".to_owned(),
        Progress::Read(_) if embedded => "Live".to_owned(),
        Progress::Read(0) => "Asking the backend".to_owned(),
        Progress::Read(time) => format!("As of {}; this backend gets new lines about once a minute", browser::clock(*time as f64)),
    }
}

/// The bar.
#[component]
pub fn Bar(state: LogState, #[prop(into)] name: String, #[prop(into)] file: String, over: Signal<bool>, embedded: bool, to_end: Callback<()>) -> impl IntoView {
    let folded = RwSignal::new(false);
    let Heartbeat(shown) = use_context().unwrap_or_else(|| Heartbeat(RwSignal::new(None)));
    // Of a log that is over there is nothing to expect.
    let look = move || {
        let beat = state.beat.peek(|beat| *beat).flatten().filter(|_| !over.try_get_untracked().unwrap_or(true));
        let _ = shown.try_set(beat);
    };
    on_cleanup(move || {
        let _ = shown.try_set(None);
    });
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(look, LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    let quiet = move || shown.get().map(|beat| (browser::now() - beat) / 1000.0);
    let fold = move |_| {
        folded.update(|folded| *folded = !*folded);
        state.tell(|worker| worker.fold_all(folded.get_untracked()));
    };
    view! {
        <div class="log-bar">
            <h2 class="log-name">{name}</h2>
            <span class="faint" role="status">{dynamic(move || state.progress.with(|progress| freshness(progress, over.get(), embedded, quiet())))}</span>
            <span class="gap"></span>
            <Find state/>
            <div class="log-acts">
                <Digest state/>
                <button type="button" class="button" data-variant="quiet" aria-label="Follow" title="Follow the end" aria-pressed=move || state.following.get().to_string() on:click=move |_| to_end.run(())><Picture icon=Icon::Down/><span class="wide">"Follow"</span></button>
                <button type="button" class="button" data-variant="quiet" aria-label="Fold all" title="Fold all sections" aria-pressed=move || folded.get().to_string() on:click=fold><Picture icon=Icon::Right/><span class="wide">"Fold all"</span></button>
                <button type="button" class="button" data-variant="quiet" aria-label="Plain" title="The whole text in a page of its own, where the browser can find in it" on:click=move |_| state.tell(|worker| worker.blob(""))><Picture icon=Icon::File/><span class="wide">"Plain"</span></button>
                <button type="button" class="button" data-variant="quiet" aria-label="Save" title="Save the log as a file" on:click=move |_| state.tell(|worker| worker.blob(&file))><Picture icon=Icon::Save/><span class="wide">"Save"</span></button>
            </div>
        </div>
    }
}
