//! One file a route, and the table of which is which.

#[cfg(any(feature = "hydrate", test))]
mod asset;
#[cfg(any(feature = "hydrate", test))]
mod changes;
#[cfg(any(feature = "hydrate", test))]
mod compare;
#[cfg(any(feature = "hydrate", test))]
mod compose;
#[cfg(any(feature = "hydrate", test))]
mod edit;
#[cfg(any(feature = "hydrate", test))]
mod embed;
#[cfg(any(feature = "hydrate", test))]
mod federated;
#[cfg(any(feature = "hydrate", test))]
mod help;
mod home;
mod later;
mod library;
#[cfg(any(feature = "hydrate", test))]
mod missing;
#[cfg(any(feature = "hydrate", test))]
mod run;
#[cfg(any(feature = "hydrate", test))]
mod runs;
#[cfg(any(feature = "hydrate", test))]
mod schedules;
#[cfg(any(feature = "hydrate", test))]
mod service;
mod signed_out;
#[cfg(any(feature = "hydrate", test))]
mod twin;
#[cfg(any(feature = "hydrate", test))]
mod workspace;

use ::twin::asset::{Asset, Kind};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::bootstrap::{Bootstrap, Instance};
use crate::instances::{Client, Instances};
use crate::places::Places;
use crate::routes::Route;

/// What is shown in a page of somebody else.
pub use later::embedded;

/// What a page about an instance gets, or the page that says why there is none.
fn with_client(instance: &str, page: impl FnOnce(Client) -> AnyView) -> AnyView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    match (instances.client(instance), bootstrap.instance(instance)) {
        (Some(client), _) => page(client),
        (None, Some(known)) => view! { <signed_out::SignedOut instance=known.clone()/> }.into_any(),
        (None, None) => later::missing(Some(instance.to_owned())),
    }
}

/// What a page about several instances gets: those that are configured and not muted, and whoever
/// is named alone.
fn among(places: Places, page: impl FnOnce(Places, Vec<Instance>) -> AnyView) -> AnyView {
    let bootstrap = expect_context::<Bootstrap>();
    let unknown = places.unknown(&bootstrap);
    if let Some(instance) = unknown.first() {
        return later::missing(Some(instance.clone()));
    }
    let mut shown = places.instances(&bootstrap);
    if places == Places::All {
        let muted = expect_context::<Memo<Vec<String>>>().get();
        // Where all are muted, nobody wanted to see nothing.
        if shown.iter().any(|instance| !muted.contains(&instance.id)) {
            shown.retain(|instance| !muted.contains(&instance.id));
        }
    }
    page(places, shown)
}

/// A list of one instance that one is not signed in to is that instance's sign-in.
fn list(places: Places, page: impl FnOnce(Places, Vec<Instance>) -> AnyView) -> AnyView {
    match places.single().map(str::to_owned) {
        Some(id) => with_client(&id, |_| among(places, page)),
        None => among(places, page),
    }
}

/// The page that the address names.
#[component]
pub fn Pages() -> impl IntoView {
    let path = use_location().pathname;
    // A page stays while only a part of it changes: another job of the same run, another kind.
    let route = Memo::new(move |_| Route::find(&path.get()));
    let page = Memo::new(move |_| {
        route.get().map(|route| match route {
            Route::Run { instance, owner, pipeline, .. } => Route::Run { instance, owner, pipeline, job: None },
            Route::Library { places, .. } => Route::Library { places, kind: None },
            other => other,
        })
    });
    move || {
        let Some(route) = page.get() else { return later::missing(None) };
        match route {
            Route::Home => view! { <home::Home/> }.into_any(),
            Route::Help => later::help(),
            Route::Library { places, .. } => list(places, |places, instances| view! { <library::Library places instances/> }.into_any()),
            Route::Runs { places } => list(places, later::runs),
            Route::Compare { instance, owner, runs: [first, second] } => with_client(&instance, |client| later::compare(client, owner, first, second)),
            Route::Run { instance, owner, pipeline, .. } => with_client(&instance, |client| later::run(client, owner, pipeline)),
            Route::Asset { instance, owner, kind: Kind::Twin, name } | Route::Twin { instance, owner, name } => {
                let asset = Asset { owner, kind: Kind::Twin, name };
                with_client(&instance, |client| later::twin(client, asset))
            }
            Route::Desk { instance, rest } => with_client(&instance, |client| later::desk(client, rest)),
            Route::Asset { instance, owner, kind, name } => with_client(&instance, |client| later::asset(client, Asset { owner, kind, name })),
        }
    }
}
