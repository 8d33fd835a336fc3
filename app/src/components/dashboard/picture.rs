//! Values over an axis, drawn; and pictures that a run left.

use dashboard::{Panel, Source};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use super::Around;
use super::feed::Feed;
use crate::browser;
use crate::browser::panel::Picture;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;

/// A plot with what can be done with it.
pub fn picture(panel: &Panel, title: &str, feeds: &[Feed]) -> AnyView {
    let place = NodeRef::<Div>::new();
    let drawn: Cell<Option<Picture>> = Cell::new(None);
    let failed = RwSignal::new(None::<String>);
    let time = panel.series.iter().any(|series| matches!(series.source, Source::Topic { .. } | Source::Query { .. }));
    let counted = panel.series.iter().all(|series| matches!(series.source, Source::Log { .. }));
    let axis = panel.series.iter().find_map(|series| match &series.source {
        Source::Csv { x, .. } => x.clone(),
        _ => None,
    });
    let axis = axis.unwrap_or_else(|| if counted { "find".to_owned() } else { "x".to_owned() });
    let limits: Vec<f64> = panel.alarms.iter().flat_map(|alarm| [alarm.above, alarm.below]).flatten().collect();
    let sync = if time { "time" } else { axis.as_str() };
    let options = json!({ "time": time, "unit": panel.unit, "axis": axis, "low": panel.range.0, "high": panel.range.1, "alarms": limits, "sync": sync });
    // `null` is a number to the drawing; what is not there must not be there.
    let options: serde_json::Map<String, serde_json::Value> = options.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null()).collect();
    let options = serde_json::Value::Object(options).to_string();
    let (feeds, names) = (feeds.to_vec(), feeds.iter().map(|feed| feed.name.clone()).collect::<Vec<_>>());
    let shown = names.join(", ");
    Effect::new(move |_| {
        let Some(element) = place.get() else { return };
        let (names, options, feeds) = (names.clone(), options.clone(), feeds.clone());
        spawn_local(async move {
            match Picture::new(&element, &names, &options).await {
                Ok(picture) => {
                    for (place, feed) in feeds.iter().enumerate() {
                        feed.show_in(picture.clone(), place);
                    }
                    drawn.set(Some(picture));
                }
                Err(why) => {
                    let _ = failed.try_set(Some(why));
                }
            }
        });
    });
    let (of_table, of_image) = (format!("{title}.csv"), format!("{title}.png"));
    let here = move || drawn.peek(Clone::clone).flatten();
    let whole = move |_| here().iter().for_each(Picture::whole);
    let save = move |_| here().iter().for_each(|picture| browser::save(&of_table, picture.csv().as_bytes()));
    let image = move |_| here().iter().filter_map(Picture::image).for_each(|address| browser::save_from(&address, &of_image));
    view! {
        <div class="panel-plot" data-panel="" role="img" aria-label=format!("{shown} as a plot; “Save as a table” has the numbers") node_ref=place></div>
        {dynamic(move || failed.get().map(|why| view! { <p class="faint" role="status">{format!("The plot could not be drawn ({why}). Reload the page to try again.")}</p> }))}
        <div class="panel-acts">
            <button type="button" class="link" title="Drag to zoom, Shift and drag to move, Ctrl and wheel to zoom where you point" on:click=whole>"Show all"</button>
            <button type="button" class="link" on:click=save>"Save as a table"</button>
            <button type="button" class="link" on:click=image>"Save as a picture"</button>
        </div>
    }
    .into_any()
}

/// A picture that a run left.
pub fn image(path: String, title: String, around: Around) -> AnyView {
    let address: Cell<Option<Result<String, String>>> = Cell::new(None);
    Effect::new(move |_| {
        let (path, around) = (path.clone(), around.clone());
        spawn_local(async move {
            let kind = match path.rsplit('.').next().unwrap_or_default().to_lowercase().as_str() {
                "jpg" | "jpeg" => "image/jpeg",
                "webp" => "image/webp",
                "gif" => "image/gif",
                _ => "image/png",
            };
            let found = match (around.whose)(None) {
                Some(target) => target.file(&path).await.ok().flatten(),
                None => None,
            };
            let found = found.and_then(|bytes| browser::image_url(&bytes, kind));
            address.set(Some(found.ok_or_else(|| format!("The run has left no picture {path}."))));
        });
    });
    dynamic(move || match address.with(Clone::clone) {
        None => view! { <p class="faint">"Loading the picture"</p> }.into_any(),
        Some(Ok(address)) => view! { <img class="panel-image" src=address alt=title.clone()/> }.into_any(),
        Some(Err(why)) => view! { <p class="faint">{why}</p> }.into_any(),
    })
    .into_any()
}
