//! A state: icon, word and colour, the same everywhere.

use gitlab::Status;
use leptos::prelude::*;
use twin::run::{Tone, tone, word};

use crate::ui::icon::{Icon, Picture};

/// The mark.
#[component]
pub fn StatusMark(#[prop(into)] status: Signal<Status>) -> impl IntoView {
    let variant = move || match tone(status.get().as_str()) {
        Tone::Waiting => ("waiting", Icon::Circle),
        Tone::Active => ("active", Icon::Half),
        Tone::Good => ("good", Icon::Check),
        Tone::Bad => ("bad", Icon::Cross),
        Tone::Neutral => ("neutral", Icon::Dash),
        Tone::Asks => ("asks", Icon::Hand),
    };
    view! {
        <span class="status" data-variant=move || variant().0>
            {move || view! { <Picture icon=variant().1/> }}
            {move || word(status.get().as_str()).to_owned()}
        </span>
    }
}
