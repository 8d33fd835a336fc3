//! Signing out.

use crate::browser;
use crate::routes::{Route, logout_url};
use crate::session;

/// Signs out of a backend and goes to the front page.
pub async fn sign_out(backend: String) {
    let _ = browser::post_home(&logout_url(&backend)).await;
    session::forget(&backend);
    browser::leave_for(&Route::Home.to_string());
}
