//! Narrowing the library by owner, tag, licence and last run. What is chosen stands in the address,
//! so that a link keeps it; what it needs to know is asked for when this is opened, and not before.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::{Asset, Kind, Owner};
use twin::facet::{Chosen, Facet, Traits};

use super::finding::{Only, Sieve};
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::traits::{Said, TOGETHER, heads, last_runs};
use crate::routes::{Route, pairs, search_of};
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::notice::{Notice, Tone};

/// Of an instance with more assets than this, the others are not read.
const MOST: usize = 1_000;
/// So many values of a facet are shown before somebody asks for all.
const FEW: usize = 8;

/// What is known, by instance.
#[derive(Clone, Copy)]
struct Known {
    traits: StoredValue<Vec<HashMap<Asset, Traits>>, LocalStorage>,
    asked: StoredValue<HashSet<(usize, Asset)>, LocalStorage>,
    /// What was asked for in vain, until somebody asks again.
    failed: StoredValue<Vec<(usize, Asset)>, LocalStorage>,
    problems: Cell<Vec<Problem>>,
    /// Questions that are open, and changes of what is known.
    open: RwSignal<usize>,
    news: RwSignal<u32>,
}

impl Known {
    fn note(self, part: usize, asset: Asset, said: Said) {
        let _ = self.traits.try_update_value(|all| {
            let traits = all.get_mut(part).map(|of| of.entry(asset).or_default());
            traits.into_iter().for_each(|traits| said.iter().for_each(|(facet, values)| traits.set(*facet, values.clone())));
        });
    }

    /// Asks for what nobody has asked for yet.
    fn ask(self, clients: &[Option<Client>], all: Vec<(usize, Asset)>) {
        let mut lists: HashMap<(usize, Owner), Vec<Asset>> = HashMap::new();
        let mut counts = vec![0_usize; clients.len()];
        for (part, asset) in all {
            counts[part] += 1;
            if counts[part] <= MOST && self.asked.try_update_value(|asked| asked.insert((part, asset.clone()))) == Some(true) {
                lists.entry((part, asset.owner)).or_default().push(asset);
            }
        }
        for ((part, owner), assets) in lists {
            let Some(client) = clients.get(part).cloned().flatten() else { continue };
            for some in assets.chunks(TOGETHER) {
                let (client, some) = (client.clone(), some.to_vec());
                self.wait(async move {
                    match heads(client, owner, some.clone()).await {
                        Ok(found) => found.into_iter().for_each(|(asset, said)| self.note(part, asset, said)),
                        Err(problem) => {
                            let _ = self.failed.try_update_value(|failed| failed.extend(some.into_iter().map(|asset| (part, asset))));
                            self.fail(problem);
                        }
                    }
                });
            }
        }
    }

    /// Asks how twins ran.
    fn ask_runs(self, part: usize, client: Client) {
        self.wait(async move {
            match last_runs(client).await {
                Ok(found) => {
                    for (owner, name, said) in found {
                        self.note(part, Asset { owner, kind: Kind::Twin, name }, said);
                    }
                }
                Err(problem) => self.fail(problem),
            }
        });
    }

    fn fail(self, problem: Problem) {
        let mut all = self.problems.peek(Clone::clone).unwrap_or_default();
        if !all.contains(&problem) {
            all.push(problem);
            self.problems.set(all);
        }
    }

    fn wait(self, question: impl Future<Output = ()> + 'static) {
        self.open.update(|open| *open += 1);
        spawn_local(async move {
            question.await;
            let _ = self.open.try_update(|open| *open -= 1);
            let _ = self.news.try_update(|news| *news += 1);
        });
    }
}

fn group(facet: Facet, values: Vec<(String, usize)>, chosen: Memo<Chosen>, whole: RwSignal<bool>, choose: Callback<(Facet, String)>) -> impl IntoView {
    let (count, all) = (values.len(), whole.get());
    let row = |(value, count): (String, usize)| {
        let (of, wanted) = (value.clone(), value.clone());
        let checked = move || chosen.with(|chosen| chosen.has(facet, &of));
        view! { <li><label class="facet"><input type="checkbox" prop:checked=checked on:change=move |_| choose.run((facet, wanted.clone()))/><span>{value}</span><span class="count">{count}</span></label></li> }
    };
    let rows =
        values.into_iter().enumerate().filter(|(place, (value, _))| all || *place < FEW || chosen.with_untracked(|chosen| chosen.has(facet, value))).map(|(_, value)| row(value));
    let rows = rows.collect_view();
    let rest = (count > FEW).then(|| {
        let words = if all { "Show fewer".to_owned() } else { format!("Show all {count}") };
        view! { <button type="button" class="link" on:click=move |_| whole.set(!all)>{words}</button> }
    });
    view! { <fieldset class="facet-group"><legend>{facet.label()}</legend><ul>{rows}</ul>{rest}</fieldset> }
}

