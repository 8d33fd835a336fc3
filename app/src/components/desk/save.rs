//! Saving: what would be, in words of one's own, as a commit or as a wish for one.

use compose::merge::has_marks;
use gitlab::commits::Commit;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::buffers::Desk;
use crate::actions::changes::revert;
use crate::actions::edit::{Edit, Outcome, Saved, save};
use crate::components::parts::{self, Editing};
use crate::desks;
use crate::problem::Problem;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::notice::{Notice, Tone};
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

fn plain(edits: &[(usize, Edit)]) -> Vec<Edit> {
    edits.iter().map(|(_, edit)| edit.clone()).collect()
}

/// A message that says what was done, until somebody writes a better one.
fn usual(edits: &[Edit], asset: &str) -> String {
    let name = |edit: &Edit| edit.path().rsplit('/').next().unwrap_or_default().to_owned();
    match edits {
        [one] => {
            let verb = match one {
                Edit::Create { .. } => "Add",
                Edit::Write { from, to, .. } if from != to => "Rename",
                Edit::Write { .. } => "Update",
                Edit::Delete { .. } => "Delete",
            };
            format!("{verb} {} of {asset}", name(one))
        }
        many => format!("Change {} files of {asset}", many.len()),
    }
}

/// The bar.
#[component]
pub fn SaveBar(
    desk: Desk,
    /// Opens all files anew.
    again: Callback<()>,
) -> impl IntoView {
    let (toasts, onward) = (expect_context::<Toasts>(), Onward::here());
    let (message, reviewing, busy, offer) = (RwSignal::new(String::new()), RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let done: Cell<Option<Commit>> = Cell::new(None);
    let count = Memo::new(move |_| desk.changed());
    let unsettled = move || desk.buffers.with(|all| all.iter().any(|buffer| buffer.theirs.with(Option::is_some)));
    let marked = move || desk.buffers.with(|all| all.iter().filter(|buffer| buffer.text.with(|text| has_marks(text))).map(|buffer| buffer.path.get()).next());
    let go = {
        move |_| {
            if busy.get_untracked() || count.get_untracked() == 0 || unsettled() {
                return;
            }
            let (client, asset, edits) = (desk.client.get_value(), desk.asset.get_value(), desk.edits());
            let typed = message.get_untracked();
            let words = if typed.trim().is_empty() { usual(&plain(&edits), &asset.name) } else { typed };
            let as_request = offer.get_untracked();
            busy.set(true);
            problem.set(None);
            spawn_local(async move {
                let instance = client.instance.id.clone();
                let outcome = save(client, asset.owner, words, plain(&edits), as_request).await;
                if !desk.is_there() {
                    return;
                }
                match outcome {
                    Ok(Saved::Done(Outcome::Written(commit))) => {
                        desk.settle(&edits, &commit.id);
                        let _ = message.try_set(String::new());
                        done.set(Some(commit));
                    }
                    Ok(Saved::Done(Outcome::Offered(number))) => {
                        desk.forget_sent(&edits);
                        onward.to(&desks::Desk::Change(asset.owner, number).at(&instance).to_string());
                    }
                    Ok(Saved::Conflict(others)) => desk.conflicts(others),
                    Err(error) => {
                        problem.set(Some(error));
                    }
                }
                let _ = busy.try_set(false);
            });
        }
    };
    let undo = move |commit: Commit| {
        let (client, owner) = (desk.client.get_value(), desk.asset.with_value(|asset| asset.owner));
        spawn_local(async move {
            match revert(client, owner, commit.id).await {
                Ok(_) => {
                    toasts.good("Undone.");
                    done.set(None);
                    again.try_run(());
                }
                Err(error) => toasts.bad(error.title, error.advice),
            }
        });
    };
    let said = dynamic(move || {
        done.with(Clone::clone).map(|commit| {
            let words = format!("“{}” is commit {}.", commit.title, commit.short_id);
            view! { <Notice tone=Tone::Plain title="Saved." text=words><button type="button" class="button" disabled=move || count.get() != 0 on:click=move |_| undo(commit.clone())>"Undo"</button></Notice> }
        })
    });
    let wrong = dynamic(move || problem.with(Clone::clone).map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> }));
    // Texts, names and deletions are kept in this browser; bytes are too many for that.
    let uploads = move || desk.buffers.with(|all| all.iter().any(|buffer| buffer.is_changed() && buffer.bytes.with_value(Option::is_some)));
    let kept = dynamic(move || uploads().then(|| view! { <p class="faint" role="status">"Uploaded files are kept on this page only: save before you leave it."</p> }));
    let warning = dynamic(move || marked().map(|path| view! { <p class="field-wrong" role="status">{format!("{path} still has conflict marks.")}</p> }));
    let review = dynamic(move || (reviewing.get() && count.get() > 0).then(|| parts::editing(Editing::Review(desk))));
    let placeholder = move || {
        if count.get() == 0 {
            return "What was changed, for the history".to_owned();
        }
        usual(&plain(&desk.edits()), &desk.asset.with_value(|asset| asset.name.clone()))
    };
    view! {
        {wrong}{said}
        <div class="save-bar">
            <span role="status">{move || match count.get() { 0 => "Nothing changed yet".to_owned(), 1 => "1 file changed".to_owned(), many => format!("{many} files changed") }}</span>
            <label class="save-message"><span class="only-read">"What was changed, for the history"</span><input placeholder=placeholder prop:value=message on:input=move |event| message.set(event_target_value(&event))/></label>
            <label class="tick"><input type="checkbox" prop:checked=offer on:change=move |event| offer.set(event_target_checked(&event))/>"As a merge request"</label>
            <button type="button" class="button" aria-pressed=move || reviewing.get().to_string() disabled=move || count.get() == 0 on:click=move |_| reviewing.update(|now| *now = !*now)>"Review"</button>
            <button type="button" id="save-files" class="button" data-variant="primary" disabled=move || busy.get() || count.get() == 0 || unsettled() on:click=go>{move || if busy.get() { "Saving" } else { "Save" }}</button>
        </div>
        {kept}{warning}{review}
    }
}
