//! What the twins of an instance talk over and write to: how each service does, where it is, how a twin
//! reaches it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::Owner;

use crate::actions::service::hand;
use crate::browser;
use crate::browser::tab;
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::queries::service::{Service, services};
use crate::queries::{Load, ask};
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::toast::Toasts;

/// Milliseconds between looks.
const AGAIN: u32 = 10_000;

fn health(word: &str) -> AnyView {
    let (variant, icon, text) = match word {
        "up" => ("good", Icon::Check, "Up"),
        "slow" => ("asks", Icon::Hand, "Slow"),
        "refused" => ("bad", Icon::Hand, "Refuses us"),
        _ => ("bad", Icon::Cross, "Down"),
    };
    view! { <span class="status" data-variant=variant><Picture icon/>{text}</span> }.into_any()
}

/// One service.
fn card(service: Service, client: Client, toasts: Toasts) -> AnyView {
    let busy = RwSignal::new(false);
    let (id, name) = (service.id.clone(), service.name.clone());
    let project = client.project_path(Owner::Private);
    let can = client.username.is_some() && service.hands;
    let (to, label) = (project.clone(), format!("Hand {name} to {project}"));
    let press = move |_| {
        let (client, id, to) = (client.clone(), id.clone(), to.clone());
        busy.set(true);
        spawn_local(async move {
            match hand(client, id, to.clone()).await {
                Ok(names) => toasts.good(format!("Twins of {to} now have {}.", names.join(", "))),
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
            let _ = busy.try_set(false);
        });
    };
    let fact = |name: &'static str, text: String| view! { <div><dt>{name}</dt><dd><code>{text}</code></dd></div> };
    view! {
        <li class="service">
            <div class="service-head"><h2>{name}</h2><span class="tag">{service.kind}</span><span class="gap"></span>{health(&service.health)}</div>
            <p>{service.words}</p>
            <dl class="facts-list">
                {fact("For dashboards and federations", service.id)}
                {fact("Twins reach it at", service.address)}
                {can.then(|| fact("As CI variables", service.variables.join(", ")))}
                {(!service.topics.is_empty()).then(|| fact("Topics that may be watched", service.topics.join(", ")))}
            </dl>
            {(!service.note.is_empty()).then(|| view! { <p class="faint">{service.note}</p> })}
            <div class="actions">
                {service.link.map(|link| view! { <a class="button" href=link target="_blank" rel="external noopener noreferrer">"Open"</a> })}
                {can.then(|| view! { <button type="button" class="button" disabled=move || busy.get() aria-label=label on:click=press>"Hand to my project"</button> })}
            </div>
        </li>
    }
    .into_any()
}

/// The page.
#[component]
pub fn ServicePage(client: Client) -> impl IntoView {
    let (stored, toasts) = (StoredValue::new(client.clone()), expect_context::<Toasts>());
    let found = ask(|| (), move |()| services(stored.get_value()));
    Effect::new(move |_| {
        tab::boards();
        spawn_local(async move {
            loop {
                browser::sleep(AGAIN).await;
                if found.state.try_get_untracked().is_none() {
                    return;
                }
                if !browser::is_hidden() {
                    found.refresh();
                }
            }
        });
    });
    // What was seen stays while it is looked at again.
    let shown = Memo::new(move |before: Option<&Option<Vec<Service>>>| found.get().or_else(|| before.cloned().flatten()));
    let problem = Memo::new(move |_| match found.state.get() {
        Load::Failed(problem) => Some(problem),
        _ => None,
    });
    let name = client.instance.name.clone();
    let body = dynamic(move || match shown.get() {
        None if problem.get().is_some() => ().into_any(),
        None => view! { <Skeleton rows=6 label="Asking the services how they do"/> }.into_any(),
        Some(list) if list.is_empty() => {
            let text = "Brokers, databases and dashboards that twins use are listed here once whoever runs this Twinport has described them as [[service]] in twinport.toml.";
            view! { <Empty title=format!("{name} has no services") text/> }.into_any()
        }
        Some(list) => view! { <ul class="cards">{list.into_iter().map(|service| card(service, stored.get_value(), toasts)).collect_view()}</ul> }.into_any(),
    });
    view! {
        <Title text="Services"/>
        <div class="page-head"><h1>"Services"</h1></div>
        <p class="lead">"What twins of this instance talk over and write to, asked from here in their own protocols."</p>
        {dynamic(move || problem.get().map(|problem| view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }))}
        {body}
    }
}
