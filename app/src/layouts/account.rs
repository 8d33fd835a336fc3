//! Who one is at each backend, and the ways in and out.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::actions::sign_out::sign_out;
use crate::bootstrap::{Backend, Bootstrap};
use crate::instances::Instances;
use crate::routes::{Route, here, sign_in};
use crate::ui::toast::Toasts;

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

/// What is in it.
#[component]
pub fn Accounts() -> impl IntoView {
    let (bootstrap, toasts, here) = (expect_context::<Bootstrap>(), expect_context::<Toasts>(), here());
    let healths = expect_context::<Instances>().healths;
    let known = |id: &String| bootstrap.backend(id).map_or_else(|| id.clone(), |backend| known_as(&bootstrap, backend));
    let signed_in: Vec<(String, String)> = bootstrap.people.iter().map(|person| (person.backend.clone(), known(&person.backend))).collect();
    let row = |backend: &Backend| {
        let (id, place) = (backend.id.clone(), known_as(&bootstrap, backend));
        let (who, said, act) = match bootstrap.person(&backend.id).cloned() {
            Some(person) => {
                let (there, around) = (place.clone(), bootstrap.clone());
                let leave = move |_| spawn_local(sign_out(vec![(id.clone(), there.clone())], (around.clone(), healths), toasts));
                (
                    person.name,
                    "Signed in",
                    view! { <button type="button" class="button" on:click=leave>"Sign out"<span class="only-read">{format!(" of {place}")}</span></button> }.into_any(),
                )
            }
            None => (
                place.clone(),
                "Not signed in",
                view! { <a class="button" rel="external" href=move || sign_in(&id, &here.get())>"Sign in"<span class="only-read">{format!(" to {place}")}</span></a> }.into_any(),
            ),
        };
        view! { <li><span><strong>{who}</strong><br/><span class="faint">{said}" · "{place}</span></span>{act}</li> }.into_any()
    };
    let rows: Vec<AnyView> = bootstrap.backends.iter().map(row).collect();
    let everywhere = (signed_in.len() > 1).then(|| {
        let around = bootstrap.clone();
        let leave = move |_| spawn_local(sign_out(signed_in.clone(), (around.clone(), healths), toasts));
        view! { <button type="button" class="button" on:click=leave>"Sign out everywhere"</button> }.into_any()
    });
    let how = bootstrap.admin.then(|| view! { <a class="button" data-variant="quiet" rel="external" href=Route::ADMIN>"How this server does"</a> }.into_any());
    view! { <ul>{rows}</ul>{everywhere}{how} }
}
