//! Runs with what narrows and groups them, and how long they took over time.

use std::collections::BTreeMap;

use leptos::prelude::*;
use twin::run::{Tone, duration, tone};

use super::run_table::{Key, RunTable};
use crate::bootstrap::Instance;
use crate::browser::{self, tab};
use crate::queries::runs::RunRow;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::filter::Filter;

/// Runs whose lengths are drawn at most.
const DRAWN: usize = 40;
/// Fewer than this say nothing of a trend.
const FEWEST: usize = 3;

/// What runs can be narrowed to.
#[derive(Clone, Copy, PartialEq)]
enum Only {
    Going,
    Passed,
    Failed,
    Pinned,
}

impl Only {
    const ALL: [(Self, &'static str); 4] = [(Self::Going, "Going on"), (Self::Passed, "Passed"), (Self::Failed, "Failed"), (Self::Pinned, "Pinned")];

    fn fits(self, row: &RunRow) -> bool {
        match self {
            Self::Pinned => row.pinned,
            Self::Passed => tone(row.status.as_str()) == Tone::Good,
            Self::Failed => tone(row.status.as_str()) == Tone::Bad,
            Self::Going => !row.status.is_complete(),
        }
    }
}

/// Seconds that a run took, once it has ended.
fn seconds(row: &RunRow) -> Option<f64> {
    let time = |text: &str| browser::parse_time(text);
    row.status.is_complete().then(|| Some((time(&row.updated_at)? - time(&row.created_at)?) / 1000.0)).flatten().filter(|seconds| *seconds >= 0.0)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// A length in words; short ones to a tenth of a second.
fn length(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1} s") } else { duration(seconds) }
}

/// How long the runs of one twin took, oldest first; nothing where there are too few.
fn trend(rows: &[RunRow]) -> Option<AnyView> {
    let ended: Vec<(&RunRow, f64)> = rows.iter().filter_map(|row| Some((row, seconds(row)?))).take(DRAWN).collect();
    let (newest, rest) = ended.split_first().filter(|_| ended.len() >= FEWEST)?;
    let usual = median(&rest.iter().map(|(_, seconds)| *seconds).collect::<Vec<f64>>());
    let most = ended.iter().map(|(_, seconds)| *seconds).fold(1.0, f64::max);
    let compared = match newest.1 / usual.max(0.5) {
        ratio if ratio > 1.25 => "longer than usual",
        ratio if ratio < 0.8 => "shorter than usual",
        _ => "as usual",
    };
    let words = format!("The newest took {}, {compared}; half of the {} before took less than {}.", length(newest.1), rest.len(), length(usual));
    let bars = ended.iter().rev().enumerate().map(|(place, (row, seconds))| {
        let high = (seconds / most * 30.0).max(1.5);
        let variant = if tone(row.status.as_str()) == Tone::Good { "good" } else { "bad" };
        view! { <rect data-variant=variant x=place * 8 y=32.0 - high width="6" height=high><title>{format!("Run {}: {}", row.pipeline, length(*seconds))}</title></rect> }
    });
    let wide = ended.len() * 8;
    Some(view! { <p class="trend"><svg viewBox=format!("0 0 {wide} 32") width=wide height="32" aria-hidden="true">{bars.collect_view()}</svg><span class="faint">{words}</span></p> }.into_any())
}

/// All runs, and what narrows and groups them. `rows` come newest first.
pub fn history(instances: Vec<Instance>, rows: Signal<Vec<RunRow>>) -> AnyView {
    let (text, only, grouped) = (RwSignal::new(String::new()), Cell::new(None::<Only>), Cell::new(false));
    // What is chosen to be compared stays chosen while rows change.
    let chosen = Cell::new(Vec::<Key>::new());
    Effect::new(|_| tab::boards());
    let found = move || {
        let wanted = text.with(|text| text.trim().to_lowercase());
        let only = only.with(|only| *only);
        let fits = |row: &RunRow| {
            let said = || format!("{} {} {} run {}", row.twin.as_deref().unwrap_or_default(), row.note, row.sha, row.pipeline).to_lowercase();
            only.is_none_or(|only| only.fits(row)) && (wanted.is_empty() || said().contains(&wanted))
        };
        rows.with(|rows| rows.iter().filter(|row| fits(row)).cloned().collect::<Vec<RunRow>>())
    };
    let chips = dynamic(move || {
        let chosen = only.with(|only| *only);
        let one = |(this, word): (Only, &'static str)| {
            let count = rows.with(|rows| rows.iter().filter(|row| this.fits(row)).count());
            let pressed = chosen == Some(this);
            let press = move |_| {
                only.set(if pressed { None } else { Some(this) });
            };
            (count > 0 || pressed)
                .then(|| view! { <button type="button" class="chip" aria-pressed=pressed.to_string() on:click=press>{word}<span class="count">{count}</span></button> }.into_any())
        };
        let by_twin = grouped.with(|grouped| *grouped);
        let group = move |_| {
            grouped.set(!by_twin);
        };
        view! { {Only::ALL.into_iter().filter_map(one).collect_view()}<button type="button" class="chip" aria-pressed=by_twin.to_string() on:click=group>"By twin"</button> }
    });
    let none = dynamic(move || found().is_empty().then(|| view! { <p class="faint" role="status">"No run fits. Clear the filter to see all."</p> }));
    let body = dynamic(move || {
        if !grouped.with(|grouped| *grouped) {
            let one_twin = move || {
                let found = found();
                let twin = found.first().map(|row| row.twin.clone());
                found.iter().all(|row| Some(&row.twin) == twin.as_ref()).then(|| trend(&found)).flatten()
            };
            return view! { {dynamic(one_twin)}<RunTable instances=instances.clone() rows=Signal::derive(found) with_twin=true chosen/> }.into_any();
        }
        let mut groups: BTreeMap<String, Vec<RunRow>> = BTreeMap::new();
        for row in found() {
            groups.entry(row.twin.clone().unwrap_or_else(|| "No twin".to_owned())).or_default().push(row);
        }
        let one = |(twin, rows): (String, Vec<RunRow>)| {
            let heading = format!("{twin} ({})", rows.len());
            view! { <h2>{heading}</h2>{trend(&rows)}<RunTable instances=instances.clone() rows=Signal::derive(move || rows.clone()) with_twin=false chosen/> }.into_any()
        };
        groups.into_iter().map(one).collect_view().into_any()
    });
    view! { <div class="federation-bar"><Filter text label="Filter runs"/>{chips}</div>{none}{body} }.into_any()
}
