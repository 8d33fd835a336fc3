//! Assets that were collected for a new twin, of any instance, kept in this browser. Names only:
//! what they hold is asked for when it is needed.

use serde::{Deserialize, Serialize};
use twin::asset::Asset;

use crate::browser;

/// Under which name they are kept.
const PLACE: &str = "cart";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Where it is.
    pub instance: String,
    /// What it is.
    pub asset: Asset,
}

impl Item {
    /// Where it goes, below the folder of a twin: common ones below `common` (DTAAS.md §2.2).
    #[must_use]
    pub fn place(&self) -> String {
        match self.asset.owner {
            twin::asset::Owner::Private => self.asset.path(),
            twin::asset::Owner::Common => format!("common/{}", self.asset.path()),
        }
    }
}

/// What is collected, in the order in which it was.
#[must_use]
pub fn items() -> Vec<Item> {
    browser::remembered(PLACE).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Keeps these.
pub fn keep(items: &[Item]) {
    browser::remember(PLACE, &serde_json::to_string(items).unwrap_or_default());
}

/// Puts one in, or takes it out if it is there; whether it is in now.
pub fn toggle(item: &Item) -> bool {
    let mut all = items();
    let before = all.len();
    all.retain(|known| known != item);
    let added = all.len() == before;
    if added {
        all.push(item.clone());
    }
    keep(&all);
    added
}
