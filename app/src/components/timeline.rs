//! When the jobs of a run waited and ran: bars beside each other, in the rows of a table that says the same.

use gitlab::Status;
use gitlab::jobs::Job;
use leptos::prelude::*;
use twin::asset::Owner;
use twin::run::{Tone, duration, tone};

use super::stages::picture;
use super::status::StatusMark;
use crate::browser::{self, tab};
use crate::queries::run::RunView;
use crate::routes::Route;
use crate::ui::dynamic::dynamic;

/// How wide all of a run is drawn.
const WIDE: f64 = 1000.0;

/// When a job came to wait for a runner, began and ended, in milliseconds since 1970; nothing while it has not begun.
fn times(job: &Job, now: f64) -> Option<(f64, f64, f64)> {
    let began = browser::parse_time(job.started_at.as_deref()?)?;
    let ended = job.finished_at.as_deref().and_then(browser::parse_time).unwrap_or(now);
    Some((began - job.queued_duration.unwrap_or(0.0) * 1000.0, began, ended.max(began)))
}

fn look(status: &Status) -> &'static str {
    match tone(status.as_str()) {
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Active => "active",
        _ => "neutral",
    }
}

/// The table with its bars.
pub fn timeline(run: Signal<RunView>, instance: String, owner: Owner) -> AnyView {
    Effect::new(|_| tab::boards());
    dynamic(move || {
        let (run, now) = (run.get(), browser::now());
        let all = || run.jobs().filter_map(|job| times(job, now));
        let (from, to) = all().fold((f64::INFINITY, 0.0_f64), |(from, to), (waited, _, ended)| (from.min(waited), to.max(ended)));
        if !from.is_finite() {
            return view! { {picture(&run, &instance, owner)}<p class="faint">"No job has begun yet."</p> }.into_any();
        }
        let scale = WIDE / (to - from).max(1.0);
        let row = |job: &Job| {
            let href = Route::Run { instance: instance.clone(), owner, pipeline: run.parent.id.0, job: Some(job.id.0) }.to_string();
            let status = job.status.clone();
            let (waited, took, bar) = match times(job, now) {
                None => (String::new(), String::new(), ().into_any()),
                Some((waits, began, ended)) => {
                    let (x, middle, end) = ((waits - from) * scale, (began - from) * scale, (ended - from) * scale);
                    let bar = view! {
                        <svg class="bar" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
                            <rect class="bar-waits" x=x y="4" width=middle - x height="4"></rect>
                            <rect data-variant=look(&job.status) x=middle y="0" width=(end - middle).max(2.0) height="12"></rect>
                        </svg>
                    };
                    (duration((began - waits) / 1000.0), duration((ended - began) / 1000.0), bar.into_any())
                }
            };
            view! {
                <tr>
                    <th scope="row"><a href=href>{job.name.clone()}</a>{(job.stage != job.name).then(|| view! { <p class="faint">{job.stage.clone()}</p> })}</th>
                    <td><StatusMark status=Signal::derive(move || status.clone())/></td>
                    <td class="wide-only">{waited}</td>
                    <td>{took}</td>
                    <td class="bar-cell">{bar}</td>
                </tr>
            }
        };
        let rows = run.jobs().map(row).collect_view();
        view! {
            {picture(&run, &instance, owner)}
            <h2>"Over time"</h2>
            <p class="faint">{format!("From the first job to {}: {}.", if run.status.is_complete() { "the last" } else { "now" }, duration((to - from) / 1000.0))}</p>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Timeline">
                <table class="rows timeline">
                    <caption class="only-read">"Jobs over time"</caption>
                    <thead><tr><th scope="col">"Job"</th><th scope="col">"State"</th><th scope="col" class="wide-only">"Waited"</th><th scope="col">"Ran"</th><th scope="col">"When"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    })
    .into_any()
}
