//! The library of one or several instances: five kinds, private and common, narrowed while one
//! types, and searched in files when one stops.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use twin::asset::{Kind, Owner};
use twin::shelf::{Narrow, Shelf, Shown};

use crate::components::asset_table::{AssetTable, Shelved};
use crate::components::finding::{Only, Rows, Sieve, facets, in_files};
use crate::components::in_files::LETTERS;
use crate::components::strip::Strip;
use crate::places::Places;
use crate::queries::early::FIRST_ROWS;
use crate::queries::fan::{Part, fan};
use crate::queries::library::{Found, of_instance};
use crate::routes::{Route, more_of};
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::filter::Filter;
use crate::ui::loaded::Skeleton;

/// After so long without a new answer the order by name is made, for when somebody asks for it.
const SETTLED: std::time::Duration = std::time::Duration::from_millis(300);
/// What is typed stands in the address when one has stopped for so long: some browsers refuse more than a hundred addresses in ten seconds.
const TYPED: std::time::Duration = std::time::Duration::from_millis(150);

/// The kinds as a row of links, with how many there are of each once anything is known.
fn kinds(places: &Places, chosen: Memo<Option<Kind>>, counts: Signal<[usize; 6]>, waiting: Memo<bool>) -> impl IntoView + use<> {
    let link = |(number, kind): (usize, Option<Kind>)| {
        let href = Route::Library { places: places.clone(), kind }.to_string();
        let label = kind.map_or("All", Kind::plural);
        view! { <li><a href=href aria-current=move || (chosen.get() == kind).then_some("page")>{label}" "<span class="count">{move || if waiting.get() { String::new() } else { counts.get()[number].to_string() }}</span></a></li> }
    };
    let all = std::iter::once(None).chain(Kind::ALL.map(Some));
    let links = all.enumerate().map(link).collect_view();
    view! { <nav class="kinds" aria-label="Kinds of assets"><ul>{links}</ul></nav> }
}

/// What is said where there is nothing.
fn nothing(parts: &[Part<Found>], narrow: Cell<Narrow>, more: Cell<String>, whole: usize) -> AnyView {
    let (title, words) = if whole == 0 {
        ("No assets yet", "Push a folder below functions, models, tools, data or digital_twins to your project, and it appears here.")
    } else {
        ("Nothing matches", "Type less, choose another kind, or take filters away. What stands in files is listed below, if anything does.")
    };
    let clear = move |_| {
        more.set(String::new());
        narrow.set(Narrow { kind: now(narrow).kind, ..Narrow::default() });
    };
    let missing = parts.iter().any(|part| part.answer.peek(|answer| answer.as_ref().is_some_and(|found| found.missing.contains(&Owner::Private))) == Some(true));
    let advice = (whole == 0 && missing).then_some("You have no project of your own there yet: ask whoever runs the instance for one.");
    view! {
        <Empty title=title text=advice.unwrap_or(words)>
            {(whole > 0).then(|| view! { <button type="button" class="button" on:click=clear>"Clear the filter"</button> })}
        </Empty>
    }
    .into_any()
}

fn now(narrow: Cell<Narrow>) -> Narrow {
    narrow.peek(Clone::clone).unwrap_or_default()
}

fn owner_button(narrow: Cell<Narrow>, wanted: Option<Owner>, label: &'static str) -> impl IntoView {
    let pressed = move || narrow.with(|narrow| narrow.owner == wanted).to_string();
    let press = move |_| {
        narrow.set(Narrow { owner: wanted, ..now(narrow) });
    };
    view! { <button type="button" aria-pressed=pressed on:click=press>{label}</button> }
}

