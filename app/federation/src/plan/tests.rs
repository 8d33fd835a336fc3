//! Copies, nesting, rings, and instances that nobody knows.

use std::collections::BTreeMap;

use super::{Found, Home, Place, Plan, Planned, plan};
use crate::manifest::{Whereabouts, read};

fn place(twin: &str) -> Place {
    Place { instance: "here".to_owned(), project: "dtaas/me".to_owned(), twin: twin.to_owned(), branch: None }
}

fn home(where_: &Whereabouts) -> Result<Home, String> {
    if where_.id == "nowhere" { Err("nowhere is not known here".to_owned()) } else { Ok(Home { id: where_.id.clone(), common: format!("{}/common", where_.id) }) }
}

/// Plans `text`, with other federations by the name of their twin; everything else is a plain twin.
fn planned(text: &str, others: &[(&str, &str)]) -> Result<Plan, Vec<String>> {
    let manifest = read(text).expect("it is right");
    let mut found = BTreeMap::new();
    for _ in 0..10 {
        match plan(&place("top"), &manifest, &home, &found) {
            Planned::Ready(plan) => return Ok(plan),
            Planned::Wrong(why) => return Err(why),
            Planned::Need(places) => {
                for place in places {
                    let of = others
                        .iter()
                        .find(|(name, _)| *name == place.twin)
                        .map_or(Found::Plain, |(_, text)| read(text).map_or_else(|why| Found::Broken(why[0].message.clone()), Found::Federated));
                    found.insert(place, of);
                }
            }
        }
    }
    panic!("planning does not end")
}

#[test]
fn copies_are_dealt_out_and_waited_for() {
    let plan = planned(
        "version: 1\nkind: fleet\nmembers:\n  last: {twin: l, after: [many]}\n  many: {twin: 't-{n}', copies: 12, instance: [a, b], variables: {N: 'number {n}'}}\nlinks:\n  - {service: s, via: v, from: many, to: last}\n",
        &[],
    )
    .expect("it can be run");
    assert_eq!(plan.seats.len(), 13);
    assert_eq!((plan.seats[0].name.as_str(), plan.seats[0].place.instance.as_str(), plan.seats[0].place.project.as_str()), ("many-01", "a", "a/common"));
    assert_eq!((plan.seats[11].place.twin.as_str(), plan.seats[11].place.instance.as_str()), ("t-12", "b"));
    assert_eq!(plan.seats[11].variables, [("N".to_owned(), "number 12".to_owned())]);
    assert_eq!((plan.seats[12].name.as_str(), plan.seats[12].after.len()), ("last", 12));
    assert_eq!((plan.wires[0].from.len(), plan.wires[0].to.as_slice()), (12, [12].as_slice()));
}

#[test]
fn federations_in_federations() {
    let cell = "version: 1\nkind: composite\nservices: [db]\nmembers:\n  arm: {twin: arm}\n  belt: {twin: belt, after: arm}\n";
    let plan = planned(
        "version: 1\nkind: hierarchical\nservices: [bus]\nmembers:\n  first: {twin: power}\n  cell: {twin: cell, after: first}\n  boss: {twin: boss, after: cell}\n",
        &[("cell", cell)],
    )
    .expect("it can be run");
    let seen: Vec<(&str, &[usize])> = plan.seats.iter().map(|seat| (seat.name.as_str(), seat.after.as_slice())).collect();
    assert_eq!(seen, [("first", [].as_slice()), ("cell/arm", &[0]), ("cell/belt", &[1, 0]), ("boss", &[1, 2])]);
    assert_eq!(plan.services, ["bus", "db"]);
}

#[test]
fn rings_are_named() {
    let text = "version: 1\nkind: composite\nmembers:\n  z: {twin: z}\n  a: {twin: a, after: c}\n  b: {twin: b, after: a}\n  c: {twin: c, after: [z, b]}\n";
    assert_eq!(planned(text, &[]).expect_err("a ring"), ["These members wait for each other: a → c → b → a. Take one of them out of the other's “after”."]);
    let of = |twin: &str| format!("version: 1\nkind: composite\nmembers:\n  m: {{twin: {twin}}}\n");
    let (one, two) = (of("two"), of("one"));
    assert_eq!(
        planned(&of("one"), &[("one", &one), ("two", &two)]).expect_err("a ring"),
        ["These federated twins are members of each other: one → two → one. Leave one of them out."]
    );
    assert_eq!(planned(&of("top"), &[("top", &of("top"))]).expect_err("a ring"), ["These federated twins are members of each other: top → top. Leave one of them out."]);
}

#[test]
fn what_is_not_known_stands_in_its_place() {
    let plan = planned("version: 1\nkind: composite\nmembers:\n  far: {twin: f, instance: nowhere}\n  bad: {twin: bad}\n  good: {twin: g}\n", &[("bad", "version: 2")])
        .expect("the rest goes on");
    let problems: Vec<Option<&str>> = plan.seats.iter().map(|seat| seat.problem.as_deref()).collect();
    assert_eq!(problems, [Some("nowhere is not known here"), Some("This federation has version 2, and this Twinport knows 1: update it."), None]);
    let clash = planned("version: 1\nkind: fleet\nmembers:\n  a-1: {twin: x}\n  a: {twin: y, copies: 2}\n", &[]);
    assert_eq!(clash.expect_err("a clash"), ["Two members have the name a-1. Give one of them another."]);
}

#[test]
fn a_what_if_matrix_is_one_member_with_lists() {
    let plan =
        planned("version: 1\nkind: fleet\nmembers:\n  case: {twin: c, instance: [a, b], sweep: {MASS: [1, 2.5], WIND: [calm, a gale, x]}}\n  all: {twin: sum, after: case}\n", &[])
            .expect("it can be run");
    let names: Vec<&str> = plan.seats.iter().map(|seat| seat.name.as_str()).collect();
    assert_eq!(names, ["case-1-calm", "case-1-a_gale", "case-1-x", "case-2.5-calm", "case-2.5-a_gale", "case-2.5-x", "all"]);
    assert_eq!(plan.seats[4].variables, [("MASS".to_owned(), "2.5".to_owned()), ("WIND".to_owned(), "a gale".to_owned())]);
    assert_eq!(plan.seats[3].place.instance, "b");
    assert_eq!(plan.seats[6].after.len(), 6);
}
