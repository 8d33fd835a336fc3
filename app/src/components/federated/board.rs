//! All members: a map of squares when they are many, and a table that can be narrowed.

use federation::lead::Seen;
use federation::plan::Plan;
use federation::standing::Standing;
use leptos::prelude::*;
use twin::asset::Owner;

use super::{look, mark};
use crate::actions::federated::Lead;
use crate::bootstrap::Bootstrap;
use crate::components::instance_mark::InstanceMark;
use crate::instances::{Client, Instances};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::filter::Filter;

/// Where the run of a member can be looked at, if it is in a project that this app shows.
fn run_of(client: Option<Client>, project: &str, pipeline: i64) -> Option<String> {
    let client = client?;
    let owner = [Owner::Private, Owner::Common].into_iter().find(|owner| client.project_path(*owner) == project)?;
    Some(Route::Run { instance: client.instance.id, owner, pipeline, job: None }.to_string())
}

/// One standing that members have, to narrow the table by.
fn chip(standing: Standing, seen: Cell<Seen>, only: RwSignal<Option<Standing>>) -> AnyView {
    let count = Memo::new(move |_| seen.with(|seen| seen.seats.iter().filter(|seat| seat.0 == standing).count()));
    let pressed = move || (only.get() == Some(standing)).to_string();
    let press = move |_| only.update(|only| *only = if *only == Some(standing) { None } else { Some(standing) });
    view! {
        <Show when=move || { count.get() > 0 || only.get() == Some(standing) }>
            <button type="button" class="chip" aria-pressed=pressed on:click=press>{mark(look(standing), standing.word())}<span class="count">{move || count.get()}</span></button>
        </Show>
    }
    .into_any()
}

/// One square a member.
fn squares(plan: &Plan, seen: Cell<Seen>, text: RwSignal<String>) -> AnyView {
    let square = |(number, seat): (usize, &federation::plan::Seat)| {
        let standing = Memo::new(move |_| seen.with(|seen| seen.seats.get(number).map_or(Standing::Waiting, |seat| seat.0)));
        let name = seat.name.clone();
        let label = {
            let name = name.clone();
            move || format!("{name}: {}", standing.get().word())
        };
        let title = label.clone();
        let press = move |_| text.set(name.clone());
        view! { <li><button type="button" class="member-square" data-variant=move || look(standing.get()).0 aria-label=label title=title on:click=press></button></li> }
    };
    view! { <ul class="squares" aria-label="Members by standing">{plan.seats.iter().enumerate().map(square).collect_view()}</ul> }.into_any()
}

/// What a row can do.
fn acts(number: usize, name: String, seen: Cell<Seen>, lead: Option<Lead>) -> AnyView {
    let Some(lead) = lead else { return ().into_any() };
    let lead = StoredValue::new_local(lead);
    let now = Memo::new(move |_| seen.with(|seen| (seen.leads, seen.seats.get(number).map(|seat| (seat.0, seat.3)), seen.wish)));
    dynamic(move || {
        let (true, Some((standing, attempts)), wish) = now.get() else { return ().into_any() };
        if wish == federation::journal::Wish::Stop {
            return ().into_any();
        }
        let again = attempts > 0 && matches!(standing, Standing::Failed | Standing::Stopped | Standing::LeftOut);
        let out = matches!(standing, Standing::Failed | Standing::Away | Standing::Silent | Standing::Stopped);
        let back = standing == Standing::LeftOut && attempts == 0;
        let (one, two, three) = (format!("Try {name} again"), format!("Go on without {name}"), format!("Let {name} take part"));
        view! {
            {again.then(|| view! { <button type="button" class="button" data-variant="quiet" aria-label=one on:click=move |_| lead.with_value(|lead| lead.retry(number))>"Try again"</button> })}
            {out.then(|| view! { <button type="button" class="button" data-variant="quiet" aria-label=two on:click=move |_| lead.with_value(|lead| lead.leave_out(number, true))>"Go on without"</button> })}
            {back.then(|| view! { <button type="button" class="button" data-variant="quiet" aria-label=three on:click=move |_| lead.with_value(|lead| lead.leave_out(number, false))>"Take in"</button> })}
        }
        .into_any()
    })
    .into_any()
}

