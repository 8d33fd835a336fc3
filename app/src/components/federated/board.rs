//! All members: a map of squares when they are many, and a table that can be narrowed.

use federation::plan::{Plan, Seat};
use federation::standing::Standing;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Owner;

use super::drawing::is_drawn;
use super::{look, mark};
use crate::actions::federated::{Lead, Sight};
use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::components::instance_mark::InstanceMark;
use crate::instances::{Client, Instances};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::filter::Filter;

/// Rows that are made in one go.
const SLICE: usize = 10;

/// Where the run of a member can be looked at, if it is in a project that this app shows.
fn run_of(client: Option<&Client>, project: &str, pipeline: i64) -> Option<String> {
    let client = client?;
    let owner = [Owner::Private, Owner::Common].into_iter().find(|owner| client.project_path(*owner) == project)?;
    Some(Route::Run { instance: client.instance.id.clone(), owner, pipeline, job: None }.to_string())
}

/// The standings that members have, to narrow the table by.
fn chips(sight: Sight, only: Cell<Option<Standing>>) -> AnyView {
    dynamic(move || {
        let (counts, chosen) = (sight.counts.with(|counts| *counts), only.with(|only| *only));
        let one = |standing: Standing| {
            let (count, pressed) = (counts[standing as usize], chosen == Some(standing));
            let press = move |_| {
                only.set(if pressed { None } else { Some(standing) });
            };
            (count > 0 || pressed).then(|| view! { <button type="button" class="chip" aria-pressed=pressed.to_string() on:click=press>{mark(look(standing), standing.word())}<span class="count">{count}</span></button> }.into_any())
        };
        Standing::ALL.into_iter().filter_map(one).collect_view().into_any()
    })
    .into_any()
}

/// One square a member.
fn squares(plan: &Plan, sight: Sight, text: RwSignal<String>) -> AnyView {
    let square = |(number, seat): (usize, &Seat)| {
        let name = seat.name.clone();
        let label = {
            let name = name.clone();
            move || format!("{name}: {}", sight.standing(number).word())
        };
        let title = label.clone();
        let press = move |_| text.set(name.clone());
        view! { <li><button type="button" class="member-square" data-variant=move || look(sight.standing(number)).0 aria-label=label title=title on:click=press></button></li> }
            .into_any()
    };
    view! { <ul class="squares" aria-label="Members by standing">{plan.seats.iter().enumerate().map(square).collect_view()}</ul> }.into_any()
}

/// What can be done with a member.
fn acts(number: usize, name: String, sight: Sight, lead: Cell<Option<Lead>>) -> AnyView {
    dynamic(move || {
        let (leads, stopping) = sight.head.with(|head| (head.leads, head.wish == federation::journal::Wish::Stop));
        if !leads || stopping {
            return ().into_any();
        }
        let (standing, attempts) = sight.seat(number, |seat| (seat.0, seat.3));
        let act = move |act: fn(&Lead, usize)| move |_| lead.peek(Clone::clone).flatten().iter().for_each(|lead| act(lead, number));
        let button = |label: String, word: &'static str, done: fn(&Lead, usize)| {
            view! { <button type="button" class="button" data-variant="quiet" aria-label=label on:click=act(done)>{word}</button> }.into_any()
        };
        let again = attempts > 0 && matches!(standing, Standing::Failed | Standing::Stopped | Standing::LeftOut);
        let out = matches!(standing, Standing::Failed | Standing::Away | Standing::Silent | Standing::Stopped);
        let back = standing == Standing::LeftOut && attempts == 0;
        let buttons = [
            again.then(|| button(format!("Try {name} again"), "Try again", |lead, seat| lead.retry(seat))),
            out.then(|| button(format!("Go on without {name}"), "Go on without", |lead, seat| lead.leave_out(seat, true))),
            back.then(|| button(format!("Let {name} take part"), "Take in", |lead, seat| lead.leave_out(seat, false))),
        ];
        buttons.into_iter().flatten().collect_view().into_any()
    })
    .into_any()
}

/// What the table is narrowed to. Rows are made once and hidden: making two hundred of them for each letter would hold
/// up the page.
#[derive(Clone, Copy)]
struct Fits {
    text: RwSignal<String>,
    only: Cell<Option<Standing>>,
    found: StoredValue<Vec<String>, LocalStorage>,
}

impl Fits {
    /// Whether a member is among what is looked for, followed.
    fn shown(self, sight: Sight, number: usize) -> bool {
        let named = self.text.with(|text| self.found.with_value(|found| found[number].contains(text.trim().to_lowercase().as_str())));
        self.only.with(|only| *only).is_none_or(|only| sight.standing(number) == only) && named
    }
}

/// What rows need to know beside their seat.
#[derive(Clone)]
struct Rows {
    sight: Sight,
    lead: Cell<Option<Lead>>,
    started: bool,
    fits: Fits,
    names: Vec<String>,
    bootstrap: Bootstrap,
    instances: Instances,
}