/// The facets, and what is chosen of them.
#[component]
pub fn Facets(sieve: Sieve) -> impl IntoView {
    let Sieve { only, more, open, clients, all, fitting } = sieve;
    let known = Known {
        traits: StoredValue::new_local(vec![HashMap::new(); clients.len()]),
        asked: StoredValue::new_local(HashSet::new()),
        failed: StoredValue::new_local(Vec::new()),
        problems: Cell::new(Vec::new()),
        open: RwSignal::new(0),
        news: RwSignal::new(0),
    };
    let clients = StoredValue::new_local(clients);
    let chosen = Memo::new(move |_| Chosen::of_pairs(more.with(|more| pairs(more))));
    let choose = Callback::new(move |(facet, value): (Facet, String)| {
        more.set(search_of(chosen.get_untracked().toggled(facet, &value).list().iter().map(|(facet, value)| (facet.word(), value.as_str()))));
    });
    let ask_runs =
        move || clients.with_value(|clients| clients.iter().enumerate().for_each(|(part, client)| client.iter().for_each(|client| known.ask_runs(part, client.clone()))));
    Effect::new(move |_| ask_runs());
    Effect::new(move |_| {
        let rows = all.with_value(|all| all());
        clients.with_value(|clients| known.ask(clients, rows));
    });
    Effect::new(move |_| {
        known.news.track();
        let chosen = chosen.get();
        let some = !chosen.list().is_empty();
        let fits = move |part: usize, asset: &Asset| known.traits.try_with_value(|all| all.get(part)?.get(asset).map(|traits| chosen.fits(traits, None))).flatten() == Some(true);
        let wanted = some.then(|| Rc::new(fits) as Only);
        if wanted.is_some() || only.peek(Option::is_some) == Some(true) {
            only.set(wanted);
        }
    });
    on_cleanup(move || {
        only.set(None);
    });
    let wholes = Facet::ALL.map(|_| RwSignal::new(false));
    let groups = dynamic(move || {
        if !open.get() {
            return ().into_any();
        }
        known.news.track();
        let rows = fitting.with_value(|fitting| fitting());
        let lists =
            chosen.with(|chosen| known.traits.with_value(|all| Facet::ALL.map(|facet| chosen.counted(facet, rows.iter().filter_map(|(part, asset)| all.get(*part)?.get(asset))))));
        let reading = known.open.get() > 0;
        if lists.iter().all(Vec::is_empty) && !reading {
            return view! { <p class="faint">"No asset here says anything of itself yet: write tags, authors and licence at the head of its README. "<a href=Route::Help.to_string()>"How that is done"</a></p> }.into_any();
        }
        let groups = Facet::ALL.into_iter().zip(lists).zip(wholes).filter(|((_, list), _)| !list.is_empty());
        groups.map(|((facet, list), whole)| group(facet, list, chosen, whole, choose)).collect_view().into_any()
    });
    let chips = dynamic(move || {
        let chip = |(facet, value): (Facet, String)| {
            let (label, of) = (format!("Remove {}: {value}", facet.label()), value.clone());
            view! { <li class="chip">{facet.label()}": "<strong>{value}</strong><button type="button" class="link" aria-label=label on:click=move |_| choose.run((facet, of.clone()))>"×"</button></li> }
        };
        let list = chosen.with(|chosen| chosen.list().to_vec());
        (!list.is_empty()).then(|| {
            let clear = move |_| {
                more.set(String::new());
            };
            view! { <ul class="chips" aria-label="What is chosen">{list.into_iter().map(chip).collect_view()}<li><button type="button" class="link" on:click=clear>"Clear"</button></li></ul> }
        })
    });
    let again = move |_| {
        known.problems.set(Vec::new());
        let failed = known.failed.try_update_value(std::mem::take).unwrap_or_default();
        known.asked.update_value(|asked| asked.retain(|key| !failed.contains(key)));
        ask_runs();
        clients.with_value(|clients| known.ask(clients, untrack(|| all.with_value(|all| all()))));
    };
    let notice = dynamic(move || {
        let problems = known.problems.with(Clone::clone);
        let first = problems.first()?.clone();
        let text = problems.iter().map(|problem| format!("{} {}", problem.title, problem.advice)).collect::<Vec<_>>().join(" ");
        let title = if problems.len() > 1 { format!("{} instances did not say all", problems.len()) } else { first.title };
        let text = if problems.len() > 1 { text } else { first.advice };
        Some(view! { <Notice tone=Tone::Bad title text><button type="button" class="button" on:click=again>"Try again"</button></Notice> })
    });
    let cut = move || {
        let rows = all.with_value(|all| all());
        (0..clients.with_value(Vec::len)).any(|part| rows.iter().filter(|(of, _)| *of == part).count() > MOST)
    };
    let status = dynamic(move || match (known.open.get() > 0, open.get() && cut()) {
        (true, _) => view! { <p class="faint" role="status">"Reading what assets say of themselves…"</p> }.into_any(),
        (_, true) => view! { <p class="faint" role="status">{format!("Of each instance the first {MOST} assets were read.")}</p> }.into_any(),
        _ => ().into_any(),
    });
    view! { <section class="facets" id="facets" aria-label="Filters">{chips}{status}{notice}<div class="facet-groups">{groups}</div></section> }
}
