//! The only door to the browser: requests, time, storage, scrolling, downloads. On the server
//! nothing here is ever called, save what says so.

pub mod address;
pub mod desk;
pub mod files;
pub mod logs;
pub mod number;
pub mod panel;
pub mod tab;
pub mod tell;

pub use files::{copy, forget_later, image_url, iso_now, open_beside, picture, save, save_from};

use gitlab::{Error, Request, Response};
use gloo_net::http::{Method, RequestBuilder};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::bootstrap::Bootstrap;

#[wasm_bindgen(inline_js = "export function load(url) { return import(url); }\n\
export function ahead(url) { const m = globalThis.twinportAhead, p = m && m.get(url); if (p) m.delete(url); return p; }\n\
export function channel() { return globalThis.twinportChannel ??= new BroadcastChannel('twinport'); }\n\
export function sheet(name) { return (globalThis.twinportSheets ??= {})[name] ??= new Promise((done) => { const link = document.createElement('link'); link.rel = 'stylesheet'; link.href = relative(name); link.onload = link.onerror = done; document.head.append(link); }); }\n\
export function call(module, name, ...rest) { return module[name](...rest); }\n\
export function relative(name) { return new URL(name, document.querySelector('script[type=module]') ? document.querySelector('link[rel=modulepreload]').href : location.href).href; }")]
extern "C" {
    #[wasm_bindgen(js_name = load)]
    fn load_module(url: &str) -> js_sys::Promise;
    #[wasm_bindgen(js_name = relative)]
    fn beside_app(name: &str) -> String;
    #[wasm_bindgen(js_name = channel)]
    fn tabs() -> web_sys::BroadcastChannel;
    #[wasm_bindgen(js_name = sheet)]
    fn bring_sheet(name: &str) -> js_sys::Promise;
    #[wasm_bindgen(js_name = ahead)]
    fn take_ahead(url: &str) -> Option<js_sys::Promise>;
    #[wasm_bindgen(js_name = call, variadic)]
    fn call_module(module: &JsValue, name: &str, rest: Vec<JsValue>) -> JsValue;
    #[wasm_bindgen(js_name = call)]
    fn draw_plot(module: &JsValue, name: &str, element: &JsValue, names: &JsValue, columns: &JsValue) -> JsValue;
}

