//! Assets as rows: name and short text, kind, owner, and the instance where there are several. Of
//! a long list only the rows near the window are there.

use std::collections::HashMap;
use std::rc::Rc;

use leptos::html::Tbody;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::{Asset, Kind};
use twin::plain::plain;
use twin::shelf::Shown;

use super::instance_mark::InstanceMark;
use crate::bootstrap::Instance;
use crate::browser;
use crate::instances::Client;
use crate::queries::library::descriptions;
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::window::Window;

/// Where an asset's page is.
#[must_use]
pub fn route_of(instance: &str, asset: &Asset) -> Route {
    let (instance, owner, name) = (instance.to_owned(), asset.owner, asset.name.clone());
    match asset.kind {
        Kind::Twin => Route::Twin { instance, owner, name },
        kind => Route::Asset { instance, owner, kind, name },
    }
}

/// A place in the list to the instance it is of and the asset.
type Find = Rc<dyn Fn(u32) -> Option<(usize, Asset)>>;
/// The rows of the table.
#[derive(Clone)]
pub struct Shelved {
    /// The instances, with who asks them.
    pub parts: Vec<(Instance, Option<Client>)>,
    /// The rows, in order.
    pub shown: Cell<Shown>,
    /// What is at a place.
    pub find: StoredValue<Find, LocalStorage>,
}

/// A row by what it is, so that it stays while others come and go.
type Key = (usize, Asset);

/// Milliseconds in which the first rows come together to ask for their texts at once.
const GATHER: u32 = 30;
/// Later rows ask when none came for so long: those that pass by while somebody types or scrolls are not asked for.
const REST: u32 = 150;

/// Short texts that are known, and rows that wait for theirs.
#[derive(Default)]
struct Texts {
    known: HashMap<Key, Option<String>>,
    waiting: Vec<(Key, RwSignal<Option<String>>)>,
    /// How many have been waited for.
    wanted: usize,
}

#[derive(Clone, Copy)]
struct Library {
    texts: StoredValue<Texts, LocalStorage>,
    clients: StoredValue<Vec<Option<Client>>, LocalStorage>,
}

impl Library {
    /// The text of a row, now or later.
    fn want(self, key: &Key) -> RwSignal<Option<String>> {
        let known = self.texts.with_value(|texts| texts.known.get(key).cloned());
        let text = RwSignal::new(known.clone().flatten());
        let first = self.texts.try_update_value(|texts| {
            if known.is_none() {
                texts.waiting.push((key.clone(), text));
                texts.wanted += 1;
            }
            (known.is_none() && texts.waiting.len() == 1).then_some(texts.wanted == 1)
        });
        if let Some(first) = first.flatten() {
            let wanted = move || self.texts.try_with_value(|texts| texts.wanted);
            spawn_local(async move {
                browser::sleep(GATHER).await;
                let mut before = if first { wanted() } else { None };
                while before != wanted() {
                    before = wanted();
                    browser::sleep(REST).await;
                }
                self.ask().await;
            });
        }
        text
    }

    async fn ask(self) {
        let Some(mut waiting) = self.texts.try_update_value(|texts| std::mem::take(&mut texts.waiting)) else { return };
        waiting.retain(|(_, text)| !text.is_disposed());
        let clients = self.clients.try_get_value().unwrap_or_default();
        let of = |number: usize, client: Client| {
            let rows: Vec<_> = waiting.iter().filter(|((part, _), _)| *part == number).cloned().collect();
            async move {
                let found = descriptions(client, rows.iter().map(|((_, asset), _)| asset.clone()).collect()).await;
                // What was not answered is asked again when its row comes back.
                for ((key, signal), text) in rows.into_iter().zip(found).filter_map(|(row, text)| Some((row, text?))) {
                    let _ = signal.try_set(text.clone());
                    let _ = self.texts.try_update_value(|texts| texts.known.insert(key, text));
                }
            }
        };
        let wanted = |number: &usize| waiting.iter().any(|((part, _), _)| part == number);
        let asked = clients.into_iter().enumerate().filter(|(number, _)| wanted(number)).filter_map(|(number, client)| Some(of(number, client?)));
        futures_util::future::join_all(asked).await;
    }
}

fn row(library: Library, instance: Option<Instance>, id: &str, key: &Key) -> AnyView {
    let asset = key.1.clone();
    let text = library.want(key);
    let href = route_of(id, &asset).to_string();
    // The row has its height before its text comes.
    view! {
        <tr>
            <th scope="row"><a href=href>{plain(&asset.name)}</a><p class="faint">{dynamic(move || text.get().unwrap_or_else(|| "\u{a0}".to_owned()))}</p></th>
            {instance.map(|instance| view! { <td><InstanceMark instance/></td> })}
            <td>{asset.kind.label()}</td>
            <td><span class="tag" data-variant=asset.owner.word()>{asset.owner.label()}</span></td>
        </tr>
    }
    .into_any()
}

/// The table.
#[component]
pub fn AssetTable(shelved: Shelved) -> impl IntoView {
    let Shelved { parts, shown, find } = shelved;
    let several = parts.len() > 1;
    let (instances, clients): (Vec<Instance>, Vec<Option<Client>>) = parts.into_iter().unzip();
    let library = Library { texts: StoredValue::new_local(Texts::default()), clients: StoredValue::new_local(clients) };
    let body = NodeRef::<Tbody>::new();
    let window = Window::new(body, Signal::derive_local(move || shown.with(|shown| shown.rows.len())));
    let visible = move || {
        let (first, last) = window.range();
        shown.with(|Shown { rows, .. }| rows[first.min(rows.len())..last.min(rows.len())].iter().filter_map(|place| (find.try_get_value()?)(*place)).collect::<Vec<Key>>())
    };
    let instances = StoredValue::new_local(instances);
    let draw = move |key: Key| {
        let Some(instance) = instances.with_value(|instances| instances.get(key.0).cloned()) else { return ().into_any() };
        let id = instance.id.clone();
        row(library, several.then_some(instance), &id, &key)
    };
    view! {
        <table class="rows assets">
            <caption class="only-read">"Assets"</caption>
            <thead><tr><th scope="col">"Name"</th>{several.then(|| view! { <th scope="col">"Instance"</th> })}<th scope="col">"Kind"</th><th scope="col">"Where"</th></tr></thead>
            <tbody node_ref=body>
                <tr class="space" aria-hidden="true"><td style:height=move || format!("{}px", window.before())></td></tr>
                <For each=visible key=Clone::clone children=draw/>
                <tr class="space" aria-hidden="true"><td style:height=move || format!("{}px", window.after())></td></tr>
            </tbody>
        </table>
    }
}
