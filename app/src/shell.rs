//! The document around the app.

use leptos::attr::custom::CustomAttribute;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::bootstrap::Bootstrap;
use crate::queries::ahead;

/// Where the built files are.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    /// Stylesheet.
    pub css: String,
    /// Module.
    pub js: String,
    /// The module that fetches pages, which the other one imports.
    pub split: String,
    /// WebAssembly.
    pub wasm: String,
    /// What a page that unfolds an address shows of it; it is public, so it says no more than the address.
    pub title: String,
    /// Where such a page learns how to show it, for embedded views.
    pub oembed: Option<String>,
    /// Path of the page, for what can be asked ahead.
    pub path: String,
    /// Whether a rebuilt site reloads the page.
    pub dev: bool,
}

/// JSON that may stand in a `<script>` element: no `<` can end it.
pub(crate) fn inert_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default().replace('<', "\\u003c")
}

/// Milliseconds that the app lets pass, once it is here, while the first rows come on screen: taking over a page keeps it from being drawn.
const ROWS: u32 = 50;

/// What a page that unfolds an address reads (ogp.me).
fn unfolded(name: &'static str, content: String) -> impl IntoView {
    leptos::html::meta().attr("property", name).content(content)
}

/// The whole document. The bootstrap travels as JSON that nothing executes.
pub fn shell() -> impl IntoView {
    let assets = use_context::<Assets>().unwrap_or_default();
    let known = use_context::<Bootstrap>().unwrap_or_default();
    let ahead = ahead::script(&assets.path, &known);
    let bootstrap = inert_json(&known);
    let nonce = use_nonce().map(|nonce| nonce.to_string());
    // A chunk or module that does not arrive (after an update, say) leaves a page that shows and
    // does nothing: the notice at its end says so.
    let boot = format!(
        "import init, {{ hydrate }} from '{}';\
         init({{ module_or_path: '{}' }}).then(() => Promise.race([globalThis.twinportRows, new Promise((done) => setTimeout(done, {ROWS}))])).then(() => {{ globalThis.twinportTaken = true; hydrate(); }}).catch((error) => {{ console.error(error); document.getElementById('boot-failed').hidden = false; }});",
        assets.js, assets.wasm
    );
    // While developing: the server goes away and comes back with what was changed.
    let again = "let was = true; setInterval(async () => { try { await fetch('/healthz'); if (!was) location.reload(); was = true; } catch { was = false; } }, 150);";
    let ahead = ahead.map(|ahead| view! { <script nonce=nonce.clone()>{ahead}</script> });
    let again = assets.dev.then(|| view! { <script nonce=nonce.clone()>{again}</script> });
    let theme = "try{const t=localStorage.getItem('theme');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}";
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <script nonce=nonce.clone()>{theme}</script>
                // Before anything that a script would wait for.
                {ahead}
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=assets.css.clone()/>
                <link rel="modulepreload" href=assets.js.clone() nonce=nonce.clone()/>
                <link rel="modulepreload" href=assets.split.clone() nonce=nonce.clone()/>
                <link rel="preload" href=assets.wasm.clone() r#as="fetch" crossorigin="anonymous"/>
                <script type="application/json" id="bootstrap" nonce=nonce.clone()>{bootstrap}</script>
                <script type="module" nonce=nonce>{boot}</script>
                {again}
                {unfolded("og:site_name", "Twinport".to_owned())}
                {unfolded("og:type", "website".to_owned())}
                {unfolded("og:title", assets.title.clone())}
                {unfolded("og:description", "Digital twins on every instance: find, run, watch and share them.".to_owned())}
                {assets.oembed.clone().map(|href| view! { <link rel="alternate" type="application/json+oembed" href=href title="A view of Twinport"/> })}
                <MetaTags/>
            </head>
            <body>
                <App/>
                <p id="boot-failed" class="boot-failed" role="alert" hidden>"Part of Twinport could not be loaded. It may just have been updated: reload the page."</p>
            </body>
        </html>
    }
}
