//! One file, as what it is: a model's card, a co-simulation's graph, a notebook, a table with a plot, a
//! picture, Markdown, or text with numbered lines.

use leptos::prelude::*;
use twin::asset::Asset;
use twin::csv::Table;
use twin::junit::is_report;
use twin::run::bytes as size_words;

use super::parts;
use super::table_view::TableView;
use crate::browser;
use crate::desks::Desk;
use crate::instances::Client;
use crate::ui::dynamic::dynamic;

/// Longer texts are cut here, and say so.
const MAX_LINES: usize = 2_000;

/// Whose file is shown, for what needs more than its bytes: other files beside it, and editing.
#[derive(Clone)]
pub struct Whose(pub Client, pub Asset);

fn ending(path: &str) -> String {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_lowercase()).unwrap_or_default()
}

/// Pictures; none of them can act in an `<img>`, SVG included (SECURITY.md §6).
#[must_use]
pub fn picture_kind(path: &str) -> Option<&'static str> {
    match ending(path).as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "gif" => Some("image/gif"),
        "webp" => Some("image/webp"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[component]
fn Lines(#[prop(into)] text: String) -> impl IntoView {
    let total = text.lines().count();
    let rows = text.lines().take(MAX_LINES).enumerate().map(|(index, line)| view! { <li id=format!("L{}", index + 1)><code>{line.to_owned()}</code></li> }).collect_view();
    view! {
        <div class="code" tabindex="0" role="region" aria-label="File content"><ol>{rows}</ol></div>
        {(total > MAX_LINES).then(|| view! { <p class="faint">{format!("The first {MAX_LINES} of {total} lines. Save the file to see the rest.")}</p> })}
    }
}

/// The name of the view that a text has beside its lines, if it has one.
fn special(path: &str, text: &str) -> Option<&'static str> {
    match ending(path).as_str() {
        "csv" | "tsv" => Table::parse(text).map(|_| "Table"),
        "md" => Some("Read"),
        "ipynb" => Some("Notebook"),
        "xml" => is_report(text).then_some("Tests"),
        // Whether it is a configuration is known for certain when its part has come.
        "json" => (text.contains("\"fmus\"") && (text.contains("\"connections\"") || text.contains("\"parameters\""))).then_some("Graph"),
        _ => None,
    }
}

fn drawn(path: &str, text: &str, name: &str) -> AnyView {
    let folder = path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    match ending(path).as_str() {
        "md" => parts::markdown(text.to_owned(), folder),
        "xml" => parts::fmu(text.as_bytes().to_vec(), true),
        "ipynb" => parts::notebook(text.to_owned(), folder),
        "json" => parts::graph(path.to_owned(), text.to_owned(), use_context::<Whose>().map(|Whose(client, asset)| (client, asset))),
        _ => Table::parse(text).map(|table| view! { <TableView table name=name.to_owned()/> }).into_any(),
    }
}

/// A text: what it says, or its lines.
fn text_view(path: String, text: String, name: String) -> AnyView {
    if text.is_empty() {
        return view! { <p class="faint">"This file is empty."</p> }.into_any();
    }
    let Some(label) = special(&path, &text) else { return view! { <Lines text/> }.into_any() };
    let source = RwSignal::new(false);
    let body = dynamic(move || if source.get() { view! { <Lines text=text.clone()/> }.into_any() } else { drawn(&path, &text, &name) });
    let button = move |value: bool, label: &'static str| view! { <button type="button" aria-pressed=move || (source.get() == value).to_string() on:click=move |_| source.set(value)>{label}</button> };
    view! { <div class="choice ways" role="group" aria-label="View">{button(false, label)}{button(true, "Source")}</div>{body} }.into_any()
}

/// The file.
#[component]
pub fn FileView(#[prop(into)] path: String, content: Vec<u8>) -> impl IntoView {
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let (saved, bytes) = (name.clone(), content.clone());
    let size = size_words(content.len() as u64);
    let mut editable = false;
    let body = if let Some(kind) = picture_kind(&path) {
        let address = browser::image_url(&content, kind);
        view! { <img class="picture" src=address alt=name.clone()/> }.into_any()
    } else if ending(&path) == "fmu" {
        parts::fmu(content, false)
    } else if let Ok(text) = String::from_utf8(content) {
        editable = true;
        text_view(path.clone(), text, name.clone())
    } else {
        view! { <p class="faint">"This file holds no text that can be shown. Save it to look at it with a program of its own."</p> }.into_any()
    };
    let edit = use_context::<Whose>().filter(|Whose(client, _)| editable && client.username.is_some()).map(|Whose(client, asset)| {
        let href = Desk::Edit(asset).at(&client.instance.id).with_file(&path);
        view! { <a class="button" href=href>"Edit"</a> }
    });
    view! {
        <section class="file" aria-label=format!("File {name}")>
            <div class="file-head">
                <h2>{path}</h2><span class="faint">{size}</span><span class="gap"></span>
                {edit}
                <button type="button" class="button" on:click=move |_| browser::save(&saved, &bytes)>"Save file"</button>
            </div>
            {body}
        </section>
    }
}
