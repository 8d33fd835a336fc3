//! What is typed into a form, kept in this browser until it is sent: leaving the page loses nothing.

use leptos::prelude::*;

use crate::browser;

/// The text of a field that is kept under `name`.
pub fn kept(name: String) -> RwSignal<String> {
    let text = RwSignal::new(browser::remembered(&name).unwrap_or_default());
    Effect::new(move |before: Option<()>| {
        let now = text.get();
        if before.is_some() {
            browser::remember(&name, &now);
        }
    });
    text
}
