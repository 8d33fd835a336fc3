//! The app: what people see. Server and browser build the same views; only the browser asks
//! backends.

#![recursion_limit = "512"]
// What is there for pages alone. The build for browsers tells what nobody uses.
#![cfg_attr(not(any(feature = "hydrate", test)), allow(dead_code, reason = "the server is built without the pages that it never renders"))]

pub mod bootstrap;
pub mod browser;
pub mod foreign;
pub mod places;
pub mod problem;
pub mod routes;
pub mod session;
pub mod shell;

mod actions;
mod cart;
mod components;
mod desks;
mod instances;
mod layouts;
mod pages;
mod queries;
mod ui;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

use bootstrap::Bootstrap;
use instances::Instances;
use layouts::frame::Frame;

/// The app, on either side. What it knows at the start comes from the server's context, or from
/// the document in the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let bootstrap = use_context::<Bootstrap>().unwrap_or_else(browser::read_bootstrap);
    provide_context(Instances::new(&bootstrap));
    let embed = bootstrap.embed.clone();
    provide_context(bootstrap);
    provide_context(ui::toast::Toasts::new());
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Twinport".to_owned() } else { format!("{title} · Twinport") }/>
        <Router>
            {match embed {
                Some(told) => pages::embedded(told),
                None => view! { <Frame/> }.into_any(),
            }}
        </Router>
    }
}
