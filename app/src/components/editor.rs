//! A text to be edited: CodeMirror when it has come, a plain field until then and without it.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser::desk::Editor;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;

/// What stands in the margin: line, `error`, `warning` or `info`, words.
pub type Mark = (usize, &'static str, String);

/// The text of one file. `text` is what is in it; setting it from outside puts that in.
#[component]
pub fn EditorView(
    path: String,
    /// What is in it.
    text: RwSignal<String>,
    /// A line to be shown first.
    line: Option<u32>,
    /// What is marked.
    marks: Cell<Vec<Mark>>,
    /// Ctrl+S.
    save: Callback<()>,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let editor = StoredValue::new_local(None::<Editor>);
    // What the editor itself has said last, so that its own words are not put in again.
    let said = StoredValue::new(text.get_untracked());
    let plain = RwSignal::new(true);
    let name = path.clone();
    Effect::new(move |_| {
        let Some(element) = place.get() else { return };
        let path = path.clone();
        spawn_local(async move {
            let Some(first) = text.try_get_untracked() else { return };
            let changed = move |new: String| {
                let _ = said.try_set_value(new.clone());
                let _ = text.try_set(new);
            };
            let opened = Editor::open(&element, &path, &first, changed, move || save.run(())).await;
            let Some(opened) = opened else { return };
            // What was typed into the plain field meanwhile.
            if let Some(now) = text.try_get_untracked().filter(|now| *now != first) {
                opened.replace(&now);
            }
            if let Some(line) = line {
                opened.go(line);
            }
            marks.peek(|marks| opened.mark(marks));
            if editor.try_set_value(Some(opened)).is_none() {
                let _ = plain.try_set(false);
            }
        });
    });
    Effect::new(move |_| {
        let now = text.get();
        if said.with_value(|said| *said != now) {
            said.set_value(now.clone());
            editor.with_value(|editor| editor.as_ref().map(|editor| editor.replace(&now)));
        }
    });
    Effect::new(move |_| marks.with(|marks| editor.with_value(|editor| editor.as_ref().map(|editor| editor.mark(marks)))));
    let field = dynamic(move || {
        plain.get().then(|| {
            view! { <textarea class="editor-plain" aria-label=format!("Text of {name}") spellcheck="false" prop:value=text on:input=move |event| text.set(event_target_value(&event))></textarea> }
        })
    });
    view! { <div class="editor">{field}<div class="editor-rich" class:is-here=move || !plain.get() node_ref=place></div></div> }
}
