//! One's own workspace: how it stands, what there is in it, and the way in. Whoever came here on the
//! way to something goes on by themselves once it runs.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::actions::workspace::{open, start, stop};
use crate::browser;
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::workspace::{Service, Standing, Workspace, workspace};
use crate::queries::{Load, Query, ask};
use crate::routes::workspace_enter;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};

/// Milliseconds between looks: while it starts, and otherwise.
const SOON: u32 = 700;
const LATER: u32 = 5_000;

/// What somebody was on the way to.
#[derive(Clone, PartialEq)]
enum Aim {
    Nothing,
    /// A path there.
    Path(String),
    /// A file or folder of a project.
    Asset(String, String),
}

fn mark(state: Standing) -> AnyView {
    let (variant, icon, word) = match state {
        Standing::Stopped => ("off", Icon::Dash, "Stopped"),
        Standing::Starting => ("active", Icon::Half, "Starting"),
        Standing::Running => ("good", Icon::Check, "Running"),
        Standing::Failed => ("bad", Icon::Cross, "Failed"),
    };
    view! { <span class="status" data-variant=variant><Picture icon/>{word}</span> }.into_any()
}

fn amount(bytes: f64) -> String {
    if bytes >= 1e9 { format!("{:.1} GB", bytes / 1e9) } else { format!("{:.0} MB", bytes / 1e6) }
}

/// What is known about it, in words.
fn facts(one: &Workspace) -> Vec<(&'static str, String)> {
    let clock = |seconds: f64| browser::clock(seconds * 1000.0);
    let mut facts = vec![("Address", one.host.clone())];
    if matches!(one.state, Standing::Running) && one.starts {
        facts.push(("Since", clock(one.since)));
        facts.extend(one.cpu.map(|cpu| ("Processor", format!("{:.0} %", cpu * 100.0))));
        facts.extend(one.memory.filter(|bytes| *bytes > 0.0).map(|bytes| ("Memory", amount(bytes))));
        facts.extend(one.idle_minutes.map(|minutes| ("Stops by itself", format!("at {} if nothing moves", clock(one.used + minutes * 60.0)))));
    }
    facts
}

fn tile(service: Service) -> AnyView {
    let words = if service.description.is_empty() { service.path.clone() } else { service.description };
    view! { <li><a class="tile" target="_blank" rel="external noreferrer" href=workspace_enter(&service.path)><strong>{service.name}</strong><span class="faint">{words}</span></a></li> }.into_any()
}

fn printed(log: String, open: bool) -> Option<AnyView> {
    (!log.trim().is_empty())
        .then(|| view! { <details class="printed" open=open><summary>"What it printed"</summary><pre tabindex="0"><code>{log}</code></pre></details> }.into_any())
}

