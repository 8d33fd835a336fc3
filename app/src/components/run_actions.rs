//! What can be done with a run: told of, stopped, started again.

use gitlab::environments::Environment;
use gitlab::{JobId, Status};
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Owner;

use crate::actions::runs::{cancel, start_again, stop_environment, terminate};
use crate::browser;
use crate::instances::Client;
use crate::queries::Query;
use crate::queries::run::RunView;
use crate::routes::Route;
use crate::ui::confirm::Confirm;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

/// Cancel, or run again.
#[component]
pub fn RunActions(
    client: Client,
    owner: Owner,
    #[prop(into)] view_of: Signal<RunView>,
    query: Query<RunView>,
    told: RwSignal<bool>,
    environment: RwSignal<Option<Environment>>,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let asked = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let stored = StoredValue::new(client.clone());
    let pipelines = move || view_of.with_untracked(|view| std::iter::once(view.parent.id).chain(view.parts.iter().map(|part| part.pipeline.id)).collect::<Vec<_>>());
    let stop = Callback::new(move |in_order: Option<JobId>| {
        busy.set(true);
        spawn_local(async move {
            let outcome = match in_order {
                Some(job) => terminate(stored.get_value(), owner, job, pipelines()).await,
                None => cancel(stored.get_value(), owner, pipelines()).await,
            };
            match outcome {
                Ok(()) => toasts.good(if in_order.is_some() { "The twin was stopped in order." } else { "The run is being cancelled." }),
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            let _ = busy.try_set(false);
            query.refresh();
        });
    });
    let kept = Signal::derive(move || environment.with(Option::is_some));
    let stop_it = move |environment: i64| {
        busy.set(true);
        spawn_local(async move {
            match stop_environment(stored.get_value(), owner, environment, pipelines()).await {
                Ok(()) => toasts.good("The twin was stopped in order."),
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            let _ = busy.try_set(false);
            query.refresh();
        });
    };
    let onward = Onward::here();
    let again = StoredValue::new(move || {
        let twin = view_of.get_untracked().twin.unwrap_or_default();
        busy.set(true);
        spawn_local(async move {
            let instance = stored.get_value().instance.id;
            let (run, branch) = view_of.with_untracked(|view| (view.parent.id.0, view.parent.reference.clone()));
            match start_again(stored.get_value(), owner, twin, run, branch).await {
                Ok(pipeline) => {
                    if !onward.to(&Route::Run { instance, owner, pipeline, job: None }.to_string()) {
                        toasts.good(format!("Run {pipeline} was started."));
                    }
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            let _ = busy.try_set(false);
        });
    });
    let edited = move || {
        let view = view_of.get();
        let twin = Route::Twin { instance: stored.get_value().instance.id, owner, name: view.twin.unwrap_or_default() };
        twin.to_start(view.parent.id.0, view.parent.reference.as_deref())
    };
    let tell = move |_| {
        if told.get_untracked() {
            return told.set(false);
        }
        spawn_local(async move {
            match browser::tell::allow().await {
                Ok(()) => {
                    let _ = told.try_set(true);
                }
                Err(why) => toasts.bad("You cannot be told when this run ends.", why),
            }
        });
    };
    let restart = move |job: JobId| {
        let Some((twin, run, branch)) = view_of.with_untracked(|view| Some((view.twin.clone()?, view.parent.id.0, view.parent.reference.clone()))) else { return };
        // All that is needed is taken along: the page may be left meanwhile.
        let (client, pipelines) = (stored.get_value(), pipelines());
        busy.set(true);
        toasts.good("The twin is stopped in order, and then started again.");
        spawn_local(async move {
            let outcome = match terminate(client.clone(), owner, job, pipelines).await {
                Ok(()) => start_again(client.clone(), owner, twin, run, branch).await,
                Err(problem) => Err(problem),
            };
            let here = busy.try_set(false).is_none();
            match outcome {
                Ok(pipeline) => {
                    if !onward.to(&Route::Run { instance: client.instance.id, owner, pipeline, job: None }.to_string()) {
                        toasts.good(format!("The twin was started again: run {pipeline}."));
                    }
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            if here {
                query.refresh();
            }
        });
    };
    let going = move || view_of.with(|view| !view.status.is_complete() && !view.gone);
    view! {
        <Show when=going fallback=move || view! {
            <Show when=move || view_of.get().twin.is_some()>
                <a class="button" data-variant="quiet" href=edited>"Run again with…"</a>
                <button type="button" class="button" disabled=move || busy.get() on:click=move |_| again.with_value(|again| again())><Picture icon=Icon::Again/>"Run again"</button>
            </Show>
        }>
            <button type="button" class="button" data-variant="quiet" aria-pressed=move || told.get().to_string() on:click=tell>"Tell me when it ends"</button>
            {dynamic(move || view_of.with(|view| view.terminator().filter(|_| view.twin.is_some())).map(|job| view! {
                <button type="button" class="button" disabled=move || busy.get() on:click=move |_| restart(job)><Picture icon=Icon::Again/>"Restart"</button>
            }))}
            {dynamic(move || {
                let (job, environment) = (view_of.with(RunView::terminator), environment.get());
                let act = move |_| match (job, environment.as_ref()) {
                    (None, Some(environment)) => stop_it(environment.id),
                    _ => stop.run(job),
                };
                (job.is_some() || kept.get()).then(|| view! { <button type="button" class="button" data-variant="primary" disabled=move || busy.get() on:click=act><Picture icon=Icon::Stop/>"Terminate"</button> })
            })}
            <button type="button" class="button" data-variant="danger" disabled=move || view_of.get().status == Status::Canceling on:click=move |_| asked.set(true)>
                <Picture icon=Icon::Stop/>"Cancel run"
            </button>
        </Show>
        <Confirm open=asked title="Cancel this run?" text="Its jobs are asked to end, and ended after ten seconds. What they have written to the log is kept." act="Cancel run" keep="Keep running" on_act=Callback::new(move |()| stop.run(None))/>
    }
}
