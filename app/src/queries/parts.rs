//! What a twin's lock says, against what its sources and the twin have now.

use compose::lock::{Entry, FILE, Lock, Source};
use gitlab::Error;
use gitlab::endpoint::ask;
use gitlab::repository::RawFile;
use twin::asset::{Asset, Owner};

use super::copy::{Snapshot, snapshot_of};
use crate::bootstrap::Bootstrap;
use crate::instances::{Client, Instances};
use crate::problem::Problem;

/// The lock of a twin, if it has one.
pub async fn lock_of(client: Client, asset: Asset) -> Result<Option<Lock>, Problem> {
    let path = format!("{}/{FILE}", asset.path());
    match ask(&client, &RawFile::new(client.project(asset.owner), &path, client.branch())).await {
        Ok(bytes) => Lock::parse(&String::from_utf8_lossy(&bytes)).map(Some).map_err(|why| Problem {
            title: format!("{path} {why}."),
            advice: "Mend it in the editor; nothing else of the twin depends on it.".to_owned(),
            sign_in: false,
        }),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(Problem::new(&error, &format!("read {path}"), &client.instance.name)),
    }
}

/// Who can ask a source: the configured instance that its project belongs to.
#[must_use]
pub fn whose(bootstrap: &Bootstrap, instances: &Instances, source: &Source) -> Option<(Client, Owner)> {
    let clients = bootstrap.instances.iter().filter_map(|instance| instances.client(&instance.id));
    let fits = |client: Client| {
        let owner = client.owners().iter().find(|owner| client.backend.url == source.backend && client.project_path(**owner).eq_ignore_ascii_case(&source.project)).copied();
        owner.map(|owner| (client, owner))
    };
    clients.filter_map(fits).next()
}

/// How a part stands.
#[derive(Clone)]
pub struct Standing {
    /// Whether the twin still has it.
    pub there: bool,
    /// Whether the source has something newer; nothing when the source has it no more.
    pub newer: Option<bool>,
    /// Whether it was changed in the twin.
    pub changed: bool,
    /// What the twin has.
    pub here: Option<Snapshot>,
    /// What the source has, and who asks it.
    pub source: (Client, Owner, Option<Snapshot>),
}

/// Looks at both ends.
pub async fn stand(client: Client, asset: Asset, from: Client, owner: Owner, entry: Entry) -> Result<Standing, Problem> {
    let fail = |error: Error| Problem::new(&error, &format!("look for something newer than {}", entry.path), &from.instance.name);
    let place = format!("{}/{}", asset.path(), entry.path);
    let here = snapshot_of(&client, asset.owner, &place, &client.branch()).await.map_err(fail)?;
    let there = snapshot_of(&from, owner, &entry.source.path, &from.branch()).await.map_err(fail)?;
    let changed = here.as_ref().is_some_and(|here| here.tree != entry.tree) && entry.rewritten.is_empty();
    let newer = there.as_ref().map(|there| there.tree != entry.tree);
    Ok(Standing { there: here.is_some(), newer, changed, here, source: (from, owner, there) })
}
