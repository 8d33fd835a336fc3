//! Signing out.

use crate::browser;
use crate::routes::{Route, logout_url};
use crate::session;

/// Signs out of backends, tells the other tabs, and goes to the front page.
pub async fn sign_out(backends: Vec<String>) {
    for backend in backends {
        let _ = browser::post_home(&logout_url(&backend)).await;
        session::forget(&backend);
        browser::tell_tabs(&format!("out {backend}"));
    }
    browser::leave_for(&Route::Home.to_string());
}
