//! The file that is being edited.

use compose::lint::Severity;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::run::bytes as size_words;

use super::buffer::{Buffer, State};
use super::buffers::Desk;
use crate::browser::desk::forget;
use crate::browser::sleep;
use crate::components::editor::{EditorView, Mark};
use crate::components::parts::{self, Editing};
use crate::components::problem_box::ProblemBox;
use crate::queries::checks::lint_later;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};

/// Milliseconds without a key after which the lint looks again.
const PAUSE: u32 = 400;

/// The word that the editor has for how bad something is.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// Path, and what can be done to the whole file.
fn head(desk: Desk, buffer: Buffer, form: RwSignal<bool>) -> AnyView {
    let (renaming, name) = (RwSignal::new(false), RwSignal::new(String::new()));
    let folder = desk.asset.with_value(twin::asset::Asset::path);
    let begin = move |_| {
        name.set(buffer.path.get_untracked());
        renaming.update(|now| *now = !*now);
    };
    let refused = {
        let folder = folder.clone();
        move || {
            let new = name.get();
            let taken = desk.buffers.peek(|all| all.iter().any(|other| other.path.get_untracked() == new && other.path != buffer.path)) == Some(true);
            if !new.starts_with(&format!("{folder}/")) || new.split('/').any(|part| part.is_empty() || part == "..") {
                Some(format!("A path within {folder}/ is needed, whole, without empty names."))
            } else if taken {
                Some("There is a file of that name.".to_owned())
            } else {
                None
            }
        }
    };
    let rename = {
        let refused = refused.clone();
        move || {
            if refused().is_none() {
                buffer.path.set(name.get_untracked());
                renaming.set(false);
            }
        }
    };
    let path = buffer.path;
    let has_form = move || path.with(|path| [".json", ".yml", ".yaml"].iter().any(|end| path.to_lowercase().ends_with(end)));
    let field = dynamic(move || {
        let (rename, refused) = (rename.clone(), refused.clone());
        renaming.get().then(|| {
            let enter = rename.clone();
            view! {
                <div class="field bar">
                    <label class="only-read" for="rename-file">"New path"</label>
                    <input id="rename-file" prop:value=name on:input=move |event| name.set(event_target_value(&event)) on:keydown=move |event| if event.key() == "Enter" { enter() }/>
                    <button type="button" class="button" on:click=move |_| rename()>"Use this name"</button>
                    {dynamic(move || refused().map(|why| view! { <p class="field-wrong" role="alert">{why}</p> }))}
                </div>
            }
        })
    });
    let toggle = dynamic(move || {
        has_form().then(
            || view! { <button type="button" class="button" aria-pressed=move || form.get().to_string() on:click=move |_| form.update(|form| *form = !*form)>"Form"</button> },
        )
    });
    view! {
        <div class="file-head">
            <h2>{path}</h2><span class="gap"></span>
            {toggle}
            <button type="button" class="button" on:click=begin>"Rename"</button>
            <button type="button" class="button" on:click=move |_| buffer.gone.update(|gone| *gone = !*gone)>{move || if buffer.gone.get() { "Keep it" } else { "Delete" }}</button>
        </div>
        {field}
    }
    .into_any()
}

/// The file.
#[component]
pub fn OpenFile(desk: Desk, number: usize) -> impl IntoView {
    let buffer = desk.buffers.peek(|buffers| buffers.get(number).copied()).flatten();
    let Some(buffer) = buffer else { return ().into_any() };
    let form = RwSignal::new(false);
    let marks: Cell<Vec<Mark>> = Cell::new(Vec::new());
    // The lint looks when nobody has typed for a moment.
    let round = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let (text, path) = (buffer.text.get(), buffer.path.get());
        let Some(project) = desk.checked.with(|checked| checked.as_ref().map(|checked| checked.project.clone())) else { return };
        let number = round.try_update_value(|round| {
            *round += 1;
            *round
        });
        spawn_local(async move {
            sleep(PAUSE).await;
            if round.try_get_value() != number {
                return;
            }
            let found = lint_later(project, path, text).await;
            if round.try_get_value() == number {
                marks.set(found.into_iter().map(|finding| (finding.line, word(finding.severity), finding.message)).collect());
            }
        });
    });
    let restored = dynamic(move || {
        let discard = move |_| {
            match buffer.was.get_untracked() {
                Some(was) => {
                    buffer.path.set(was);
                    buffer.gone.set(false);
                    if let Some(origin) = buffer.origin.peek(Clone::clone).flatten() {
                        buffer.text.set(origin.text);
                    }
                }
                None => {
                    buffer.gone.set(true);
                    forget(&desk.draft_name(&buffer.path.get_untracked()));
                }
            }
            buffer.restored.set(false);
        };
        buffer.restored.get().then(|| {
            view! {
                <Notice tone=Tone::Plain title="What you had typed here before was put back." text="It was not saved yet.">
                    <button type="button" class="button" on:click=move |_| buffer.restored.set(false)>"Go on with it"</button>
                    <button type="button" class="button" on:click=discard>"Throw it away"</button>
                </Notice>
            }
        })
    });
    let conflict = dynamic(move || buffer.theirs.with(Clone::clone).map(|theirs| parts::editing(Editing::Conflict(buffer, theirs))));
    let save = Callback::new(move |()| {
        if let Some(button) = document().get_element_by_id("save-files") {
            use wasm_bindgen::JsCast;
            button.unchecked_ref::<web_sys::HtmlElement>().click();
        }
    });
    let body = dynamic(move || match buffer.state.with(Clone::clone) {
        State::Closed | State::Coming => view! { <Skeleton rows=8 label="Opening the file"/> }.into_any(),
        State::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| desk.open(buffer.path.get_untracked(), None, None))/> }.into_any(),
        State::Binary(size) => {
            let words = format!("{} that are no text. It can be renamed, deleted, or replaced by another upload.", size_words(size as u64));
            view! { <Notice tone=Tone::Plain title="This file cannot be edited here." text=words/> }.into_any()
        }
        State::Text => {
            let path = buffer.path.get_untracked();
            let side = {
                let path = path.clone();
                dynamic(move || form.get().then(|| view! { <div class="fields panel parameters">{parts::editing(Editing::Form(path.clone(), buffer.text))}</div> }))
            };
            view! { <div class="editing">{side}<EditorView path text=buffer.text line=buffer.line.get_value() marks save/></div> }.into_any()
        }
    });
    let gone = dynamic(move || buffer.gone.get().then(|| view! { <p class="faint" role="status">"It goes when you save."</p> }));
    view! { {head(desk, buffer, form)}{gone}{conflict}{restored}{body} }.into_any()
}
