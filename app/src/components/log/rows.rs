//! The rows that are looked at.

use leptos::prelude::*;

use super::state::LogState;
use crate::browser::logs::{Head, Piece, Row};
use crate::ui::icon::{Icon, Picture};

fn piece(piece: Piece) -> AnyView {
    let Piece { text, classes, foreground, background } = piece;
    if classes.is_empty() && foreground.is_none() && background.is_none() {
        return linked(&text);
    }
    // A colour that a program chose for a black screen has to be read on ours, unless it brings its
    // own ground.
    let readable = |colour: String| format!("light-dark(oklch(from {colour} min(l, 0.5) c h), oklch(from {colour} max(l, 0.74) c h))");
    let foreground = if background.is_some() { foreground } else { foreground.map(readable) };
    view! { <span class=classes style:color=foreground style:background-color=background>{linked(&text)}</span> }.into_any()
}

/// Addresses as links; nothing else in a log is believed.
fn linked(text: &str) -> AnyView {
    let Some(place) = text.find("https://").or_else(|| text.find("http://")) else { return text.to_owned().into_any() };
    let rest = &text[place..];
    let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "\"'<>`|\\^{}".contains(c)).unwrap_or(rest.len());
    let address = rest[..end].trim_end_matches(['.', ',', ';', ':', ')', ']']).to_owned();
    let (before, after) = (text[..place].to_owned(), rest[address.len()..].to_owned());
    if address.len() < 10 {
        return text.to_owned().into_any();
    }
    let href = address.clone();
    view! { {before}<a href=href rel="external noopener noreferrer nofollow" target="_blank">{address}</a>{linked(&after)} }.into_any()
}

/// The time of day of a timestamp, as it was written (UTC).
fn clock(time: &str) -> String {
    time.get(11..19).unwrap_or_default().to_owned()
}

fn classes(state: LogState, number: u32, line: u32) -> String {
    let marked = state.marked.with(|marked| marked.is_some_and(|(from, to)| (from..=to).contains(&number)));
    let place = state.found.with(|found| found.lines.binary_search(&line).ok());
    let now = place.is_some() && place == state.hit.with(|hit| *hit);
    format!("log-row{}{}{}", if marked { " log-marked" } else { "" }, if place.is_some() { " log-hit" } else { "" }, if now { " log-hit-now" } else { "" })
}

/// One row.
pub fn row(state: LogState, row: Row) -> AnyView {
    let (number, line) = (row.number, row.line);
    let class = move || classes(state, number, line);
    let pieces = row.pieces.into_iter().map(piece).collect_view();
    let time = row.time.as_deref().map(|time| view! { <time class="log-clock" datetime=time.to_owned()>{clock(time)}</time> });
    let mark = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        state.mark(number, event.shift_key());
    };
    let number_link = view! { <a class="log-number" href=format!("#L{number}") tabindex="-1" on:click=mark>{number}</a> };
    let Some(Head { folded, duration }) = row.head else {
        let more = (row.left_out > 0).then(|| view! { <span class="log-more">{format!("… {} more bytes: save the log to see them", row.left_out)}</span> });
        return view! { <div class=class>{number_link}{time}<span class="log-text">{pieces}{more}</span></div> }.into_any();
    };
    let button = view! {
        <button type="button" class="log-section" aria-expanded=(!folded).to_string() on:click=move |_| state.tell(|worker| worker.toggle(line))>
            <Picture icon=Icon::Right/><span class="log-text">{pieces}</span>
        </button>
    };
    let heading = if row.depth == 0 { view! { <h3>{button}</h3> }.into_any() } else { view! { <h4>{button}</h4> }.into_any() };
    view! {
        <div class=class>
            {number_link}{time}
            {heading}
            <button type="button" class="log-copy" title="Copy this section" aria-label="Copy this section" on:click=move |_| state.tell(|worker| worker.copy(line))><Picture icon=Icon::Copy/></button>
            <span class="log-time">{duration}</span>
        </div>
    }
    .into_any()
}