/// What the document carries; the default on the server, where the context has it.
#[must_use]
pub fn read_bootstrap() -> Bootstrap {
    let text = leptos::prelude::document().get_element_by_id("bootstrap").and_then(|element| element.text_content());
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Ends a request that nobody waits for any more.
struct Abort(Option<web_sys::AbortController>);

impl Drop for Abort {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// The answer to what the document asked for ahead, if it did and it was a good one.
async fn asked_ahead(url: &str) -> Option<Response> {
    let parts = js_sys::Array::from(&JsFuture::from(take_ahead(url)?).await.ok()?);
    let pair = |pair: JsValue| {
        let text = |index| js_sys::Array::from(&pair).get(index).as_string().unwrap_or_default();
        (text(0), text(1))
    };
    let headers = js_sys::Array::from(&parts.get(1)).iter().map(pair).collect();
    Some(Response { status: status(&parts)?, headers, body: js_sys::Uint8Array::new(&parts.get(2)).to_vec() })
}

fn status(parts: &js_sys::Array) -> Option<u16> {
    parts.get(0).as_f64().map(|number| number as u16)
}

/// Under which the document keeps what it asked ahead: the address, and the body if there is one.
#[must_use]
pub fn ahead_key(url: &str, request: &Request) -> String {
    request.body.as_ref().map_or_else(|| url.to_owned(), |body| format!("{url} {body}"))
}

/// How a backend is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What comes before the address of a request.
    pub base: String,
    /// Whether this server passes requests on; it adds the token itself then.
    pub home: bool,
    /// The token; none for guests.
    pub token: Option<String>,
}

impl Way {
    /// A request on this way, with who asks.
    fn begin(&self, url: &str) -> RequestBuilder {
        let builder = RequestBuilder::new(url);
        if self.home {
            return builder.credentials(web_sys::RequestCredentials::SameOrigin).header("X-Twinport", "1");
        }
        let builder = builder.credentials(web_sys::RequestCredentials::Omit);
        match &self.token {
            Some(token) => builder.header("Authorization", &format!("Bearer {token}")),
            None => builder,
        }
    }
}

/// Sends `request` on `way`; `seconds` is all the time it has.
pub async fn send(way: &Way, request: &Request, seconds: u32) -> Result<Response, Error> {
    let controller = web_sys::AbortController::new().ok();
    let signal = controller.as_ref().map(web_sys::AbortController::signal);
    let mut abort = Abort(controller);
    let method = match request.method {
        gitlab::Method::Get => Method::GET,
        gitlab::Method::Post => Method::POST,
        gitlab::Method::Put => Method::PUT,
        gitlab::Method::Delete => Method::DELETE,
    };
    let url = format!("{}{}", way.base, request.url());
    let mut builder = way.begin(&url).method(method).cache(web_sys::RequestCache::NoCache).abort_signal(signal.as_ref());
    if let Some(from) = request.from_byte {
        builder = builder.header("Range", &format!("bytes={from}-"));
    }
    let built = match &request.body {
        Some(body) => builder.header("Content-Type", "application/json").body(body.to_string()),
        None => builder.build(),
    };
    let sending = async {
        if request.is_read()
            && let Some(response) = asked_ahead(&ahead_key(&url, request)).await
        {
            return Ok(response);
        }
        let answer = built.map_err(|_| Error::Unreachable)?.send().await.map_err(|_| Error::Unreachable)?;
        let headers = answer.headers().entries().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let body = answer.binary().await.map_err(|_| Error::Unreachable)?;
        Ok(Response { status: answer.status(), headers, body })
    };
    let limit = sleep(seconds * 1000);
    futures_util::pin_mut!(sending, limit);
    let outcome = match futures_util::future::select(sending, limit).await {
        futures_util::future::Either::Left((outcome, _)) => outcome,
        futures_util::future::Either::Right(..) => Err(Error::TimedOut),
    };
    if outcome.is_ok() {
        abort.0 = None;
    }
    outcome
}

/// `POST`s to this server, marked as ours; status and body, or nothing when it takes too long.
pub async fn post_home(url: &str) -> Option<(u16, String)> {
    let (asked, limit) = (post(url), sleep(HOME));
    futures_util::pin_mut!(asked, limit);
    match futures_util::future::select(asked, limit).await {
        futures_util::future::Either::Left((outcome, _)) => outcome,
        futures_util::future::Either::Right(..) => None,
    }
}

/// Asks this server, marked as ours; status and body, or nothing when it takes too long. Bringing a
/// project to a workspace may take a while.
pub async fn ask_home(method: &str, url: &str, body: Option<&serde_json::Value>) -> Option<(u16, String)> {
    let builder = RequestBuilder::new(url).method(if method == "GET" { Method::GET } else { Method::POST }).header("X-Twinport", "1");
    let built = match body {
        Some(body) => builder.header("Content-Type", "application/json").body(body.to_string()),
        None => builder.build(),
    };
    let (asked, limit) = (built.ok()?.send(), sleep(if body.is_some() { 13 * HOME } else { 3 * HOME }));
    futures_util::pin_mut!(asked, limit);
    match futures_util::future::select(asked, limit).await {
        futures_util::future::Either::Left((outcome, _)) => {
            let answer = outcome.ok()?;
            Some((answer.status(), answer.text().await.ok()?))
        }
        futures_util::future::Either::Right(..) => None,
    }
}

/// Milliseconds that this server has for an answer.
const HOME: u32 = 10_000;

async fn post(url: &str) -> Option<(u16, String)> {
    if let Some(promise) = take_ahead(url)
        && let Ok(parts) = JsFuture::from(promise).await
    {
        let parts = js_sys::Array::from(&parts);
        return Some((status(&parts)?, parts.get(1).as_string()?));
    }
    let answer = RequestBuilder::new(url).method(Method::POST).header("X-Twinport", "1").send().await.ok()?;
    Some((answer.status(), answer.text().await.ok()?))
}

/// Brings the stylesheet of all pages but the first, once. A page without it is plain and works.
pub async fn sheet() {
    let _ = JsFuture::from(bring_sheet("work.css")).await;
}

/// Waits.
pub async fn sleep(milliseconds: u32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds.try_into().unwrap_or(i32::MAX));
    });
    let _ = JsFuture::from(promise).await;
}

/// A number from 0 to 1 that nobody foresees.
#[must_use]
pub fn chance() -> f64 {
    js_sys::Math::random()
}

/// Milliseconds since 1970.
#[must_use]
pub fn now() -> f64 {
    js_sys::Date::now()
}

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened. Nobody puts this clock forward or back, so lengths of time are
    /// measured by it.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub fn ticks() -> f64;
}

/// An ISO 8601 time as milliseconds since 1970.
#[must_use]
pub fn parse_time(text: &str) -> Option<f64> {
    Some(js_sys::Date::parse(text)).filter(|time| !time.is_nan())
}

/// A time in the person's own zone and words.
#[must_use]
pub fn local_time(text: &str) -> String {
    let date = js_sys::Date::new(&JsValue::from_str(text));
    date.to_locale_string("en-GB", &JsValue::UNDEFINED).into()
}

