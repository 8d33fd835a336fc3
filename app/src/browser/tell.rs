//! Notifications for somebody who looks elsewhere (`public/js/tell.js`).

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{beside_app, call_module, load_module};

async fn module() -> Option<JsValue> {
    JsFuture::from(load_module(&beside_app("tell.js"))).await.ok()
}

/// Asks whether the person may be told; why not, in a sentence.
///
/// # Errors
/// What stands in the way, and what helps.
pub async fn allow() -> Result<(), &'static str> {
    let Some(module) = module().await else { return Err("This part of the app could not be loaded. Try again.") };
    let answer = JsFuture::from(js_sys::Promise::from(call_module(&module, "allow", Vec::new()))).await.ok().and_then(|answer| answer.as_string());
    match answer.as_deref() {
        Some("granted") => Ok(()),
        Some("absent") => Err("This browser shows no notifications here. It does on pages with https."),
        _ => Err("Notifications of this site are switched off. Allow them in the browser's settings of this site, and try again."),
    }
}

/// Tells it.
pub async fn tell(title: &str, body: &str) {
    if let Some(module) = module().await {
        call_module(&module, "tell", vec![JsValue::from_str(title), JsValue::from_str(body)]);
    }
}