/// The map, the filter and the table.
#[component]
pub fn Board(plan: Plan, seen: Cell<Seen>, lead: Option<Lead>, many: bool) -> impl IntoView {
    let (text, only) = (RwSignal::new(String::new()), RwSignal::new(None::<Standing>));
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let started = lead.is_some();
    let map = many.then(|| squares(&plan, seen, text));
    let chips = Standing::ALL.map(|standing| chip(standing, seen, only)).collect_view();
    let names: Vec<String> = plan.seats.iter().map(|seat| format!("{} {} {}", seat.name, seat.place.twin, seat.place.instance).to_lowercase()).collect();
    let shown = Memo::new(move |_| {
        let (text, only) = (text.get().to_lowercase(), only.get());
        let stands = |number: &usize| only.is_none_or(|only| seen.with(|seen| seen.seats.get(*number).is_some_and(|seat| seat.0 == only)));
        (0..names.len()).filter(|number| names[*number].contains(text.trim())).filter(stands).collect::<Vec<usize>>()
    });
    let seats = StoredValue::new(plan.seats);
    let lead = StoredValue::new_local(lead);
    let row = move |number: usize| {
        let seat = seats.with_value(|seats| seats[number].clone());
        let now = Memo::new(move |_| seen.with(|seen| seen.seats.get(number).cloned()));
        let instance = bootstrap.instance(&seat.place.instance).cloned();
        let client = instances.client(&seat.place.instance);
        let after = seats.with_value(|seats| seat.after.iter().take(3).map(|other| seats[*other].name.clone()).collect::<Vec<_>>().join(", "));
        let more = seat.after.len().saturating_sub(3);
        let after = if more > 0 { format!("{after} and {more} more") } else { after };
        let (project, problem) = (seat.place.project.clone(), seat.problem.clone());
        let standing = dynamic(move || match (now.get(), &problem) {
            (Some((standing, why, ..)), _) if started => {
                view! { {mark(look(standing), standing.word())}{(!why.is_empty()).then(|| view! { <p class="faint">{why}</p> })} }.into_any()
            }
            (_, Some(problem)) => view! { {mark(look(Standing::Away), "Cannot start")}<p class="faint">{problem.clone()}</p> }.into_any(),
            _ => view! { <span class="faint">"Not started"</span> }.into_any(),
        });
        let pipeline = Memo::new(move |_| now.get().and_then(|seat| Some((seat.2?, seat.3))));
        let run = dynamic(move || {
            pipeline.get().map(|(pipeline, attempts)| {
                let label = if attempts > 1 { format!("Run {pipeline}, attempt {attempts}") } else { format!("Run {pipeline}") };
                match run_of(client.clone(), &project, pipeline) {
                    Some(href) => view! { <a href=href>{label}</a> }.into_any(),
                    None => view! { <span>{label}</span> }.into_any(),
                }
            })
        });
        let lead = lead.try_with_value(Clone::clone).flatten();
        view! {
            <tr>
                <th scope="row">{seat.name.clone()}{(!seat.role.is_empty()).then(|| view! { <p class="faint">{seat.role.clone()}</p> })}</th>
                <td>{standing}</td>
                <td>{seat.place.twin.clone()}</td>
                <td>{instance.map(|instance| view! { <InstanceMark instance/> })}</td>
                <td class="wide-only">{after}</td>
                <td>{run}</td>
                <td class="row-acts">{acts(number, seat.name, seen, lead)}</td>
            </tr>
        }
    };
    view! {
        {map}
        <div class="federation-bar"><Filter text label="Filter members"/>{started.then_some(chips)}</div>
        <div class="table-scroll" tabindex="0" role="region" aria-label="Members">
            <table class="rows members">
                <caption class="only-read">"Members"</caption>
                <thead><tr><th scope="col">"Member"</th><th scope="col">"Stands"</th><th scope="col">"Twin"</th><th scope="col">"Instance"</th><th scope="col" class="wide-only">"After"</th><th scope="col">"Run"</th><th scope="col"><span class="only-read">"Acts"</span></th></tr></thead>
                <tbody><For each=move || shown.get() key=|number| *number children=row/></tbody>
            </table>
        </div>
        <Show when=move || shown.with(Vec::is_empty)><p class="faint" role="status">"No member fits the filter."</p></Show>
    }
}
