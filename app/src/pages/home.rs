//! The front page: what this is, and where to sign in.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::bootstrap::Bootstrap;
use crate::places::Places;
use crate::routes::Route;

/// The front page.
#[component]
pub fn Home() -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let rows = bootstrap.instances.iter().map(|instance| {
        let library = Route::Library { places: Places::one(&instance.id), kind: None };
        let signed_in = bootstrap.person(&instance.backend).is_some();
        let (href, words, rel) =
            if signed_in || instance.guests { (library.to_string(), "Open the library", None) } else { (library.sign_in(&instance.backend), "Sign in", Some("external")) };
        let host = bootstrap.backend(&instance.backend).map(|backend| if backend.embedded { "on this server".to_owned() } else { backend.url.clone() });
        view! {
            <li class="card">
                <div><strong>{instance.name.clone()}</strong><p class="faint">{host}</p></div>
                <a class="button" data-variant="primary" href=href rel=rel>{words}<span class="only-read">{format!(" of {}", instance.name)}</span></a>
            </li>
        }
    });
    view! {
        <Title text=""/>
        <section class="welcome">
            <h1>"Digital twins, wherever they live"</h1>
            <p>"Find, run and watch digital twins on every instance that you have access to, with your own account on each."</p>
            <ul class="cards">{rows.collect_view()}</ul>
            <p class="faint"><a href=Route::Help.to_string()>"How Twinport works"</a></p>
        </section>
    }
}
