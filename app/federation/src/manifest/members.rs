//! The parts of a manifest: members, links, and how many start at once.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::Fields;
use super::{Fault, IfAway, Link, MOST_COPIES, Member, OnFailure, Ready, Rollout, Whereabouts};

/// The first names of a list, in a sentence.
pub fn said(names: &BTreeSet<&str>) -> String {
    let first: Vec<&str> = names.iter().take(8).copied().collect();
    if names.len() > first.len() { format!("{} and {} more", first.join(", "), names.len() - first.len()) } else { first.join(", ") }
}

pub fn rollout(fields: &mut Fields<'_>) -> Rollout {
    let default = Rollout::default();
    let mut number = |key, least: i64, default: u32| fields.number(key, least, i64::from(u16::MAX)).unwrap_or(default);
    let found = Rollout { canary: number("canary", 0, default.canary), at_once: number("at_once", 1, default.at_once), pause_after: number("pause_after", 0, default.pause_after) };
    fields.rest();
    found
}

fn whereabouts(fields: &mut Fields<'_>) -> Vec<Whereabouts> {
    let mut found = Vec::new();
    for value in fields.values("instance") {
        let (card, id) = match &value {
            Value::String(id) => (None, Some(id.clone())),
            Value::Object(map) => (map.get("card").and_then(Value::as_str).map(str::to_owned), map.get("id").and_then(Value::as_str).map(str::to_owned)),
            _ => (None, None),
        };
        let strange = value.as_object().and_then(|map| map.keys().find(|key| !["card", "id"].contains(&key.as_str())).cloned());
        match (id, strange) {
            (Some(id), None) => found.push(Whereabouts { card, id }),
            _ => fields.fault("instance", "An instance is its id, or a map with card (the address of a portal's federation card) and id.".to_owned()),
        }
    }
    found
}

fn ready(fields: &mut Fields<'_>) -> Ready {
    const MEANT: &str = "ready is “started”, “ended”, or one of {phase: NAME}, {log: TEXT}, {heartbeat: TEXT, seconds: NUMBER}.";
    let Some(value) = fields.take("ready") else { return Ready::Started };
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let count = value.as_object().map_or(0, serde_json::Map::len);
    let found = match (value.as_str(), count) {
        (Some("started"), _) => Some(Ready::Started),
        (Some("ended"), _) => Some(Ready::Ended),
        (None, 1) => text("phase").map(Ready::Phase).or_else(|| text("log").map(Ready::Log)),
        (None, 2) => text("heartbeat").zip(value.get("seconds").and_then(Value::as_u64)).and_then(|(text, seconds)| Some(Ready::Heartbeat(text, u32::try_from(seconds).ok()?))),
        _ => None,
    };
    found.unwrap_or_else(|| {
        fields.fault("ready", MEANT.to_owned());
        Ready::Started
    })
}

pub fn member(name: &str, fields: &mut Fields<'_>) -> Member {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)) && !text.starts_with('.');
    if !plain(name) {
        fields.fault("", format!("“{name}” is no name: use letters, digits, “-”, “_” and “.”."));
    }
    let instances = whereabouts(fields);
    let twin = fields.text("twin").unwrap_or_else(|| {
        fields.fault("", format!("{name} needs the key twin: the name of a folder in digital_twins."));
        String::new()
    });
    let variables = fields.map("variables").map(|(map, at)| {
        let mut found = Vec::new();
        for (key, value) in map {
            match scalar(value) {
                Some(text) => found.push((key.clone(), text)),
                None => fields.faults.push(Fault { at: at.iter().chain([key]).cloned().collect(), message: format!("The variable {key} must be a text or a number.") }),
            }
        }
        found
    });
    let member = Member {
        name: name.to_owned(),
        instances,
        project: fields.text("project"),
        twin,
        role: fields.text("role").unwrap_or_default(),
        branch: fields.text("branch"),
        after: fields.list("after"),
        ready: ready(fields),
        variables: variables.unwrap_or_default(),
        retries: fields.number("retries", 0, 100).unwrap_or(0),
        on_failure: fields
            .word("on_failure", &[("hold", OnFailure::Hold), ("continue", OnFailure::Continue), ("stop", OnFailure::Stop)], Some(OnFailure::Hold))
            .unwrap_or(OnFailure::Hold),
        if_away: fields.word("if_away", &[("wait", IfAway::Wait), ("skip", IfAway::Skip)], Some(IfAway::Wait)).unwrap_or(IfAway::Wait),
        copies: fields.number("copies", 1, MOST_COPIES),
        sweep: sweep(fields),
    };
    if member.copies.is_some() && !member.sweep.is_empty() {
        fields.fault("sweep", format!("{name} has both copies and sweep: leave one of them out."));
    }
    fields.rest();
    member
}

/// A scalar as CI variables have it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn sweep(fields: &mut Fields<'_>) -> Vec<(String, Vec<String>)> {
    let Some((map, _)) = fields.map("sweep") else { return Vec::new() };
    let mut found = Vec::new();
    let mut combinations = 1_i64;
    for (key, value) in map {
        let values: Option<Vec<String>> = value.as_array().filter(|list| !list.is_empty()).map(|list| list.iter().filter_map(scalar).collect());
        match values.filter(|values| Some(values.len()) == value.as_array().map(Vec::len)) {
            Some(values) => {
                combinations = combinations.saturating_mul(i64::try_from(values.len()).unwrap_or(i64::MAX));
                found.push((key.clone(), values));
            }
            None => fields.fault("sweep", format!("The values of {key} must be a list of texts or numbers.")),
        }
    }
    if combinations > MOST_COPIES {
        fields.fault("sweep", format!("These are {combinations} combinations, and there may be {MOST_COPIES}."));
    }
    found
}

pub fn link(fields: &mut Fields<'_>, names: &BTreeSet<&str>) -> Link {
    let mut ends = |key: &str| {
        let list = fields.list(key);
        for name in list.iter().filter(|name| !names.contains(name.as_str())) {
            fields.fault(key, format!("A link goes {key} {name}, which is no member. Members are {}.", said(names)));
        }
        list
    };
    let (from, to) = (ends("from"), ends("to"));
    let link = Link { service: fields.needed("service"), via: fields.needed("via"), data: fields.text("data").unwrap_or_default(), from, to };
    if link.from.is_empty() && link.to.is_empty() {
        fields.fault("via", format!("Nobody is at either end of the link over {}: give it from or to.", link.via));
    }
    fields.rest();
    link
}
