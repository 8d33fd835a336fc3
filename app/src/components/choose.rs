//! The choice of instances that a list is of.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::bootstrap::{Bootstrap, Instance};
use crate::places::Places;
use crate::routes::Route;

/// All of them, each a link to the list with or without it.
#[component]
pub fn Choose(places: Places) -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let muted = expect_context::<Memo<Vec<String>>>().get_untracked();
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    let row = |instance: &Instance| {
        let to = places.toggled(&instance.id, &bootstrap, &muted);
        let chosen = places.has(&instance.id) && !(places == Places::All && muted.contains(&instance.id));
        let href = move || Route::parse(&path.get()).among(to.clone()).with_search(&search.get());
        view! { <li><a href=href aria-current=chosen.then_some("true")>{instance.name.clone()}</a></li> }
    };
    view! { <ul class="choose-places">{bootstrap.instances.iter().map(row).collect_view()}</ul> }
}
