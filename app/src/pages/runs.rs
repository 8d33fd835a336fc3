//! The runs of one or several instances, private and common, newest first.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::bootstrap::Instance;
use crate::browser;
use crate::components::run_history::history;
use crate::components::strip::Strip;
use crate::desks::Desk;
use crate::places::Places;
use crate::queries::fan::{Part, fan};
use crate::queries::runs::{RunRow, of_instance};
use crate::routes::Route;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;

/// Milliseconds after the first answer in which others still are put among its rows.
const TOGETHER: f64 = 700.0;

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
    let rows = Memo::new(move |_| {
        let of = |part: &Part<Vec<RunRow>>| part.answer.with(|rows| rows.as_deref().cloned());
        let answers: Vec<Option<Vec<RunRow>>> = parts.with_value(|parts| parts.iter().map(of).collect());
        for (number, _) in answers.iter().enumerate().filter(|(_, rows)| rows.is_some()) {
            if turns.with_value(|turns| turns.iter().all(|(known, _)| *known != number)) {
                let now = browser::ticks();
                let began = first.get_value().unwrap_or(now);
                first.set_value(Some(began));
                turns.update_value(|turns| turns.push((number, now - began > TOGETHER)));
            }
        }
        let mut ordered: Vec<(bool, RunRow)> = Vec::new();
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
    view! {
        <Title text="Runs"/>
        <div class="page-head"><h1>"Runs"</h1><span class="gap"></span>{schedules}</div>
        <Strip places parts=parts.with_value(|parts| parts.iter().map(|part| part.asked.clone()).collect())/>
        {body}
    }
}
