//! The rail: all instances at once, then one square each, always in sight, with how it does.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::arrangement::Arrangement;
use super::badge::Badges;
use super::parts;
use crate::bootstrap::{Bootstrap, Instance};
use crate::components::instance_mark::initials;
use crate::instances::Instances;
use crate::instances::gate::Health;
use crate::places::Places;
use crate::routes::{Route, sign_in};
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::menu::menu;

/// What is wrong, for the eye and in words.
fn said(health: Option<Health>, out: bool) -> Option<(&'static str, &'static str)> {
    match health {
        _ if out => Some(("out", "signed out")),
        Some(Health::SignedOut) => Some(("out", "signed out")),
        Some(Health::Down) => Some(("down", "does not answer")),
        Some(Health::Busy) => Some(("busy", "asks for fewer requests")),
        Some(Health::Good) | None => None,
    }
}

fn square(instance: &Instance, here: Memo<Route>, badges: Badges) -> impl IntoView + use<> {
    let (bootstrap, healths) = (expect_context::<Bootstrap>(), expect_context::<Instances>().healths);
    let search = use_location().search;
    let (id, name, backend) = (instance.id.clone(), instance.name.clone(), instance.backend.clone());
    let out = bootstrap.person(&backend).is_none();
    let closed = out && !instance.guests;
    let href = {
        let (id, backend) = (id.clone(), backend.clone());
        move || {
            let to = here.get().among(Places::one(id.clone()));
            // What was typed goes along from list to list.
            let kept = if matches!(here.get(), Route::Library { .. }) { search.get() } else { String::new() };
            let there = to.with_search(&kept);
            if closed { sign_in(&backend, &there) } else { there }
        }
    };
    let mark = move || said(healths.of(&backend), out);
    let words = {
        let (mark, name) = (mark.clone(), name.clone());
        let id = id.clone();
        move || {
            let said = mark().map(|(_, word)| word.to_owned()).or_else(|| badges.of(&id).map(|badge| badge.words));
            said.map_or_else(|| name.clone(), |said| format!("{name} ({said})"))
        }
    };
    let badge = {
        let id = id.clone();
        dynamic(move || badges.of(&id).map(|badge| view! { <span class="badge" aria-hidden="true" data-variant=badge.look>{badge.count}</span> }))
    };
    let current = move || here.get().places().is_some_and(|places| places != Places::All && places.has(&id)).then_some("page");
    let title = words.clone();
    view! {
        <li>
            <a class="square" href=href rel=closed.then_some("external") data-hue=instance.hue data-out=out.then_some("") data-health=move || mark().map(|(look, _)| look) aria-current=current title=title>
                <span aria-hidden="true">{initials(&name)}</span><span class="only-read">{words}</span>{badge}
            </a>
        </li>
    }
}

/// The menu at the end of the rail.
fn arrange() -> AnyView {
    let summary = view! { <summary class="button" data-variant="quiet" aria-label="Arrange instances" title="Arrange instances"><Picture icon=Icon::More/></summary> };
    menu("menu rail-menu", summary.into_any(), parts::arrange)
}

/// After so long one's runs are counted.
const SETTLED: std::time::Duration = std::time::Duration::from_secs(4);

/// The rail.
#[component]
pub fn Rail() -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let arranged = expect_context::<Arrangement>().0;
    let path = use_location().pathname;
    let here = Memo::new(move |_| Route::parse(&path.get()));
    let badges = Badges::new();
    let several = bootstrap.instances.len() > 1;
    // Long after the page is there: what it is about comes first.
    let settled = RwSignal::new(false);
    Effect::new(move |_| {
        let settle = move || {
            let _ = settled.try_set(true);
        };
        set_timeout(settle, SETTLED);
    });
    let watch = dynamic(move || settled.get().then(|| parts::watch(badges)));
    let all = several.then(|| {
        let current = move || (here.get().places() == Some(Places::All)).then_some("page");
        view! { <li><a class="square" data-all="" href=move || here.get().among(Places::All).to_string() aria-current=current title="All instances"><span aria-hidden="true">"All"</span><span class="only-read">"All instances"</span></a></li> }
    });
    let squares = move || arranged.with(|arranged| arranged.sorted(&bootstrap)).iter().map(|instance| square(instance, here, badges)).collect_view();
    view! { <nav class="rail" aria-label="Instances"><ul>{all}{squares}</ul>{several.then(arrange)}{watch}</nav> }
}
