//! What people want to remember of a run: a line, and a pin. It is the pipeline's name on its backend, so everybody
//! who may see the run sees it, anywhere.

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Owner;
use twin::run::{named, note};

use crate::actions::runs::rename;
use crate::browser;
use crate::instances::Client;
use crate::ui::toast::Toasts;

/// The note with a way to change it. `name` is the pipeline's; `done` is called after a change.
pub fn run_note(client: Client, owner: Owner, pipeline: i64, name: Option<String>, done: Callback<()>) -> AnyView {
    let toasts = expect_context::<Toasts>();
    let (pinned, words) = note(name.as_deref().unwrap_or_default());
    let shown = (!words.is_empty()).then(|| view! { <span class="note">{words.to_owned()}</span> });
    if client.username.is_none() {
        return view! { {shown} }.into_any();
    }
    let (text, pin) = (RwSignal::new(words.to_owned()), RwSignal::new(pinned));
    let dialog = NodeRef::<Dialog>::new();
    let open = move |_| dialog.get_untracked().iter().for_each(browser::open_dialog);
    let close = move || dialog.get_untracked().iter().for_each(|dialog| dialog.close());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (client, name) = (client.clone(), named(pin.get_untracked(), &text.get_untracked()));
        spawn_local(async move {
            match rename(client, owner, pipeline, name).await {
                Ok(()) => {
                    close();
                    done.run(());
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
        });
    };
    let word = if words.is_empty() && !pinned { "Add a note" } else { "Change the note" };
    view! {
        {pinned.then(|| view! { <span class="tag">"Pinned"</span> })}{shown}
        <button type="button" class="button" data-variant="quiet" on:click=open>{word}</button>
        <dialog node_ref=dialog class="dialog" aria-labelledby="run-note">
            <h2 id="run-note">"What to remember of this run"</h2>
            <form on:submit=save>
                <label class="field"><span>"Note"</span><input type="text" maxlength="200" prop:value=text on:input=move |event| text.set(event_target_value(&event))/></label>
                <label class="check"><input type="checkbox" prop:checked=pin on:change=move |event| pin.set(event_target_checked(&event))/>"Pin it: it can be found under “Pinned”"</label>
                <p class="faint">"It becomes the name of the pipeline on its backend. Whoever may see the run sees it."</p>
                <div class="actions"><button type="button" class="button" on:click=move |_| close()>"Leave as it was"</button><button type="submit" class="button" data-variant="primary">"Save"</button></div>
            </form>
        </dialog>
    }
    .into_any()
}
