//! The browser's part in editing: the editor's own library, files that are dropped or chosen, drafts.

use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{beside_app, load_module};

#[wasm_bindgen(inline_js = "export function openEditor(m, e, p, t, c, s) { return m.open(e, p, t, c, s); }\n\
export function replaceText(m, v, t) { m.replace(v, t); }\n\
export function goToLine(m, v, n) { m.go(v, n); }\n\
export function markLines(m, v, l) { m.mark(v, l); }\n\
export function findText(m, v) { m.find(v); }\n\
export function closeEditor(m, v) { m.close(v); }\n\
export function filesOf(event) { return [...(event.dataTransfer ?? event.target).files]; }")]
extern "C" {
    #[wasm_bindgen(js_name = openEditor)]
    fn js_open(module: &JsValue, element: &JsValue, path: &str, text: &str, changed: &JsValue, save: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = replaceText)]
    fn js_replace(module: &JsValue, view: &JsValue, text: &str);
    #[wasm_bindgen(js_name = goToLine)]
    fn js_go(module: &JsValue, view: &JsValue, line: u32);
    #[wasm_bindgen(js_name = markLines)]
    fn js_mark(module: &JsValue, view: &JsValue, list: &JsValue);
    #[wasm_bindgen(js_name = findText)]
    fn js_find(module: &JsValue, view: &JsValue);
    #[wasm_bindgen(js_name = closeEditor)]
    fn js_close(module: &JsValue, view: &JsValue);
    #[wasm_bindgen(js_name = filesOf)]
    fn files_of(event: &web_sys::Event) -> js_sys::Array;
}

/// An open editor; it closes when it is let go.
pub struct Editor {
    module: JsValue,
    view: JsValue,
    _changed: Closure<dyn FnMut(String)>,
    _save: Closure<dyn FnMut()>,
}

impl Editor {
    /// Opens one in `element`; nothing when its library does not arrive, and a plain field has to do.
    pub async fn open(element: &web_sys::Element, path: &str, text: &str, changed: impl FnMut(String) + 'static, save: impl FnMut() + 'static) -> Option<Self> {
        let module = JsFuture::from(load_module(&beside_app("editor.js"))).await.ok()?;
        let changed = Closure::<dyn FnMut(String)>::new(changed);
        let save = Closure::<dyn FnMut()>::new(save);
        let view = js_open(&module, element, path, text, changed.as_ref(), save.as_ref());
        Some(Self { module, view, _changed: changed, _save: save })
    }

    /// Puts another text in.
    pub fn replace(&self, text: &str) {
        js_replace(&self.module, &self.view, text);
    }

    /// Shows a line, from 1.
    pub fn go(&self, line: u32) {
        js_go(&self.module, &self.view, line);
    }

    /// Marks lines: number, `error`, `warning` or `info`, and words.
    pub fn mark(&self, findings: &[(usize, &'static str, String)]) {
        let list: js_sys::Array =
            findings.iter().map(|(line, severity, words)| js_sys::Array::of3(&JsValue::from_f64(*line as f64), &JsValue::from_str(severity), &JsValue::from_str(words))).collect();
        js_mark(&self.module, &self.view, &list);
    }

    /// Opens its search.
    pub fn find(&self) {
        js_find(&self.module, &self.view);
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        js_close(&self.module, &self.view);
    }
}

/// Files that somebody chose or dropped: names and bytes.
pub async fn read_files(event: &web_sys::Event) -> Vec<(String, Vec<u8>)> {
    event.prevent_default();
    let mut found = Vec::new();
    for file in files_of(event).iter() {
        let file: web_sys::File = file.unchecked_into();
        if let Ok(bytes) = JsFuture::from(file.array_buffer()).await {
            found.push((file.name(), js_sys::Uint8Array::new(&bytes).to_vec()));
        }
    }
    found
}

/// Lets go of what this browser remembers under `name`.
pub fn forget(name: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.remove_item(name);
    }
}

/// Asks before the page is left, while `when` says so.
pub fn guard_leaving(when: impl Fn() -> bool + 'static) -> impl FnOnce() {
    let ask = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        if when() {
            event.prevent_default();
        }
    });
    let _ = window().add_event_listener_with_callback("beforeunload", ask.as_ref().unchecked_ref());
    move || {
        let _ = window().remove_event_listener_with_callback("beforeunload", ask.as_ref().unchecked_ref());
    }
}
