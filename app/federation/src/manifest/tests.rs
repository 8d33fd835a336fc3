//! What is understood, and what is said of the rest.

use super::{Kind, OnFailure, Ready, read};

fn said(text: &str) -> Vec<(usize, String)> {
    read(text).err().unwrap_or_default().into_iter().map(|fault| (fault.line(text), fault.message)).collect()
}

const LINE: &str = "
version: 1
kind: hierarchical
title: A line
services: [broker]
rollout: {canary: 1, at_once: 3, pause_after: 2}
members:
  plant-1: {instance: works, twin: tank, ready: {log: filling}, variables: {LEVEL: 2, NAME: a}}
  plant-2:
    instance: [works, {card: https://other.example, id: lab}]
    project: dtaas/common
    twin: tank
    copies: 4
    retries: 2
    on_failure: continue
  controller: {twin: control, after: [plant-1, plant-2], ready: {heartbeat: alive, seconds: 10}, branch: dev, if_away: skip}
links:
  - {service: broker, via: line/level, from: [plant-1, plant-2], to: controller, data: level in m}
";

#[test]
fn a_whole_manifest() {
    let manifest = read(LINE).expect("it is right");
    assert_eq!(manifest.kind, Kind::Hierarchical);
    assert_eq!(manifest.members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["plant-1", "plant-2", "controller"]);
    assert_eq!(manifest.members[0].ready, Ready::Log("filling".to_owned()));
    assert_eq!(manifest.members[0].variables, [("LEVEL".to_owned(), "2".to_owned()), ("NAME".to_owned(), "a".to_owned())]);
    assert_eq!(manifest.members[1].instances[1].card.as_deref(), Some("https://other.example"));
    assert_eq!((manifest.members[1].copies, manifest.members[1].on_failure), (Some(4), OnFailure::Continue));
    assert_eq!(manifest.members[2].ready, Ready::Heartbeat("alive".to_owned(), 10));
    assert_eq!(manifest.links[0].to, ["controller"]);
    assert_eq!((manifest.rollout.canary, manifest.rollout.at_once, manifest.rollout.pause_after), (1, 3, 2));
}

#[test]
fn each_mistake_has_its_line_and_a_way_out() {
    let with = |from: &str, to: &str| said(&LINE.replace(from, to));
    assert_eq!(with("version: 1", "version: 3"), [(2, "This federation has version 3, and this Twinport knows 1: update it.".to_owned())]);
    assert_eq!(with("version: 1", "version: one"), [(2, "The version must be 1.".to_owned())]);
    assert_eq!(with("kind: hierarchical", "kind: tree"), [(3, "kind must be one of composite, fleet, hierarchical.".to_owned())]);
    assert_eq!(
        with("after: [plant-1, plant-2]", "after: [plant-3]"),
        [(16, "controller comes after plant-3, which is no member. Members are controller, plant-1, plant-2.".to_owned())]
    );
    assert_eq!(with("after: [plant-1, plant-2]", "after: controller"), [(16, "controller cannot come after itself.".to_owned())]);
    assert_eq!(with("copies: 4", "copies: many"), [(13, "copies must be a whole number from 1 to 1000.".to_owned())]);
    assert!(with("retries: 2", "retrys: 2")[0].1.starts_with("retrys is not known here; what there is: after, branch,"));
    assert!(with("{log: filling}", "{logs: filling}")[0].1.contains("{heartbeat: TEXT, seconds: NUMBER}"));
    assert_eq!(with("to: controller", "to: boss"), [(18, "A link goes to boss, which is no member. Members are controller, plant-1, plant-2.".to_owned())]);
    assert!(said("version: 1\nkind: fleet\n")[0].1.contains("There must be members"));
    assert!(said("- a\n")[0].1.contains("is a map with the keys"));
    assert!(said("version: 1\nkind: fleet\nmembers:\n  a: {twin: b\n")[0].1.starts_with("This is no YAML"));
    assert_eq!(said("").len(), 1);
}

#[test]
fn two_members_with_one_name() {
    let faults = said("version: 1\nkind: fleet\nmembers:\n  a: {twin: x}\n  b: {twin: x}\n  a: {twin: y}\n");
    assert!(faults[0].1.contains("duplicated key"), "{faults:?}");
}
