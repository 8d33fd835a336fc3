//! Differences of files, each to be folded, with its lines.

use gitlab::commits::FileDiff;
use leptos::prelude::*;

use crate::ui::empty::Empty;

/// Files after so many are folded.
const OPEN: usize = 12;
/// Lines of one file that are shown.
const LINES: usize = 2_000;

/// What happened to a file.
fn happened(diff: &FileDiff) -> String {
    match (diff.new_file, diff.deleted_file, diff.renamed_file) {
        (true, ..) => "added".to_owned(),
        (_, true, _) => "deleted".to_owned(),
        (.., true) => format!("moved from {}", diff.old_path),
        _ => "changed".to_owned(),
    }
}

fn lines(name: String, text: &str) -> AnyView {
    let total = text.lines().count();
    let line = |line: &str| {
        let (mark, rest) = match line.as_bytes().first() {
            Some(b'-') => (Some("first"), &line[1..]),
            Some(b'+') => (Some("second"), &line[1..]),
            Some(b'@') => (Some("place"), line),
            _ => (None, line.get(1..).unwrap_or_default()),
        };
        view! { <div data-mark=mark>{rest.to_owned()}</div> }
    };
    let rows = text.lines().take(LINES).map(line).collect_view();
    view! {
        <div class="diff-lines" tabindex="0" role="region" aria-label=name>{rows}</div>
        {(total > LINES).then(|| view! { <p class="faint">{format!("The first {LINES} of {total} lines.")}</p> })}
    }
    .into_any()
}

fn one(number: usize, diff: FileDiff, about: &str) -> AnyView {
    let count = |mark: char| diff.diff.lines().filter(|line| line.starts_with(mark)).count();
    let body = match (diff.diff.is_empty(), diff.too_large) {
        (true, Some(true)) => view! { <p class="faint diff-note">"Too many lines changed to show them here. Open the change on its backend to see them."</p> }.into_any(),
        (true, _) => view! { <p class="faint diff-note">"No lines to show: the file is binary, or only its name or mode changed."</p> }.into_any(),
        _ => lines(format!("{about} in {}", diff.new_path), &diff.diff),
    };
    view! {
        <details class="diff" open=number < OPEN>
            <summary><span>{diff.new_path.clone()}</span>" "<span class="faint">{format!("{} · +{} −{}", happened(&diff), count('+'), count('-'))}</span></summary>
            {body}
        </details>
    }
    .into_any()
}

/// All of them.
#[component]
pub fn DiffView(
    diffs: Vec<FileDiff>,
    /// What the lines are called, where there are several such lists.
    #[prop(default = "Changed lines")]
    about: &'static str,
) -> impl IntoView {
    if diffs.is_empty() {
        return view! { <Empty title="No file differs."/> }.into_any();
    }
    diffs.into_iter().enumerate().map(|(number, diff)| one(number, diff, about)).collect_view().into_any()
}
