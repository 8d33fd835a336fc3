//! One file, as what it is: a table with a plot, a picture, Markdown, or text with numbered lines.

use leptos::prelude::*;
use twin::csv::Table;
use twin::run::bytes as size_words;

use super::parts;
use super::table_view::TableView;
use crate::browser;

/// Longer texts are cut here, and say so.
const MAX_LINES: usize = 2_000;

fn ending(path: &str) -> String {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_lowercase()).unwrap_or_default()
}

/// Pictures that cannot act; SVG could.
fn picture_kind(path: &str) -> Option<&'static str> {
    match ending(path).as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "gif" => Some("image/gif"),
        "webp" => Some("image/webp"),
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

/// The file.
#[component]
pub fn FileView(#[prop(into)] path: String, content: Vec<u8>) -> impl IntoView {
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let (saved, bytes) = (name.clone(), content.clone());
    let body = if let Some(kind) = picture_kind(&path) {
        let address = browser::image_url(&content, kind);
        view! { <img class="picture" src=address alt=name.clone()/> }.into_any()
    } else if let Ok(text) = String::from_utf8(content.clone()) {
        let folder = path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
        match (ending(&path).as_str(), Table::parse(&text)) {
            ("csv" | "tsv", Some(table)) => view! { <TableView table name=name.clone()/> }.into_any(),
            ("md", _) => parts::markdown(text, folder),
            _ if text.is_empty() => view! { <p class="faint">"This file is empty."</p> }.into_any(),
            _ => view! { <Lines text/> }.into_any(),
        }
    } else {
        view! { <p class="faint">"This file holds no text that can be shown. Save it to look at it with a program of its own."</p> }.into_any()
    };
    view! {
        <section class="file" aria-label=format!("File {name}")>
            <div class="file-head">
                <h2>{path}</h2><span class="faint">{size_words(content.len() as u64)}</span><span class="gap"></span>
                <button type="button" class="button" on:click=move |_| browser::save(&saved, &bytes)>"Save file"</button>
            </div>
            {body}
        </section>
    }
}
