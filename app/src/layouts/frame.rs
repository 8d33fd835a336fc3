//! Rail, top bar, and the page itself.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::WildcardSegment;
use leptos_router::components::{A, FlatRoutes, Route as Entry};
use leptos_router::hooks::use_location;

use super::rail::Rail;
use crate::actions::sign_out::sign_out;
use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::pages;
use crate::routes::Route;
use crate::ui::theme::ThemeButton;
use crate::ui::toast::ToastList;

/// Where one can go within an instance.
#[component]
fn Places(#[prop(into)] instance: String, route: Memo<Route>) -> impl IntoView {
    let library = Route::Library { instance: instance.clone(), kind: None };
    let runs = Route::Runs { instance };
    let in_library = move || matches!(route.get(), Route::Library { .. } | Route::Asset { .. } | Route::Twin { .. });
    let in_runs = move || matches!(route.get(), Route::Runs { .. } | Route::Run { .. });
    view! {
        <nav class="places" aria-label="Places">
            <a href=library.to_string() aria-current=move || in_library().then_some("true")>"Library"</a>
            <a href=runs.to_string() aria-current=move || in_runs().then_some("true")>"Runs"</a>
        </nav>
    }
}

/// Who one is here, and the way out.
#[component]
fn PersonMenu(#[prop(into)] backend: String) -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let person = bootstrap.person(&backend).cloned();
    person.map(|person| {
        let leave = move |_| spawn_local(sign_out(backend.clone()));
        view! {
            <details class="menu">
                <summary class="button" data-variant="quiet">{person.username.clone()}</summary>
                <div class="menu-body">
                    <p>"Signed in as " <strong>{person.name}</strong></p>
                    <button type="button" class="button" on:click=leave>"Sign out"</button>
                </div>
            </details>
        }
    })
}

/// The frame.
#[component]
pub fn Frame() -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let path = use_location().pathname;
    let route = Memo::new(move |_| Route::parse(&path.get()));
    let instance = Memo::new(move |_| route.get().instance().map(str::to_owned));
    Effect::new(move |_| browser::mark_ready());
    let top = move || {
        let found = instance.get().and_then(|id| bootstrap.instance(&id).cloned());
        found.map(|instance| {
            view! {
                <span class="instance-name">{instance.name.clone()}</span>
                <Places instance=instance.id.clone() route/>
                <span class="gap"></span>
                <PersonMenu backend=instance.backend/>
            }
        })
    };
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="frame">
            <Rail/>
            <div class="column">
                <header class="top">
                    <A href=Route::Home.to_string() attr:class="mark">"Twinport"</A>
                    {top}
                    <ThemeButton/>
                </header>
                <main id="main" tabindex="-1">
                    // One entry for all pages, which the enum `Route` tells apart: the router still
                    // needs it, or it would never write the address of a followed link.
                    <FlatRoutes fallback=|| ()>
                        <Entry path=WildcardSegment("page") view=pages::Pages/>
                    </FlatRoutes>
                </main>
            </div>
        </div>
        <ToastList/>
    }
}
