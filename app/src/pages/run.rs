//! One run: its jobs, the log of one of them as it grows, its results, and the way to stop it.

use std::rc::Rc;

use gitlab::environments::Environment;
use gitlab::{JobId, Status};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use serde_json::json;
use twin::asset::{Asset, Kind, Owner};
use twin::lifecycle::Life;
use twin::run::{ago, duration, reason, word};

use crate::actions::embed::Offer;
use crate::actions::runs::{play, retry};
use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::components::dashboard::Around;
use crate::components::jobs::JobList;
use crate::components::parts;
use crate::components::phases::Strip;
use crate::components::problem_box::ProblemBox;
use crate::components::run_actions::RunActions;
use crate::components::run_note::run_note;
use crate::components::status::StatusMark;
use crate::foreign::web;
use crate::instances::Client;
use crate::queries::dashboard::Target;
use crate::queries::run::{Heartbeat, RunView, again, environment_of, run};
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::tabs::{Tab, Tabs};
use crate::ui::toast::Toasts;

/// A run that goes on is looked at so often, in milliseconds: on the forge, and on a GitLab, which
/// has others to answer. The log takes its own share.
const PAUSE: (u32, u32) = (2_500, 30_000);

/// Asks again while the run goes on and somebody looks.
fn keep_fresh(client: Client, owner: Owner, query: Query<RunView>, told: RwSignal<bool>) {
    spawn_local(async move {
        let pause = if client.backend.embedded { PAUSE.0 } else { PAUSE.1 };
        let mut unseen = 0;
        for turn in 0.. {
            browser::sleep(pause).await;
            let Some(load) = query.state.try_get_untracked() else { return };
            if let Load::Ready(now) = &load
                && now.status.is_complete()
                && told.try_update_untracked(std::mem::take) == Some(true)
            {
                let name = now.twin.clone().unwrap_or_else(|| "The run".to_owned());
                browser::tell::tell(&format!("{name}: {}", word(now.status.as_str())), &format!("Run {} on {}", now.parent.id, client.instance.name)).await;
            }
            if browser::is_hidden() {
                unseen += pause;
                // Nobody looks: only for somebody who asked to be told, and rarely.
                if told.try_get_untracked() != Some(true) || unseen < PAUSE.1 {
                    continue;
                }
                unseen = 0;
            }
            match load {
                Load::Ready(view) if view.gone => return,
                Load::Ready(view) if view.is_over() => {}
                Load::Ready(view) => {
                    let outcome = again(client.clone(), owner, view.clone(), turn).await;
                    // Somebody may have asked for everything meanwhile, which is newer.
                    if query.state.try_get_untracked() == Some(Load::Ready(view)) {
                        let _ = query.state.try_set(match outcome {
                            Ok(view) => Load::Ready(view),
                            Err(problem) => Load::Failed(problem),
                        });
                    }
                }
                Load::Loading | Load::Failed(_) => query.refresh(),
            }
        }
    });
}

/// How a continuous twin stands, with its last sign of life.
fn lives(view: &RunView, beat: Option<f64>) -> Option<String> {
    let quiet = beat.map(|beat| (browser::now() - beat) / 1000.0);
    let life = view.life(quiet).filter(|_| !view.gone)?;
    let shown = matches!(life, Life::Live | Life::Stale);
    Some(quiet.filter(|_| shown).map_or_else(|| life.words().to_owned(), |quiet| format!("{}, last line {}", life.words(), ago(quiet))))
}

/// Who started it, when, on which commit.
#[component]
fn Facts(client: Client, owner: Owner, #[prop(into)] view_of: Signal<RunView>, query: Query<RunView>) -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let facts = dynamic(move || {
        let run = view_of.get();
        // The embedded backend has no pages of its own to lead to.
        let elsewhere = web(&run.parent.web_url).filter(|address| !bootstrap.backends.iter().any(|backend| backend.embedded && address.starts_with(&backend.url)));
        let began = browser::parse_time(&run.parent.created_at);
        let when = began.map(|time| ago((browser::now() - time) / 1000.0)).unwrap_or_default();
        let who = run.parent.user.map(|user| user.username).unwrap_or_default();
        let commit: String = run.parent.sha.chars().take(8).collect();
        view! {
                <span>{format!("Started {when} by {who}")}</span><span>{run.parent.reference.unwrap_or_default()}" "<code>{commit}</code></span>
                {(!run.status.is_complete() && !run.gone).then(|| began.map(|began| view! { <span>{format!("Going on for {}", duration((browser::now() - began) / 1000.0))}</span> }))}
                {elsewhere.map(|address| view! { <a href=address rel="external noopener noreferrer">"On its backend"</a> })}
        }
    });
    view! { <div class="facts faint">{facts}{run_note(client, owner, view_of, query)}</div> }
}

