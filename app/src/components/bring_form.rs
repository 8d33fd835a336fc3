//! Into another project: published to the common one, copied to another instance, or offered there
//! as a merge request where one may not write.

use gitlab::projects::Project;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::{Asset, Owner};

use super::asset_table::route_of;
use crate::actions::transfer::{Arrival, Journey, Known, Part, Road, bring};
use crate::bootstrap::Bootstrap;
use crate::desks::Desk;
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::queries::copy::{Snapshot, project};
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::notice::{Notice, Tone};
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

/// Somewhere it can go.
#[derive(Clone)]
struct Goal {
    client: Client,
    owner: Owner,
}

impl Goal {
    fn words(&self) -> String {
        match self.owner {
            Owner::Private => format!("Your project on {}", self.client.instance.name),
            Owner::Common => format!("Common assets of {}", self.client.instance.name),
        }
    }
}

/// Everywhere but where it is.
fn goals(from: &Client, asset: &Asset) -> Vec<Goal> {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let mut all: Vec<Goal> = Vec::new();
    // Publishing at home comes first.
    let home = |id: &String| *id != from.instance.id;
    let mut ids: Vec<String> = bootstrap.instances.iter().map(|instance| instance.id.clone()).collect();
    ids.sort_by_key(home);
    for client in ids.iter().filter_map(|id| instances.client(id)).filter(|client| client.username.is_some()) {
        for owner in [Owner::Common, Owner::Private] {
            let same = client.backend == from.backend && client.project_path(owner) == from.project_path(asset.owner);
            let twice = all.iter().any(|goal| goal.client.backend == client.backend && goal.client.project_path(goal.owner) == client.project_path(owner));
            if !same && !twice {
                all.push(Goal { client: client.clone(), owner });
            }
        }
    }
    all
}

/// What somebody may do there.
fn road_words(project: &Project) -> (bool, &'static str) {
    match project.access_level() {
        40.. => (true, "You may write there at once, or ask for a review first."),
        30.. => (true, "You may push there. A merge request lets others look first."),
        _ => (false, "You may not push there, so a copy of the project is made for you and the change is offered from it."),
    }
}

