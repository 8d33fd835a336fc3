//! The document around the app.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

/// Where the built files are.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    /// Stylesheet.
    pub css: String,
    /// Module.
    pub js: String,
    /// WebAssembly.
    pub wasm: String,
    /// Whether a rebuilt site reloads the page.
    pub dev: bool,
}

/// The whole document.
pub fn shell() -> impl IntoView {
    let assets = use_context::<Assets>().unwrap_or_default();
    view! { <p>{assets.css}{use_nonce()}</p> }
}
