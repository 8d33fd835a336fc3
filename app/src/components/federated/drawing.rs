//! Members, what they wait for, and the topics that they talk over, as a drawing. The table says the
//! same.

use compose::layout::{HEIGHT, WIDTH, draw};
use federation::plan::Plan;
use leptos::prelude::*;

use super::look;
use crate::actions::federated::Sight;
use crate::bootstrap::Bootstrap;

/// More members are shown as a map of squares.
const MOST: usize = 24;

/// Whether a drawing says more than a list would: there is an order or an exchange, among few enough.
#[must_use]
pub fn is_drawn(plan: &Plan) -> bool {
    plan.seats.len() <= MOST && (!plan.wires.is_empty() || plan.seats.iter().any(|seat| !seat.after.is_empty()))
}

/// A text that fits in a box.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// The topics of a plan: service and topic, each once.
fn topics(plan: &Plan) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for wire in &plan.wires {
        let topic = (wire.service.clone(), wire.via.clone());
        if !found.contains(&topic) {
            found.push(topic);
        }
    }
    found
}

/// Pairs to draw: those that wait, and then those that talk. Who only waits for somebody it also
/// hears from is connected once.
fn pairs(plan: &Plan, topics: &[(String, String)]) -> (Vec<(usize, usize)>, usize) {
    let mut talks = Vec::new();
    for wire in &plan.wires {
        let topic = plan.seats.len() + topics.iter().position(|known| *known == (wire.service.clone(), wire.via.clone())).unwrap_or(0);
        talks.extend(wire.from.iter().map(|seat| (*seat, topic)));
        talks.extend(wire.to.iter().map(|seat| (topic, *seat)));
    }
    talks.sort_unstable();
    talks.dedup();
    let waits: Vec<(usize, usize)> = plan.seats.iter().enumerate().flat_map(|(seat, of)| of.after.iter().map(move |before| (*before, seat))).collect();
    let count = waits.len();
    (waits.into_iter().chain(talks).collect(), count)
}

/// The drawing; what stands how only once it was started.
pub fn drawing(plan: &Plan, sight: Sight, started: bool) -> AnyView {
    let bootstrap = expect_context::<Bootstrap>();
    let topics = topics(plan);
    let (pairs, waits) = pairs(plan, &topics);
    let drawn = draw(plan.seats.len() + topics.len(), &pairs);
    let (wide, high) = drawn.size;
    let curves = drawn.curves.iter().enumerate().map(|(number, curve)| {
        let kind = if number < waits { "waits" } else { "talks" };
        view! { <path class="graph-link" data-kind=kind d=curve.path.clone() marker-end="url(#federation-arrow)"/> }
    });
    let curves = curves.collect_view();
    let seats = plan.seats.iter().zip(&drawn.boxes).enumerate().map(|(number, (seat, spot))| {
        let instance = bootstrap.instance(&seat.place.instance);
        let hue = instance.map(|instance| instance.hue);
        let where_ = instance.map_or_else(|| "not known here".to_owned(), |instance| instance.name.clone());
        let standing = move || started.then(|| sight.standing(number));
        let variant = move || standing().map(|standing| look(standing).0);
        view! {
            <g class="federation-seat" data-variant=variant transform=format!("translate({} {})", spot.x, spot.y)>
                <rect class="graph-box" width=WIDTH height=HEIGHT rx="8"></rect>
                <rect class="federation-hue" data-hue=hue width="5" height=HEIGHT rx="2"></rect>
                <text class="graph-name" x="16" y="23">{short(&seat.name, 20)}</text>
                <text class="graph-file" x="16" y="42">{short(&where_, 14)}<tspan class="federation-word" x=WIDTH - 10.0 text-anchor="end">{move || standing().map_or("", |standing| standing.word())}</tspan></text>
            </g>
        }
    });
    let seats = seats.collect_view();
    let services = topics.iter().zip(drawn.boxes.iter().skip(plan.seats.len())).map(|((service, via), spot)| {
        view! {
            <g transform=format!("translate({} {})", spot.x, spot.y)>
                <rect class="graph-box" data-kind="topic" width=WIDTH height=HEIGHT rx="28"></rect>
                <text class="graph-name" x=WIDTH / 2.0 y="24" text-anchor="middle">{short(via, 20)}</text><text class="graph-file" x=WIDTH / 2.0 y="42" text-anchor="middle">{short(service, 24)}</text>
            </g>
        }
    });
    let services = services.collect_view();
    let label = format!("{} members and the {} topics they talk over; the table below says the same", plan.seats.len(), topics.len());
    view! {
        <div class="graph" tabindex="0" role="region" aria-label="Drawing of the federation">
            <svg role="img" aria-label=label viewBox=format!("0 0 {wide} {high}") width=wide height=high>
                <defs><marker id="federation-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="graph-head" d="M0 0L8 4L0 8z"/></marker></defs>
                {curves}{seats}{services}
            </svg>
        </div>
    }
    .into_any()
}
