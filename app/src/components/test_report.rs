//! The tests of a JUnit report, those that did not pass first.

use leptos::prelude::*;
use twin::junit::{Outcome, Test, read};
use twin::run::duration;

use crate::ui::icon::{Icon, Picture};
use crate::ui::notice::{Notice, Tone};

fn look(outcome: Outcome) -> (&'static str, Icon, &'static str) {
    match outcome {
        Outcome::Failed => ("bad", Icon::Cross, "Failed"),
        Outcome::Broken => ("bad", Icon::Warning, "Broken"),
        Outcome::Skipped => ("neutral", Icon::Dash, "Skipped"),
        Outcome::Passed => ("good", Icon::Check, "Passed"),
    }
}

/// A length that is often a part of a second.
fn took(seconds: f64) -> String {
    if seconds < 10.0 { format!("{:.0} ms", seconds * 1000.0) } else { duration(seconds) }
}

/// The report.
pub fn test_report(content: &[u8]) -> AnyView {
    let tests = match read(&String::from_utf8_lossy(content)) {
        Ok(tests) => tests,
        Err(why) => return view! { <Notice tone=Tone::Bad title="This test report cannot be read." text=format!("{why} Its source is beside this view.")/> }.into_any(),
    };
    let count = |outcome: Outcome| tests.iter().filter(|test| test.outcome == outcome).count();
    let parts = [Outcome::Failed, Outcome::Broken, Outcome::Skipped, Outcome::Passed].map(|outcome| (count(outcome), look(outcome).2));
    let said: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {}", word.to_lowercase())).collect();
    let whole: f64 = tests.iter().filter_map(|test| test.seconds).sum();
    let row = |test: Test| {
        let (variant, icon, word) = look(test.outcome);
        let words =
            (!test.words.is_empty()).then(|| view! { <details open=test.outcome < Outcome::Skipped><summary>"What it said"</summary><pre>{test.words.clone()}</pre></details> });
        view! {
            <tr>
                <td><span class="status" data-variant=variant><Picture icon/>{word}</span></td>
                <th scope="row">{test.name}<p class="faint">{test.group}</p>{words}</th>
                <td>{test.seconds.map(took)}</td>
            </tr>
        }
    };
    let summary = format!("{} tests: {}. {} in all.", tests.len(), said.join(", "), took(whole));
    view! {
        <p>{summary}</p>
        <table class="rows">
            <caption class="only-read">"Tests"</caption>
            <thead><tr><th scope="col">"Outcome"</th><th scope="col">"Test"</th><th scope="col">"Took"</th></tr></thead>
            <tbody>{tests.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}
