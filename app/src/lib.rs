//! The app: what people see. Server and browser build the same views; only the browser asks
//! backends.

pub mod bootstrap;
pub mod routes;
pub mod shell;

use leptos::prelude::*;

/// The app.
#[component]
pub fn App() -> impl IntoView {
    leptos_meta::provide_meta_context();
    view! { <p>"hello"</p> }
}
