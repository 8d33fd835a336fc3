//! The first wish to change something at a backend: the person is asked for the right to, in a tab
//! of its own, and what was begun goes on.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::routes::step_up_url;
use crate::session::Wish;

/// The dialog; it opens when a wish comes and closes when it is granted or given up.
#[component]
pub fn StepUp() -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let wanted = expect_context::<Wish>().backend();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match wanted.get() {
            Some(_) => browser::open_dialog(&dialog),
            None => dialog.close(),
        }
    });
    let name = move || {
        let id = wanted.get().unwrap_or_default();
        bootstrap.instances.iter().find(|instance| instance.backend == id).map_or(id, |instance| instance.name.clone())
    };
    let title = {
        let name = name.clone();
        move || format!("Allow changes on {}?", name())
    };
    let text = move || {
        format!(
            "So far Twinport may only look at {}. To go on it needs the right to start runs and to write there, in your name. A tab opens for your consent; this page waits and then goes on.",
            name()
        )
    };
    view! {
        <dialog node_ref=dialog class="dialog" aria-labelledby="step-up-title" on:close=move |_| wanted.set(None)>
            <h2 id="step-up-title">{title}</h2>
            <p>{text}</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| wanted.set(None)>"Not now"</button>
                <a class="button" data-variant="primary" target="_blank" rel="external opener" href=move || step_up_url(&wanted.get().unwrap_or_default())>"Allow"</a>
            </div>
        </dialog>
    }
}
