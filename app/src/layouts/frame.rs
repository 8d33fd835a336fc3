//! Rail, top bar, and the page itself.

use leptos::prelude::*;
use leptos_router::WildcardSegment;
use leptos_router::components::{FlatRoutes, Route as Entry};
use leptos_router::hooks::use_location;

use super::account;
use super::arrangement::Arrangement;
use super::parts;
use super::rail::Rail;
use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::instances::Instances;
use crate::instances::gate::Health;
use crate::pages;
use crate::places::Places;
use crate::queries::fan;
use crate::routes::{Route, here, sign_in};
use crate::session::{self, Wish};
use crate::ui::dynamic::dynamic;
use crate::ui::menu::menu;
use crate::ui::theme::ThemeButton;
use crate::ui::toast::ToastList;

/// Where one can go within an instance, or some.
fn links(places: Places, bootstrap: &Bootstrap, route: Memo<Route>) -> impl IntoView {
    let library = Route::Library { places: places.clone(), kind: None };
    let runs = Route::Runs { places: places.clone() };
    let desks = places.single().map(|id| {
        let workspace = bootstrap.instance(id).is_some_and(|instance| instance.workspace);
        let known = [("compose", "Compose"), ("changes", "Changes"), ("services", "Services"), ("workspace", "Workspace")];
        let known = &known[..if workspace { 4 } else { 3 }];
        known.iter().map(|(desk, label)| (Route::Desk { instance: id.to_owned(), rest: (*desk).to_owned() }, *desk, *label)).collect::<Vec<_>>()
    });
    let in_library = move || matches!(route.get(), Route::Library { .. } | Route::Asset { .. } | Route::Twin { .. });
    let in_runs = move || matches!(route.get(), Route::Runs { .. } | Route::Run { .. });
    view! {
        <nav class="places" aria-label="Places">
            <a href=library.to_string() aria-current=move || in_library().then_some("true")>"Library"</a>
            <a href=runs.to_string() aria-current=move || in_runs().then_some("true")>"Runs"</a>
            {desks.map(|desks| desks.into_iter().map(|(to, desk, label)| {
                let here = move || matches!(route.get(), Route::Desk { rest, .. } if rest.starts_with(desk)).then_some("true");
                view! { <a href=to.to_string() aria-current=here>{label}</a> }
            }).collect_view())}
        </nav>
    }
}

/// What the places of a page are called together.
fn name(places: &Places, bootstrap: &Bootstrap) -> Option<String> {
    if *places == Places::All {
        return Some("All instances".to_owned());
    }
    let known = places.instances(bootstrap);
    match known.as_slice() {
        [] => None,
        [one] => Some(one.name.clone()),
        many => Some(format!("{} instances", many.len())),
    }
}

/// Other tabs tell where somebody signed in or out: nothing here goes on with what is dead.
fn hear(bootstrap: Bootstrap, instances: &Instances) {
    let healths = instances.healths;
    browser::hear_tabs(move |message| match message.split_once(' ') {
        Some(("out", backend)) => {
            session::forget(backend);
            fan::forget(&bootstrap, backend);
            healths.note(backend, Health::SignedOut);
        }
        Some(("in", backend)) => {
            session::signed_in(backend);
            healths.note(backend, Health::Good);
        }
        _ => {}
    });
}

/// The one sign-in that this page has lost, with the way back to it.
fn lost(bootstrap: &Bootstrap, instances: &Instances, route: &Route, here: &str) -> Option<AnyView> {
    let id = route.instance()?;
    let instance = bootstrap.instance(&id)?;
    let gone = instances.healths.of(&instance.backend) == Some(Health::SignedOut) && bootstrap.person(&instance.backend).is_some();
    gone.then(|| parts::lost(instance.name.clone(), sign_in(&instance.backend, here)))
}

/// The frame.
#[component]
pub fn Frame() -> impl IntoView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let arrangement = Arrangement::new();
    provide_context(arrangement);
    // Pages follow who is muted, and not the order.
    provide_context(Memo::new(move |_| arrangement.0.with(|arranged| arranged.muted.clone())));
    let wish = Wish::of_page();
    provide_context(wish);
    let path = use_location().pathname;
    let route = Memo::new(move |_| Route::parse(&path.get()));
    let places = Memo::new(move |_| route.get().places());
    {
        let (bootstrap, instances) = (bootstrap.clone(), instances.clone());
        Effect::new(move |_| {
            hear(bootstrap.clone(), &instances);
            browser::mark_ready();
        });
    }
    let known = bootstrap.clone();
    let top = move || {
        let places = places.get()?;
        let name = name(&places, &known)?;
        Some(view! { <span class="instance-name">{name}</span>{links(places, &known, route)} })
    };
    let summary = view! { <summary class="button" data-variant="quiet">{account::label(&bootstrap)}</summary> };
    let account = menu("menu account", summary.into_any(), parts::accounts);
    let wished = Memo::new(move |before: Option<&bool>| before == Some(&true) || wish.backend().with(Option::is_some));
    let step_up = dynamic(move || wished.get().then(parts::step_up));
    let here = here();
    let lost = dynamic(move || lost(&bootstrap, &instances, &route.get(), &here.get()));
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="frame">
            <Rail/>
            <div class="column">
                <header class="top">
                    <a href=Route::Home.to_string() class="mark">"Twinport"</a>
                    {top}
                    <span class="gap"></span>
                    {account}
                    <ThemeButton/>
                </header>
                <main id="main" tabindex="-1">
                    {lost}
                    // One entry for all pages, which the enum `Route` tells apart: the router still
                    // needs it, or it would never write the address of a followed link.
                    <FlatRoutes fallback=|| ()>
                        <Entry path=WildcardSegment("page") view=pages::Pages/>
                    </FlatRoutes>
                </main>
            </div>
        </div>
        {step_up}
        <ToastList/>
    }
}
