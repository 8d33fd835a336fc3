//! A question before something that cannot be taken back.

use leptos::html::Dialog;
use leptos::prelude::*;

/// A dialog with a way out and the act itself.
#[component]
pub fn Confirm(
    /// Set to open it; it sets itself back.
    open: RwSignal<bool>,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    #[prop(into)] act: String,
    #[prop(into)] keep: String,
    on_act: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        if let (true, Some(dialog)) = (open.get(), dialog.get()) {
            crate::browser::open_dialog(&dialog);
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let heading = format!("confirm-{}", act.to_lowercase().replace(' ', "-"));
    let named_by = heading.clone();
    view! {
        <dialog node_ref=dialog class="dialog" aria-labelledby=named_by on:close=move |_| open.set(false)>
            <h2 id=heading>{title}</h2>
            <p>{text}</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close()>{keep}</button>
                <button type="button" class="button" data-variant="danger" on:click=move |_| { close(); on_act.run(()); }>{act}</button>
            </div>
        </dialog>
    }
}
