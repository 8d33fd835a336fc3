//! A new twin: what was collected on any instance, a name, something to begin with, and one commit.

use std::collections::BTreeMap;

use compose::scaffold::{Template, files};
use compose::trigger::check_name;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::{Asset, Kind, Owner};

use crate::actions::compose::{Wish, create};
use crate::actions::transfer::{Arrival, Journey, Known, Part};
use crate::bootstrap::Bootstrap;
use crate::cart::{self, Item};
use crate::components::asset_table::route_of;
use crate::components::instance_mark::InstanceMark;
use crate::instances::{Client, Instances};
use crate::places::Places;
use crate::problem::Problem;
use crate::queries::copy::{Snapshot, snapshot};
use crate::queries::library::of_instance;
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::kept::kept;
use crate::ui::notice::{Notice, Tone};
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

/// What is known of an item: what it holds, or why that is not known.
type Seen = BTreeMap<String, Result<(Client, Snapshot), Problem>>;

fn key(item: &Item) -> String {
    format!("{} {}", item.instance, item.place())
}

/// What is held against a name, as it is typed.
fn against(name: &str, taken: &[String], items: &[Item]) -> Option<String> {
    if let Err(why) = check_name(name) {
        return Some(why.to_owned());
    }
    if taken.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Some(format!("There is a twin “{name}” already."));
    }
    // A twin that holds its own name once more could not tell its parts from itself.
    items.iter().any(|item| item.asset.kind == Kind::Twin && item.asset.name == name).then(|| format!("“{name}” is among its own parts. Choose another name."))
}

/// Parts that would be in each other's place.
fn clashes(items: &[Item], own: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let place = item.place();
        if items[..number].iter().any(|other| other.place() == place) {
            found.push(format!("Two parts go to {place}. Take one of them out."));
        }
        if own.iter().any(|path| *path == place || path.starts_with(&format!("{place}/"))) {
            found.push(format!("{place} is in the way of the twin's own files."));
        }
    }
    found
}

fn row(item: &Item, seen: Cell<Seen>, remove: Callback<Item>) -> AnyView {
    let instance = expect_context::<Bootstrap>().instance(&item.instance).cloned().unwrap_or_default();
    let (of, out) = (key(item), item.clone());
    let state = dynamic(move || {
        seen.with(|seen| match seen.get(&of) {
            None => view! { <p class="faint" role="status">"Looking at it…"</p> }.into_any(),
            Some(Err(problem)) => view! { <p class="field-wrong" role="alert">{format!("{} {}", problem.title, problem.advice)}</p> }.into_any(),
            Some(Ok((_, snapshot))) => {
                let licence = snapshot.files.iter().find(|file| file.path.to_lowercase().starts_with("licen") || file.path.to_lowercase().starts_with("copying"));
                let words = match licence {
                    Some(file) => format!("{} files · licence in {}", snapshot.files.len(), file.path),
                    None => format!("{} files · no licence file", snapshot.files.len()),
                };
                view! { <p class="faint">{words}</p> }.into_any()
            }
        })
    });
    view! {
        <li class="cart-item">
            <InstanceMark instance/>
            <div><p><a href=route_of(&item.instance, &item.asset).to_string()>{item.asset.name.clone()}</a>" "<span class="tag" data-variant=item.asset.owner.word()>{item.asset.owner.label()}</span>" "<span class="faint">{item.asset.kind.label()}</span></p><p class="faint">"goes to "<code>{item.place()}</code></p>{state}</div>
            <button type="button" class="button" data-variant="quiet" on:click=move |_| remove.run(out.clone())><Picture icon=Icon::Cross/><span class="only-read">{format!("Take {} out of the cart", item.asset.name)}</span></button>
        </li>
    }
    .into_any()
}