/// The library.
#[component]
pub fn Library(places: Places, instances: Vec<crate::bootstrap::Instance>) -> impl IntoView {
    let (location, navigate) = (use_location(), use_navigate());
    let path = location.pathname;
    let kind = Memo::new(move |_| match Route::parse(&path.get()) {
        Route::Library { kind, .. } => kind,
        _ => None,
    });
    let asked = location.query.with_untracked(|query| (query.get("q").unwrap_or_default(), query.get("where").and_then(|word| Owner::of_word(&word))));
    let text = RwSignal::new(asked.0.clone());
    // What else narrows it stands in the address, and is understood by the part that comes when it is wanted.
    let (only, more) = (Cell::new(None::<Only>), Cell::new(more_of(&location.search.get_untracked())));
    let open_filters = RwSignal::new(false);
    let narrow = Cell::new(Narrow { text: asked.0, owner: asked.1, kind: kind.get_untracked() });
    let parts = StoredValue::new_local(fan(instances, "library", of_instance));
    let shelf = StoredValue::new_local(Shelf::default());
    let shown = Cell::new(Shown::default());
    // What comes is put on the shelf, once a frame however much it is.
    let (taken, planned) = (StoredValue::new_local(Vec::<Option<Rc<Found>>>::new()), StoredValue::new(false));
    let sift = move |narrow: &Narrow| {
        let only = only.peek(Clone::clone).flatten();
        shelf.with_value(|shelf| shelf.sifted(narrow, |item| only.as_ref().is_none_or(|only| only(item.part, &item.asset))))
    };
    let take = move || {
        let Some(parts) = parts.try_get_value() else { return };
        planned.set_value(false);
        let answers: Vec<Option<Rc<Found>>> = parts.iter().map(|part| part.answer.peek(Clone::clone).flatten()).collect();
        let before = taken.try_update_value(|taken| std::mem::replace(taken, answers.clone())).unwrap_or_default();
        for (number, found) in answers.iter().enumerate() {
            let same = matches!((found, before.get(number)), (Some(found), Some(Some(known))) if Rc::ptr_eq(found, known));
            if let (Some(found), false) = (found, same) {
                shelf.update_value(|shelf| shelf.put(number, &found.assets));
            }
        }
        shown.set(sift(&now(narrow)));
        let prepare = move || {
            shelf.try_update_value(Shelf::prepare);
        };
        set_timeout(prepare, SETTLED);
    };
    Effect::new(move |_| {
        parts.with_value(|parts| parts.iter().for_each(|part| part.answer.track()));
        if !planned.get_value() {
            planned.set_value(true);
            // Where nothing is there yet, nothing is waited for.
            if shelf.with_value(Shelf::is_empty) {
                take();
            } else {
                request_animation_frame(take);
            }
        }
    });
    Effect::new(move |_| {
        let (text, kind) = (text.get(), kind.get());
        narrow.set(Narrow { text, kind, ..now(narrow) });
    });
    // Which change of the address is the last.
    let turn = StoredValue::new(0_u32);
    let address = move |wanted: &(Narrow, String)| {
        let _ = turn.try_update_value(|turn| *turn = turn.wrapping_add(1));
        let (mine, wanted, navigate) = (turn.get_value(), wanted.clone(), navigate.clone());
        let write = move || {
            if turn.try_get_value() == Some(mine) {
                let here = Route::parse(&path.get_untracked()).narrowed(&wanted.0.text, wanted.0.owner, &wanted.1);
                navigate(&here, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
            }
        };
        set_timeout(write, TYPED);
    };
    // What is asked for decides what is shown, and stands in the address.
    Effect::new(move |before: Option<(Narrow, String)>| {
        only.track();
        let wanted = (narrow.with(Clone::clone), more.with(Clone::clone));
        if let Some(before) = before {
            shelf.update_value(Shelf::settle);
            shown.set(sift(&wanted.0));
            if before == wanted {
                return wanted;
            }
            address(&wanted);
            if text.get_untracked() != wanted.0.text {
                text.set(wanted.0.text.clone());
            }
        }
        wanted
    });
    let open = move || parts.with_value(|parts| parts.iter().any(|part| part.asked.is_open()));
    let answered = move || parts.with_value(|parts| parts.iter().any(|part| part.answer.with(Option::is_some)));
    let count = move || shown.with(|shown| shown.rows.len());
    let some = Memo::new(move |_| count() > 0);
    let waiting = Memo::new(move |_| open() && !answered());
    let empty = Memo::new(move |_| answered() && !open() && count() == 0);
    let counts = Signal::derive(move || shown.with(|shown| shown.counts));
    // The server reads the title when the head is sent, which may be after the page was made and let go.
    let title = move || kind.try_get().flatten().map_or("Library", Kind::plural);
    let table = dynamic(move || {
        let shelved = Shelved {
            parts: parts.with_value(|parts| parts.iter().map(|part| (part.asked.instance.clone(), part.asked.client.clone())).collect()),
            shown,
            find: StoredValue::new_local(std::rc::Rc::new(move |place| shelf.try_with_value(|shelf| shelf.item(place).map(|item| (item.part, item.asset.clone()))).flatten())),
        };
        some.get().then(|| view! { <AssetTable shelved/> })
    });
    let whole = move || shelf.with_value(Shelf::len);
    let rest = dynamic(move || match (waiting.get(), empty.get()) {
        // The document fills the table before the app is there.
        (true, _) => view! { <table class="rows assets" id=FIRST_ROWS hidden></table><Skeleton rows=5 label="Loading assets"/> }.into_any(),
        (_, true) => parts.with_value(|parts| nothing(parts, narrow, more, whole())),
        _ => ().into_any(),
    });
    let typed = Memo::new(move |before: Option<&bool>| before == Some(&true) || text.with(|text| text.trim().chars().count() >= LETTERS));
    let in_files = dynamic(move || typed.get().then(|| in_files(text, parts.with_value(|parts| parts.iter().filter_map(|part| part.asked.client.clone()).collect()))));
    let row = |item: &twin::shelf::Item| (item.part, item.asset.clone());
    let all: Rows = Rc::new(move || {
        shown.track();
        shelf.with_value(|shelf| (0..u32::try_from(shelf.len()).unwrap_or(0)).filter_map(|place| shelf.item(place).map(row)).collect())
    });
    let fitting: Rows = Rc::new(move || {
        shown.track();
        shelf.with_value(|shelf| shelf.shown(&now(narrow)).rows.into_iter().filter_map(|place| shelf.item(place).map(row)).collect())
    });
    let (all, fitting) = (StoredValue::new_local(all), StoredValue::new_local(fitting));
    let with_filters = Memo::new(move |before: Option<&bool>| before == Some(&true) || open_filters.get() || more.with(|more| !more.is_empty()));
    let filters = dynamic(move || {
        let clients = || parts.with_value(|parts| parts.iter().map(|part| part.asked.client.clone()).collect());
        with_filters.get().then(|| facets(Sieve { only, more, open: open_filters, clients: clients(), all, fitting }))
    });
    let strip = places.clone();
    view! {
        <Title text=title/>
        <div class="page-head"><h1>{title}</h1></div>
        {kinds(&places, kind, counts, waiting)}
        <div class="bar">
            <Filter text label="Search names and files"/>
            <div class="choice" role="group" aria-label="Where">
                {owner_button(narrow, None, "All")}{owner_button(narrow, Some(Owner::Private), "Private")}{owner_button(narrow, Some(Owner::Common), "Common")}
            </div>
            <button type="button" class="button" data-variant="quiet" aria-expanded=move || open_filters.get().to_string() on:click=move |_| open_filters.update(|open| *open = !*open)>"Filters"</button>
            <span class="faint" role="status">{move || if waiting.get() { String::new() } else { format!("{} shown", count()) }}</span>
        </div>
        {filters}
        <Strip places=strip parts=parts.with_value(|parts| parts.iter().map(|part| part.asked.clone()).collect())/>
        {table}
        {rest}
        {in_files}
    }
}
