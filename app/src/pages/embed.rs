//! Views in pages of somebody else: no frame, nothing to press that changes anything, one way out.

use gitlab::JobId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::{Asset, Kind, Owner};
use twin::run::ago;

use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::components::parts;
use crate::components::problem_box::ProblemBox;
use crate::components::status::StatusMark;
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::queries::embed::{Short, Told, board, newest};
use crate::queries::run::{RunView, run};
use crate::queries::twin::contents;
use crate::queries::{Load, Query, ask, results};
use crate::routes::{Route, absolute};
use crate::session;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;

/// Milliseconds between looks at what goes on.
const PAUSE: u32 = 5_000;

/// Asks again while somebody sees it and it may change.
fn keep<T: Clone + Send + Sync + 'static>(query: Query<T>, goes_on: impl Fn(&T) -> bool + 'static) {
    spawn_local(async move {
        loop {
            browser::sleep(PAUSE).await;
            let Some(again) = query.state.try_with_untracked(|state| !matches!(state, Load::Ready(value) if !goes_on(value))) else { return };
            if again && !browser::is_hidden() {
                query.refresh();
            }
        }
    });
}

fn loaded<T: Clone + Send + Sync + 'static>(query: Query<T>, show: impl Fn(T) -> AnyView + Send + Sync + 'static) -> AnyView {
    let good = Memo::new(move |before: Option<&Option<u64>>| match query.state.get() {
        Load::Ready(_) => Some(before.copied().flatten().unwrap_or(0) + 1),
        _ => before.copied().flatten(),
    });
    let problem = move || match (good.get(), query.state.get()) {
        (None, Load::Failed(problem)) => Some(problem),
        _ => None,
    };
    dynamic(move || match (problem(), query.get()) {
        (Some(problem), _) => view! { <ProblemBox problem=told(problem) again=Callback::new(move |()| query.refresh())/> }.into_any(),
        (None, Some(value)) => show(value),
        (None, None) => view! { <Skeleton rows=4 label="Loading"/> }.into_any(),
    })
    .into_any()
}

/// Nobody signs in inside somebody else's page.
fn told(problem: Problem) -> Problem {
    if problem.sign_in {
        Problem { advice: "What let it be shown is over. Reload the page that it is in, or ask whoever made it.".to_owned(), sign_in: false, ..problem }
    } else {
        problem
    }
}

fn when(iso: &str) -> String {
    browser::parse_time(iso).map(|time| ago((browser::now() - time) / 1000.0)).unwrap_or_default()
}

fn last(run: Option<Short>) -> AnyView {
    match run {
        Some(run) => view! { <StatusMark status=run.status.clone()/><span class="faint">{when(&run.updated_at)}</span> }.into_any(),
        None => view! { <span class="faint">"Not run lately"</span> }.into_any(),
    }
}

fn card(client: Client, owner: Owner, twin: String) -> AnyView {
    let asset = Asset { owner, kind: Kind::Twin, name: twin.clone() };
    let (stored, of) = (StoredValue::new(client), StoredValue::new(asset.clone()));
    let found = ask(|| (), move |()| contents(stored.get_value(), of.get_value()));
    let runs = ask(|| (), move |()| newest(stored.get_value(), owner));
    keep(runs, |_| true);
    let name = twin.clone();
    let state = loaded(runs, move |runs| last(runs.into_iter().find(|run| run.twin.as_deref() == Some(&name))));
    let text = loaded(found, move |found| {
        let words = found.description.or(found.readme).unwrap_or_default();
        let short: String = words.split("\n\n").filter(|part| !part.trim_start().starts_with('#')).take(2).collect::<Vec<_>>().join("\n\n");
        parts::markdown(short, asset.path())
    });
    view! { <div class="embed-head"><h1>{twin}</h1><span class="gap"></span>{state}</div>{text} }.into_any()
}

fn run_list(client: Client, owner: Owner, number: i64) -> AnyView {
    let stored = StoredValue::new(client);
    let found: Query<RunView> = ask(|| (), move |()| run(stored.get_value(), owner, number));
    keep(found, |view| !(view.status.is_complete() && view.parent.status.is_complete()));
    loaded(found, move |view| {
        let rows = view
            .jobs()
            .map(|job| view! { <li><StatusMark status=job.status.clone()/><span>{job.name.clone()}</span><span class="faint">{job.stage.clone()}</span></li> })
            .collect_view();
        let title = view.twin.clone().map_or_else(|| format!("Run {number}"), |twin| format!("{twin}, run {number}"));
        view! {
            <div class="embed-head"><h1>{title}</h1><span class="gap"></span><StatusMark status=view.status.clone()/><span class="faint">{when(&view.parent.created_at)}</span></div>
            <ul class="embed-jobs">{rows}</ul>
        }
        .into_any()
    })
}

