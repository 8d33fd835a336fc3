//! A manifest made ready to be run: copies are made, federated members taken in, instances found,
//! and the order is checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::manifest::{IfAway, Kind, Manifest, Member, OnFailure, Ready, Rollout, Whereabouts};

/// More seats than this are not planned.
pub const MOST: usize = 2_000;

/// Where a twin is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The instance, by its id at this portal; empty when it is not known here.
    pub instance: String,
    /// The project's full path.
    pub project: String,
    /// The folder below `digital_twins`.
    pub twin: String,
    /// The branch; the instance's or the project's default when absent.
    pub branch: Option<String>,
}

/// An instance that a manifest names, as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Its id at this portal.
    pub id: String,
    /// The full path of its project of common assets.
    pub common: String,
}

/// What was found at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A twin of its own.
    Plain,
    /// A federated twin.
    Federated(Manifest),
    /// Something that cannot be run, and why.
    Broken(String),
}

/// One twin that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Its name: the member's, with those of the federations around it before it.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What it does.
    pub role: String,
    /// Seats that must be ready before it starts.
    pub after: Vec<usize>,
    /// When it is ready.
    pub ready: Ready,
    /// Pipeline variables.
    pub variables: Vec<(String, String)>,
    /// How many times a failure is tried again.
    pub retries: u32,
    /// And what then.
    pub on_failure: OnFailure,
    /// What happens when its instance does not answer.
    pub if_away: IfAway,
    /// Why it cannot be started, if that is known before.
    pub problem: Option<String>,
}

/// Data that goes from some to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// The service that carries it.
    pub service: String,
    /// Topic, queue or measurement.
    pub via: String,
    /// Seats that send.
    pub from: Vec<usize>,
    /// Seats that receive.
    pub to: Vec<usize>,
    /// What goes over it.
    pub data: String,
}

/// A federation that can be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How its members belong together.
    pub kind: Kind,
    /// What it is.
    pub title: String,
    /// Who takes part.
    pub seats: Vec<Seat>,
    /// What goes between them.
    pub wires: Vec<Wire>,
    /// Services that it needs.
    pub services: Vec<String>,
    /// How many at once.
    pub rollout: Rollout,
}

impl Plan {
    /// A plan as it was written down when its run began. What could not be started then and can be
    /// now, by the plan as it would be `today`, can be.
    #[must_use]
    pub fn again(mut self, today: Option<&Self>) -> Self {
        for seat in self.seats.iter_mut().filter(|seat| seat.problem.is_some()) {
            let now = today.and_then(|today| today.seats.iter().find(|known| known.name == seat.name));
            if let Some(now) = now.filter(|now| now.problem.is_none()) {
                (seat.place, seat.problem) = (now.place.clone(), None);
            }
        }
        self
    }
}

/// What planning comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// These places have to be looked at first.
    Need(BTreeSet<Place>),
    /// It can be run.
    Ready(Plan),
    /// It cannot be.
    Wrong(Vec<String>),
}

/// Where instances are.
pub type Resolve<'a> = &'a dyn Fn(&Whereabouts) -> Result<Home, String>;

struct Planner<'a> {
    resolve: Resolve<'a>,
    found: &'a BTreeMap<Place, Found>,
    need: BTreeSet<Place>,
    wrong: Vec<String>,
    seats: Vec<Seat>,
    wires: Vec<Wire>,
    services: BTreeSet<String>,
}

/// Plans `manifest`, which was found at `root`. Ask again with more in `found` while it says that
/// it needs something.
#[must_use]
pub fn plan(root: &Place, manifest: &Manifest, resolve: Resolve<'_>, found: &BTreeMap<Place, Found>) -> Planned {
    let mut planner = Planner { resolve, found, need: BTreeSet::new(), wrong: Vec::new(), seats: Vec::new(), wires: Vec::new(), services: BTreeSet::new() };
    planner.take_in(manifest, root, "", &[], &mut vec![root.clone()]);
    let Planner { need, mut wrong, seats, wires, services, .. } = planner;
    if !wrong.is_empty() {
        return Planned::Wrong(wrong);
    }
    if !need.is_empty() {
        return Planned::Need(need);
    }
    let mut names = BTreeSet::new();
    wrong.extend(seats.iter().filter(|seat| !names.insert(seat.name.as_str())).map(|seat| format!("Two members have the name {}. Give one of them another.", seat.name)));
    debug_assert!(seats.iter().enumerate().all(|(number, seat)| seat.after.iter().all(|other| *other < number)), "seats come behind those they wait for");
    if wrong.is_empty() {
        Planned::Ready(Plan { kind: manifest.kind, title: manifest.title.clone(), seats, wires, services: services.into_iter().collect(), rollout: manifest.rollout })
    } else {
        Planned::Wrong(wrong)
    }
}

