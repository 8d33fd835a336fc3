//! The runs of one or several instances, private and common, newest first.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::Owner;

use crate::bootstrap::Instance;
use crate::browser;
use crate::components::run_history::history;
use crate::components::strip::Strip;
use crate::desks::Desk;
use crate::instances::Client;
use crate::places::Places;
use crate::queries::fan::{Part, fan};
use crate::queries::runs::{Listed, RunRow, of_instance, older};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;
use crate::ui::toast::Toasts;

/// Milliseconds after the first answer in which others still are put among its rows.
const TOGETHER: f64 = 700.0;

/// How often what goes on here is looked at, and every how many of those looks everything else is.
const LOOK: std::time::Duration = std::time::Duration::from_secs(10);
const SELDOM: u32 = 3;

/// The page.
#[component]
pub fn Runs(places: Places, instances: Vec<Instance>) -> impl IntoView {
    // Schedules are of one instance: there are few, and they are made there.
    let schedules = (instances.len() == 1).then(|| view! { <a class="button" data-variant="quiet" href=Desk::Schedules.at(&instances[0].id).to_string()>"Schedules"</a> });
    let several = if instances.len() > 1 { instances.clone() } else { Vec::new() };
    let parts = StoredValue::new_local(fan(instances, "runs", of_instance));
    // Instances in the order of their answers: the first to come, and all that came with it, are one
    // list; what comes later goes below, so that no row moves.
    let turns = StoredValue::new(Vec::<(usize, bool)>::new());
    let first = StoredValue::new(None::<f64>);
    // Older ones, as somebody asked for them, and what there is behind those.
    let (kept, behind) = (Cell::new(Vec::<RunRow>::new()), Cell::new(BTreeMap::<usize, Vec<(Owner, String)>>::new()));
    let rows = Memo::new(move |before: Option<&Vec<RunRow>>| {
        let of = |part: &Part<Listed>| part.answer.with(|listed| listed.as_deref().map(|listed| listed.rows.clone()));
        let answers: Vec<Option<Vec<RunRow>>> = parts.with_value(|parts| parts.iter().map(of).collect());
        for (number, _) in answers.iter().enumerate().filter(|(_, rows)| rows.is_some()) {
            if turns.with_value(|turns| turns.iter().all(|(known, _)| *known != number)) {
                let now = browser::ticks();
                let began = first.get_value().unwrap_or(now);
                first.set_value(Some(began));
                turns.update_value(|turns| turns.push((number, now - began > TOGETHER)));
            }
        }
        // What no newest page shows any more, because newer ones have come, stays.
        let mut ordered: Vec<(bool, RunRow)> = Vec::new();
        let newest: Vec<&RunRow> = answers.iter().flatten().flatten().collect();
        // A project that has no older ones has said all there is.
        let cut: Vec<(String, Owner)> = parts.with_value(|parts| {
            let of = |part: &Part<Listed>| part.answer.with(|listed| listed.as_deref().map(|listed| listed.older.iter().map(|(owner, _)| *owner).collect::<Vec<_>>()));
            parts.iter().flat_map(|part| of(part).unwrap_or_default().into_iter().map(|owner| (part.asked.instance.id.clone(), owner))).collect()
        });
        let stays = |row: &RunRow| {
            let own = newest.iter().filter(|new| (new.owner, &new.instance) == (row.owner, &row.instance));
            cut.contains(&(row.instance.clone(), row.owner)) && own.clone().all(|new| new.created_at > row.created_at)
        };
        let mut earlier: Vec<RunRow> = kept.with(Clone::clone);
        earlier.extend(before.into_iter().flatten().cloned());
        earlier.retain(stays);
        earlier.sort_by_key(|row| (row.instance.clone(), row.pipeline));
        earlier.dedup_by(|a, b| (&a.instance, a.pipeline) == (&b.instance, b.pipeline));
        let was_late = |row: &RunRow| {
            parts
                .with_value(|parts| parts.iter().position(|part| part.asked.instance.id == row.instance))
                .and_then(|place| turns.with_value(|turns| turns.iter().find(|(number, _)| *number == place).map(|(_, late)| *late)))
        };
        ordered.extend(earlier.into_iter().map(|row| (was_late(&row).unwrap_or(false), row)));
        for (number, late) in turns.get_value() {
            ordered.extend(answers[number].iter().flatten().map(|row| (late, row.clone())));
        }
        ordered.sort_by(|(late, a), (other, b)| late.cmp(other).then_with(|| b.created_at.cmp(&a.created_at)));
        ordered.into_iter().map(|(_, row)| row).collect::<Vec<RunRow>>()
    });
    let open = move || parts.with_value(|parts| parts.iter().any(|part| part.asked.is_open()));
    let answered = move || parts.with_value(|parts| parts.iter().any(|part| part.answer.with(Option::is_some)));
    let library = Route::Library { places: places.clone(), kind: Some(::twin::asset::Kind::Twin) }.to_string();
    let (some, waiting) = (Memo::new(move |_| !rows.get().is_empty()), Memo::new(move |_| open() && !answered()));
    let nothing = Memo::new(move |_| answered() && !open() && !some.get());
    let body = dynamic(move || match (some.get(), waiting.get(), nothing.get()) {
        (true, ..) => history(several.clone(), rows.into()),
        (_, true, _) => view! { <Skeleton rows=5 label="Loading runs"/> }.into_any(),
        (.., true) => {
            let library = library.clone();
            view! { <Empty title="No runs yet" text="Choose a twin and press Run."><a class="button" href=library>"Go to the twins"</a></Empty> }.into_any()
        }
        _ => ().into_any(),
    });
    // What goes on is looked at often, and whether anything has begun now and then; nothing while nobody looks.
    Effect::new(move |_| {
        let seen = StoredValue::new(0_u32);
        let look = move || {
            let turn = seen.try_update_value(|turn| {
                *turn += 1;
                *turn
            });
            let Some(turn) = turn.filter(|_| !browser::is_hidden()) else { return };
            let _ = parts.try_with_value(|parts| {
                let due = |part: &&Part<Listed>| {
                    let goes_on = part.answer.peek(|listed| listed.as_ref().is_some_and(|listed| listed.rows.iter().any(|row| !row.status.is_complete()))) == Some(true);
                    let embedded = part.asked.client.as_ref().is_some_and(|client| client.backend.embedded);
                    turn % if goes_on && embedded { 1 } else { SELDOM } == 0
                };
                parts.iter().filter(due).for_each(|part| part.asked.look());
            });
        };
        if let Ok(timer) = set_interval_with_handle(look, LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    let toasts = expect_context::<Toasts>();
    let busy = Cell::new(false);
    let more = dynamic(move || {
        let of = |(number, part): (usize, &Part<Listed>)| {
            let older = behind.with(|behind| behind.get(&number).cloned()).or_else(|| part.answer.with(|listed| listed.as_deref().map(|listed| listed.older.clone())))?;
            Some((number, part.asked.client.clone()?, older)).filter(|(.., older)| !older.is_empty())
        };
        let asking: Vec<_> = parts.with_value(|parts| parts.iter().enumerate().filter_map(of).collect());
        let fetch = move |(number, client, from): (usize, Client, Vec<(Owner, String)>)| async move {
            match older(client, from).await {
                Ok(listed) => {
                    let (mut further, mut rows) = (behind.peek(Clone::clone).unwrap_or_default(), kept.peek(Clone::clone).unwrap_or_default());
                    further.insert(number, listed.older);
                    rows.extend(listed.rows);
                    behind.set(further);
                    kept.set(rows);
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            busy.set(false);
        };
        (!asking.is_empty()).then(|| {
            let show = move |_| {
                busy.set(true);
                asking.iter().cloned().for_each(|each| spawn_local(fetch(each)));
            };
            view! { <p class="actions"><button type="button" class="button" disabled=move || busy.with(|busy| *busy) on:click=show>"Show older runs"</button></p> }
        })
    });
    view! {
        <Title text="Runs"/>
        <div class="page-head"><h1>"Runs"</h1><span class="gap"></span>{schedules}</div>
        <Strip places parts=parts.with_value(|parts| parts.iter().map(|part| part.asked.clone()).collect())/>
        {body}{more}
    }
}
