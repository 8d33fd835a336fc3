//! The files on the desk, and what can be done to each.

use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::buffer::Buffer;
use super::buffers::Desk;
use crate::browser::desk::read_files;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::toast::Toasts;

/// Larger uploads do not fit into one commit, in bytes.
const MOST: usize = 150 * 1024 * 1024;

/// Why a path cannot be that of a new file.
fn wrong(desk: Desk, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    if path.is_empty() {
        return Some("A file needs a name.");
    }
    if parts.iter().any(|part| part.is_empty() || *part == "." || *part == "..") || path.contains('\\') {
        return Some("A path is made of names with “/” between them.");
    }
    let full = format!("{}/{path}", desk.asset.with_value(Asset::path));
    let here: Vec<String> =
        desk.buffers.peek(|buffers| buffers.iter().filter(|buffer| !buffer.gone.get_untracked()).map(|buffer| buffer.path.get_untracked()).collect()).unwrap_or_default();
    if here.contains(&full) {
        return Some("There is a file of that name.");
    }
    let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    here.iter().any(|path| inside(path, &full) || inside(&full, path)).then_some("A file and a folder cannot have one name.")
}

fn row(desk: Desk, number: usize, buffer: Buffer) -> AnyView {
    let start = format!("{}/", desk.asset.with_value(Asset::path));
    let label = move || buffer.path.get().strip_prefix(&start).map_or_else(|| buffer.path.get(), str::to_owned);
    let mark = move || match (buffer.gone.get(), buffer.was.get().is_none(), buffer.is_changed()) {
        (true, ..) => Some(("gone", "deleted")),
        (_, true, _) => Some(("new", "new")),
        (.., true) => Some(("changed", "changed")),
        _ => None,
    };
    let tag = dynamic(move || mark().map(|(look, word)| view! { <span class="file-mark" data-look=look>{word}</span> }));
    let current = move || (desk.shown() == Some(number)).then_some("true");
    // A new file that is thrown away, and one whose deletion was saved, are no more.
    let hidden = move || buffer.gone.get() && buffer.was.get().is_none();
    view! {
        <li hidden=hidden><button type="button" class="file-link" aria-current=current on:click=move |_| desk.open(buffer.path.get_untracked(), None, None)><Picture icon=Icon::File/><span>{label}</span>{tag}</button></li>
    }
    .into_any()
}

/// The list, with a way to make files and to bring some.
#[component]
pub fn FileList(desk: Desk) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let (making, name) = (RwSignal::new(false), RwSignal::new(String::new()));
    let input = NodeRef::<Input>::new();
    let over = RwSignal::new(false);
    let refused = move || wrong(desk, name.get().trim()).filter(|_| !name.get().is_empty());
    let make = move || {
        let path = name.get_untracked().trim().to_owned();
        if wrong(desk, &path).is_none() {
            desk.create(format!("{}/{path}", desk.asset.with_value(Asset::path)), Vec::new());
            name.set(String::new());
            making.set(false);
        }
    };
    let bring = move |event: web_sys::Event| {
        over.set(false);
        spawn_local(async move {
            for (name, bytes) in read_files(&event).await {
                if !desk.is_there() {
                    return;
                }
                let full = format!("{}/{name}", desk.asset.with_value(Asset::path));
                let known = desk.buffers.peek(|buffers| buffers.iter().position(|buffer| buffer.path.get_untracked() == full && buffer.was.get_untracked().is_some())).flatten();
                if let Some(number) = known.filter(|_| bytes.len() <= MOST) {
                    desk.replace(number, bytes);
                    continue;
                }
                match (bytes.len() > MOST, wrong(desk, &name)) {
                    (true, _) => toasts.bad(format!("{name} is too large."), "One commit takes about 150 MB. Add it with git, or keep it in Git LFS."),
                    (_, Some(why)) => toasts.bad(format!("{name} was not taken. {why}"), "Rename it, or delete the other one first."),
                    _ => desk.create(format!("{}/{name}", desk.asset.with_value(Asset::path)), bytes),
                }
            }
        });
    };
    let field = dynamic(move || {
        making.get().then(|| {
            view! {
                <div class="field">
                    <label for="new-file">"Name of the new file"</label>
                    <input id="new-file" placeholder="lifecycle/execute" prop:value=name on:input=move |event| name.set(event_target_value(&event)) on:keydown=move |event| if event.key() == "Enter" { make() } autocomplete="off" spellcheck="false"/>
                    {move || refused().map(|why| view! { <p class="field-wrong" role="alert">{why}</p> })}
                    <button type="button" class="button" on:click=move |_| make()>"Make it"</button>
                </div>
            }
        })
    });
    let rows = dynamic(move || desk.buffers.with(|buffers| buffers.iter().enumerate().map(|(number, buffer)| row(desk, number, *buffer)).collect_view()));
    view! {
        <nav class="bench-files" aria-label="Files" data-over=move || over.get().then_some("") on:dragover=move |event| { event.prevent_default(); over.set(true); } on:dragleave=move |_| over.set(false) on:drop=move |event| bring(event.into())>
            <ul class="files">{rows}</ul>
            {field}
            <div class="actions">
                <button type="button" class="button" on:click=move |_| making.update(|making| *making = !*making)><Picture icon=Icon::Plus/>"New file"</button>
                <button type="button" class="button" on:click=move |_| { if let Some(input) = input.get_untracked() { input.click(); } }><Picture icon=Icon::Up/>"Upload"</button>
                <input type="file" multiple class="only-read" tabindex="-1" aria-label="Files to upload" node_ref=input on:change=bring/>
            </div>
            <p class="faint">"Files can be dropped here too."</p>
        </nav>
    }
}