/// The page.
#[component]
pub fn Compose(client: Client) -> impl IntoView {
    let (instances, toasts, onward) = (expect_context::<Instances>(), expect_context::<Toasts>(), Onward::here());
    let items = RwSignal::new(cart::items());
    let seen: Cell<Seen> = Cell::new(Seen::new());
    let instances = StoredValue::new(instances);
    // What is in the cart is looked at once, each instance by itself.
    let look = move || {
        let known = seen.peek(Clone::clone).unwrap_or_default();
        for item in items.get_untracked().into_iter().filter(|item| !matches!(known.get(&key(item)), Some(Ok(_)))) {
            let asked = instances.with_value(|instances| instances.client(&item.instance));
            spawn_local(async move {
                let found = match asked {
                    Some(client) => snapshot(client.clone(), item.asset.clone()).await.map(|snapshot| (client, snapshot)),
                    None => Err(Problem { title: format!("You are not signed in to {}.", item.instance), advice: "Sign in there, or take this out.".to_owned(), sign_in: true }),
                };
                let mut all = seen.peek(Clone::clone).unwrap_or_default();
                all.insert(key(&item), found);
                seen.set(all);
            });
        }
    };
    Effect::new(move |_| look());
    let remove = Callback::new(move |item: Item| {
        cart::toggle(&item);
        items.set(cart::items());
    });
    let taken: Cell<Vec<String>> = Cell::new(Vec::new());
    let (target, home) = (StoredValue::new(client.clone()), client.instance.clone());
    Effect::new(move |_| {
        spawn_local(async move {
            let twins = |found: crate::queries::library::Found| {
                found.assets.into_iter().filter(|asset| asset.kind == Kind::Twin && asset.owner == Owner::Private).map(|asset| asset.name).collect::<Vec<_>>()
            };
            let Some(client) = target.try_get_value() else { return };
            if let Ok(found) = of_instance(client, |_| {}).await {
                taken.set(twins(found));
            }
        });
    });
    let (name, about, template, fix) = (kept("compose name".to_owned()), kept("compose about".to_owned()), RwSignal::new(0_usize), RwSignal::new(false));
    let (busy, journey, known) = (RwSignal::new(false), Journey::new(), StoredValue::new_local(Known::default()));
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let wrong = move || items.with(|items| taken.with(|taken| against(name.get().trim(), taken, items)));
    let own = move || {
        let template = Template::ALL[template.get()];
        files("x", "", template).into_iter().filter_map(|file| file.path.strip_prefix("digital_twins/x/").map(str::to_owned)).collect::<Vec<_>>()
    };
    let clash = move || items.with(|items| clashes(items, &own()));
    let all_seen = move || items.with(|items| seen.with(|seen| items.iter().all(|item| matches!(seen.get(&key(item)), Some(Ok(_))))));
    let total =
        move || seen.with(|seen| items.with(|items| items.iter().filter_map(|item| seen.get(&key(item))?.as_ref().ok()).map(|(_, snapshot)| snapshot.files.len()).sum::<usize>()));
    let ready = move || !busy.get() && wrong().is_none() && clash().is_empty() && all_seen();
    let go = move |_| {
        let known_parts = seen.peek(Clone::clone).unwrap_or_default();
        let part = |item: &Item| {
            known_parts.get(&key(item)).and_then(|seen| seen.as_ref().ok()).map(|(client, snapshot)| Part {
                client: client.clone(),
                asset: item.asset.clone(),
                snapshot: snapshot.clone(),
                place: item.place(),
            })
        };
        let wish = Wish {
            name: name.get_untracked().trim().to_owned(),
            about: about.get_untracked(),
            template: Template::ALL[template.get_untracked()],
            parts: items.get_untracked().iter().filter_map(part).collect(),
            rewrite: fix.get_untracked(),
        };
        let (client, known) = (target.get_value(), known.get_value());
        busy.set(true);
        journey.stopped.set(false);
        problem.set(None);
        spawn_local(async move {
            let (instance, twin) = (client.instance.id.clone(), wish.name.clone());
            match create(client, wish, known, journey).await {
                Ok(Arrival::Written(_) | Arrival::Same | Arrival::Offered(_)) => {
                    cart::keep(&[]);
                    let _ = (name.try_set(String::new()), about.try_set(String::new()));
                    toasts.good(format!("“{twin}” was created."));
                    onward.to(&route_of(&instance, &Asset { owner: Owner::Private, kind: Kind::Twin, name: twin }).to_string());
                }
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let library = Route::Library { places: Places::All, kind: None }.to_string();
    let list = dynamic(move || {
        let all = items.get();
        if all.is_empty() {
            let library = library.clone();
            return view! { <Empty title="The cart is empty" text="Open an asset and press “Add to cart”, on any instance. A twin can be made without parts too."><a class="button" href=library>"Go to the library"</a></Empty> }.into_any();
        }
        view! { <ul class="cart">{all.iter().map(|item| row(item, seen, remove)).collect_view()}</ul> }.into_any()
    });
    let templates = Template::ALL.into_iter().enumerate().map(|(number, one)| {
        view! {
            <label class="template"><input type="radio" name="template" prop:checked=move || template.get() == number on:change=move |_| template.set(number)/><span><strong>{one.label()}</strong><br/><span class="faint">{one.about()}</span></span></label>
        }
    });
    let templates = templates.collect_view();
    let problems = dynamic(move || {
        let clashes = clash().into_iter().map(|text| view! { <p class="field-wrong" role="alert">{text}</p> }).collect_view();
        view! { {clashes}{problem.with(Clone::clone).map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> })} }
    });
    let progress = dynamic(move || {
        busy.get().then(|| {
            let (done, all) = journey.progress.get();
            view! { <span class="faint" role="status">{format!("{done} of {all} files fetched")}</span><button type="button" class="button" on:click=move |_| journey.stopped.set(true)>"Stop"</button> }
        })
    });
    let place = client.project_path(Owner::Private);
    let said = dynamic(move || wrong().filter(|_| !name.get().is_empty()).map(|why| view! { <p class="field-wrong" id="twin-name-wrong" role="alert">{why}</p> }));
    let failed = move || items.with(|items| seen.with(|seen| items.iter().any(|item| matches!(seen.get(&key(item)), Some(Err(_))))));
    view! {
        <Title text="Compose a twin"/>
        <div class="page-head"><h1>"Compose a twin"</h1></div>
        <p class="lead">{format!("It is made in {place} on {}, in one commit: its own files, a copy of each part, the lock of where they came from, and the job that starts it.", home.name)}</p>
        <div class="start">
            <section aria-labelledby="parts-title">
                <h2 id="parts-title">"Parts"</h2>
                {list}
                {dynamic(move || failed().then(|| view! { <div class="actions"><button type="button" class="button" on:click=move |_| look()>"Look again"</button></div> }))}
            </section>
            <section aria-labelledby="twin-title" class="fields">
                <h2 id="twin-title">"The twin"</h2>
                <div class="field">
                    <label for="twin-name">"Name"</label>
                    <input id="twin-name" autocomplete="off" spellcheck="false" aria-describedby="twin-name-wrong" prop:value=name on:input=move |event| name.set(event_target_value(&event))/>
                    {said}
                </div>
                <div class="field"><label for="twin-about">"What it is, in one sentence"</label><input id="twin-about" prop:value=about on:input=move |event| about.set(event_target_value(&event))/></div>
                <fieldset><legend>"Begins as"</legend>{templates}</fieldset>
                <label class="tick"><input type="checkbox" prop:checked=fix on:change=move |event| fix.set(event_target_checked(&event))/><span>"Rewrite paths of one machine, such as /workspace/…, where it is certain to what. The lock names the files."</span></label>
                {problems}
                <div class="actions">
                    <button type="button" class="button" data-variant="primary" disabled=move || !ready() on:click=go>{move || if busy.get() { "Creating" } else { "Create twin" }}</button>
                    <span class="faint">{move || match total() { 0 => "No copied files".to_owned(), 1 => "1 copied file".to_owned(), many => format!("{many} copied files") }}</span>
                    {progress}
                </div>
            </section>
        </div>
    }
}