/// What is to be said about the chosen job, and done with it.
#[component]
fn JobNotes(client: Client, owner: Owner, #[prop(into)] view_of: Signal<RunView>, chosen: Memo<Option<i64>>, query: Query<RunView>) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let stored = StoredValue::new(client);
    let go = StoredValue::new(use_navigate());
    let act = move |manual: bool, job: JobId| {
        spawn_local(async move {
            let outcome = if manual { play(stored.get_value(), owner, job).await.map(|()| None) } else { retry(stored.get_value(), owner, job).await.map(Some) };
            query.refresh();
            match outcome {
                // A new attempt has a number and a log of its own.
                Ok(Some(new)) => {
                    // Whoever has gone elsewhere meanwhile, or to another job, stays there.
                    if chosen.try_get_untracked() != Some(Some(job.0)) {
                        return;
                    }
                    let (Some(client), Some(view), Some(go)) = (stored.try_get_value(), view_of.try_get_untracked(), go.try_get_value()) else { return };
                    let route = Route::Run { instance: client.instance.id, owner, pipeline: view.parent.id.0, job: Some(new) };
                    go(&route.to_string(), NavigateOptions::default());
                }
                Ok(None) => {}
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
        });
    };
    let job = Memo::new(move |_| view_of.get().jobs().find(|job| Some(job.id.0) == chosen.get()).map(|job| (job.id, job.status.clone(), job.failure_reason.clone())));
    dynamic(move || {
        let (id, status, why) = job.get().filter(|_| !view_of.with(|view| view.gone))?;
        match status {
            Status::Failed => Some(
                view! {
                    <Notice tone=Tone::Bad title="This job failed." text=reason(why.as_deref().unwrap_or_default()).to_owned()>
                        <button type="button" class="button" on:click=move |_| act(false, id)><Picture icon=Icon::Again/>"Run this job again"</button>
                    </Notice>
                }
                .into_any(),
            ),
            Status::Manual => Some(
                view! {
                    <Notice tone=Tone::Plain title="This job waits for somebody to start it.">
                        <button type="button" class="button" on:click=move |_| act(true, id)><Picture icon=Icon::Play/>"Start it"</button>
                    </Notice>
                }
                .into_any(),
            ),
            _ => None,
        }
    })
}

/// The twin's panels over this run.
fn panels(client: Client, owner: Owner, view_of: Signal<RunView>) -> AnyView {
    let (twin, pipeline) = view_of.with_untracked(|view| (view.twin.clone(), view.parent.id.0));
    let Some(twin) = twin else { return view! { <Empty title="No dashboard" text="This run is of no twin."/> }.into_any() };
    let asset = Asset { owner, kind: Kind::Twin, name: twin.clone() };
    let target = Target { project: client.project_path(owner), client: client.clone(), twin, pipeline, over: false };
    let around = Around {
        client,
        whose: Rc::new(move |_| Some(target.clone())),
        live: Signal::derive(move || view_of.with(|view| !view.status.is_complete() && !view.gone)),
        members: Rc::default(),
        folder: asset.path(),
    };
    parts::dashboard(asset, around)
}

/// The parts of the page, as its address names them.
const TABS: [&str; 5] = ["log", "results", "timeline", "dashboard", "show"];

#[component]
fn Body(client: Client, owner: Owner, #[prop(into)] view_of: Signal<RunView>, query: Query<RunView>) -> impl IntoView {
    let path = use_location().pathname;
    let named = Memo::new(move |_| match Route::parse(&path.get()) {
        Route::Run { job, .. } => job,
        _ => None,
    });
    let wished = use_location().query.with_untracked(|query| query.get("tab"));
    let tab = RwSignal::new(TABS.into_iter().find(|key| wished.as_deref() == Some(*key)).unwrap_or("log"));
    // Somebody who chooses a job, wherever it is shown, wants its log.
    Effect::new(move |before: Option<Option<i64>>| {
        let now = named.get();
        if before.is_some_and(|before| before != now) && now.is_some() {
            tab.set("log");
        }
        now
    });
    let chosen = Memo::new(move |_| named.get().or_else(|| view_of.get().best_job().map(|job| job.id.0)));
    let name = Memo::new(move |_| view_of.get().jobs().find(|job| Some(job.id.0) == chosen.get()).map(|job| job.name.clone()).unwrap_or_default());
    // The address says which part is looked at, so that it can be sent to others.
    Effect::new(move |before: Option<&str>| {
        let now = tab.get();
        if before.is_some_and(|before| before != now) {
            browser::address::set_query(&if now == "log" { String::new() } else { format!("?tab={now}") });
        }
        now
    });
    let stored = StoredValue::new(client.clone());
    // The log is a view of one job: it is made anew for another, and for nothing else.
    let log = move || {
        let (client, name) = (stored.get_value(), name.get());
        let over = Signal::derive(move || view_of.get().gone || view_of.get().jobs().find(|job| Some(job.id.0) == chosen.get()).is_none_or(|job| job.status.is_complete()));
        chosen.get().map(|job| parts::log(client, owner, JobId(job), name, over))
    };
    let tabs = Signal::derive(move || {
        let files = view_of.get().jobs().filter(|job| job.artifacts_file.is_some()).count();
        let label = if files == 0 { "Results".to_owned() } else { format!("Results ({files})") };
        vec![
            Tab { key: "log", label: "Log".to_owned() },
            Tab { key: "results", label },
            Tab { key: "timeline", label: "Timeline".to_owned() },
            Tab { key: "dashboard", label: "Dashboard".to_owned() },
            Tab { key: "show", label: "Show elsewhere".to_owned() },
        ]
    });
    let offers = Signal::derive(move || {
        let (run, job, name) = (view_of.get().parent.id.0, chosen.get(), name.get());
        let mut offers = vec![Offer { view: "run", label: "This run and its jobs".to_owned(), subject: json!({ "run": run }) }];
        if let Some(job) = job {
            offers.push(Offer { view: "log", label: format!("The log of {name}"), subject: json!({ "run": run, "job": job }) });
            offers.push(Offer { view: "plot", label: format!("A table that {name} left, drawn"), subject: json!({ "run": run, "job": job }) });
        }
        offers
    });
    let instance = client.instance.id.clone();
    let here = StoredValue::new(instance.clone());
    let toasts = expect_context::<Toasts>();
    let start_phase = Callback::new(move |job: JobId| {
        spawn_local(async move {
            if let Err(problem) = play(stored.get_value(), owner, job).await {
                toasts.bad(problem.title, problem.advice);
            }
            query.refresh();
        });
    });
    view! {
        <Strip steps=Signal::derive(move || view_of.get().steps()) on_start=start_phase/>
        <Tabs tabs chosen=tab label="Parts of the run"/>
        <Show when=move || tab.get() == "log" fallback=move || if tab.get() == "dashboard" {
            view! { <div role="tabpanel" id="panel-dashboard" aria-labelledby="tab-dashboard">{panels(stored.get_value(), owner, view_of)}</div> }.into_any()
        } else if tab.get() == "timeline" {
            view! { <div role="tabpanel" id="panel-timeline" aria-labelledby="tab-timeline">{parts::timeline(Signal::derive(move || view_of.get()), here.get_value(), owner)}</div> }.into_any()
        } else if tab.get() == "show" {
            let client = stored.get_value();
            view! { <div role="tabpanel" id="panel-show" aria-labelledby="tab-show">{parts::embed(client.instance.id.clone(), client.project_path(owner), offers)}</div> }.into_any()
        } else {
            view! { <div role="tabpanel" id="panel-results" aria-labelledby="tab-results">{parts::results(stored.get_value(), owner, view_of)}</div> }.into_any()
        }>
            <div class="run" role="tabpanel" id="panel-log" aria-labelledby="tab-log">
                <JobList run=view_of instance=instance.clone() owner chosen=Signal::derive(move || chosen.get())/>
                <div class="run-log">
                    <JobNotes client=stored.get_value() owner view_of chosen query/>
                    {dynamic(log)}
                </div>
            </div>
        </Show>
    }
}

/// The page.
#[component]
pub fn Run(client: Client, owner: Owner, pipeline: i64) -> impl IntoView {
    let stored = StoredValue::new(client.clone());
    let query = ask(move || pipeline, move |pipeline| run(stored.get_value(), owner, pipeline));
    let told = RwSignal::new(false);
    // Looked for once, when something runs that could keep one.
    let environment = RwSignal::new(None);
    let runs = Memo::new(move |_| {
        query
            .get()
            .filter(|view| !view.is_over() && view.jobs().any(|job| job.status == Status::Running))
            .map(|view| view.parts.iter().map(|part| part.pipeline.id).collect::<Vec<_>>())
    });
    Effect::new(move |_| {
        if let Some(pipelines) = runs.get() {
            spawn_local(async move {
                let _ = environment.try_set(environment_of(stored.get_value(), owner, pipelines).await);
            });
        }
    });
    let beat = RwSignal::new(None);
    provide_context(Heartbeat(beat));
    Effect::new(move |_| keep_fresh(stored.get_value(), owner, query, told));
    // The last good answer stays while a later one fails.
    let view_of = Memo::new(move |before: Option<&Option<RunView>>| query.get().or_else(|| before.cloned().flatten()));
    let problem = Memo::new(move |_| match query.state.get() {
        Load::Failed(problem) => Some(problem),
        _ => None,
    });
    let ready = Memo::new(move |_| view_of.get().is_some());
    let twin = Memo::new(move |_| view_of.get().and_then(|view| view.twin));
    let runs = Route::Runs { places: crate::places::Places::one(&client.instance.id) }.to_string();
    let instance = client.instance.id.clone();
    let twin_link = dynamic(move || {
        let name = twin.get()?;
        let route = Route::Twin { instance: instance.clone(), owner, name: name.clone() };
        Some(view! { <a href=route.to_string()>{name}</a> })
    });
    let view_now = Signal::derive(move || view_of.get().expect("it is asked for only where there is a run"));
    view! {
        <Title text=move || twin.get().map_or_else(|| format!("Run {pipeline}"), |twin| format!("{twin}, run {pipeline}"))/>
        <nav class="crumbs" aria-label="Path"><a href=runs>"Runs"</a>{twin_link}</nav>
        <div class="page-head">
            <h1>{format!("Run {pipeline}")}</h1>
            <Show when=move || ready.get()>
                <StatusMark status=Signal::derive(move || view_now.get().status)/>
                {dynamic(move || lives(&view_now.get(), beat.get()).map(|words| view! { <span class="tag">{words}</span> }))}
                <span class="gap"></span>
                <RunActions client=stored.get_value() owner view_of=view_now query told environment/>
            </Show>
        </div>
        {dynamic(move || problem.get().map(|problem| view! { <ProblemBox problem again=Callback::new(move |()| query.refresh())/> }))}
        <Show when=move || ready.get() fallback=move || view! { <Show when=move || problem.get().is_none()><Skeleton rows=8 label="Loading the run"/></Show> }>
            <Facts client=stored.get_value() owner view_of=view_now query/>
            {dynamic(move || environment.get().filter(|_| !view_now.with(RunView::is_over)).map(|kept: Environment| {
                let link = kept.external_url.as_deref().and_then(web);
                view! { <p class="facts faint"><span>"Keeps the environment "{kept.name}</span>{link.map(|url| view! { <a href=url rel="external noopener noreferrer" target="_blank">"Open it"</a> })}</p> }
            }))}
            {dynamic(move || view_now.get().gone.then(|| view! { <Notice tone=Tone::Bad title="This run is there no more." text=format!("It was deleted on {}, or you may no longer see it. What you see is how it was when it was last read.", stored.get_value().instance.name)/> }))}
            {dynamic(move || view_now.get().parent.yaml_errors.map(|text| view! { <Notice tone=Tone::Bad title="The CI file of this commit cannot be used." text=text/> }))}
            {dynamic(move || view_now.get().message.map(|message| view! { <Notice tone=Tone::Bad title="The twin was not started." text=message/> }))}
            <Body client=stored.get_value() owner view_of=view_now query/>
        </Show>
    }
}
