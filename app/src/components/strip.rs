//! Who answered and who did not: one line above a list of several instances, each with a way on.
//! A single instance is only spoken of when something is wrong.

use leptos::prelude::*;
use twin::run::ago;

use crate::browser;
use crate::instances::Instances;
use crate::instances::gate::{Health, Healths};
use crate::places::Places;
use crate::problem::Problem;
use crate::queries::fan::{Asked, Standing};
use crate::routes::{here, sign_in};
use crate::ui::dynamic::dynamic;
use crate::ui::menu::menu;
use crate::ui::notice::{Notice, Tone};

/// More instances than this are too many to name each.
const MANY: usize = 8;

/// What one chip says: its look, its word, and what is behind it.
fn words(standing: &Standing) -> (&'static str, String, Option<Problem>) {
    match standing {
        Standing::Asked => ("asked", "asking".to_owned(), None),
        Standing::Slow => ("asked", "slow to answer".to_owned(), None),
        Standing::Fresh => ("good", "answered".to_owned(), None),
        Standing::Stale(at, problem) => ("warn", format!("as of {}", ago((browser::now() - at) / 1000.0)), Some(problem.clone())),
        Standing::Failed(problem) if problem.sign_in => ("out", "signed out".to_owned(), Some(problem.clone())),
        Standing::Failed(problem) => ("bad", "no answer".to_owned(), Some(problem.clone())),
        Standing::SignedOut => ("out", "signed out".to_owned(), None),
    }
}

/// “2 of 3 instances answered.”
fn summary(parts: &[Asked]) -> String {
    let answered = parts.iter().filter(|part| part.standing.with(|standing| *standing == Standing::Fresh)).count();
    if answered == parts.len() { format!("All {answered} instances answered.") } else { format!("{answered} of {} instances answered.", parts.len()) }
}

fn chip(part: Asked, sign_in: Signal<String>, healths: Healths) -> impl IntoView {
    let name = part.instance.name.clone();
    let standing = part.standing;
    dynamic(move || {
        let (mut look, mut word, problem) = standing.with(words);
        // Another tab may have signed out since.
        if part.client.is_some() && healths.of(&part.instance.backend) == Some(Health::SignedOut) {
            (look, word) = ("out", "signed out".to_owned());
        }
        let again = {
            let part = part.clone();
            move |_| part.again()
        };
        let out = look == "out";
        let retry =
            matches!(look, "bad" | "warn").then(|| view! { <button type="button" class="link" on:click=again>"Retry"<span class="only-read">{format!(" {name}")}</span></button> });
        let way_in = out.then(|| view! { <a rel="external" href=sign_in>"Sign in"<span class="only-read">{format!(" to {name}")}</span></a> });
        let title = problem.map(|problem| format!("{} {}", problem.title, problem.advice));
        let reason = title.clone().map(|title| view! { <span class="only-read">{title}</span> });
        view! { <li class="chip" data-variant=look title=title><strong>{name.clone()}</strong>" "{word}{reason}{retry}{way_in}</li> }
    })
}

/// What is wrong with the one instance there is.
fn alone(part: Asked, sign_in: Signal<String>) -> impl IntoView {
    let standing = part.standing;
    dynamic(move || {
        let (tone, problem, text) = match standing.with(Clone::clone) {
            Standing::Failed(problem) => (Tone::Bad, problem.clone(), problem.advice),
            Standing::Stale(at, problem) => (Tone::Plain, problem, format!("What you see is as of {}.", ago((browser::now() - at) / 1000.0))),
            _ => return None,
        };
        let part = part.clone();
        let act = if problem.sign_in {
            view! { <a class="button" data-variant="primary" rel="external" href=sign_in>"Sign in again"</a> }.into_any()
        } else {
            view! { <button type="button" class="button" on:click=move |_| part.again()>"Try again"</button> }.into_any()
        };
        Some(view! { <Notice tone title=problem.title text>{act}</Notice> })
    })
}

/// The strip, with the choice of instances where there are several to choose from.
#[component]
pub fn Strip(places: Places, parts: Vec<Asked>) -> impl IntoView {
    let (here, healths) = (here(), expect_context::<Instances>().healths);
    let sign_in = |part: &Asked| {
        let backend = part.instance.backend.clone();
        Signal::derive(move || sign_in(&backend, &here.get()))
    };
    if let [part] = parts.as_slice() {
        return alone(part.clone(), sign_in(part)).into_any();
    }
    let chips: Vec<AnyView> = parts.iter().map(|part| chip(part.clone(), sign_in(part), healths).into_any()).collect();
    // Of many, only those are named that did not answer.
    let many = (parts.len() > MANY).then_some("");
    let counted = StoredValue::new_local(parts);
    let words = move || counted.with_value(|parts| summary(parts));
    let summary = view! { <summary class="button" data-variant="quiet">"Choose instances"</summary> }.into_any();
    view! {
        <div class="strip">
            <p role="status">{words}</p>
            <ul class="chips" data-many=many aria-label="Instances asked">{chips}</ul>
            {menu("menu", summary, move || super::finding::choose(places.clone()))}
        </div>
    }
    .into_any()
}
