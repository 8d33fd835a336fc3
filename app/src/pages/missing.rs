//! Addresses that lead nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::bootstrap::Bootstrap;
use crate::routes::Route;
use crate::ui::empty::Empty;

/// No page of ours.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <h1>"There is no such page"</h1>
        <Empty title="The address may be mistyped, or from an older version." text="Start from the library, or use the address in full.">
            <a class="button" href=Route::Home.to_string()>"Go to the front page"</a>
        </Empty>
    }
}

/// No instance of ours.
#[component]
pub fn UnknownInstance(#[prop(into)] instance: String) -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let known: Vec<String> = bootstrap.instances.iter().map(|instance| instance.name.clone()).collect();
    view! {
        <Title text="Unknown instance"/>
        <h1>"Unknown instance"</h1>
        <Empty title=format!("No instance called “{instance}” is configured here.") text=format!("Known are: {}. Whoever runs this server can add others to twinport.toml.", known.join(", "))>
            <a class="button" href=Route::Home.to_string()>"Go to the front page"</a>
        </Empty>
    }
}
