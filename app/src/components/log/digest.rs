//! Lines that look like trouble, alike ones together, each a way to its place.

use leptos::prelude::*;

use super::state::LogState;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};

/// Kinds of lines that are listed.
const MOST: usize = 40;

/// The list, once somebody opens it.
#[component]
pub fn Digest(state: LogState) -> impl IntoView {
    let open = move |event: leptos::ev::Event| {
        // Each time it opens, as more may have been written since; not when it closes.
        if event_target::<web_sys::Element>(&event).has_attribute("open") {
            state.tell(|worker| worker.digest());
        }
    };
    let list = dynamic(move || match state.digest.with(Clone::clone) {
        None => view! { <p class="faint">"Looking through the log."</p> }.into_any(),
        Some(list) if list.is_empty() => view! { <p class="faint">"No line says error, failed, fatal, exception or the like."</p> }.into_any(),
        Some(list) => {
            let more = list.len().saturating_sub(MOST);
            let entry = |trouble: crate::browser::logs::Trouble| {
                let line = trouble.line;
                let count = (trouble.count > 1).then(|| view! { <span class="count">{format!("× {}", trouble.count)}</span> });
                view! { <li><button type="button" on:click=move |_| state.tell(|worker| worker.go(None, Some(line)))><span class="faint">{trouble.number}</span><code>{trouble.text}</code>{count}</button></li> }
            };
            view! {
                <ol>{list.into_iter().take(MOST).map(entry).collect_view()}</ol>
                {(more > 0).then(|| view! { <p class="faint">{format!("and {more} more kinds")}</p> })}
            }
            .into_any()
        }
    });
    view! {
        <details class="menu log-digest" on:toggle=open>
            <summary class="button" data-variant="quiet" aria-label="Errors" title="Lines that look like errors"><Picture icon=Icon::Warning/><span class="wide">"Errors"</span></summary>
            <div class="menu-body">{list}</div>
        </details>
    }
}
