//! The guide, in short.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::parts;

/// What people ask first; the longer guides live beside it in `public/guide/`.
const GUIDE: &str = include_str!("../../../public/guide/start.md");

/// The guide.
#[component]
pub fn Help() -> impl IntoView {
    view! { <Title text="Help"/><article class="page-narrow">{parts::markdown(GUIDE.to_owned(), String::new())}</article> }
}
