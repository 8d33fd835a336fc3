//! Twins that are made of each other, by their locks.

use std::collections::BTreeMap;

use super::{Finding, Severity, line_of};
use crate::lock::{FILE, Lock};
use crate::project::{Project, folder};
use twin::asset::Kind;

/// Looks at all locks.
pub fn check(project: &Project, found: &mut Vec<Finding>) {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let start = format!("{}/", Kind::Twin.folder());
    for (path, text) in project.texts.iter().filter(|(path, _)| path.rsplit('/').next() == Some(FILE)) {
        match Lock::parse(text) {
            Ok(lock) => {
                let twins = lock.assets.iter().filter_map(|entry| entry.source.path.strip_prefix(&start)).map(|rest| format!("{start}{}", rest.split('/').next().unwrap_or(rest)));
                parts.insert(folder(path).to_owned(), twins.collect());
                for entry in &lock.assets {
                    let here = format!("{}/{}", folder(path), entry.path);
                    if !project.has(&here) && !project.has_folder(&here) {
                        let message = format!("The lock names {}, which is not there any more. Take it out of the lock, or copy the asset again.", entry.path);
                        found.push(Finding::new(path, line_of(text, &entry.path), Severity::Warning, "lock-missing", message));
                    }
                }
            }
            Err(why) => found.push(Finding::new(path, 1, Severity::Error, "lock-invalid", format!("This lock {why}."))),
        }
    }
    for twin in parts.keys() {
        if let Some(ring) = ring(twin, &parts) {
            let names: Vec<&str> = ring.iter().map(|twin| twin.strip_prefix(&start).unwrap_or(twin)).collect();
            let message = format!("These twins are made of each other: {}. Leave one of the copies out.", names.join(" → "));
            found.push(Finding::new(&format!("{twin}/{FILE}"), 1, Severity::Error, "cyclic", message));
        }
    }
}

/// The way from a twin back to itself, if there is one.
fn ring(start: &str, parts: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = vec![start];
    while let Some(twin) = open.pop() {
        for part in parts.get(twin).into_iter().flatten() {
            if part == start {
                let mut way = vec![start.to_owned()];
                let mut at = twin;
                let mut back = vec![at.to_owned()];
                while at != start {
                    at = before.get(at)?;
                    back.push(at.to_owned());
                }
                back.pop();
                way.extend(back.into_iter().rev());
                way.push(start.to_owned());
                return Some(way);
            }
            if !before.contains_key(part.as_str()) && parts.contains_key(part) {
                before.insert(part, twin);
                open.push(part);
            }
        }
    }
    None
}
