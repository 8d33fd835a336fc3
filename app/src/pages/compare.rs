//! Two runs beside each other: only what differs, results over each other, logs without their noise.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::Owner;
use twin::compare::{Difference, Stretch};

use crate::components::plot::Plot;
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::compare::{Comparison, LogPair, compare};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::loaded::Skeleton;

/// Lines of one side of a difference that are shown.
const MOST_LINES: usize = 60;

fn difference(difference: Difference) -> AnyView {
    let value = |value: Option<String>| match value {
        Some(value) if !value.is_empty() => view! { <td>{value}</td> }.into_any(),
        _ => view! { <td class="faint">"none"</td> }.into_any(),
    };
    view! { <tr><th scope="row">{difference.what}</th>{value(difference.first)}{value(difference.second)}</tr> }.into_any()
}

fn side(lines: &[String], mark: &'static str, run: i64) -> AnyView {
    let more = lines.len().saturating_sub(MOST_LINES);
    let rows = lines.iter().take(MOST_LINES).map(|line| view! { <div data-mark=mark><span class="only-read">{format!("Run {run}: ")}</span>{line.clone()}</div> }).collect_view();
    view! { {rows}{(more > 0).then(|| view! { <div class="faint">{format!("{more} more lines of run {run}")}</div> })} }.into_any()
}

fn log_pair(pair: LogPair, numbers: [i64; 2]) -> AnyView {
    let name = pair.job;
    match pair.stretches {
        Err(why) => view! { <p>{format!("The log of {name} is not compared: {why}.")}</p> }.into_any(),
        Ok(list) if list.iter().all(|stretch| matches!(stretch, Stretch::Same(_))) => {
            view! { <p>{format!("The log of {name} says the same in both, numbers and times apart.")}</p> }.into_any()
        }
        Ok(list) => {
            let count = list.iter().filter(|stretch| matches!(stretch, Stretch::Different(..))).count();
            let stretch = |stretch: Stretch| match stretch {
                Stretch::Same(lines) => view! { <div class="faint">{format!("{lines} alike")}</div> }.into_any(),
                Stretch::Different(first, second) => view! { {side(&first, "first", numbers[0])}{side(&second, "second", numbers[1])} }.into_any(),
            };
            view! {
                <details class="diff" open>
                    <summary>{format!("{name}: {count} {}", if count == 1 { "difference" } else { "differences" })}</summary>
                    <div class="diff-lines" tabindex="0" role="region" aria-label=format!("Differences in the log of {name}")>{list.into_iter().map(stretch).collect_view()}</div>
                </details>
            }
            .into_any()
        }
    }
}

fn body(found: Comparison, numbers: [i64; 2]) -> AnyView {
    let same = format!("{} other {} the same.", found.same, if found.same == 1 { "thing is" } else { "things are" });
    let table = if found.differences.is_empty() {
        view! { <p>"State, branch, commit, variables and durations are all the same."</p> }.into_any()
    } else {
        view! {
            <table class="rows">
                <caption class="only-read">"What differs"</caption>
                <thead><tr><th scope="col">"What"</th><th scope="col">{format!("Run {}", numbers[0])}</th><th scope="col">{format!("Run {}", numbers[1])}</th></tr></thead>
                <tbody>{found.differences.into_iter().map(difference).collect_view()}</tbody>
            </table>
            <p class="faint">{same}</p>
        }
        .into_any()
    };
    let equal = found.equal.into_iter().map(|path| view! { <p>{format!("{path} is the same in both.")}</p> }).collect::<Vec<_>>();
    let results = (!found.overlays.is_empty() || !equal.is_empty()).then(|| {
        let plots = found.overlays.into_iter().map(|(path, series)| view! { <h3 class="plot-name">{path.clone()}</h3><Plot series name=path/> });
        view! { <h2>"Results"</h2>{equal}{plots.collect_view()} }
    });
    let logs = (!found.logs.is_empty()).then(|| view! { <h2>"Logs"</h2>{found.logs.into_iter().map(|pair| log_pair(pair, numbers)).collect_view()} });
    view! { <h2>"What differs"</h2>{table}{results}{logs} }.into_any()
}

/// The page.
#[component]
pub fn Compare(client: Client, owner: Owner, first: i64, second: i64) -> impl IntoView {
    let instance = client.instance.id.clone();
    let link = move |pipeline: i64| Route::Run { instance: instance.clone(), owner, pipeline, job: None }.to_string();
    let (one, other) = (link(first), link(second));
    let runs = Route::Runs { places: crate::places::Places::one(&client.instance.id) }.to_string();
    let stored = StoredValue::new(client);
    let found: Cell<Option<Result<Comparison, Problem>>> = Cell::new(None);
    let load = move || {
        found.set(None);
        spawn_local(async move {
            found.set(Some(compare(stored.get_value(), owner, [first, second]).await));
        });
    };
    Effect::new(move |_| load());
    let shown = dynamic(move || match found.with(Clone::clone) {
        None => view! { <Skeleton rows=8 label="Comparing"/> }.into_any(),
        Some(Err(problem)) => view! { <ProblemBox problem again=Callback::new(move |()| load())/> }.into_any(),
        Some(Ok(comparison)) => body(comparison, [first, second]),
    });
    view! {
        <Title text=format!("Runs {first} and {second}")/>
        <nav class="crumbs" aria-label="Path"><a href=runs>"Runs"</a><a href=one>{format!("Run {first}")}</a><a href=other>{format!("Run {second}")}</a></nav>
        <div class="page-head"><h1>{format!("Runs {first} and {second}")}</h1></div>
        {shown}
    }
}
