//! A federated twin: its plan, and its runs, which this page leads or watches.

use std::collections::BTreeSet;
use std::rc::Rc;

use ::federation::journal::{Journal, Wish};
use ::federation::manifest::FILE;
use ::federation::plan::Plan;
use ::federation::standing::{Standing, Whole};
use ::twin::asset::{Asset, Kind, Owner};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use crate::actions::federated::{Lead, Sight, take_up};
use crate::bootstrap::Bootstrap;
use crate::browser::tab;
use crate::components::dashboard::{Around, Member};
use crate::components::federated::board::board;
use crate::components::federated::drawing::{drawing, is_drawn};
use crate::components::federated::earlier::EarlierRuns;
use crate::components::federated::{look_of_whole, mark};
use crate::components::parts;
use crate::components::problem_box::ProblemBox;
use crate::desks::Desk;
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::queries::dashboard::Target;
use crate::queries::federated::{Answer, Ask, Unplanned, lost, planned, records};
use crate::queries::service::missing;
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::confirm::Confirm;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

/// What was loaded: the plan, and the run with what guards its record.
type Loaded = (Plan, Option<(Journal, String)>);

/// What it would mean to start it, in a sentence.
fn cost(plan: &Plan) -> String {
    let able = plan.seats.iter().filter(|seat| seat.problem.is_none()).count();
    let instances: BTreeSet<&str> = plan.seats.iter().filter(|seat| seat.problem.is_none()).map(|seat| seat.place.instance.as_str()).collect();
    let count = |count: usize, one: &str, many: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {many}") };
    let canary = if plan.rollout.canary > 0 { format!(", the first {} before the others", plan.rollout.canary) } else { String::new() };
    let pause = if plan.rollout.pause_after > 0 { format!(" After {} it pauses.", count(plan.rollout.pause_after as usize, "failure", "failures")) } else { String::new() };
    format!(
        "Starting it starts {} on {}, at most {} at once on each{canary}.{pause}",
        count(able, "run", "runs"),
        count(instances.len(), "instance", "instances"),
        plan.rollout.at_once
    )
}

fn wrong(unplanned: Unplanned, again: Callback<()>) -> AnyView {
    match unplanned {
        Unplanned::Problem(problem) => view! { <ProblemBox problem again/> }.into_any(),
        Unplanned::Wrong(faults) => {
            let row = |(line, message): (Option<usize>, String)| view! { <li data-variant="bad"><Picture icon=Icon::Cross/><p>{message}" "{line.map(|line| view! { <span class="faint">{format!("line {line}")}</span> })}</p></li> };
            view! {
                <Notice tone=Tone::Bad title=format!("This federation cannot be started: its {FILE} has mistakes.") text="Put them right in the editor; nothing was started."/>
                <ul class="checks findings">{faults.into_iter().map(row).collect_view()}</ul>
            }
            .into_any()
        }
    }
}

/// What can be done with the whole.
fn acts(lead: Cell<Option<Lead>>, sight: Sight) -> AnyView {
    let asked = RwSignal::new(false);
    let wish = move |wish: Wish| lead.peek(Clone::clone).flatten().iter().for_each(|lead| lead.wish(wish));
    let buttons = dynamic(move || {
        let (leads, wanted, over) = sight.head.with(|head| (head.leads, head.wish, head.whole.is_some_and(Whole::is_over)));
        if !leads || over || wanted == Wish::Stop {
            return ().into_any();
        }
        let (other, word, variant) = if wanted == Wish::Run { (Wish::Pause, "Pause starting", "quiet") } else { (Wish::Run, "Go on", "primary") };
        view! {
            <button type="button" class="button" data-variant=variant on:click=move |_| wish(other)>{word}</button>
            <button type="button" class="button" data-variant="danger" on:click=move |_| asked.set(true)><Picture icon=Icon::Stop/>"Stop all"</button>
        }
        .into_any()
    });
    view! {
        {buttons}
        <Confirm open=asked title="Stop all members?" text="Each is stopped by its terminate phase where it has one, those that others wait for last. What they have written is kept." act="Stop all" keep="Keep running" on_act=Callback::new(move |()| wish(Wish::Stop))/>
    }
    .into_any()
}