/// A time of day in the person's own zone.
#[must_use]
pub fn clock(milliseconds: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(milliseconds));
    date.to_locale_time_string("en-GB").into()
}

/// A day in the person's own zone.
#[must_use]
pub fn clock_day(milliseconds: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(milliseconds));
    date.to_locale_date_string("en-GB", &JsValue::UNDEFINED).into()
}

/// Whether nobody is looking.
#[must_use]
pub fn is_hidden() -> bool {
    leptos::prelude::document().hidden()
}

/// Goes to another page of this server, for good.
pub fn leave_for(url: &str) {
    let _ = window().location().set_href(url);
}

/// What this browser remembers under `name`.
#[must_use]
pub fn remembered(name: &str) -> Option<String> {
    window().local_storage().ok().flatten()?.get_item(name).ok().flatten()
}

/// Remembers `text` under `name` in this browser; never anything that is secret.
pub fn remember(name: &str, text: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(name, text);
    }
}

/// `light`, `dark`, or nothing for what the system says.
#[must_use]
pub fn theme() -> Option<String> {
    remembered("theme")
}

/// Tells the other tabs.
pub fn tell_tabs(message: &str) {
    let _ = tabs().post_message(&JsValue::from_str(message));
}

/// Hears what other tabs tell, for as long as the page lives.
pub fn hear_tabs(mut heard: impl FnMut(String) + 'static) {
    use wasm_bindgen::JsCast;
    let listener = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        if let Some(message) = event.data().as_string() {
            heard(message);
        }
    });
    tabs().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
}

/// How far the top of `element` is above the top of the window, and how high the window is.
#[must_use]
pub fn above(element: &web_sys::Element) -> (f64, f64) {
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
    (-element.get_bounding_client_rect().top(), height)
}

/// How high an element is, in pixels.
#[must_use]
pub fn height(element: &web_sys::Element) -> f64 {
    element.get_bounding_client_rect().height()
}

/// Chooses a theme, and remembers it in this browser.
pub fn set_theme(theme: Option<&str>) {
    let storage = window().local_storage().ok().flatten();
    let root = leptos::prelude::document().document_element();
    match (theme, storage, root) {
        (Some(theme), storage, Some(root)) => {
            let _ = root.set_attribute("data-theme", theme);
            let _ = storage.map(|storage| storage.set_item("theme", theme));
        }
        (None, storage, Some(root)) => {
            let _ = root.remove_attribute("data-theme");
            let _ = storage.map(|storage| storage.remove_item("theme"));
        }
        _ => {}
    }
}

/// Scrolls so far down.
pub fn scroll_to(element: &web_sys::Element, top: i32) {
    element.set_scroll_top(top);
}

/// Opens a `<dialog>` above everything.
pub fn open_dialog(dialog: &web_sys::HtmlDialogElement) {
    let _ = dialog.show_modal();
}

/// Scrolls to the end.
pub fn scroll_to_end(element: &web_sys::Element) {
    element.set_scroll_top(element.scroll_height());
}

/// How far an element is scrolled, how high it is, and how high its content.
#[must_use]
pub fn scroll_state(element: &web_sys::Element) -> (i32, i32, i32) {
    (element.scroll_top(), element.client_height(), element.scroll_height())
}

/// Puts the cursor somewhere, for keyboards and screen readers.
pub fn focus(element: &web_sys::HtmlElement) {
    let _ = element.focus();
}

/// Marks the document as hydrated, for tests and measurements.
pub fn mark_ready() {
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-ready", "");
    }
}

/// Calls a function of one of our modules with two values; without the module nothing happens.
async fn run_module(module: &str, name: &str, first: &JsValue, second: &JsValue) {
    if let Ok(module) = JsFuture::from(load_module(&beside_app(module))).await {
        draw_plot(&module, name, first, second, &JsValue::UNDEFINED);
    }
}

/// Draws series over a common axis into `element`; the plotting library is loaded when it is
/// first needed.
pub async fn plot(element: &web_sys::Element, series: &[(String, Vec<f64>)]) -> Result<(), String> {
    let words = |error: JsValue| error.as_string().unwrap_or_else(|| "the plotting library could not be loaded".to_owned());
    let module = JsFuture::from(load_module(&beside_app("plot.js"))).await.map_err(words)?;
    let names: js_sys::Array = series.iter().map(|(name, _)| JsValue::from_str(name)).collect();
    let columns: js_sys::Array = series.iter().map(|(_, numbers)| JsValue::from(js_sys::Float64Array::from(numbers.as_slice()))).collect();
    draw_plot(&module, "draw", element, &names, &columns);
    Ok(())
}
