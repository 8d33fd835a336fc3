//! Runs as rows: state, twin, who and when, how long.

use leptos::prelude::*;
use twin::run::{ago, duration};

use super::status::StatusMark;
use crate::browser;
use crate::queries::runs::RunRow;
use crate::routes::Route;
use crate::ui::dynamic::dynamic;

fn times(row: &RunRow) -> (String, Option<String>) {
    let started = browser::parse_time(&row.pipeline.created_at).unwrap_or_default();
    let ended = row.status.is_complete().then(|| browser::parse_time(&row.updated_at)).flatten();
    (ago((browser::now() - started) / 1000.0), ended.map(|ended| duration((ended - started) / 1000.0)))
}

/// The table.
#[component]
pub fn RunTable(#[prop(into)] instance: String, #[prop(into)] rows: Signal<Vec<RunRow>>, with_twin: bool) -> impl IntoView {
    let row = move |row: RunRow| {
        let href = Route::Run { instance: instance.clone(), owner: row.owner, pipeline: row.pipeline.id.0, job: None }.to_string();
        let (when, took) = times(&row);
        let status = row.status.clone();
        let exact = browser::local_time(&row.pipeline.created_at);
        let twin = row.twin.clone().unwrap_or_else(|| "No twin".to_owned());
        view! {
            <tr>
                <td><StatusMark status=Signal::derive(move || status.clone())/></td>
                <th scope="row"><a href=href>{format!("Run {}", row.pipeline.id)}</a>{with_twin.then(|| view! { <p class="faint">{twin}</p> })}</th>
                <td><time datetime=row.pipeline.created_at.clone() title=exact>{when}</time></td>
                <td>{took.unwrap_or_else(|| "Not ended".to_owned())}</td>
                <td class="wide-only"><code>{row.pipeline.sha.chars().take(8).collect::<String>()}</code></td>
            </tr>
        }
    };
    view! {
        <table class="rows">
            <caption class="only-read">"Runs, newest first"</caption>
            <thead><tr><th scope="col">"State"</th><th scope="col">"Run"</th><th scope="col">"Started"</th><th scope="col">"Took"</th><th scope="col" class="wide-only">"Commit"</th></tr></thead>
            <tbody>{dynamic(move || rows.get().into_iter().map(&row).collect_view())}</tbody>
        </table>
    }
}
