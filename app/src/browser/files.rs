//! What goes from the page to the person: files, copies, pictures.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// Hands bytes to the person as a file.
pub fn save(name: &str, bytes: &[u8]) {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence(&parts) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(link) = leptos::prelude::document().create_element("a").map(|link| link.unchecked_into::<web_sys::HtmlAnchorElement>()) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    let _ = web_sys::Url::revoke_object_url(&url);
}

/// Hands what is at an address of ours to the person as a file.
pub fn save_from(address: &str, name: &str) {
    if let Ok(link) = leptos::prelude::document().create_element("a").map(|link| link.unchecked_into::<web_sys::HtmlAnchorElement>()) {
        link.set_href(address);
        link.set_download(name);
        link.click();
    }
}

/// Lets go of what is at an address of ours, once whoever took it has had the time to.
pub fn forget_later(address: String) {
    leptos::task::spawn_local(async move {
        super::sleep(60_000).await;
        let _ = web_sys::Url::revoke_object_url(&address);
    });
}

/// Opens what is at an address of ours beside this page.
pub fn open_beside(address: &str) {
    let _ = window().open_with_url_and_target(address, "_blank");
}

/// Puts text where it can be pasted; `false` when the browser does not let us.
pub async fn copy(text: &str) -> bool {
    JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// An address under which an image out of `bytes` can be shown.
#[must_use]
pub fn image_url(bytes: &[u8], kind: &str) -> Option<String> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    web_sys::Url::create_object_url_with_blob(&blob).ok()
}

/// An address of a picture that is written in base64.
#[must_use]
pub fn picture(kind: &str, base64: &str) -> Option<String> {
    let text = window().atob(base64).ok()?;
    let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
    image_url(&bytes, kind)
}

/// Now, in ISO 8601.
#[must_use]
pub fn iso_now() -> String {
    js_sys::Date::new_0().to_iso_string().into()
}

/// Places for pictures in `element`, with the paths of their files.
#[must_use]
pub fn pictures_in(element: &web_sys::Element) -> Vec<(web_sys::Element, String)> {
    let Ok(found) = element.query_selector_all("[data-file]") else { return Vec::new() };
    let spots = (0..found.length()).filter_map(|number| found.get(number)?.dyn_into::<web_sys::Element>().ok());
    let path = |spot: &web_sys::Element| spot.get_attribute("data-file").map(|path| percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned());
    spots.filter_map(|spot| path(&spot).map(|path| (spot, path))).collect()
}

/// Puts a picture where its words are, which become its description.
pub fn show_picture(spot: &web_sys::Element, bytes: &[u8], kind: &str) {
    let (Some(address), Ok(image)) = (image_url(bytes, kind), leptos::prelude::document().create_element("img")) else { return };
    let _ = image.set_attribute("src", &address);
    let _ = image.set_attribute("alt", &spot.text_content().unwrap_or_default());
    let _ = image.set_attribute("class", "picture");
    spot.replace_children_with_node_1(&image);
}

/// Tells the page around us how tall we are, and takes its theme.
pub async fn live_in_frame(parents: &[String], theme: Option<&str>) {
    let parents: js_sys::Array = parents.iter().map(|parent| wasm_bindgen::JsValue::from_str(parent)).collect();
    super::run_module("embed.js", "live", &parents, &theme.map_or(wasm_bindgen::JsValue::NULL, wasm_bindgen::JsValue::from_str)).await;
}