/// The page.
#[component]
pub fn WorkspacePage(client: Client) -> impl IntoView {
    // Followed: the page may be there before what is behind the `?` of its address.
    let query = use_location().query;
    let aim = Memo::new(move |_| {
        query.with(|query| match (query.get("project"), query.get("then")) {
            (Some(project), _) => Aim::Asset(project, query.get("path").unwrap_or_default()),
            (None, Some(then)) if then != "/" => Aim::Path(then),
            _ => Aim::Nothing,
        })
    });
    let name = client.instance.name.clone();
    let found: Query<Workspace> = ask(|| (), move |()| workspace());
    let (busy, going) = (RwSignal::new(false), RwSignal::new(false));
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let client = StoredValue::new(client);
    // Looks again for as long as the page is there, unless nobody sees it.
    spawn_local(async move {
        loop {
            let soon = found.state.try_with_untracked(|state| matches!(state, Load::Ready(one) if one.state == Standing::Starting));
            let Some(soon) = soon else { return };
            browser::sleep(if soon { SOON } else { LATER }).await;
            if found.state.try_get_untracked().is_none() {
                return;
            }
            if !browser::is_hidden() {
                found.refresh();
            }
        }
    });
    let go_on = move || {
        let (Some(aim), Some(client)) = (aim.try_get_untracked(), client.try_get_value()) else { return };
        going.set(true);
        problem.set(None);
        spawn_local(async move {
            let to = match aim {
                Aim::Nothing => return,
                Aim::Path(path) => Ok(workspace_enter(&path)),
                Aim::Asset(project, path) => open(&client, &project, &path).await,
            };
            match to {
                Ok(address) => browser::leave_for(&address),
                Err(error) => {
                    if going.try_set(false).is_none() {
                        problem.set(Some(error));
                    }
                }
            }
        });
    };
    let runs = Memo::new(move |_| found.get().is_some_and(|one| one.state == Standing::Running));
    Effect::new(|_| browser::tab::boards());
    Effect::new(move |_| {
        if runs.get() && aim.get() != Aim::Nothing {
            go_on();
        }
    });
    let act = move |starts: bool| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let outcome = if starts { start().await } else { stop().await };
            if busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Ok(one) => found.state.set(Load::Ready(one)),
                Err(error) => {
                    problem.set(Some(error));
                }
            }
        });
    };
    let aimed = move || {
        let words = match aim.get() {
            Aim::Nothing => return None,
            Aim::Path(path) => path,
            Aim::Asset(project, path) => format!("{project}/{path}").trim_end_matches('/').to_owned(),
        };
        let text = if going.get() { "The workspace runs; it opens now." } else { "It opens by itself as soon as the workspace runs." };
        Some(view! { <Notice tone=Tone::Plain title=format!("On the way to {words}") text/> }.into_any())
    };
    let shown = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=4 label="Looking at your workspace"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(one) => {
            let state = one.state;
            let (start_label, stoppable) = (if state == Standing::Failed { "Start again" } else { "Start" }, one.starts && matches!(state, Standing::Running | Standing::Starting));
            let startable = one.starts && matches!(state, Standing::Stopped | Standing::Failed);
            let facts = facts(&one).into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view();
            let reason = one.reason.clone().map(|reason| view! { <Notice tone=Tone::Bad title="The workspace failed" text=reason/> });
            let words = match state {
                Standing::Stopped => "Files in it stay where they are while it is stopped.",
                Standing::Starting => "This takes a moment; what it prints is below.",
                Standing::Running if one.starts => "It runs on its own host, apart from Twinport, and only you come in.",
                Standing::Running => "It is run outside Twinport, on its own host, and only you come in.",
                Standing::Failed => "What it printed last is below.",
            };
            view! {
                <section class="workspace" aria-label="State">
                    <div class="workspace-head">
                        {mark(state)}
                        <span class="gap"></span>
                        {startable.then(|| view! { <button type="button" class="button" data-variant="primary" disabled=move || busy.get() on:click=move |_| act(true)><Picture icon=Icon::Play/>{start_label}</button> })}
                        {stoppable.then(|| view! { <button type="button" class="button" disabled=move || busy.get() on:click=move |_| act(false)><Picture icon=Icon::Stop/>"Stop"</button> })}
                        {(state == Standing::Running).then(|| view! { <a class="button" data-variant="primary" target="_blank" rel="external noreferrer" href=one.enter.clone()>"Open the workspace"</a> })}
                    </div>
                    <p class="faint">{words}</p>
                    <dl class="workspace-facts">{facts}</dl>
                </section>
                {reason}
                {(!one.services.is_empty()).then(|| view! { <h2>"In it"</h2><ul class="tiles">{one.services.clone().into_iter().map(tile).collect_view()}</ul> })}
                {printed(one.log.clone(), matches!(state, Standing::Starting | Standing::Failed))}
            }
            .into_any()
        }
    });
    let failed = dynamic(move || {
        problem.with(|problem| problem.clone().map(|problem| view! { <ProblemBox problem again=Callback::new(move |()| if runs.get_untracked() { go_on() } else { act(true) })/> }))
    });
    view! {
        <Title text="Workspace"/>
        <div class="page-head"><h1>"Workspace"</h1></div>
        <p class="lead">{format!("Your own JupyterLab, editor or desktop beside the twins of {name}.")}</p>
        {dynamic(aimed)}
        {failed}
        {shown}
    }
}
