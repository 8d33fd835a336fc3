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
use crate::queries::Query;
use crate::queries::run::RunView;
use crate::ui::dynamic::dynamic;
use crate::ui::toast::Toasts;

/// The note with a way to change it. It is made once for a page: what is typed stays while the run goes on.
pub fn run_note(client: Client, owner: Owner, view_of: Signal<RunView>, query: Query<RunView>) -> AnyView {
    let toasts = expect_context::<Toasts>();
    let known = move || view_of.with(|view| note(view.parent.name.as_deref().unwrap_or_default()).0);
    let words = move || view_of.with(|view| note(view.parent.name.as_deref().unwrap_or_default()).1.to_owned());
    let shown = dynamic(move || {
        let words = words();
        view! { {known().then(|| view! { <span class="tag">"Pinned"</span> })}{(!words.is_empty()).then(|| view! { <span class="note">{words}</span> })} }
    });
    if client.username.is_none() {
        return view! { {shown} }.into_any();
    }
    let (text, pin) = (RwSignal::new(String::new()), RwSignal::new(false));
    let dialog = NodeRef::<Dialog>::new();
    let open = move |_| {
        text.set(untrack(words));
        pin.set(untrack(known));
        dialog.get_untracked().iter().for_each(browser::open_dialog);
    };
    // Also asked for when the page is gone.
    let close = move || dialog.try_get_untracked().flatten().iter().for_each(|dialog| dialog.close());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (client, name) = (client.clone(), named(pin.get_untracked(), &text.get_untracked()));
        let pipeline = view_of.with_untracked(|view| view.parent.id.0);
        spawn_local(async move {
            match rename(client, owner, pipeline, name).await {
                Ok(()) => {
                    close();
                    query.refresh();
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
        });
    };
    let label = move || if words().is_empty() && !known() { "Add a note" } else { "Change the note" };
    view! {
        {shown}
        <button type="button" class="button" data-variant="quiet" on:click=open>{label}</button>
        <dialog node_ref=dialog class="dialog" aria-labelledby="run-note">
            <h2 id="run-note">"What to remember of this run"</h2>
            <form class="fields" on:submit=save>
                <label class="field"><span>"Note"</span><input type="text" maxlength="200" prop:value=text on:input=move |event| text.set(event_target_value(&event))/></label>
                <label class="tick"><input type="checkbox" prop:checked=pin on:change=move |event| pin.set(event_target_checked(&event))/>"Pin it: it can be found under “Pinned”"</label>
                <p class="faint">"It becomes the name of the pipeline on its backend. Whoever may see the run sees it."</p>
                <div class="actions"><button type="button" class="button" on:click=move |_| close()>"Leave as it was"</button><button type="submit" class="button" data-variant="primary">"Save"</button></div>
            </form>
        </dialog>
    }
    .into_any()
}
