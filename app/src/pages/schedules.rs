//! Schedules: twins that run by themselves, when, and with whose rights.

use gitlab::schedules::ScheduleAct;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::Owner;
use twin::schedule::{EVERY, said};

use crate::actions::schedules::{change, create};
use crate::browser::{self, tab};
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::places::Places;
use crate::queries::schedules::{Planned, schedules};
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::confirm::Confirm;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;
use crate::ui::toast::Toasts;

/// A schedule that somebody wants gone, before they have said so twice.
type Doomed = (RwSignal<bool>, Cell<Option<(Owner, i64)>>);

fn row(planned: Planned, client: Client, query: Query<Vec<Planned>>, toasts: Toasts, doomed: Doomed) -> AnyView {
    let Planned { owner, schedule, twin } = planned;
    let (id, active) = (schedule.id, schedule.active);
    let name = twin.clone().unwrap_or_else(|| schedule.description.clone());
    let act = {
        let client = client.clone();
        move |act: ScheduleAct, wish: &'static str, good: &'static str| {
            let client = client.clone();
            spawn_local(async move {
                match change(client, owner, act, wish).await {
                    Ok(()) => toasts.good(good),
                    Err(problem) => toasts.bad(problem.title, problem.advice),
                }
                query.refresh();
            });
        }
    };
    let (switch, play) = (act.clone(), act);
    let delete = move |_| {
        doomed.1.set(Some((owner, id)));
        doomed.0.set(true);
    };
    let next = schedule.next_run_at.as_deref().filter(|_| active).map_or_else(|| "Switched off".to_owned(), browser::local_time);
    let shown = match twin {
        Some(twin) => {
            let href = Route::Twin { instance: client.instance.id.clone(), owner, name: twin.clone() }.to_string();
            view! { <a href=href>{twin}</a> }.into_any()
        }
        None => schedule.description.clone().into_any(),
    };
    let more = schedule.variables.iter().filter(|given| !["DTName", "RunnerTag"].contains(&given.key.as_str())).map(|given| format!("{}={}", given.key, given.value));
    let more = more.collect::<Vec<_>>().join(", ");
    let zone = if schedule.cron_timezone.is_empty() { "UTC".to_owned() } else { schedule.cron_timezone.clone() };
    view! {
        <tr>
            <th scope="row">{shown}<p class="faint">{client.project_path(owner)}</p></th>
            <td>{said(&schedule.cron).replace("UTC", &zone)}<p class="faint"><code>{schedule.cron.clone()}</code></p></td>
            <td>{next}</td>
            <td class="wide-only">{more}</td>
            <td class="wide-only">{schedule.owner.map(|owner| owner.username)}</td>
            <td class="row-acts">
                <button type="button" class="button" data-variant="quiet" aria-label=format!("Run {name} now") on:click=move |_| play(ScheduleAct::Play(id), "start it now", "It was started.")>"Run now"</button>
                <button type="button" class="button" data-variant="quiet" aria-label=format!("Switch {name} {}", if active { "off" } else { "on" }) on:click=move |_| switch(ScheduleAct::Switch(id, !active), "switch the schedule", if active { "It is off." } else { "It is on." })>{if active { "Switch off" } else { "Switch on" }}</button>
                <button type="button" class="button" data-variant="quiet" aria-label=format!("Delete the schedule of {name}") on:click=delete>"Delete"</button>
            </td>
        </tr>
    }
    .into_any()
}

