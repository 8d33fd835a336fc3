//! What a manifest names, looked up: instances by card and id, twins by their folders.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use gitlab::endpoint::ask;
use gitlab::repository::{ListTree, RawFile};
use gitlab::{Error, ProjectRef, Transport};
use twin::asset::Kind;

use crate::manifest::{FILE, Manifest, Whereabouts, read};
use crate::plan::{Found, Home, Place, Plan, Planned, plan};

/// Federations are in federations, but not deeper than this.
const DEEPEST: usize = 12;
/// Places that are looked at in the same moment.
const AT_ONCE: usize = 8;
/// Where a portal says what instances it has.
pub const CARD: &str = "/.well-known/dtaas-federation.json";

/// An instance that is known here.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its group and its project of common assets.
    pub common: (&'a str, &'a str),
    /// Portal and id that it was taken over from: `https://portal.example#id`.
    pub card: Option<&'a str>,
}

/// The instance that a manifest means, seen from the portal at `own`.
///
/// # Errors
/// What is not known here, and what helps.
pub fn home<'a>(mut known: impl Iterator<Item = Known<'a>> + Clone, own: &str, place: &Whereabouts) -> Result<Home, String> {
    let found = match &place.card {
        None => known.find(|instance| instance.id == place.id).ok_or_else(|| format!("No instance here has the id {}.", place.id)),
        Some(card) => {
            let portal = card.trim_end_matches('/').trim_end_matches(CARD).to_lowercase();
            let key = format!("{portal}#{}", place.id);
            let here = (portal == own).then(|| known.clone().find(|instance| instance.id == place.id)).flatten();
            here.or_else(|| known.find(|instance| instance.card == Some(key.as_str())))
                .ok_or_else(|| format!("The instance {} of {portal} is not known here. Whoever runs this portal can add it with “twinport import-card {portal}”.", place.id))
        }
    };
    found.map(|instance| Home { id: instance.id.to_owned(), common: format!("{}/{}", instance.common.0, instance.common.1) })
}

/// What is at a place, read from `branch`.
///
/// # Errors
/// What the backend said.
pub async fn at(transport: &impl Transport, place: &Place, branch: &str) -> Result<Found, Error> {
    let (project, folder) = (ProjectRef::path(&place.project), format!("{}/{}", Kind::Twin.folder(), place.twin));
    let tree = match ask(transport, &ListTree::new(project.clone(), &folder).at(branch)).await {
        Err(Error::NotFound { .. }) => return Ok(Found::Broken(format!("There is no twin {} in {}, or you may not see it.", place.twin, place.project))),
        tree => tree?.items,
    };
    if tree.is_empty() {
        return Ok(Found::Broken(format!("There is no twin {} in {}.", place.twin, place.project)));
    }
    if !tree.iter().any(|entry| entry.name == FILE) {
        return Ok(Found::Plain);
    }
    let bytes = ask(transport, &RawFile::new(project, format!("{folder}/{FILE}"), branch)).await?;
    Ok(match read(&String::from_utf8_lossy(&bytes)) {
        Ok(manifest) => Found::Federated(manifest),
        Err(faults) => Found::Broken(faults.first().map(|fault| format!("Its {FILE} cannot be used: {}", fault.message)).unwrap_or_default()),
    })
}

/// The plan of a federation with all that it is made of looked up; places of one depth are asked together, a few at a time.
///
/// # Errors
/// Everything that is wrong with it.
pub async fn planned(root: Place, manifest: Manifest, home: impl Fn(&Whereabouts) -> Result<Home, String>, look: impl AsyncFn(Place) -> Found) -> Result<Plan, Vec<String>> {
    let mut found = BTreeMap::from([(root.clone(), Found::Federated(manifest.clone()))]);
    for _ in 0..DEEPEST {
        match plan(&root, &manifest, &home, &found) {
            Planned::Ready(plan) => return Ok(plan),
            Planned::Wrong(why) => return Err(why),
            Planned::Need(places) => {
                let one = async |place: Place| (place.clone(), look(place).await);
                found.extend(stream::iter(places).map(one).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
            }
        }
    }
    Err(vec![format!("Its federations are more than {DEEPEST} deep.")])
}

#[cfg(test)]
mod tests {
    use super::{Known, Whereabouts, home};

    #[test]
    fn an_instance_is_meant_by_its_id_here_or_by_its_card() {
        let known = [Known { id: "a", common: ("g", "c"), card: None }, Known { id: "b", common: ("h", "common"), card: Some("https://lab.example#a") }];
        let meant = |card: Option<&str>, id: &str| {
            let place = Whereabouts { card: card.map(str::to_owned), id: id.to_owned() };
            home(known.iter().copied(), "https://own.example", &place).map(|home| format!("{} {}", home.id, home.common))
        };
        assert_eq!(meant(None, "a"), Ok("a g/c".to_owned()));
        assert_eq!(meant(Some("https://LAB.example/"), "a"), Ok("b h/common".to_owned()));
        assert_eq!(meant(Some("https://lab.example/.well-known/dtaas-federation.json"), "a"), Ok("b h/common".to_owned()));
        assert_eq!(meant(Some("https://own.example"), "a"), Ok("a g/c".to_owned()));
        assert!(meant(Some("https://own.example"), "c").is_err_and(|why| why.contains("import-card https://own.example")));
        assert!(meant(None, "c").is_err());
    }
}
