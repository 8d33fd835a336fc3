//! A job's log while it grows: followed to its end unless one scrolls away.

use gitlab::JobId;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use twin::asset::Owner;

use super::bar::Bar;
use super::place::{Place, whole};
use super::rows::row;
use super::state::{LogState, named};
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::run_log::{Progress, follow};
use crate::ui::dynamic::dynamic;
use crate::ui::toast::Toasts;

/// The log of one job. `over` says that the job has ended.
#[component]
pub fn LogView(client: Client, owner: Owner, job: JobId, #[prop(into)] name: String, over: Signal<bool>) -> impl IntoView {
    let state = LogState::new();
    let toasts = expect_context::<Toasts>();
    let node = NodeRef::<Div>::new();
    let place = RwSignal::new(Place { top: 0, height: 600 });
    let (instance, embedded) = (client.instance.name.clone(), client.backend.embedded);
    Effect::new(move |_| {
        let worker = state.start(toasts);
        let over = move || over.try_get_untracked().unwrap_or(true);
        spawn_local(follow(client.clone(), owner, job, worker, over, move |progress| state.progress.set(progress)));
    });
    on_cleanup(move || state.tell(|worker| worker.close()));
    // Where it is scrolled to is noted at once: whoever scrolls up from there wants to stay.
    let to_bottom = move |element: &web_sys::Element| {
        browser::scroll_to_end(element);
        let top = usize::try_from(browser::scroll_state(element).0).unwrap_or(0);
        let _ = place.try_update(|place| place.top = top);
    };
    let total = Memo::new(move |_| state.shown.with(|shown| shown.total));
    // A line that the address names is gone to as soon as it is there, and another when the address changes.
    let (gone, hash) = (StoredValue::new(true), use_location().hash);
    Effect::new(move |_| {
        // The router does not know what marking lines wrote there; it knows when somebody changes it.
        hash.track();
        if let Some(range) = named(&browser::address::fragment()).filter(|range| state.marked.peek(|marked| *marked) != Some(Some(*range))) {
            state.marked.set(Some(range));
            state.following.set(false);
            gone.set_value(false);
        }
    });
    Effect::new(move |_| {
        let lines = state.shown.with(|shown| shown.lines);
        let ended = state.progress.with(|progress| *progress == Progress::End);
        if let (Some((from, _)), false) = (state.marked.with(|marked| *marked), gone.get_value())
            && (lines as u64 >= u64::from(from) || (ended && lines > 0))
        {
            gone.set_value(true);
            state.tell(|worker| worker.go(Some(from), None));
        }
    });
    let look = move || {
        let (first, count) = place.get_untracked().wanted(total.get_untracked());
        let end = state.following.get_untracked();
        state.tell(|worker| worker.view(first, count, end));
    };
    // The end is scrolled to after the rows that are there have been drawn.
    Effect::new(move |_| {
        state.shown.track();
        if let (true, Some(element)) = (state.following.get(), node.get()) {
            request_animation_frame(move || to_bottom(&element));
        }
    });
    Effect::new(move |_| {
        if let (Some(row), Some(element)) = (state.wish.with(|wish| *wish), node.get_untracked()) {
            let top = place.get_untracked().scrolled_to(row, total.get_untracked());
            request_animation_frame(move || browser::scroll_to(&element, i32::try_from(top).unwrap_or(i32::MAX)));
        }
    });
    let measure = move || {
        if let Some(element) = node.get_untracked() {
            let (top, height, whole) = browser::scroll_state(&element);
            let number = |pixels: i32| usize::try_from(pixels).unwrap_or(0);
            let before = place.get_untracked().top;
            place.set(Place { top: number(top), height: number(height) });
            // Only a person scrolls up: in a torrent the end moves on between a scroll and its news.
            if top + height + 30 >= whole {
                state.following.set(true);
            } else if number(top) < before {
                state.following.set(false);
            }
            look();
        }
    };
    // Lines are marked, and so linked to, with the keys that move a line in many pagers and editors.
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let key = event.key();
        if matches!(key.as_str(), "j" | "k" | "J" | "K") && !event.ctrl_key() && !event.meta_key() && !event.alt_key() {
            event.prevent_default();
            state.mark_next(key.eq_ignore_ascii_case("j"), event.shift_key(), place.get_untracked().row(total.get_untracked()));
        }
    };
    let to_end = Callback::new(move |()| {
        let follow = !state.following.get_untracked();
        state.following.set(follow);
        look();
        if let Some(element) = node.get_untracked().filter(|_| follow) {
            to_bottom(&element);
        }
    });
    let trouble = move || match state.progress.with(Clone::clone) {
        Progress::Trouble(error) => Some(Problem::new(&error, "read the log", &instance)),
        _ => None,
    };
    let trouble = dynamic(move || trouble().map(|problem| view! { <p class="log-trouble" role="alert">{problem.title}" "{problem.advice}</p> }));
    let broken = dynamic(move || state.broken.with(Clone::clone).map(|why| view! { <p class="log-trouble" role="alert">"The log cannot be shown: "{why}". Reload the page."</p> }));
    // Rows that say what they said stay, so that a click on one is not lost while others come.
    let rows = move || state.shown.with(|shown| shown.rows.clone());
    let drawn = view! { <For each=rows key=Clone::clone children=move |each| row(state, each)/> };
    let offset = move || format!("{}px", place.get().offset(state.shown.with(|shown| shown.first), total.get()));
    let label = format!("Log of {name}");
    let empty = dynamic(move || {
        let words = if state.progress.with(|progress| *progress == Progress::End) { "This job has written nothing." } else { "Waiting for the first line." };
        (total.get() == 0).then(|| view! { <p class="log-empty">{words}</p> })
    });
    // Read out while one follows, but not every line of a torrent.
    let spoken = RwSignal::new(String::new());
    Effect::new(move |_| {
        let timer = set_interval_with_handle(
            move || {
                let last = state.shown.peek(|shown| shown.rows.last().map(|row| (shown.lines, row.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>())));
                if let (Some(Some((lines, text))), Some(true)) = (last, state.following.try_get_untracked()) {
                    let _ = spoken.try_set(format!("{lines} lines. {text}"));
                }
            },
            std::time::Duration::from_secs(10),
        );
        if let Ok(timer) = timer {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <section class="log" aria-label=label>
            <Bar state name file=format!("{job}.log") over embedded to_end/>
            {trouble}{broken}
            <p class="only-read" role="status">{spoken}</p>
            <div class="log-body" tabindex="0" role="log" aria-live="off" aria-label="Lines of the log; J and K mark a line, with Shift several" aria-keyshortcuts="J K Shift+J Shift+K" node_ref=node on:scroll=move |_| measure() on:keydown=on_key>
                <div class="log-whole" style:height=move || format!("{}px", whole(total.get()))>
                    <div class="log-rows" style:top=offset>{drawn}</div>
                </div>
                {empty}
            </div>
        </section>
    }
}
