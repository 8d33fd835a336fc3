//! The newest values: on scales, as states over time, as a table.

use dashboard::Panel;
use leptos::prelude::*;

use super::feed::Feed;
use crate::browser;
use crate::browser::number::{fixed, scientific, sine_cosine};
use crate::ui::dynamic::dynamic;

/// A number as people read it.
pub fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(0.001..1e6).contains(&size) {
        return scientific(value, 3);
    }
    let text = fixed(value, if size >= 100.0 { 1 } else { 3 });
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A point on a half circle: `part` from 0 to 1.
#[allow(clippy::manual_clamp, reason = "the words of its panic would bring what writes floating point")]
fn point(part: f64, radius: f64) -> (f64, f64) {
    let (sine, cosine) = sine_cosine(std::f64::consts::PI * (1.0 - part.max(0.0).min(1.0)));
    (60.0 + radius * cosine, 60.0 - radius * sine)
}

fn arc(part: f64) -> String {
    let (x, y) = point(part, 48.0);
    format!("M12 60A48 48 0 0 1 {} {}", fixed(x, 2), fixed(y, 2))
}

/// One scale a series.
pub fn gauges(panel: &Panel, feeds: &[Feed]) -> AnyView {
    let (low, high) = (panel.range.0.unwrap_or(0.0), panel.range.1.unwrap_or(1.0));
    let (unit, alarms) = (panel.unit.clone(), panel.alarms.clone());
    let one = |feed: &Feed| {
        let (last, unit, alarms, name) = (feed.last, unit.clone(), alarms.clone(), feed.name.clone());
        let part = move || last.with(|last| *last).map_or(0.0, |value| (value - low) / (high - low).max(f64::MIN_POSITIVE));
        let words = move || last.with(|last| *last).map_or_else(|| "no value".to_owned(), |value| format!("{} {unit}", short(value)).trim().to_owned());
        let bad = move || last.with(|last| *last).is_some_and(|value| alarms.iter().any(|alarm| alarm.says(value).is_some())).then_some("bad");
        let label = {
            let (name, words) = (name.clone(), words.clone());
            move || format!("{name}: {}, on a scale from {} to {}", words(), short(low), short(high))
        };
        view! {
            <figure class="gauge" data-variant=bad>
                <svg viewBox="0 0 120 70" role="img" aria-label=label>
                    <path class="gauge-scale" d=arc(1.0)></path>
                    <path class="gauge-value" d=move || arc(part())></path>
                    <text x="60" y="58" text-anchor="middle">{words}</text>
                </svg>
                <figcaption>{name}</figcaption>
            </figure>
        }
    };
    view! { <div class="gauges">{feeds.iter().map(one).collect_view()}</div> }.into_any()
}

/// When each state began, as a strip and a list.
pub fn states(feeds: &[Feed]) -> AnyView {
    let one = |feed: &Feed| {
        let (states, name) = (feed.states, feed.name.clone());
        let strip = dynamic(move || {
            let list = states.with(Clone::clone);
            let (Some((from, _)), now) = (list.first().cloned(), browser::now()) else { return view! { <p class="faint">"No state yet."</p> }.into_any() };
            let mut words: Vec<String> = list.iter().map(|(_, text)| text.clone()).collect();
            words.sort_unstable();
            words.dedup();
            let span = (now - from).max(1.0);
            let ends = list.iter().skip(1).map(|(at, _)| *at).chain([now]);
            let bars = list.iter().zip(ends).map(|((at, text), until)| {
                let hue = words.iter().position(|word| word == text).unwrap_or(0) % 6 + 1;
                let (x, width) = ((at - from) / span * 1000.0, (until - at) / span * 1000.0);
                view! { <rect x=fixed(x, 2) y="0" width=fixed(width.max(1.0), 2) height="24" data-plot=hue><title>{format!("{text}, since {}", browser::clock(*at))}</title></rect> }
            });
            let bars = bars.collect_view();
            let rows = list.iter().rev().take(5).map(|(at, text)| view! { <li><time>{browser::clock(*at)}</time>" "{text.clone()}</li> }).collect_view();
            view! { <svg class="states" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">{bars}</svg><ol class="state-list">{rows}</ol> }.into_any()
        });
        view! { <h4>{name}</h4>{strip} }
    };
    view! { {feeds.iter().map(one).collect_view()} }.into_any()
}

/// The newest, the smallest and the largest value of each series.
pub fn table(panel: &Panel, feeds: &[Feed]) -> AnyView {
    let unit = panel.unit.clone();
    let row = |feed: &Feed| {
        let (last, ends, name) = (feed.last, feed.ends, feed.name.clone());
        let value = |value: f64| if value.is_finite() { short(value) } else { String::new() };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{move || last.with(|last| *last).map(short).unwrap_or_default()}</td>
                <td>{move || { ends.track(); value(ends.peek(|ends| ends.0).unwrap_or(f64::NAN)) }}</td>
                <td>{move || { ends.track(); value(ends.peek(|ends| ends.1).unwrap_or(f64::NAN)) }}</td>
            </tr>
        }
    };
    let head = if unit.is_empty() { "Newest".to_owned() } else { format!("Newest, {unit}") };
    view! {
        <table class="rows">
            <caption class="only-read">{panel.title.clone()}</caption>
            <thead><tr><th scope="col">"Series"</th><th scope="col">{head}</th><th scope="col">"Smallest"</th><th scope="col">"Largest"</th></tr></thead>
            <tbody>{feeds.iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_as_people_read_them() {
        let seen: Vec<String> = [0.0, 0.6, 1.0, 12.3456, 640.26, 1234567.0, 0.00001].map(super::short).to_vec();
        assert_eq!(seen, ["0", "0.6", "1", "12.346", "640.3", "1.235e6", "1.000e-5"]);
    }
}