fn log(client: Client, owner: Owner, number: i64, job: i64) -> AnyView {
    let stored = StoredValue::new(client);
    let found: Query<RunView> = ask(|| (), move |()| run(stored.get_value(), owner, number));
    keep(found, move |view| view.jobs().find(|one| one.id.0 == job).is_none_or(|one| !one.status.is_complete()));
    let over = Signal::derive(move || found.get().and_then(|view| view.jobs().find(|one| one.id.0 == job).map(|one| one.status.is_complete())).unwrap_or(false));
    let name = Memo::new(move |before: Option<&String>| {
        let known = found.get().and_then(|view| view.jobs().find(|one| one.id.0 == job).map(|one| one.name.clone()));
        known.or_else(|| before.cloned()).unwrap_or_default()
    });
    let ready = Memo::new(move |_| !name.get().is_empty());
    view! {
        {dynamic(move || ready.get().then(|| parts::log(stored.get_value(), owner, JobId(job), name.get_untracked(), over)))}
        {dynamic(move || match found.state.get() {
            Load::Failed(problem) if !ready.get() => Some(view! { <ProblemBox problem=told(problem) again=Callback::new(move |()| found.refresh())/> }),
            _ => None,
        })}
    }
    .into_any()
}

fn plot(client: Client, owner: Owner, job: i64, path: String) -> AnyView {
    let (stored, of) = (StoredValue::new(client), StoredValue::new(path.clone()));
    let found = ask(|| (), move |()| results::file(stored.get_value(), owner, JobId(job), of.get_value()));
    loaded(found, move |bytes| parts::file(path.clone(), bytes))
}

fn boards(client: Client, owner: Owner) -> AnyView {
    let name = client.instance.name.clone();
    let stored = StoredValue::new(client);
    let found = ask(|| (), move |()| board(stored.get_value(), owner));
    keep(found, |_| true);
    let rows = loaded(found, move |twins| {
        if twins.is_empty() {
            return view! { <Empty title="No twins here yet"/> }.into_any();
        }
        let rows = twins.into_iter().map(|(name, run)| view! { <tr><th scope="row">{name}</th><td>{last(run)}</td></tr> }).collect_view();
        view! { <table class="rows"><caption class="only-read">"Twins"</caption><thead><tr><th scope="col">"Twin"</th><th scope="col">"Last run"</th></tr></thead><tbody>{rows}</tbody></table> }.into_any()
    });
    view! { <div class="embed-head"><h1>{name}</h1></div>{rows} }.into_any()
}

/// Where the same is in the app.
fn out(told: &Told, owner: Owner) -> Route {
    let (instance, subject) = (told.subject.instance.clone(), &told.subject);
    match (subject.run, subject.twin.clone()) {
        (Some(pipeline), _) => Route::Run { instance, owner, pipeline, job: subject.job },
        (None, Some(name)) => Route::Twin { instance, owner, name },
        (None, None) => Route::Library { places: crate::places::Places::one(&instance), kind: Some(Kind::Twin) },
    }
}

/// The view.
#[component]
pub fn Embedded(told: String) -> impl IntoView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let Ok(told) = serde_json::from_str::<Told>(&told) else { return view! { <Empty title="This view cannot be read"/> }.into_any() };
    let subject = told.subject.clone();
    let owner = if told.common { Owner::Common } else { Owner::Private };
    if let Some(person) = bootstrap.people.first() {
        session::keep(&person.backend, &person.username, &told.pass, told.until);
    }
    let Some(client) = instances.client(&subject.instance) else { return view! { <Empty title="This instance is not here any more"/> }.into_any() };
    let (parents, theme) = (told.parents.clone(), told.theme.clone());
    Effect::new(move |_| {
        browser::tab::boards();
        let (parents, theme) = (parents.clone(), theme.clone());
        spawn_local(async move { browser::files::live_in_frame(&parents, theme.as_deref()).await });
    });
    let shown = match (subject.view.as_str(), subject.run, subject.job) {
        ("card", ..) => card(client, owner, subject.twin.clone().unwrap_or_default()),
        ("run", Some(run), _) => run_list(client, owner, run),
        ("log", Some(run), Some(job)) => log(client, owner, run, job),
        ("plot", _, Some(job)) => plot(client, owner, job, subject.path.clone().unwrap_or_default()),
        _ => boards(client, owner),
    };
    let address = absolute(&out(&told, owner));
    view! {
        <Title text="View"/>
        <main class="embed" id="main">{shown}<p class="embed-out"><a href=address target="_blank" rel="noopener">"Open in Twinport"</a></p></main>
    }
    .into_any()
}
