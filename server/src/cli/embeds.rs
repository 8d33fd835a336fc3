//! `twinport embed …`: what portals have signed, and taking it back; while the server runs, too.

use crate::config::Config;
use crate::embed::Grant;
use crate::embed::portals::{NAMES, maker};
use crate::store::Store;

use super::{Place, say};

async fn open(place: &Place) -> Result<(Config, Store), String> {
    let config = Config::load(place.config.as_deref()).map_err(|error| error.to_string())?;
    let store = Store::open(&config.server.session_store, &place.data).await?;
    Ok((config, store))
}

/// `twinport embed list`
pub async fn list(place: &Place) -> Result<(), String> {
    let (config, store) = open(place).await?;
    for portal in &config.embed.portal {
        for (name, body) in store.granted_by(&maker(&portal.id), chrono::Utc::now().timestamp()).await? {
            let Ok(grant) = serde_json::from_str::<Grant>(&body) else { continue };
            let until = chrono::DateTime::from_timestamp(grant.until, 0).map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default();
            let view = serde_json::to_value(grant.subject.view).ok().and_then(|view| view.as_str().map(str::to_owned)).unwrap_or_default();
            say(&format!("{name}\t{until}\t{view}\t{} at {}", grant.subject.project, grant.subject.instance))?;
        }
    }
    store.close().await;
    Ok(())
}

/// `twinport embed revoke NAME`
pub async fn revoke(place: &Place, name: &str) -> Result<(), String> {
    let (_, store) = open(place).await?;
    let unknown = || format!("nothing that a portal signed has the name {name}: `twinport embed list` says them all");
    let portal = name.strip_prefix(NAMES).and_then(|rest| rest.split_once(':')).map(|(portal, _)| portal).ok_or_else(unknown)?;
    let was = store.spend(name, &maker(portal)).await?;
    store.close().await;
    if was { say(&format!("{name} shows nothing more.")) } else { Err(unknown()) }
}
