//! An FMU as its card: what it models, where it runs, and its variables, to be searched.

use fmu::{Card, Platform, Variable};
use leptos::prelude::*;
use twin::asset::matches;

use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::filter::Filter;
use crate::ui::notice::{Notice, Tone};

/// Rows that are shown at once.
const SHOWN: usize = 200;
/// Where twins run unless a lab says otherwise.
const USUAL: (&str, &str) = ("linux", "x86_64");

fn fact(name: &'static str, value: Option<String>) -> Option<AnyView> {
    value.filter(|value| !value.is_empty()).map(|value| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any())
}

fn number(value: Option<f64>, unit: &str) -> Option<String> {
    value.map(|value| format!("{value} {unit}"))
}

/// Whether it runs where twins usually do, in one sentence.
fn runs(card: &Card) -> (Tone, String) {
    let names: Vec<String> = card.platforms.iter().map(|folder| Platform::label(folder)).collect();
    if card.runs_on(USUAL.0, USUAL.1) {
        (Tone::Plain, "Runs on Linux 64-bit, where runners usually are.".to_owned())
    } else if card.sources {
        (Tone::Plain, "Has no binary for Linux 64-bit, but its sources: a create phase can compile them.".to_owned())
    } else if names.is_empty() {
        (Tone::Bad, "Holds neither binaries nor sources, so nothing can run it.".to_owned())
    } else {
        (Tone::Bad, format!("Runs on {} only, and not on a Linux 64-bit runner.", names.join(", ")))
    }
}

fn row(variable: &Variable) -> AnyView {
    let cell = |text: Option<&String>| text.cloned().unwrap_or_default();
    let size = if variable.dimensions.is_empty() { String::new() } else { format!(" [{}]", variable.dimensions.join(" × ")) };
    view! {
        <tr title=cell(variable.description.as_ref())>
            <th scope="row"><code>{variable.name.clone()}</code></th>
            <td><span class="tag" data-variant=(variable.causality == "input" || variable.causality == "output").then_some("common")>{variable.causality.clone()}</span></td>
            <td>{format!("{}{size}", variable.kind)}</td><td>{variable.variability.clone()}</td><td>{cell(variable.unit.as_ref())}</td><td>{cell(variable.start.as_ref())}</td>
        </tr>
    }
    .into_any()
}

fn variables(card: Card) -> AnyView {
    let total = card.variables.len() + card.more_variables;
    let (text, kind) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let mut kinds: Vec<String> = card.variables.iter().map(|variable| variable.causality.clone()).collect();
    kinds.sort();
    kinds.dedup();
    let options = kinds.into_iter().map(|kind| view! { <option value=kind.clone()>{kind.clone()}</option> }).collect_view();
    let card = Cell::new(card);
    let found = move || {
        let (text, kind) = (text.get(), kind.get());
        card.with(|card| {
            let fits = |variable: &&Variable| {
                let words = format!("{} {} {}", variable.name, variable.description.as_deref().unwrap_or_default(), variable.unit.as_deref().unwrap_or_default());
                (kind.is_empty() || variable.causality == kind) && matches(&text, &words)
            };
            let list: Vec<Variable> = card.variables.iter().filter(fits).cloned().collect();
            list
        })
    };
    let body = dynamic(move || {
        let list = found();
        let count = list.len();
        view! {
            <p class="faint" role="status">{format!("{} of {total} variables", count.min(SHOWN))}{(count > SHOWN).then(|| format!("; {} more match", count - SHOWN))}</p>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Variables">
                <table class="numbers variables">
                    <caption class="only-read">"Variables"</caption>
                    <thead><tr><th scope="col">"Variable"</th><th scope="col">"Causality"</th><th scope="col">"Type"</th><th scope="col">"Variability"</th><th scope="col">"Unit"</th><th scope="col">"Start"</th></tr></thead>
                    <tbody>{list.iter().take(SHOWN).map(row).collect_view()}</tbody>
                </table>
            </div>
        }
    });
    view! {
        <div class="bar">
            <Filter text label="Search variables"/>
            <label class="field-inline"><span class="only-read">"Causality"</span>
                <select on:change=move |event| kind.set(event_target_value(&event))><option value="">"Every causality"</option>{options}</select>
            </label>
        </div>
        {body}
    }
    .into_any()
}

/// The card, or why there is none.
#[component]
pub fn FmuCard(content: Vec<u8>) -> impl IntoView {
    match fmu::read(&content) {
        Err(error) => view! { <Notice tone=Tone::Bad title="This FMU cannot be shown." text=error.to_string()/> }.into_any(),
        Ok(card) => {
            let (tone, words) = runs(&card);
            let platforms: Vec<String> = card.platforms.iter().map(|folder| Platform::label(folder)).chain(card.sources.then(|| "sources".to_owned())).collect();
            let kinds: Vec<&str> = card.kinds.iter().map(|kind| kind.label()).collect();
            let time = &card.experiment;
            let facts: Vec<AnyView> = [
                fact("Model", Some(card.model_name.clone())),
                fact("FMI", Some(format!("{} · {}", card.fmi_version, kinds.join(", ")))),
                fact("Platforms", Some(platforms.join(", "))),
                fact("Made with", card.generation_tool.clone()),
                fact("Made on", card.generation_date.clone()),
                fact("Author", card.author.clone()),
                fact("Version", card.version.clone()),
                fact("Licence", card.license.clone().or(card.copyright.clone())),
                fact("Simulates until", number(time.stop, "s")),
                fact("Step", number(time.step, "s")),
            ]
            .into_iter()
            .flatten()
            .collect();
            let about = card.description.clone();
            view! { {about.map(|about| view! { <p>{about}</p> })}<Notice tone title=words/><dl class="card-facts">{facts}</dl>{variables(card)} }.into_any()
        }
    }
}
