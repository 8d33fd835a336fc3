//! Federated runs on screen: who takes part, how each stands, and what goes between them.

pub mod board;
pub mod drawing;
pub mod earlier;

use federation::standing::{Standing, Whole};
use leptos::prelude::*;

use crate::ui::icon::{Icon, Picture};

/// The looks of a member's standing.
#[must_use]
pub fn look(standing: Standing) -> (&'static str, Icon) {
    match standing {
        Standing::Waiting => ("waiting", Icon::Circle),
        Standing::Starting | Standing::Running | Standing::Stopping => ("active", Icon::Half),
        Standing::Ready | Standing::Done => ("good", Icon::Check),
        Standing::Silent => ("asks", Icon::Hand),
        Standing::Failed | Standing::Away => ("bad", Icon::Cross),
        Standing::LeftOut | Standing::Stopped => ("neutral", Icon::Dash),
    }
}

/// The looks of the whole.
#[must_use]
pub fn look_of_whole(whole: Whole) -> (&'static str, Icon) {
    match whole {
        Whole::Planned => ("waiting", Icon::Circle),
        Whole::Starting | Whole::Stopping => ("active", Icon::Half),
        Whole::Running | Whole::Done => ("good", Icon::Check),
        Whole::Degraded | Whole::Held => ("asks", Icon::Hand),
        Whole::Failed => ("bad", Icon::Cross),
        Whole::Paused | Whole::Stopped => ("neutral", Icon::Dash),
    }
}

/// Icon and word.
pub fn mark((variant, icon): (&'static str, Icon), word: &'static str) -> AnyView {
    view! { <span class="status" data-variant=variant><Picture icon/>{word}</span> }.into_any()
}
