//! A page of an instance that one is not signed in to: the one sign-in that is missing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::bootstrap::Instance;
use crate::routes::{here, sign_in};

/// Asks for the sign-in and comes back to this page.
#[component]
pub fn SignedOut(instance: Instance) -> impl IntoView {
    let here = here();
    // The server does not hear what is behind `#`; the page does, once it is alive.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let backend = instance.backend.clone();
    let way = move || {
        let (alive, here) = (alive.get(), here.get());
        sign_in(&backend, if alive { &here } else { here.split('#').next().unwrap_or_default() })
    };
    view! {
        <Title text="Sign in"/>
        <section class="welcome">
            <h1>{format!("Sign in to {}", instance.name)}</h1>
            <p>"This page is part of an instance that you are not signed in to. Afterwards you come back here."</p>
            <a class="button" data-variant="primary" rel="external" href=way>"Sign in"</a>
        </section>
    }
}
