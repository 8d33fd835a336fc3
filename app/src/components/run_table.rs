//! Runs as rows: state, twin, who and when, how long.

use leptos::prelude::*;
use twin::asset::Owner;
use twin::run::{ago, duration};

use super::instance_mark::InstanceMark;
use super::status::StatusMark;
use crate::bootstrap::Instance;
use crate::browser;
use crate::queries::runs::RunRow;
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;

fn times(row: &RunRow) -> (String, Option<String>) {
    let started = browser::parse_time(&row.created_at).unwrap_or_default();
    let ended = row.status.is_complete().then(|| browser::parse_time(&row.updated_at)).flatten();
    (ago((browser::now() - started) / 1000.0), ended.map(|ended| duration((ended - started) / 1000.0)))
}

/// A run by where it is.
pub type Key = (String, Owner, i64);

/// The table. `chosen` are those to compare, which whoever shows the table keeps. `instances` are those that the rows tell apart, none where all are of one.
#[component]
pub fn RunTable(instances: Vec<Instance>, #[prop(into)] rows: Signal<Vec<RunRow>>, with_twin: bool, chosen: Cell<Vec<Key>>) -> impl IntoView {
    let several = !instances.is_empty();
    // Two of one project can be compared: the older one first.
    let comparison = dynamic(move || {
        let mut list = chosen.with(Clone::clone);
        // Other tables of the page have their own.
        rows.with(|rows| list.retain(|(instance, owner, pipeline)| rows.iter().any(|row| (&row.instance, row.owner, row.pipeline) == (instance, *owner, *pipeline))));
        let words = match list.as_slice() {
            [] => return None,
            [_] => "Choose one more run to compare the two.",
            [(instance, one, first), (at, other, second)] if one == other && instance == at => {
                let route = Route::Compare { instance: instance.clone(), owner: *one, runs: [*first.min(second), *first.max(second)] };
                return Some(view! { <p><a class="button" data-variant="primary" href=route.to_string()>{format!("Compare run {} with run {}", first.min(second), first.max(second))}</a></p> }.into_any());
            }
            [_, _] => "These two belong to different projects: choose two private or two common ones.",
            _ => "Two runs can be compared: leave two chosen.",
        };
        Some(view! { <p class="faint">{words}</p> }.into_any())
    });
    let row = move |row: RunRow| {
        let key: Key = (row.instance.clone(), row.owner, row.pipeline);
        let checked = chosen.peek(|list| list.contains(&key)).unwrap_or(false);
        let choose = move |event: leptos::ev::Event| {
            let mut list = chosen.peek(Clone::clone).unwrap_or_default();
            list.retain(|known| *known != key);
            if event_target_checked(&event) {
                list.push(key.clone());
            }
            chosen.set(list);
        };
        let number = row.pipeline;
        let href = Route::Run { instance: row.instance.clone(), owner: row.owner, pipeline: number, job: None }.to_string();
        let (when, took) = times(&row);
        let status = row.status.clone();
        let exact = browser::local_time(&row.created_at);
        let twin = row.twin.clone().unwrap_or_else(|| "No twin".to_owned());
        let pin = row.pinned.then(|| view! { " "<span class="tag">"Pinned"</span> });
        let note = (!row.note.is_empty()).then(|| view! { <p>{row.note.clone()}</p> });
        view! {
            <tr>
                <td class="choose"><input type="checkbox" aria-label=format!("Choose run {number} to compare") prop:checked=checked on:change=choose/></td>
                <td><StatusMark status=Signal::derive(move || status.clone())/></td>
                <th scope="row"><a href=href>{format!("Run {number}")}</a>{pin}{note}{with_twin.then(|| view! { <p class="faint">{twin}</p> })}</th>
                {several.then(|| view! { <td>{instances.iter().find(|instance| instance.id == row.instance).cloned().map(|instance| view! { <InstanceMark instance/> })}</td> })}
                <td><time datetime=row.created_at.clone() title=exact>{when}</time></td>
                <td>{took.unwrap_or_else(|| "Not ended".to_owned())}</td>
                <td class="wide-only"><code>{row.sha.chars().take(8).collect::<String>()}</code></td>
            </tr>
        }
    };
    view! {
        <div role="status" class="compare-bar">{comparison}</div>
        <table class="rows runs">
            <caption class="only-read">"Runs, newest first"</caption>
            <thead><tr><th scope="col"><span class="only-read">"Choose"</span></th><th scope="col">"State"</th><th scope="col">"Run"</th>{several.then(|| view! { <th scope="col">"Instance"</th> })}<th scope="col">"Started"</th><th scope="col">"Took"</th><th scope="col" class="wide-only">"Commit"</th></tr></thead>
            <tbody><For each=move || rows.get() key=Clone::clone children=row/></tbody>
        </table>
    }
}