impl Planner<'_> {
    /// Seats all members of a manifest, none before those in `before`.
    fn take_in(&mut self, manifest: &Manifest, own: &Place, path: &str, before: &[usize], way: &mut Vec<Place>) {
        self.services.extend(manifest.services.iter().cloned());
        // Members are seated in an order in which those that are waited for come first.
        let mut seated: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut open: Vec<&Member> = manifest.members.iter().collect();
        while !open.is_empty() {
            let ready = |member: &&Member| member.after.iter().all(|name| seated.contains_key(name.as_str()));
            let (now, later): (Vec<&Member>, Vec<&Member>) = open.into_iter().partition(ready);
            if now.is_empty() {
                self.wrong.extend(ring_of(&later).map(|ring| format!("These members wait for each other: {}. Take one of them out of the other's “after”.", ring.join(" → "))));
                return;
            }
            for member in now {
                let after: Vec<usize> = member.after.iter().flat_map(|name| seated[name.as_str()].clone()).chain(before.iter().copied()).collect();
                let seats = self.seat(member, own, path, &after, way);
                if self.seats.len() > MOST {
                    self.wrong.push(format!("This federation has more than {MOST} members."));
                    return;
                }
                seated.insert(&member.name, seats);
            }
            open = later;
        }
        let all = |names: &[String]| names.iter().flat_map(|name| seated.get(name.as_str()).cloned().unwrap_or_default()).collect::<Vec<_>>();
        let wire = |link: &crate::manifest::Link| Wire { service: link.service.clone(), via: link.via.clone(), from: all(&link.from), to: all(&link.to), data: link.data.clone() };
        self.wires.extend(manifest.links.iter().map(wire));
    }

    /// Seats a member with its copies and what is below it; the numbers of the seats.
    fn seat(&mut self, member: &Member, own: &Place, path: &str, after: &[usize], way: &mut Vec<Place>) -> Vec<usize> {
        let swept = combinations(&member.sweep);
        let copies = if member.sweep.is_empty() { member.copies.unwrap_or(1) } else { u32::try_from(swept.len()).unwrap_or(u32::MAX) };
        let digits = copies.to_string().len();
        let mut seats = Vec::new();
        for number in 1..=copies {
            let combination = swept.get(number as usize - 1).cloned().unwrap_or_default();
            let name = match (&member.copies, combination.as_slice()) {
                (Some(_), _) => format!("{path}{}-{number:0digits$}", member.name),
                (None, []) => format!("{path}{}", member.name),
                (None, list) => format!("{path}{}-{}", member.name, list.iter().map(|(_, value)| plain(value)).collect::<Vec<_>>().join("-")),
            };
            let written = |text: &str| text.replace("{n}", &number.to_string());
            let home = match member.instances.as_slice() {
                [] => None,
                list => Some((self.resolve)(&list[(number as usize - 1) % list.len()])),
            };
            let (instance, common, mut problem) = match home {
                None => (own.instance.clone(), own.project.clone(), None),
                Some(Ok(home)) => (home.id, home.common, None),
                Some(Err(why)) => (String::new(), String::new(), Some(why)),
            };
            let place = Place { instance, project: member.project.clone().unwrap_or(common), twin: written(&member.twin), branch: member.branch.clone() };
            let found = if problem.is_some() { Some(&Found::Plain) } else { self.found.get(&place) };
            match found {
                None => {
                    self.need.insert(place);
                    continue;
                }
                Some(Found::Federated(manifest)) => {
                    if let Some(start) = way.iter().position(|known| *known == place) {
                        let names: Vec<&str> = way[start..].iter().chain([&place]).map(|place| place.twin.as_str()).collect();
                        self.wrong.push(format!("These federated twins are members of each other: {}. Leave one of them out.", names.join(" → ")));
                        continue;
                    }
                    let first = self.seats.len();
                    way.push(place.clone());
                    self.take_in(&manifest.clone(), &place, &format!("{name}/"), after, way);
                    way.pop();
                    seats.extend(first..self.seats.len());
                    continue;
                }
                Some(Found::Broken(why)) => problem = Some(why.clone()),
                Some(Found::Plain) => {}
            }
            seats.push(self.seats.len());
            self.seats.push(Seat {
                name,
                place,
                role: member.role.clone(),
                after: after.to_vec(),
                ready: member.ready.clone(),
                variables: member.variables.iter().map(|(key, value)| (key.clone(), written(value))).chain(combination).collect(),
                retries: member.retries,
                on_failure: member.on_failure,
                if_away: member.if_away,
                problem,
            });
        }
        seats
    }
}

/// All combinations of values, the last variable changing fastest.
fn combinations(sweep: &[(String, Vec<String>)]) -> Vec<Vec<(String, String)>> {
    let mut all = vec![Vec::new()];
    for (key, values) in sweep {
        all = all.into_iter().flat_map(|one: Vec<(String, String)>| values.iter().map(move |value| one.iter().cloned().chain([(key.clone(), value.clone())]).collect())).collect();
    }
    all
}

/// A value as a part of a name.
fn plain(value: &str) -> String {
    value.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '_' }).take(24).collect()
}

/// A way from a member back to itself by what they wait for, if there is one.
#[must_use]
pub fn ring_of(members: &[&Member]) -> Option<Vec<String>> {
    let by_name: BTreeMap<&str, &Member> = members.iter().map(|member| (member.name.as_str(), *member)).collect();
    let mut way: Vec<&str> = vec![members.first()?.name.as_str()];
    loop {
        let next = by_name.get(way.last()?)?.after.iter().find(|name| by_name.contains_key(name.as_str()))?;
        if let Some(start) = way.iter().position(|name| name == next) {
            return Some(way[start..].iter().chain([&next.as_str()]).map(|name| (*name).to_owned()).collect());
        }
        way.push(next);
    }
}

#[cfg(test)]
mod tests;
