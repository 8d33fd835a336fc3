//! A question that failed: what, why, and the way on.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::bootstrap::Bootstrap;
use crate::problem::Problem;
use crate::routes::{Route, here, sign_in};
use crate::ui::notice::{Notice, Tone};

/// The box, with a button that asks again, or signs in again.
#[component]
pub fn ProblemBox(problem: Problem, again: Callback<()>) -> impl IntoView {
    let path = use_location().pathname;
    let bootstrap = expect_context::<Bootstrap>();
    let route = Route::parse(&path.get_untracked());
    let backend = route.instance().and_then(|id| bootstrap.instance(&id)).map(|instance| instance.backend.clone());
    let here = here();
    let sign_in = backend.filter(|_| problem.sign_in).map(|backend| Signal::derive(move || sign_in(&backend, &here.get())));
    view! {
        <Notice tone=Tone::Bad title=problem.title text=problem.advice>
            {match sign_in {
                Some(href) => view! { <a class="button" data-variant="primary" rel="external" href=href>"Sign in again"</a> }.into_any(),
                None => view! { <button type="button" class="button" on:click=move |_| again.run(())>"Try again"</button> }.into_any(),
            }}
        </Notice>
    }
}