/// What is to be said about who leads, and about the record.
fn notices(lead: Cell<Option<Lead>>, sight: Sight, by: String) -> AnyView {
    dynamic(move || match sight.head.with(|head| (head.leads, head.trouble.clone(), head.whole.is_some_and(Whole::is_over) || (head.whole.is_none() && head.trouble.is_none()))) {
        (.., true) => ().into_any(),
        (_, Some(why), _) => view! { <Notice tone=Tone::Bad title="The record of this run cannot be reached, so nothing more is started." text=format!("{why} It is tried again by itself; members that run go on.")/> }.into_any(),
        (false, ..) => {
            let text = format!("It was begun by {by}. Another page leads it, or did until it was closed. What you see is up to date; to have members started, tried again or stopped from here, lead it.");
            view! {
                <Notice tone=Tone::Plain title="You are watching this run." text>
                    <button type="button" class="button" on:click=move |_| lead.peek(Clone::clone).flatten().iter().for_each(Lead::take_lead)>"Lead it from here"</button>
                </Notice>
            }
            .into_any()
        }
        _ => ().into_any(),
    })
    .into_any()
}

/// A plan, and a run of it where there is one.
#[component]
fn Body(client: Client, owner: Owner, twin: String, loaded: Loaded) -> impl IntoView {
    let (plan, read) = loaded;
    let instances = expect_context::<Instances>();
    let sight = Sight::new(plan.seats.len());
    let journal = read.as_ref().map(|(journal, _)| journal.clone());
    let (lead, started) = (Cell::new(None::<Lead>), journal.is_some());
    if let Some(read) = read {
        take_up((instances, client.clone(), owner), plan.clone(), read, sight, lead);
    }
    let title = if plan.title.is_empty() { twin.clone() } else { plan.title.clone() };
    let library = Route::Library { places: crate::places::Places::one(&client.instance.id), kind: Some(Kind::Twin) }.to_string();
    let of = Route::Twin { instance: client.instance.id.clone(), owner, name: twin.clone() }.to_string();
    let whole = dynamic(move || sight.head.with(|head| head.whole).map(|whole| mark(look_of_whole(whole), whole.word())));
    // A second set beside one that goes on would talk over the same topics.
    let again = {
        let (client, twin, plan) = (client.clone(), twin.clone(), plan.clone());
        dynamic(move || {
            sight
                .head
                .with(|head| head.whole.is_some_and(Whole::is_over))
                .then(|| view! { <StartButton client=client.clone() owner twin=twin.clone() plan=plan.clone() again=true/> })
        })
    };
    let head = match &journal {
        Some(_) => view! { {whole}<span class="gap"></span>{acts(lead, sight)}{again} }.into_any(),
        _ => view! { <span class="gap"></span><StartButton client=client.clone() owner twin=twin.clone() plan=plan.clone() again=false/> }.into_any(),
    };
    let notes = journal.as_ref().map(|journal| notices(lead, sight, journal.by.clone()));
    let facts = match &journal {
        Some(journal) => format!("Run {}, begun by {}", journal.id, journal.by),
        None => cost(&plan),
    };
    // Whether what it needs is up, asked before anybody starts it.
    let lacking: Cell<Vec<String>> = Cell::new(Vec::new());
    if journal.is_none() {
        let (client, needed) = (client.clone(), plan.services.clone());
        spawn_local(async move {
            let found = missing(client, needed).await;
            lacking.set(found);
        });
    }
    let lacks = dynamic(move || {
        let text = lacking.with(|list| list.join(" "));
        (!text.is_empty()).then(|| view! { <Notice tone=Tone::Bad title="Something that it needs is not there." text/> })
    });
    let services = (!plan.services.is_empty()).then(|| format!("Needs {}.", plan.services.join(", ")));
    let picture = if is_drawn(&plan) { drawing(&plan, sight, started) } else { ().into_any() };
    view! {
        <nav class="crumbs" aria-label="Path"><a href=library>"Digital twins"</a><a href=of>{twin.clone()}</a>{started.then(|| view! { <a href=Desk::Federated(owner, twin.clone(), None).at(&client.instance.id).to_string()>"Federation"</a> })}</nav>
        <div class="page-head"><h1>{title}</h1><span class="tag">{plan.kind.word()}</span>{head}</div>
        <p class="facts faint"><span>{facts}</span>{services.map(|services| view! { <span>{services}</span> })}</p>
        {notes}{lacks}
        {picture}
        {board(plan.clone(), sight, lead, started)}
        {started.then(|| view! { <h2>"Dashboard"</h2>{panels(client.clone(), owner, twin.clone(), plan, sight)} })}
        {(!started).then(|| view! { <h2>"Earlier runs"</h2><EarlierRuns client owner twin/> })}
    }
}