fn row(number: usize, seat: Seat, rows: &Rows) -> AnyView {
    let (sight, lead, started, fits) = (rows.sight, rows.lead, rows.started, rows.fits);
    let instance = rows.bootstrap.instance(&seat.place.instance).cloned();
    let client = rows.instances.client(&seat.place.instance);
    let more = seat.after.len().saturating_sub(3);
    let mut after = seat.after.iter().take(3).map(|other| rows.names[*other].clone()).collect::<Vec<_>>().join(", ");
    if more > 0 {
        after = format!("{after} and {more} more");
    }
    let (project, problem) = (seat.place.project.clone(), seat.problem.clone());
    let standing = dynamic(move || match &problem {
        _ if started => {
            let (standing, why) = sight.seat(number, |seat| (seat.0, seat.1.clone()));
            view! { {mark(look(standing), standing.word())}{(!why.is_empty()).then(|| view! { <p class="faint">{why}</p> })} }.into_any()
        }
        Some(problem) => view! { {mark(look(Standing::Away), "Cannot start")}<p class="faint">{problem.clone()}</p> }.into_any(),
        None => view! { <span class="faint">"Not started"</span> }.into_any(),
    });
    let run = dynamic(move || {
        let (pipeline, attempts) = sight.seat(number, |seat| (seat.2, seat.3));
        let Some(pipeline) = pipeline else { return ().into_any() };
        let label = if attempts > 1 { format!("Run {pipeline}, attempt {attempts}") } else { format!("Run {pipeline}") };
        match run_of(client.as_ref(), &project, pipeline) {
            Some(href) => view! { <a href=href>{label}</a> }.into_any(),
            None => label.into_any(),
        }
    });
    view! {
        <tr hidden=move || !fits.shown(sight, number)>
            <th scope="row">{seat.name.clone()}{(!seat.role.is_empty()).then(|| view! { <p class="faint">{seat.role.clone()}</p> })}</th>
            <td>{standing}</td>
            <td>{seat.place.twin}</td>
            <td>{instance.map(|instance| view! { <InstanceMark instance/> })}</td>
            <td class="wide-only">{after}</td>
            <td>{run}</td>
            <td class="row-acts">{acts(number, seat.name, sight, lead)}</td>
        </tr>
    }
    .into_any()
}

/// The rows, so many at a time that no frame waits for them.
fn slices(seats: Vec<Seat>, rows: Rows) -> Vec<AnyView> {
    let (mut slices, mut doors) = (Vec::new(), Vec::new());
    let mut seats = seats.into_iter().enumerate().peekable();
    while seats.peek().is_some() {
        let part: Vec<(usize, Seat)> = seats.by_ref().take(SLICE).collect();
        let (open, rows) = (Cell::new(doors.is_empty()), rows.clone());
        doors.push(open);
        let body = dynamic(move || open.with(|open| *open).then(|| part.iter().map(|(number, seat)| row(*number, seat.clone(), &rows)).collect_view()));
        slices.push(view! { <tbody>{body}</tbody> }.into_any());
    }
    spawn_local(async move {
        for door in doors.into_iter().skip(1) {
            browser::sleep(16).await;
            door.set(true);
        }
    });
    slices
}

/// The map, the filter and the table.
pub fn board(plan: Plan, sight: Sight, lead: Cell<Option<Lead>>, started: bool) -> AnyView {
    let (text, only) = (RwSignal::new(String::new()), Cell::new(None::<Standing>));
    let map = (!is_drawn(&plan)).then(|| squares(&plan, sight, text));
    let found: Vec<String> = plan.seats.iter().map(|seat| format!("{} {} {}", seat.name, seat.place.twin, seat.place.instance).to_lowercase()).collect();
    let names = plan.seats.iter().map(|seat| seat.name.clone()).collect();
    let fits = Fits { text, only, found: StoredValue::new_local(found) };
    let rows = Rows { sight, lead, started, fits, names, bootstrap: expect_context(), instances: expect_context() };
    let count = plan.seats.len();
    let body = slices(plan.seats, rows);
    let none = dynamic(move || {
        sight.counts.track();
        (!(0..count).any(|number| fits.shown(sight, number))).then(|| view! { <tr><td colspan="7" class="faint">"No member fits the filter."</td></tr> })
    });
    view! {
        {map}
        <div class="federation-bar"><Filter text label="Filter members"/>{started.then(|| chips(sight, only))}</div>
        <div class="table-scroll" tabindex="0" role="region" aria-label="Members">
            <table class="rows members board">
                <caption class="only-read">"Members"</caption>
                <thead><tr><th scope="col">"Member"</th><th scope="col">"Stands"</th><th scope="col">"Twin"</th><th scope="col">"Instance"</th><th scope="col" class="wide-only">"After"</th><th scope="col">"Run"</th><th scope="col"><span class="only-read">"Acts"</span></th></tr></thead>
                {body}<tbody>{none}</tbody>
            </table>
        </div>
    }
    .into_any()
}
