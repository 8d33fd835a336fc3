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

/// What stands on the menu.
#[must_use]
pub fn label(bootstrap: &Bootstrap) -> String {
    match bootstrap.people.as_slice() {
        [] => "Sign in".to_owned(),
        [one] => one.username.clone(),
        [first, others @ ..] if others.iter().all(|other| other.username == first.username) => first.username.clone(),
        many => format!("{} accounts", many.len()),
    }
}

/// What is in it. `route` is where signing in comes back to.
#[component]
pub fn Accounts(route: Memo<Route>) -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let signed_in: Vec<String> = bootstrap.people.iter().map(|person| person.backend.clone()).collect();
    let row = |backend: &Backend| {
        let (id, place) = (backend.id.clone(), known_as(&bootstrap, backend));
        let (who, said, act) = match bootstrap.person(&backend.id).cloned() {
            Some(person) => {
                let leave = move |_| spawn_local(sign_out(vec![id.clone()]));
                (
                    person.name,
                    "Signed in",
                    view! { <button type="button" class="button" on:click=leave>"Sign out"<span class="only-read">{format!(" of {place}")}</span></button> }.into_any(),
                )
            }
            None => (
                place.clone(),
                "Not signed in",
                view! { <a class="button" rel="external" href=move || route.get().sign_in(&id)>"Sign in"<span class="only-read">{format!(" to {place}")}</span></a> }.into_any(),
            ),
        };
        view! { <li><span><strong>{who}</strong><br/><span class="faint">{said}" · "{place}</span></span>{act}</li> }.into_any()
    };
    let rows: Vec<AnyView> = bootstrap.backends.iter().map(row).collect();
    let everywhere = (signed_in.len() > 1).then(|| {
        let leave = move |_| spawn_local(sign_out(signed_in.clone()));
        view! { <button type="button" class="button" on:click=leave>"Sign out everywhere"</button> }.into_any()
    });
    let how = bootstrap.admin.then(|| view! { <a class="button" data-variant="quiet" rel="external" href=Route::ADMIN>"How this server does"</a> }.into_any());
    view! { <ul>{rows}</ul>{everywhere}{how} }
}
