//! A boxed message that stays where it is.

use leptos::prelude::*;

use super::icon::{Icon, Picture};

/// How it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something failed.
    Bad,
    /// Something to know.
    Plain,
}

/// A title, an explanation, and what can be done.
#[component]
pub fn Notice(tone: Tone, #[prop(into)] title: String, #[prop(into, optional)] text: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let (variant, role) = match tone {
        Tone::Bad => ("bad", "alert"),
        Tone::Plain => ("plain", "status"),
    };
    view! {
        <div class="notice-box" data-variant=variant role=role>
            <Picture icon=Icon::Warning/>
            <div>
                <p class="notice-title">{title}</p>
                {(!text.is_empty()).then(|| view! { <p>{text}</p> })}
                {children.map(|children| view! { <div class="actions">{children()}</div> })}
            </div>
        </div>
    }
}
