//! A table of results: its plot, and the numbers themselves.

use leptos::prelude::*;
use twin::csv::Table;

use super::plot::Plot;

/// Rows shown at once.
const PAGE: usize = 100;

/// The table.
#[component]
pub fn TableView(table: Table, #[prop(into)] name: String) -> impl IntoView {
    let series = table.series();
    let plottable = series.len() >= 2 && table.rows.len() >= 2;
    let first = RwSignal::new(0_usize);
    let total = table.rows.len();
    let last = move || (first.get() + PAGE).min(total);
    let header = table.header.clone();
    let rows = StoredValue::new(table.rows);
    let body = move || {
        let slice: Vec<Vec<String>> = rows.with_value(|rows| rows[first.get()..last()].to_vec());
        slice.into_iter().map(|row| view! { <tr>{row.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr> }).collect_view()
    };
    view! {
        {plottable.then(|| view! { <Plot series name=name.clone()/> })}
        <div class="table-scroll" tabindex="0" role="region" aria-label=format!("Rows of {name}")>
            <table class="numbers">
                <caption class="only-read">{name.clone()}</caption>
                <thead><tr>{header.into_iter().map(|name| view! { <th scope="col">{name}</th> }).collect_view()}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
        <div class="bar">
            <span class="faint">{move || format!("Rows {} to {} of {total}", (first.get() + 1).min(total), last())}</span>
            <button type="button" class="button" disabled=move || first.get() == 0 on:click=move |_| first.update(|first| *first = first.saturating_sub(PAGE))>"Previous"</button>
            <button type="button" class="button" disabled=move || { last() >= total } on:click=move |_| first.update(|first| *first += PAGE)>"Next"</button>
        </div>
    }
}