/// A new one.
fn form(client: Client, query: Query<Vec<Planned>>, toasts: Toasts) -> AnyView {
    let (twin, chosen, cron, more) = (RwSignal::new(String::new()), RwSignal::new("0".to_owned()), RwSignal::new(EVERY[0].0.to_owned()), RwSignal::new(String::new()));
    let owner = RwSignal::new("private".to_owned());
    let busy = RwSignal::new(false);
    let own = move || chosen.get() == "own";
    let choose = move |event: leptos::ev::Event| {
        let value = event_target_value(&event);
        if let Some((words, _)) = value.parse::<usize>().ok().and_then(|place| EVERY.get(place)) {
            cron.set((*words).to_owned());
        }
        chosen.set(value);
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let given = more.get_untracked();
        let pairs: Result<Vec<(String, String)>, String> = given
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).ok_or_else(|| line.to_owned()))
            .collect();
        let more_pairs = match pairs {
            Ok(pairs) => pairs,
            Err(line) => return toasts.bad(format!("“{line}” is no variable."), "Write one a line: NAME=value."),
        };
        let (client, name, cron) = (client.clone(), twin.get_untracked().trim().to_owned(), cron.get_untracked());
        let of = if owner.get_untracked() == "common" { Owner::Common } else { Owner::Private };
        busy.set(true);
        spawn_local(async move {
            match create(client, of, name, cron, more_pairs).await {
                Ok(()) => {
                    toasts.good("The schedule is made.");
                    let _ = twin.try_set(String::new());
                    let _ = more.try_set(String::new());
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            let _ = busy.try_set(false);
            query.refresh();
        });
    };
    let options = EVERY.iter().enumerate().map(|(place, (_, words))| view! { <option value=place.to_string()>{*words}</option> }).collect_view();
    view! {
        <h2>"New schedule"</h2>
        <form class="fields start" on:submit=send>
            <div class="field"><label for="schedule-twin">"Digital twin"</label><input id="schedule-twin" required placeholder="hello-world" prop:value=twin on:input=move |event| twin.set(event_target_value(&event))/></div>
            <div class="field"><label for="schedule-owner">"Of"</label><select id="schedule-owner" on:change=move |event| owner.set(event_target_value(&event))><option value="private">"My project"</option><option value="common">"The common assets"</option></select></div>
            <div class="field"><label for="schedule-when">"When"</label><select id="schedule-when" on:change=choose>{options}<option value="own">"At times of my own"</option></select></div>
            {dynamic(move || own().then(|| view! {
                <div class="field"><label for="schedule-cron">"Times, as cron has them (UTC)"</label><input id="schedule-cron" required prop:value=cron on:input=move |event| cron.set(event_target_value(&event))/><p class="faint">{move || said(&cron.get())}</p></div>
            }))}
            <div class="field"><label for="schedule-more">"Variables, one a line (NAME=value)"</label><textarea id="schedule-more" rows="2" prop:value=more on:input=move |event| more.set(event_target_value(&event))></textarea></div>
            <div class="actions"><button type="submit" class="button" data-variant="primary" disabled=move || busy.get()>"Make the schedule"</button></div>
        </form>
    }
    .into_any()
}

/// The page.
#[component]
pub fn SchedulePage(client: Client) -> impl IntoView {
    let (stored, toasts) = (StoredValue::new(client.clone()), expect_context::<Toasts>());
    let query = ask(|| (), move |()| schedules(stored.get_value()));
    let doomed: Doomed = (RwSignal::new(false), Cell::new(None));
    Effect::new(|_| tab::boards());
    let body = dynamic(move || match query.state.get() {
        Load::Loading => view! { <Skeleton rows=4 label="Loading the schedules"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| query.refresh())/> }.into_any(),
        Load::Ready(list) if list.is_empty() => {
            view! { <Empty title="No schedules yet" text="A twin that is to run by itself, each hour or each night, gets one below."/> }.into_any()
        }
        Load::Ready(list) => {
            let rows = list.into_iter().map(|planned| row(planned, stored.get_value(), query, toasts, doomed)).collect_view();
            view! {
                <div class="table-scroll" tabindex="0" role="region" aria-label="Schedules">
                    <table class="rows members">
                        <caption class="only-read">"Schedules"</caption>
                        <thead><tr><th scope="col">"Twin"</th><th scope="col">"When"</th><th scope="col">"Next"</th><th scope="col" class="wide-only">"With"</th><th scope="col" class="wide-only">"As"</th><th scope="col"><span class="only-read">"Acts"</span></th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }
            .into_any()
        }
    });
    let runs = Route::Runs { places: Places::one(&client.instance.id) }.to_string();
    let delete = Callback::new(move |()| {
        let Some((owner, id)) = doomed.1.peek(|doomed| *doomed).flatten() else { return };
        spawn_local(async move {
            match change(stored.get_value(), owner, ScheduleAct::Delete(id), "delete the schedule").await {
                Ok(()) => toasts.good("The schedule is gone."),
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            query.refresh();
        });
    });
    let make = client.username.is_some().then(|| form(client, query, toasts));
    view! {
        <Title text="Schedules"/>
        <nav class="crumbs" aria-label="Path"><a href=runs>"Runs"</a></nav>
        <div class="page-head"><h1>"Schedules"</h1></div>
        <p class="lead">"Twins that run by themselves. Each run has the rights of whoever made its schedule."</p>
        {body}{make}
        <Confirm open=doomed.0 title="Delete this schedule?" text="Its times and variables are gone with it; runs that it started stay." act="Delete" keep="Keep it" on_act=delete/>
    }
}
