//! Panels: pictures of series that may be long or alive (`public/js/panel.js`).

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{beside_app, call_module, load_module};

async fn module() -> Result<JsValue, String> {
    let words = |error: JsValue| error.as_string().unwrap_or_else(|| "the plotting library could not be loaded".to_owned());
    JsFuture::from(load_module(&beside_app("panel.js"))).await.map_err(words)
}

/// One picture.
#[derive(Clone)]
pub struct Picture {
    module: JsValue,
    panel: JsValue,
}

fn array(numbers: &[f64]) -> JsValue {
    js_sys::Float64Array::from(numbers).into()
}

impl Picture {
    /// In `element`, of series with these names; `options` is JSON that `panel.js` reads.
    pub async fn new(element: &web_sys::Element, names: &[String], options: &str) -> Result<Self, String> {
        let module = module().await?;
        let names: js_sys::Array = names.iter().map(|name| JsValue::from_str(name)).collect();
        let panel = call_module(&module, "make", vec![element.clone().into(), names.into(), JsValue::from_str(options)]);
        Ok(Self { module, panel })
    }

    fn act(&self, name: &str, rest: impl IntoIterator<Item = JsValue>) -> JsValue {
        call_module(&self.module, name, std::iter::once(self.panel.clone()).chain(rest).collect())
    }

    /// All values of a series, in order of `x`.
    pub fn set(&self, series: usize, x: &[f64], y: &[f64]) {
        self.act("set", [JsValue::from(series as u32), array(x), array(y)]);
    }

    /// One more value of a series.
    pub fn push(&self, series: usize, x: f64, y: f64) {
        self.act("push", [JsValue::from(series as u32), x.into(), y.into()]);
    }

    /// Back to all of the axis.
    pub fn whole(&self) {
        self.act("whole", []);
    }

    /// What it shows, as a table.
    pub fn csv(&self) -> String {
        self.act("csv", []).as_string().unwrap_or_default()
    }

    /// What it shows, as the address of a picture.
    pub fn image(&self) -> Option<String> {
        self.act("picture", []).as_string()
    }
}

/// The numbers that an expression with one pair of brackets finds in the lines of a text.
///
/// # Errors
/// Why the expression cannot be used.
pub async fn matches(text: &str, pattern: &str) -> Result<Vec<f64>, String> {
    // An expression that cannot be read throws, which would end the app.
    js_sys::RegExp::new_with_result(pattern)?;
    let found = call_module(&module().await?, "matches", vec![JsValue::from_str(text), JsValue::from_str(pattern)]);
    Ok(js_sys::Float64Array::new(&found).to_vec())
}

trait Checked {
    fn new_with_result(pattern: &str) -> Result<(), String>;
}

impl Checked for js_sys::RegExp {
    fn new_with_result(pattern: &str) -> Result<(), String> {
        let arguments = js_sys::Array::of1(&JsValue::from_str(pattern));
        let constructor: js_sys::Function = js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("RegExp")).map_err(|_| String::new())?.unchecked_into();
        let made = js_sys::Reflect::construct(&constructor, &arguments);
        made.map(|_| ()).map_err(|error| error.dyn_into::<js_sys::Error>().map_or_else(|_| "it is no expression".to_owned(), |error| String::from(error.message())))
    }
}

/// Brings lines from an address of this server to `hear`, over broken connections, until it says `false`.
pub async fn follow(url: &str, hear: impl FnMut(String) -> bool + 'static) {
    if let Ok(module) = module().await {
        let hear = Closure::<dyn FnMut(String) -> bool>::new(hear).into_js_value();
        call_module(&module, "follow", vec![JsValue::from_str(url), hear]);
    }
}
