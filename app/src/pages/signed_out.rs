//! A page of an instance that one is not signed in to: the one sign-in that is missing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::bootstrap::Instance;
use crate::routes::Route;

/// Asks for the sign-in and comes back to this page.
#[component]
pub fn SignedOut(route: Route, instance: Instance) -> impl IntoView {
    view! {
        <Title text="Sign in"/>
        <section class="welcome">
            <h1>{format!("Sign in to {}", instance.name)}</h1>
            <p>"This page is part of an instance that you are not signed in to. Afterwards you come back here."</p>
            <a class="button" data-variant="primary" rel="external" href=route.sign_in(&instance.backend)>"Sign in"</a>
        </section>
    }
}