/// The federated twin's own panels, over the runs of its members.
fn panels(client: Client, owner: Owner, twin: String, plan: Plan, sight: Sight) -> AnyView {
    let asset = Asset { owner, kind: Kind::Twin, name: twin };
    let instances = expect_context::<Instances>();
    let seats = plan.seats;
    let members = Rc::new(seats.iter().map(|seat| Member { name: seat.name.clone(), variables: seat.variables.clone() }).collect());
    let whose = move |member: Option<&str>| {
        let number = seats.iter().position(|seat| Some(seat.name.as_str()) == member)?;
        let pipeline = sight.pipeline(number)?;
        let place = seats[number].place.clone();
        let over = matches!(sight.peek(number), Standing::Done | Standing::Failed | Standing::Stopped);
        Some(Target { client: instances.client(&place.instance)?, project: place.project, twin: place.twin, pipeline, over })
    };
    let live = Signal::derive(move || !sight.head.with(|head| head.whole.is_some_and(Whole::is_over)));
    let around = Around { client, whose: Rc::new(whose), live, members, folder: asset.path() };
    parts::dashboard(asset, around)
}

/// Starts the whole.
#[component]
fn StartButton(client: Client, owner: Owner, twin: String, plan: Plan, again: bool) -> impl IntoView {
    let (toasts, onward) = (expect_context::<Toasts>(), Onward::here());
    let busy = RwSignal::new(false);
    let able = client.username.is_some() && plan.seats.iter().any(|seat| seat.problem.is_none());
    let plan = StoredValue::new_local(plan);
    let press = move |_| {
        let (client, twin, wanted) = (client.clone(), twin.clone(), plan.get_value());
        busy.set(true);
        spawn_local(async move {
            let instance = client.instance.id.clone();
            match records(client, owner, twin.clone(), Ask::Begin(Box::new(wanted))).await {
                Ok(Answer::Begun(run)) => {
                    if !onward.to(&Desk::Federated(owner, twin.clone(), Some(run)).at(&instance).to_string()) {
                        toasts.good(format!("“{twin}” was started."));
                    }
                }
                Ok(_) => {}
                Err(Problem { title, advice, .. }) => toasts.bad(title, advice),
            }
            let _ = busy.try_set(false);
        });
    };
    let word = if again { "Start again" } else { "Start all" };
    let variant = if again { "quiet" } else { "primary" };
    view! { <button type="button" class="button" data-variant=variant disabled=move || busy.get() || !able on:click=press><Picture icon=Icon::Play/>{word}</button> }
}

/// The page.
#[component]
pub fn FederatedPage(client: Client, owner: Owner, twin: String, run: Option<String>) -> impl IntoView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let found: Cell<Option<Result<Loaded, Unplanned>>> = Cell::new(None);
    let asset = Asset { owner, kind: Kind::Twin, name: twin.clone() };
    let stored = StoredValue::new_local((client.clone(), asset, run, bootstrap, instances));
    let load = move || {
        found.set(None);
        let Some((client, asset, run, bootstrap, instances)) = stored.try_get_value() else { return };
        spawn_local(async move {
            // What the manifest says by now counts for the next run, and for those of this one that could not be
            // started when it began.
            let today = planned(bootstrap, instances, client.clone(), asset.clone()).await;
            let both = match run {
                Some(run) => match records(client, owner, asset.name, Ask::Run(run)).await {
                    Ok(Answer::Run(read)) => Ok((read.0.again(today.as_ref().ok()), Some(read.1))),
                    Ok(_) => Err(Unplanned::Problem(lost())),
                    Err(problem) => Err(Unplanned::Problem(problem)),
                },
                None => today.map(|plan| (plan, None)),
            };
            found.set(Some(both));
        });
    };
    Effect::new(move |_| {
        tab::boards();
        load();
    });
    let title = format!("{twin}, federation");
    let body = dynamic(move || match found.with(Clone::clone) {
        None => view! { <div class="page-head"><h1>{twin.clone()}</h1></div><Skeleton rows=8 label="Loading the federation"/> }.into_any(),
        Some(Err(unplanned)) => view! { <div class="page-head"><h1>{twin.clone()}</h1></div>{wrong(unplanned, Callback::new(move |()| load()))} }.into_any(),
        Some(Ok(loaded)) => view! { <Body client=client.clone() owner twin=twin.clone() loaded/> }.into_any(),
    });
    view! { <Title text=title/>{body} }
}
