//! Somebody else saved the file meanwhile: both changes, and what becomes of them.

use compose::merge::{Merged, hunks, three_way};
use gitlab::commits::FileDiff;
use leptos::prelude::*;

use super::buffer::{Buffer, Origin, Theirs};
use crate::components::diff_view::DiffView;
use crate::ui::dynamic::dynamic;
use crate::ui::notice::{Notice, Tone};

fn change(path: &str, old: &str, new: &str) -> FileDiff {
    let diff = hunks(old, new);
    FileDiff { old_path: path.to_owned(), new_path: path.to_owned(), diff, new_file: false, renamed_file: false, deleted_file: false, too_large: None }
}

/// The choice. Whatever is chosen, saving is then guarded by what they saved.
#[component]
pub fn Conflict(buffer: Buffer, theirs: Theirs) -> impl IntoView {
    // Whoever types on meanwhile loses nothing of it: what is put together is what stands there then.
    dynamic(move || choice(buffer, theirs.clone(), buffer.text.get()))
}

fn choice(buffer: Buffer, theirs: Theirs, mine: String) -> AnyView {
    let path = buffer.path.get_untracked();
    let base = buffer.origin.peek(|origin| origin.as_ref().map(|origin| origin.text.clone())).flatten().unwrap_or_default();
    let merged = three_way(&base, &mine, &theirs.text);
    let (clean, both) = match merged {
        Merged::Clean(text) => (true, text),
        Merged::Conflict(text) => (false, text),
    };
    let (of_theirs, of_mine) = (change(&path, &base, &theirs.text), change(&path, &base, &mine));
    let other = theirs.text.clone();
    let settle = move |text: Option<String>| {
        buffer.origin.set(Some(Origin { text: theirs.text.clone(), since: theirs.since.clone() }));
        if let Some(text) = text {
            buffer.text.set(text);
        }
        buffer.theirs.set(None);
    };
    let (take_both, take_mine, take_theirs) = (settle.clone(), settle.clone(), settle);
    let text = if clean {
        "The two changes touch different lines and go together."
    } else {
        "Both changed the same lines. Put together, the text has both versions between marks, for you to choose."
    };
    view! {
        <Notice tone=Tone::Bad title="Somebody else saved this file while you changed it." text=text>
            <button type="button" class="button" data-variant="primary" on:click=move |_| take_both(Some(both.clone()))>"Put both together"</button>
            <button type="button" class="button" on:click=move |_| take_mine(None)>"Keep mine"</button>
            <button type="button" class="button" on:click=move |_| take_theirs(Some(other.clone()))>"Take theirs"</button>
        </Notice>
        <div class="versions">
            <section><h3>"Their change"</h3><DiffView diffs=vec![of_theirs] about="Their change"/></section>
            <section><h3>"Your change"</h3><DiffView diffs=vec![of_mine] about="Your change"/></section>
        </div>
    }
    .into_any()
}
