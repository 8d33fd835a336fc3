//! The stages of a run beside each other, each with its jobs: what the table below says, as a picture.

use gitlab::jobs::Job;
use leptos::prelude::*;
use twin::asset::Owner;
use twin::phase::rank;

use super::status::StatusMark;
use crate::queries::run::{Part, RunView};
use crate::routes::Route;

/// Jobs by stage, in the order of the stages' first jobs.
fn stages(part: &Part) -> Vec<(&str, Vec<&Job>)> {
    let mut stages: Vec<(&str, Vec<&Job>)> = Vec::new();
    for job in &part.jobs {
        match stages.iter_mut().find(|(stage, _)| *stage == job.stage) {
            Some((_, jobs)) => jobs.push(job),
            None => stages.push((&job.stage, vec![job])),
        }
    }
    // A job that was run again is the newest of its stage; phases that everybody knows have an order of their own.
    if stages.iter().all(|(stage, _)| rank(stage).is_some()) {
        stages.sort_by_key(|(stage, _)| rank(stage));
    }
    stages
}

/// The picture; nothing for a run of a single job.
pub fn picture(run: &RunView, instance: &str, owner: Owner) -> Option<AnyView> {
    run.jobs().nth(1)?;
    let job = |job: &Job| {
        let href = Route::Run { instance: instance.to_owned(), owner, pipeline: run.parent.id.0, job: Some(job.id.0) }.to_string();
        let status = job.status.clone();
        view! { <li><a class="stage-job" href=href><span>{job.name.clone()}</span><StatusMark status=Signal::derive(move || status.clone())/></a></li> }
    };
    let stage = |(name, jobs): (&str, Vec<&Job>)| view! { <li><h3>{name.to_owned()}</h3><ul>{jobs.into_iter().map(job).collect_view()}</ul></li> };
    let part = |part: &Part| {
        let number = part.pipeline.id.0;
        let label = if part.pipeline.id == run.parent.id { format!("Pipeline {number}") } else { format!("Pipeline {number}, started by it") };
        let label = if run.parts.len() > 1 { label } else { "Stages".to_owned() };
        view! { <h2 class="faint">{label.clone()}</h2><div class="table-scroll" tabindex="0" role="region" aria-label=label><ol class="stages">{stages(part).into_iter().map(stage).collect_view()}</ol></div> }
    };
    Some(run.parts.iter().map(part).collect_view().into_any())
}
