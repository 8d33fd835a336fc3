//! Signing out.

use futures_util::future::join_all;

use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::instances::gate::{Health, Healths};
use crate::queries::fan;
use crate::routes::{Route, logout_url};
use crate::session;
use crate::ui::toast::Toasts;

/// Signs out of backends (each with what it is called), tells the other tabs, and goes to the front page; where this
/// server did not do it, says so and stays.
pub async fn sign_out(backends: Vec<(String, String)>, (bootstrap, healths): (Bootstrap, Healths), toasts: Toasts) {
    let bootstrap = &bootstrap;
    let ask = |(backend, name): (String, String)| async move {
        // 401 and 404: there is nobody to sign out any more.
        let done = matches!(browser::post_home(&logout_url(&backend)).await, Some((200..300 | 401 | 404, _)));
        if done {
            session::forget(&backend);
            fan::forget(bootstrap, &backend);
            healths.note(&backend, Health::SignedOut);
            browser::tell_tabs(&format!("out {backend}"));
        }
        (name, done)
    };
    let left: Vec<String> = join_all(backends.into_iter().map(ask)).await.into_iter().filter(|(_, done)| !done).map(|(name, _)| name).collect();
    if left.is_empty() {
        return browser::leave_for(&Route::Home.to_string());
    }
    let names = left.join(", ");
    toasts
        .bad(format!("You are still signed in to {names}."), "The Twinport server did not answer. Try again; if it stays so, close the browser and tell whoever runs the server.");
}
