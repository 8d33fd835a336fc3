//! Who one is at each backend, and the ways in and out.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::actions::sign_out::sign_out;
use crate::bootstrap::{Backend, Bootstrap};
use crate::routes::Route;

/// The instances of a backend, by name.
fn known_as(bootstrap: &Bootstrap, backend: &Backend) -> String {
    let names: Vec<&str> = bootstrap.instances.iter().filter(|instance| instance.backend == backend.id).map(|instance| instance.name.as_str()).collect();
    if names.is_empty() { backend.id.clone() } else { names.join(", ") }
}

/// The menu. `route` is where signing in comes back to.
#[component]
pub fn AccountMenu(route: Memo<Route>) -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let signed_in: Vec<String> = bootstrap.people.iter().map(|person| person.backend.clone()).collect();
    let label = match bootstrap.people.as_slice() {
        [] => "Sign in".to_owned(),
        [one] => one.username.clone(),
        [first, others @ ..] if others.iter().all(|other| other.username == first.username) => first.username.clone(),
        many => format!("{} accounts", many.len()),
    };
    let row = |backend: &Backend| {
        let (id, place) = (backend.id.clone(), known_as(&bootstrap, backend));
        match bootstrap.person(&backend.id).cloned() {
            Some(person) => {
                let leave = move |_| spawn_local(sign_out(vec![id.clone()]));
                view! {
                    <li>
                        <span>"Signed in as "<strong>{person.name}</strong><br/><span class="faint">{place.clone()}</span></span>
                        <button type="button" class="button" on:click=leave>"Sign out"<span class="only-read">{format!(" of {place}")}</span></button>
                    </li>
                }
                .into_any()
            }
            None => view! {
                <li>
                    <span><strong>{place.clone()}</strong><br/><span class="faint">"Not signed in"</span></span>
                    <a class="button" rel="external" href=move || route.get().sign_in(&id)>"Sign in"<span class="only-read">{format!(" to {place}")}</span></a>
                </li>
            }
            .into_any(),
        }
    };
    let rows = bootstrap.backends.iter().map(row).collect_view();
    let everywhere = (signed_in.len() > 1).then(|| {
        let leave = move |_| spawn_local(sign_out(signed_in.clone()));
        view! { <button type="button" class="button" on:click=leave>"Sign out everywhere"</button> }
    });
    view! {
        <details class="menu account">
            <summary class="button" data-variant="quiet">{label}</summary>
            <div class="menu-body"><ul>{rows}</ul>{everywhere}</div>
        </details>
    }
}
