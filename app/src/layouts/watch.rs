//! Looks now and then how one's runs do at each instance, and writes it beside its square. It comes
//! when the page has long been there, and asks nothing while nobody looks, nor of an instance that is
//! muted or signed out.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use super::badge::{Badge, Badges};
use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::instances::Instances;
use crate::instances::gate::Health;
use crate::queries::badges::{Counts, counts};
use crate::routes::Route;

/// How often each instance is asked.
const EVERY: Duration = Duration::from_secs(60);
/// Under which it is kept until when somebody has seen what failed.
const SEEN: &str = "runs-seen";

/// Since when failures at an instance are news; from the first look on where nobody has ever looked.
fn seen(id: &str) -> f64 {
    let name = format!("{SEEN} {id}");
    let known = browser::remembered(&name).and_then(|text| text.parse().ok());
    known.unwrap_or_else(|| {
        browser::remember(&name, &browser::now().to_string());
        browser::now()
    })
}

fn words(counts: Counts) -> Option<Badge> {
    let runs = |count: usize| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    match counts {
        Counts { going: 0, failed: 0 } => None,
        Counts { going, failed: 0 } => Some(Badge { look: "active", count: going, words: format!("{} of yours going on", runs(going)) }),
        Counts { going: 0, failed } => Some(Badge { look: "bad", count: failed, words: format!("{} of yours failed since you looked", runs(failed)) }),
        Counts { going, failed } => Some(Badge { look: "bad", count: failed, words: format!("{} of yours failed since you looked, {} going on", runs(failed), runs(going)) }),
    }
}

/// The watch; it shows nothing itself.
#[component]
pub fn Watch(badges: Badges) -> impl IntoView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let muted = expect_context::<Memo<Vec<String>>>();
    let path = use_location().pathname;
    let look = move || {
        if browser::is_hidden() {
            return;
        }
        // Whoever is where runs are listed sees what failed.
        let here = match Route::parse(&path.get_untracked()) {
            Route::Runs { places } => Some(places),
            _ => None,
        };
        for instance in &bootstrap.instances {
            let Some(client) = instances.client(&instance.id).filter(|client| client.username.is_some()) else { continue };
            if here.as_ref().is_some_and(|places| places.has(&instance.id)) {
                browser::remember(&format!("{SEEN} {}", instance.id), &browser::now().to_string());
            }
            // One that is down is left alone by its gate, and asked again when that opens.
            let out = untrack(|| instances.healths.of(&instance.backend)) == Some(Health::SignedOut);
            if out || muted.with_untracked(|muted| muted.contains(&instance.id)) {
                badges.set(&instance.id, None);
                continue;
            }
            let id = instance.id.clone();
            spawn_local(async move {
                // What could not be asked is said by the square's mark; no number is better than an old one.
                badges.set(&id, counts(client, seen(&id)).await.ok().and_then(words));
            });
        }
    };
    let look = StoredValue::new_local(look);
    let now = move || {
        let _ = look.try_with_value(|look| look());
    };
    Effect::new(move |_| {
        now();
        if let Ok(timer) = set_interval_with_handle(now, EVERY) {
            on_cleanup(move || timer.clear());
        }
    });
    Effect::new(move |before: Option<bool>| {
        let listed = matches!(Route::parse(&path.get()), Route::Runs { .. });
        if listed && before.is_some() {
            now();
        }
        listed
    });
}
