//! The jobs of a run, by pipeline and stage, each a link to its log.

use gitlab::Status;
use gitlab::jobs::Job;
use leptos::prelude::*;
use twin::asset::Owner;
use twin::run::duration;

use super::status::StatusMark;
use crate::browser;
use crate::queries::run::RunView;
use crate::routes::Route;
use crate::ui::dynamic::dynamic;

/// How long a job has taken, or takes so far.
fn took(job: &Job) -> Option<String> {
    let start = browser::parse_time(job.started_at.as_deref()?)?;
    let end = job.finished_at.as_deref().and_then(browser::parse_time).unwrap_or_else(browser::now);
    Some(duration((end - start) / 1000.0))
}

/// What a job that does not move waits for.
fn hint(job: &Job, offered: &str) -> Option<String> {
    let wants = &job.tag_list;
    let waits = job.status == Status::Pending && !wants.is_empty();
    waits.then(|| format!("Waits for a runner with {} {}{offered}", if wants.len() == 1 { "the tag" } else { "the tags" }, wants.join(", ")))
}

/// The list.
#[component]
pub fn JobList(#[prop(into)] run: Signal<RunView>, #[prop(into)] instance: String, owner: Owner, #[prop(into)] chosen: Signal<Option<i64>>) -> impl IntoView {
    let parts = dynamic(move || {
        let (run, instance) = (run.get(), instance.clone());
        let parent = run.parent.id;
        run.parts
            .into_iter()
            .map(|part| {
                let instance = instance.clone();
                let mut stage = String::new();
                // A stage of one job with the same name needs no heading: that is most twins.
                let named: Vec<String> = part.jobs.iter().filter(|job| job.stage != job.name).map(|job| job.stage.clone()).collect();
                let rows = part.jobs.into_iter().map(move |job| {
                    let heading = (job.stage != stage && named.contains(&job.stage)).then(|| job.stage.clone());
                    stage.clone_from(&job.stage);
                    let href = Route::Run { instance: instance.clone(), owner, pipeline: parent.0, job: Some(job.id.0) }.to_string();
                    let (status, number) = (job.status.clone(), job.id.0);
                    let hint = hint(&job, "");
                    view! {
                        {heading.map(|stage| view! { <li class="stage">{stage}</li> })}
                        <li>
                            <a class="job" href=href aria-current=move || (chosen.get() == Some(number)).then_some("true")>
                                <span class="job-name">{job.name.clone()}</span>
                                <StatusMark status=Signal::derive(move || status.clone())/>
                                <span class="faint">{took(&job)}</span>
                            </a>
                            {hint.map(|hint| view! { <p class="faint job-hint">{hint}</p> })}
                        </li>
                    }
                });
                view! { <ol class="jobs">{rows.collect_view()}</ol> }
            })
            .collect_view()
    });
    view! { <nav aria-label="Jobs">{parts}</nav> }
}
