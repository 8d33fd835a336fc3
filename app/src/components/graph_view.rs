//! A co-simulation as a drawing of who feeds whom, with the same as a table.

use compose::layout::{HEIGHT, WIDTH, draw};
use compose::lint::{Finding, lint};
use compose::project::Project;
use compose::scenario::Scenario;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::checks::models;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};

/// A text that fits in a box.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

fn drawing(scenario: &Scenario, blocks: &[(String, String)]) -> AnyView {
    let place = |fmu: &str, instance: &str| blocks.iter().position(|(known, of)| known == fmu && of == instance);
    let mut pairs: Vec<((usize, usize), usize)> = Vec::new();
    for (from, to) in &scenario.links {
        let (Some(from), Some(to)) = (place(&from.fmu, &from.instance), place(&to.fmu, &to.instance)) else { continue };
        match pairs.iter_mut().find(|(pair, _)| *pair == (from, to)) {
            Some((_, count)) => *count += 1,
            None => pairs.push(((from, to), 1)),
        }
    }
    let drawn = draw(blocks.len(), &pairs.iter().map(|(pair, _)| *pair).collect::<Vec<_>>());
    let (wide, high) = drawn.size;
    let curves = drawn.curves.iter().zip(&pairs).map(|(curve, (_, count))| {
        let label = if *count == 1 { String::new() } else { count.to_string() };
        view! { <path class="graph-link" d=curve.path.clone() marker-end="url(#graph-arrow)"/><text class="graph-count" x=curve.label.x y=curve.label.y>{label}</text> }
    });
    let curves = curves.collect_view();
    let boxes = drawn.boxes.iter().zip(blocks).map(|(spot, (fmu, instance))| {
        let name = if instance.is_empty() { fmu.trim_matches(['{', '}']) } else { instance };
        let file = scenario.file(fmu).map(|path| path.rsplit('/').next().unwrap_or(path)).unwrap_or("no file");
        view! {
            <g transform=format!("translate({} {})", spot.x, spot.y)>
                <rect class="graph-box" width=WIDTH height=HEIGHT rx="8"></rect>
                <text class="graph-name" x="12" y="24">{short(name, 22)}</text><text class="graph-file" x="12" y="42">{short(file, 26)}</text>
            </g>
        }
    });
    let boxes = boxes.collect_view();
    let label = format!("{} models and {} links between them; the table below says the same", blocks.len(), scenario.links.len());
    view! {
        <div class="graph" tabindex="0" role="region" aria-label="Drawing of the co-simulation">
            <svg role="img" aria-label=label viewBox=format!("0 0 {wide} {high}") width=wide height=high>
                <defs><marker id="graph-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="graph-head" d="M0 0L8 4L0 8z"/></marker></defs>
                {curves}{boxes}
            </svg>
        </div>
    }
    .into_any()
}

fn table(scenario: &Scenario, project: &Option<Project>, path: &str) -> AnyView {
    let of = |port: &compose::scenario::Port| {
        let project = project.as_ref()?;
        let written = scenario.file(&port.fmu)?;
        let file = project.resolve(path, written).or_else(|| project.like(written).into_iter().next())?;
        let variable = project.models.get(&file)?.as_ref().ok()?.variable(&port.variable)?.clone();
        Some(format!("{}{}", variable.kind, variable.unit.map(|unit| format!(" in {unit}")).unwrap_or_default()))
    };
    let end = |port: &compose::scenario::Port| view! { <td><code>{port.print()}</code>{of(port).map(|kind| view! { <br/><span class="faint">{kind}</span> })}</td> };
    let rows = scenario.links.iter().map(|(from, to)| view! { <tr>{end(from)}{end(to)}</tr> }).collect_view();
    let parameters = scenario.parameters.iter().map(|(port, value)| view! { <tr><td><code>{port.print()}</code></td><td>{value.to_string()}</td></tr> }).collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Links">
            <table class="numbers links"><caption class="only-read">"Links"</caption><thead><tr><th scope="col">"From output"</th><th scope="col">"To input"</th></tr></thead><tbody>{rows}</tbody></table>
        </div>
        {(!scenario.parameters.is_empty()).then(|| view! {
            <h3>"Parameters"</h3>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Parameters">
                <table class="numbers links"><caption class="only-read">"Parameters"</caption><thead><tr><th scope="col">"Parameter"</th><th scope="col">"Value"</th></tr></thead><tbody>{parameters}</tbody></table>
            </div>
        })}
    }
    .into_any()
}

fn said(findings: Vec<Finding>) -> AnyView {
    if findings.is_empty() {
        return view! { <p class="graph-fits"><Picture icon=Icon::Check/>"Every reference, type and unit fits."</p> }.into_any();
    }
    let row = |finding: Finding| {
        let (variant, icon) = match finding.severity {
            compose::lint::Severity::Error => ("bad", Icon::Cross),
            compose::lint::Severity::Warning => ("warn", Icon::Warning),
            compose::lint::Severity::Info => ("info", Icon::Circle),
        };
        view! { <li data-variant=variant><Picture icon/><p>{finding.message}" "<span class="faint">{format!("line {}", finding.line)}</span></p></li> }
    };
    view! { <ul class="checks findings">{findings.into_iter().map(row).collect_view()}</ul> }.into_any()
}

/// The configuration as a graph.
#[component]
pub fn GraphView(path: String, text: String, whose: Option<(Client, Asset)>) -> impl IntoView {
    let scenario = Scenario::parse(&text).unwrap_or_default();
    let blocks = scenario.blocks();
    let project: Cell<Option<Result<Project, Problem>>> = Cell::new(None);
    let looked = whose.is_some();
    if let Some((client, asset)) = whose {
        let (scenario, path, text) = (scenario.clone(), path.clone(), text.clone());
        spawn_local(async move {
            let mut found = models(client, asset, path.clone(), scenario).await;
            if let Ok(found) = &mut found {
                found.texts.insert(path, text);
            }
            project.set(Some(found));
        });
    }
    let picture = drawing(&scenario, &blocks);
    let at = path.clone();
    let findings = dynamic(move || {
        looked.then(|| {
            project.with(|project| match project {
                None => view! { <p class="faint" role="status">"Looking into the models…"</p> }.into_any(),
                Some(Err(problem)) => view! { <p class="faint" role="status">{problem.title.clone()}</p> }.into_any(),
                Some(Ok(project)) => said(lint(project).into_iter().filter(|finding| finding.path == at).collect()),
            })
        })
    });
    let links = dynamic(move || {
        let known = project.with(|project| project.as_ref().and_then(|found| found.as_ref().ok().cloned()));
        table(&scenario, &known, &path)
    });
    view! { {picture}{findings}{links} }
}
