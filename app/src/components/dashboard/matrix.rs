//! One value a member, laid out by what the members were started with: what a what-if study comes to.

use dashboard::{Panel, Shown};
use leptos::prelude::*;

use super::feed::Feed;
use super::gauges::short;
use super::{Around, Member};
use crate::browser;
use crate::browser::number::whole;
use crate::ui::dynamic::dynamic;

/// Steps of colour.
const STEPS: f64 = 8.0;

/// The values of a variable among members, numbers by size and texts by letter.
fn values(members: &[&Member], variable: &str) -> Vec<String> {
    let mut found: Vec<String> = members.iter().filter_map(|member| value(member, variable)).collect();
    let number = |text: &String| text.parse::<f64>().unwrap_or(f64::INFINITY);
    found.sort_by(|a, b| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
    found.dedup();
    found
}

fn value(member: &Member, variable: &str) -> Option<String> {
    member.variables.iter().find(|(key, _)| key == variable).map(|(_, value)| value.clone())
}

/// Fields of a matrix: for each row and column the series that belong there.
#[derive(Clone)]
struct Fields {
    rows: Vec<String>,
    columns: Vec<String>,
    at: Vec<Vec<Vec<usize>>>,
}

fn fields(panel: &Panel, members: &[Member]) -> Fields {
    let of = |member: &Option<String>| members.iter().find(|known| Some(&known.name) == member.as_ref());
    let known: Vec<(usize, &Member)> = panel.series.iter().enumerate().filter_map(|(place, series)| Some((place, of(&series.member)?))).collect();
    let all: Vec<&Member> = known.iter().map(|(_, member)| *member).collect();
    let rows = values(&all, &panel.grid.rows);
    let columns = panel.grid.columns.as_ref().map_or_else(|| vec![String::new()], |variable| values(&all, variable));
    let mut at = vec![vec![Vec::new(); columns.len()]; rows.len()];
    for (place, member) in known {
        let row = value(member, &panel.grid.rows).and_then(|value| rows.iter().position(|known| *known == value));
        let column = panel.grid.columns.as_ref().map_or(Some(0), |variable| value(member, variable).and_then(|value| columns.iter().position(|known| *known == value)));
        if let (Some(row), Some(column)) = (row, column) {
            at[row][column].push(place);
        }
    }
    Fields { rows, columns, at }
}

/// The value that stands for a series, followed.
fn shown(feed: &Feed, show: Shown) -> Option<f64> {
    let last = feed.last.with(|last| *last);
    let ends = feed.ends.peek(|ends| *ends).unwrap_or((f64::NAN, f64::NAN));
    match show {
        Shown::Last => last,
        Shown::Smallest => Some(ends.0),
        Shown::Largest => Some(ends.1),
    }
    .filter(|value| value.is_finite())
}

/// The matrix; darker is more. The same as a table that spreadsheets read.
pub fn matrix(panel: &Panel, title: &str, feeds: &[Feed], around: &Around) -> AnyView {
    let fields = fields(panel, &around.members);
    let grid = panel.grid.clone();
    let missing = [(fields.rows.is_empty(), Some(&grid.rows)), (fields.columns.is_empty(), grid.columns.as_ref())];
    if let Some(variable) = missing.into_iter().find_map(|(empty, variable)| variable.filter(|_| empty)) {
        return view! { <p class="faint">{format!("No member was started with the variable {variable}.")}</p> }.into_any();
    }
    let by = grid.columns.as_ref().map_or_else(|| grid.rows.clone(), |columns| format!("{} by {columns}", grid.rows));
    let head = fields.columns.iter().map(|column| view! { <th scope="col">{column.clone()}</th> }).collect_view();
    let (feeds, of_table, unit) = (feeds.to_vec(), format!("{title}.csv"), panel.unit.clone());
    let found = {
        let (fields, feeds) = (fields.clone(), feeds.clone());
        move || {
            let field = |places: &Vec<usize>| places.iter().filter_map(|place| shown(&feeds[*place], grid.show)).collect::<Vec<f64>>();
            fields.at.iter().map(|row| row.iter().map(field).collect()).collect::<Vec<Vec<Vec<f64>>>>()
        }
    };
    let save = {
        let (fields, found, corner) = (fields.clone(), found.clone(), by.clone());
        move |_| {
            // Spreadsheets take what begins so for formulas.
            let safe = |text: &str| if text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err() { format!("'{text}") } else { text.to_owned() };
            let quote = |text: &str| format!("\"{}\"", safe(text).replace('"', "\"\""));
            let row = |(name, row): (&String, Vec<Vec<f64>>)| {
                let cells = row.into_iter().map(|values| values.iter().map(|value| whole(*value)).collect::<Vec<_>>().join(" "));
                std::iter::once(quote(name)).chain(cells).collect::<Vec<_>>().join(",")
            };
            let head = std::iter::once(quote(&corner)).chain(fields.columns.iter().map(|name| quote(name))).collect::<Vec<_>>().join(",");
            let rows = untrack(&found).into_iter();
            let lines: Vec<String> = std::iter::once(head).chain(fields.rows.iter().zip(rows).map(row)).collect();
            browser::save(&of_table, (lines.join("\n") + "\n").as_bytes());
        }
    };
    let body = dynamic(move || {
        let found = found();
        let all = || found.iter().flatten().flatten().copied();
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let heat = |value: f64| if high > low { ((value - low) / (high - low) * STEPS).round() } else { 0.0 };
        let cell = |values: &Vec<f64>| {
            let words = values.iter().map(|value| short(*value)).collect::<Vec<_>>().join(", ");
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let heat = (!values.is_empty()).then(|| (heat(mean) as u8).to_string());
            view! { <td data-heat=heat>{if words.is_empty() { "–".to_owned() } else { words }}</td> }
        };
        let rows = fields.rows.iter().zip(&found).map(|(name, row)| view! { <tr><th scope="row">{name.clone()}</th>{row.iter().map(cell).collect_view()}</tr> });
        rows.collect_view()
    });
    let caption = if unit.is_empty() { format!("{title}: {by}") } else { format!("{title}, in {unit}: {by}") };
    let label = caption.clone();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=label>
            <table class="matrix">
                <caption class="only-read">{caption}</caption>
                <thead><tr><th scope="col">{by}</th>{head}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
        <div class="panel-acts"><button type="button" class="link" on:click=save>"Save as a table"</button></div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{Member, values};

    #[test]
    fn numbers_come_by_size_and_texts_by_letter() {
        let member = |mass: &str| Member { name: String::new(), variables: vec![("MASS".to_owned(), mass.to_owned())] };
        let members: Vec<Member> = ["10", "2.5", "b", "a", "10"].map(member).to_vec();
        assert_eq!(values(&members.iter().collect::<Vec<_>>(), "MASS"), ["2.5", "10", "a", "b"]);
    }
}