/// The form.
#[component]
pub fn BringForm(client: Client, asset: Asset, snapshot: Snapshot) -> impl IntoView {
    let (onward, toasts) = (Onward::here(), expect_context::<Toasts>());
    let all = StoredValue::new(goals(&client, &asset));
    let count = all.with_value(Vec::len);
    if count == 0 {
        return ().into_any();
    }
    let chosen = RwSignal::new(0_usize);
    let direct = RwSignal::new(false);
    let title = RwSignal::new(format!("Add {}", asset.path()));
    let origin = format!("{}/{}", client.backend.url, client.project_path(asset.owner));
    let words = RwSignal::new(format!("{} of {} at commit {}.\n\n{origin}/-/tree/{}/{}", asset.path(), client.instance.name, snapshot.commit, snapshot.commit, asset.path()));
    let rights: Cell<Option<Result<Project, Problem>>> = Cell::new(None);
    Effect::new(move |_| {
        let Some(goal) = all.with_value(|all| all.get(chosen.get()).cloned()) else { return };
        rights.set(None);
        direct.set(false);
        let asked = chosen.get_untracked();
        spawn_local(async move {
            let wish = format!("look at {}", goal.client.project_path(goal.owner));
            let found = project(&goal.client, goal.owner).await.map_err(|error| Problem::new(&error, &wish, &goal.client.instance.name));
            // The answer about a place that is no longer chosen says nothing.
            if chosen.try_get_untracked() != Some(asked) {
                return;
            }
            // Whoever may only look has one road, whoever owns the place takes the short one.
            direct.set(found.as_ref().is_ok_and(|project| project.access_level() >= 30 && goal.owner == Owner::Private));
            rights.set(Some(found));
        });
    });
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let (busy, journey, known) = (RwSignal::new(false), Journey::new(), StoredValue::new_local(Known::default()));
    let (source, of) = (StoredValue::new(client), StoredValue::new(asset));
    let go = move |_| {
        let Some(goal) = all.with_value(|all| all.get(chosen.get_untracked()).cloned()) else { return };
        let asset = of.get_value();
        let part = Part { client: source.get_value(), asset: asset.clone(), snapshot: snapshot.clone(), place: asset.path() };
        let road = if direct.get_untracked() { Road::Commit } else { Road::Request(title.get_untracked(), words.get_untracked()) };
        let known = known.get_value();
        busy.set(true);
        journey.stopped.set(false);
        problem.set(None);
        spawn_local(async move {
            let instance = goal.client.instance.id.clone();
            match bring(part, goal.client.clone(), goal.owner, road, known, journey).await {
                Ok(Arrival::Written(_)) => {
                    toasts.good(format!("“{}” is now in {}.", asset.name, goal.client.project_path(goal.owner)));
                    onward.to(&route_of(&instance, &Asset { owner: goal.owner, ..asset }).to_string());
                }
                Ok(Arrival::Offered(number)) => {
                    if !onward.to(&Desk::Change(goal.owner, number).at(&instance).to_string()) {
                        toasts.good(format!("“{}” was offered to {} as !{number}.", asset.name, goal.words()));
                    }
                }
                Ok(Arrival::Same) => toasts.good(format!("{} has exactly this already.", goal.words())),
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let options = (0..count).map(|number| view! { <option value=number.to_string()>{all.with_value(|all| all[number].words())}</option> }).collect_view();
    let how = dynamic(move || {
        rights.with(|rights| match rights {
            None => view! { <p class="faint" role="status">"Asking what you may do there…"</p> }.into_any(),
            Some(Err(problem)) => view! { <Notice tone=Tone::Bad title=problem.title.clone() text=problem.advice.clone()/> }.into_any(),
            Some(Ok(project)) => {
                let (may, words) = road_words(project);
                let button = |value: bool, label: &'static str| view! { <button type="button" disabled=value && !may aria-pressed=move || (direct.get() == value).to_string() on:click=move |_| direct.set(value)>{label}</button> };
                view! { <div class="choice" role="group" aria-label="How">{button(false, "Merge request")}{button(true, "Commit")}</div><p class="faint">{words}</p> }.into_any()
            }
        })
    });
    let text = dynamic(move || {
        (!direct.get()).then(|| {
            view! {
                <div class="field"><label for="bring-title">"Title"</label><input id="bring-title" prop:value=title on:input=move |event| title.set(event_target_value(&event))/></div>
                <div class="field"><label for="bring-words">"Description"</label><textarea id="bring-words" rows="4" prop:value=words on:input=move |event| words.set(event_target_value(&event))></textarea></div>
            }
        })
    });
    let ready = move || rights.with(|rights| matches!(rights, Some(Ok(_)))) && !busy.get() && (direct.get() || !title.get().trim().is_empty());
    let progress = dynamic(move || {
        busy.get().then(|| {
            let (done, all) = journey.progress.get();
            view! { <span class="faint" role="status">{format!("{done} of {all} files")}</span><button type="button" class="button" on:click=move |_| journey.stopped.set(true)>"Stop"</button> }
        })
    });
    view! {
        <h2>"In another project"</h2>
        <div class="fields panel">
            <div class="field"><label for="bring-goal">"Where to"</label><select id="bring-goal" on:change=move |event| chosen.set(event_target_value(&event).parse().unwrap_or(0))>{options}</select></div>
            {how}
            {text}
            {dynamic(move || problem.with(|problem| problem.clone().map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> })))}
            <div class="actions">
                <button type="button" class="button" data-variant="primary" disabled=move || !ready() on:click=go>{move || if direct.get() { "Copy it there" } else { "Offer it there" }}</button>
                {progress}
            </div>
        </div>
    }
    .into_any()
}
