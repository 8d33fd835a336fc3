//! Searching a whole log.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::state::LogState;
use crate::browser::logs::Found;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};

/// `3 of 120`, or what else there is to say.
fn summary(found: &Found, hit: Option<usize>, text: &str) -> String {
    if let Some(error) = &found.error {
        return format!("This is no expression: {}", error.rsplit(": ").next().unwrap_or(error));
    }
    let going = if found.part < 1.0 { "…" } else { "" };
    match (text.is_empty(), found.total, hit) {
        (true, ..) => String::new(),
        (_, 0, _) if found.part < 1.0 => "Searching…".to_owned(),
        (_, 0, _) => "Nothing found".to_owned(),
        (_, total, Some(hit)) if total == found.lines.len() => format!("{} of {total}{going}", hit + 1),
        (_, total, Some(hit)) => format!("line {} of {}, {total} matches{going}", hit + 1, found.lines.len()),
        (_, total, None) => format!("{total}{going}"),
    }
}

/// The field, its two switches, how many were found, and the way from one to the next.
#[component]
pub fn Find(state: LogState) -> impl IntoView {
    let (text, regex, exact) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(false));
    Effect::new(move |before: Option<()>| {
        let (text, regex, exact) = (text.get(), regex.get(), exact.get());
        if before.is_some() {
            state.hit.set(None);
            state.found.set(Found { part: if text.is_empty() { 1.0 } else { 0.0 }, ..Found::default() });
            state.tell(|worker| worker.search(&text, regex, exact));
        }
    });
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            state.step(!event.shift_key());
        } else if event.key() == "Escape" {
            text.set(String::new());
        }
    };
    let none = move || state.found.with(|found| found.lines.is_empty());
    let switch = move |signal: RwSignal<bool>, sign: &'static str, words: &'static str| {
        view! { <button type="button" class="log-switch" title=words aria-label=words aria-pressed=move || signal.get().to_string() on:click=move |_| signal.update(|on| *on = !*on)>{sign}</button> }
    };
    view! {
        <div class="log-find" role="search">
            <label class="filter">
                <span class="only-read">"Search the log"</span>
                <Picture icon=Icon::Search/>
                <input type="search" placeholder="Search the log" prop:value=text on:input=move |event| text.set(event_target_value(&event)) on:keydown=on_key autocomplete="off" spellcheck="false"/>
            </label>
            {switch(exact, "Aa", "Capital letters count")}
            {switch(regex, ".*", "Regular expression")}
            <span class="faint log-count" role="status">{dynamic(move || state.found.with(|found| summary(found, state.hit.with(|hit| *hit), &text.get())))}</span>
            <Show when=move || !none()>
                <button type="button" class="log-switch" title="Previous (Shift+Enter)" aria-label="Previous match" on:click=move |_| state.step(false)><Picture icon=Icon::Up/></button>
                <button type="button" class="log-switch" title="Next (Enter)" aria-label="Next match" on:click=move |_| state.step(true)><Picture icon=Icon::Below/></button>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, summary};

    #[test]
    fn what_is_said_of_a_search() {
        let found = |total, lines: u32, part| Found { total, lines: (0..lines).collect(), part, error: None, grown: false };
        assert_eq!(summary(&found(0, 0, 1.0), None, ""), "");
        assert_eq!(summary(&found(0, 0, 0.5), None, "x"), "Searching…");
        assert_eq!(summary(&found(0, 0, 1.0), None, "x"), "Nothing found");
        assert_eq!(summary(&found(3, 3, 1.0), Some(1), "x"), "2 of 3");
        assert_eq!(summary(&found(5, 3, 0.5), Some(1), "x"), "line 2 of 3, 5 matches…");
    }
}
