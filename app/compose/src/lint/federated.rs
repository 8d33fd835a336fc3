//! Federated twins: what their manifests say, and whether members of the same project are there.

use std::collections::BTreeMap;

use federation::manifest::{FILE, Manifest, read};
use federation::plan::{Found, Home, Place, Planned, plan};
use twin::asset::Kind;
use yaml_rust2::YamlLoader;

use super::{Finding, Severity};
use crate::project::{Project, folder};
use crate::trigger::job;

/// Looks at all manifests.
pub fn check(project: &Project, found: &mut Vec<Finding>) {
    let mut manifests: BTreeMap<String, Manifest> = BTreeMap::new();
    for (path, text) in project.texts.iter().filter(|(path, _)| path.rsplit('/').next() == Some(FILE)) {
        match read(text) {
            Ok(manifest) => {
                manifests.insert(folder(path).to_owned(), manifest);
            }
            Err(faults) => found.extend(faults.into_iter().map(|fault| Finding::new(path, fault.line(text), Severity::Error, "federation", fault.message))),
        }
    }
    for (place, manifest) in &manifests {
        let path = format!("{place}/{FILE}");
        let text = project.texts.get(&path).map(String::as_str).unwrap_or_default();
        for member in manifest.members.iter().filter(|member| member.instances.is_empty() && member.project.is_none() && member.copies.is_none()) {
            let own = of(place, &member.twin);
            if member.branch.is_none() && !project.has_folder(&own) {
                let line = text.lines().position(|line| line.contains(&member.twin)).map_or(1, |line| line + 1);
                let message = format!("The member {} is the twin {own}, which is not there. Make it, or name its instance or project.", member.name);
                found.push(Finding::new(&path, line, Severity::Error, "federation-member", message));
            }
        }
        for member in manifest.members.iter().filter(|member| member.instances.is_empty() && member.project.is_none()) {
            let lost: Vec<&str> = member
                .variables
                .iter()
                .map(|(key, _)| key)
                .chain(member.sweep.iter().map(|(key, _)| key))
                .map(String::as_str)
                .filter(|key| is_lost(project, &member.twin, key))
                .collect();
            if !lost.is_empty() {
                let line = text.lines().position(|line| line.trim_start().starts_with(&format!("{}:", member.name))).map_or(1, |line| line + 1);
                let message = format!(
                    "{} of {} will not reach its jobs: {} in .gitlab-ci.yml keeps pipeline variables to itself. Write “forward: {{pipeline_variables: true}}” below its trigger.",
                    lost.join(", "),
                    member.name,
                    job(&member.twin)
                );
                found.push(Finding::new(&path, line, Severity::Warning, "federation-variables", message));
            }
        }
        for message in wrong(place, manifest, &manifests) {
            found.push(Finding::new(&path, 1, Severity::Error, "federation", message));
        }
    }
}

/// Whether a variable that a pipeline is started with stays in the parent: GitLab hands on to a child what `variables` of the
/// trigger job name, and pipeline variables only where `trigger: forward: pipeline_variables` says so.
fn is_lost(project: &Project, twin: &str, key: &str) -> bool {
    let text = project.texts.get(".gitlab-ci.yml").map(String::as_str).unwrap_or_default();
    let Some(block) = YamlLoader::load_from_str(text).ok().and_then(|documents| Some(documents.last()?[job(twin).as_str()].clone())) else { return false };
    let handed = !block["variables"][key].is_badvalue() || block["trigger"]["forward"]["pipeline_variables"].as_bool() == Some(true);
    // What comes from elsewhere may hand it on.
    let borrows = !block["extends"].is_badvalue() || !block["<<"].is_badvalue();
    !block["trigger"].is_badvalue() && !borrows && !handed
}

/// The folder of a twin beside the one in `place`.
fn of(place: &str, twin: &str) -> String {
    match folder(place) {
        "" => format!("{}/{twin}", Kind::Twin.folder()),
        beside => format!("{beside}/{twin}"),
    }
}

/// Why members that are all in this project cannot work together.
fn wrong(place: &str, manifest: &Manifest, manifests: &BTreeMap<String, Manifest>) -> Vec<String> {
    let name = place.rsplit('/').next().unwrap_or(place).to_owned();
    let root = Place { instance: String::new(), project: String::new(), twin: name, branch: None };
    let mut found = BTreeMap::new();
    loop {
        match plan(&root, manifest, &|place| Ok(Home { id: format!("elsewhere {}", place.id), common: String::new() }), &found) {
            Planned::Ready(_) => return Vec::new(),
            Planned::Wrong(why) => return why,
            Planned::Need(places) => found.extend(places.into_iter().map(|near| {
                let own = near.instance.is_empty() && near.project.is_empty();
                let known = manifests.get(&of(place, &near.twin)).filter(|_| own);
                (near, known.cloned().map_or(Found::Plain, Found::Federated))
            })),
        }
    }
}
