//! A job's log while it grows: coloured, folded by sections, followed to its end unless one
//! scrolls away.

use std::collections::HashSet;

use gitlab::JobId;
use joblog::Tail;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Owner;

use super::log_rows::{ROW, duration, visible, window};
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::run_log::{Event, follow};
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};

/// Everything a log view knows.
#[derive(Debug, Clone, Copy)]
struct View {
    tail: StoredValue<Tail>,
    bytes: StoredValue<Vec<u8>>,
    folded: RwSignal<HashSet<usize>>,
    /// Counts what was read, so that views look again.
    version: RwSignal<u32>,
    following: RwSignal<bool>,
    ended: RwSignal<bool>,
    trouble: RwSignal<Option<Problem>>,
    scroll: RwSignal<(usize, usize)>,
}

impl View {
    fn new() -> Self {
        Self {
            tail: StoredValue::new(Tail::default()),
            bytes: StoredValue::new(Vec::new()),
            folded: RwSignal::new(HashSet::new()),
            version: RwSignal::new(0),
            following: RwSignal::new(true),
            ended: RwSignal::new(false),
            trouble: RwSignal::new(None),
            scroll: RwSignal::new((0, 600)),
        }
    }

    /// Takes in an event; `false` when the view is gone.
    fn take(self, event: Event, instance: &str) -> bool {
        let read = |bytes: &[u8]| {
            let first = self.tail.try_update_value(|tail| tail.push(bytes));
            self.bytes.try_update_value(|all| all.extend_from_slice(bytes));
            if let Some(first) = first {
                self.fold_collapsed(first);
            }
            let _ = self.trouble.try_set(None);
            self.version.try_update(|version| *version += 1).is_some()
        };
        match event {
            Event::Bytes(bytes) => read(&bytes),
            Event::Restart(bytes) => {
                self.tail.try_set_value(Tail::default());
                self.bytes.try_set_value(Vec::new());
                read(&bytes)
            }
            Event::End => self.ended.try_set(true).is_none(),
            Event::Trouble(error) => self.trouble.try_set(Some(Problem::new(&error, "read the log", instance))).is_none(),
        }
    }

    /// Sections that ask to start folded do.
    fn fold_collapsed(self, first: usize) {
        let new: Vec<usize> = self.tail.with_value(|tail| {
            let wants = |line: &joblog::Line| line.header && line.options.iter().any(|(key, value)| key.trim() == "collapsed" && value == "true");
            tail.lines().iter().enumerate().skip(first).filter(|(_, line)| wants(line)).map(|(index, _)| index).collect()
        });
        if !new.is_empty() {
            self.folded.update(|folded| folded.extend(new));
        }
    }
}

/// One row of the log.
fn row(view: View, index: usize, number: usize) -> impl IntoView {
    let line = view.tail.with_value(|tail| tail.lines().get(index).cloned()).unwrap_or_default();
    let spans = line.spans.iter().map(|span| view! { <span class=span.style.classes()>{span.text.clone()}</span> }).collect_view();
    if !line.header {
        return view! { <div class="log-row"><span class="log-number">{number}</span><span class="log-text">{spans}</span></div> }.into_any();
    }
    let folded = view.folded.with_untracked(|folded| folded.contains(&index));
    let time = view.tail.with_value(|tail| duration(tail, index));
    let turn = move |_| {
        view.folded.update(|folded| {
            if !folded.remove(&index) {
                folded.insert(index);
            }
        });
    };
    view! {
        <div class="log-row">
            <span class="log-number">{number}</span>
            <button type="button" class="log-section" aria-expanded=(!folded).to_string() on:click=turn>
                <Picture icon=Icon::Right/><span class="log-text">{spans}</span>
            </button>
            <span class="log-time">{time}</span>
        </div>
    }
    .into_any()
}

/// The log of one job.
#[component]
pub fn LogView(client: Client, owner: Owner, job: JobId, #[prop(into)] name: String) -> impl IntoView {
    let view = View::new();
    let place = NodeRef::<Div>::new();
    let instance = client.instance.name.clone();
    let embedded = client.backend.embedded;
    Effect::new(move |_| {
        let (client, instance) = (client.clone(), instance.clone());
        spawn_local(follow(client, owner, job, move |event| view.take(event, &instance)));
    });
    let rows = Memo::new(move |_| {
        view.version.track();
        view.folded.with(|folded| view.tail.with_value(|tail| visible(tail, folded)))
    });
    let seen = Memo::new(move |_| {
        let (scrolled, height) = view.scroll.get();
        window(scrolled, height, rows.with(Vec::len))
    });
    // The end is scrolled to after the rows that are there have been drawn.
    Effect::new(move |_| {
        view.version.track();
        rows.track();
        if let (true, Some(element)) = (view.following.get(), place.get()) {
            request_animation_frame(move || browser::scroll_to_end(&element));
        }
    });
    let measure = move || {
        if let Some(element) = place.get_untracked() {
            let (top, height, whole) = browser::scroll_state(&element);
            view.scroll.set((usize::try_from(top).unwrap_or(0), usize::try_from(height).unwrap_or(600)));
            view.following.set(top + height + 30 >= whole);
        }
    };
    let to_end = move |_| {
        view.following.set(true);
        if let Some(element) = place.get_untracked() {
            browser::scroll_to_end(&element);
        }
    };
    let file_name = format!("{job}.log");
    let label = format!("Log of {name}");
    let state = move || match (view.ended.get(), view.trouble.get().is_some()) {
        (true, _) => "Complete".to_owned(),
        (false, true) => "Cannot be read just now".to_owned(),
        (false, false) if embedded => "Live".to_owned(),
        (false, false) => "Live; this backend sends new lines about once a minute".to_owned(),
    };
    let drawn = dynamic(move || {
        view.version.track();
        view.folded.track();
        let (first, last) = seen.get();
        rows.with(|rows| rows[first.min(rows.len())..last.min(rows.len())].iter().enumerate().map(|(place, index)| row(view, *index, first + place + 1)).collect_view())
    });
    let before = move || format!("{}px", seen.get().0 * ROW);
    let after = move || format!("{}px", rows.with(Vec::len).saturating_sub(seen.get().1) * ROW);
    view! {
        <section class="log" aria-label=label>
            <div class="log-bar">
                <strong>{name}</strong>
                <span class="faint" role="status">{state}</span>
                <span class="gap"></span>
                <button type="button" class="button" data-variant="quiet" aria-pressed=move || view.following.get().to_string() on:click=to_end><Picture icon=Icon::Down/>"Follow"</button>
                <button type="button" class="button" data-variant="quiet" on:click=move |_| view.bytes.with_value(|bytes| browser::save(&file_name, bytes))><Picture icon=Icon::Save/>"Save log"</button>
            </div>
            {dynamic(move || view.trouble.get().map(|problem| view! { <p class="log-trouble" role="alert">{problem.title}" "{problem.advice}</p> }))}
            <div class="log-body" tabindex="0" role="log" aria-live="off" aria-label="Lines of the log" node_ref=place on:scroll=move |_| measure()>
                <div style:height=before></div>
                {drawn}
                <div style:height=after></div>
                <Show when=move || rows.with(Vec::is_empty)>
                    <p class="log-empty">{dynamic(move || if view.ended.get() { "This job has written nothing." } else { "Waiting for the first line." })}</p>
                </Show>
            </div>
        </section>
    }
}
