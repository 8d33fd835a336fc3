//! An instance in a few letters and its colour.

use leptos::prelude::*;

use crate::bootstrap::Instance;

/// Two letters for a name; the stylesheet makes them capitals.
#[must_use]
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [one] => one.chars().take(2).collect(),
        [first, second, ..] => first.chars().take(1).chain(second.chars().take(1)).collect(),
        [] => "?".to_owned(),
    }
}

/// The mark, with the whole name beside it.
#[component]
pub fn InstanceMark(instance: Instance) -> impl IntoView {
    view! { <span class="instance-mark"><span class="dot" data-hue=instance.hue aria-hidden="true">{initials(&instance.name)}</span>{instance.name}</span> }
}
