//! Bringing a newer version of a part in: file by file what would happen, and then one commit.

use compose::lock::Entry;
use compose::merge::hunks;
use gitlab::commits::FileDiff;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::diff_view::DiffView;
use crate::actions::update::{Step, Update, apply, plan};
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::parts::Standing;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::toast::Toasts;

/// A step as a difference of a file.
fn shown(update: &Update) -> FileDiff {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().and_then(|bytes| String::from_utf8(bytes.clone()).ok());
    let binary = [&update.here, &update.then].iter().any(|bytes| bytes.as_ref().is_some_and(|bytes| std::str::from_utf8(bytes).is_err()));
    let (old, new) = (text(&update.here).unwrap_or_default(), text(&update.then).unwrap_or_default());
    let diff = if binary { String::new() } else { hunks(&old, &new) };
    FileDiff {
        old_path: update.path.clone(),
        new_path: update.path.clone(),
        diff,
        new_file: update.here.is_none(),
        renamed_file: false,
        deleted_file: update.then.is_none(),
        too_large: None,
    }
}

/// The plan and the button.
#[component]
pub fn UpdateForm(client: Client, asset: Asset, entry: Entry, standing: Standing, done: Callback<()>) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let found: Cell<Option<Result<Vec<Update>, Problem>>> = Cell::new(None);
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let busy = RwSignal::new(false);
    let (client, asset, entry, standing) = (StoredValue::new(client), StoredValue::new(asset), StoredValue::new(entry), StoredValue::new_local(standing));
    let planning = plan(client.get_value(), asset.get_value(), entry.get_value(), standing.get_value());
    spawn_local(async move {
        found.set(Some(planning.await));
    });
    let go = move |_| {
        let Some(steps) = found.peek(|found| found.clone().and_then(Result::ok)).flatten() else { return };
        busy.set(true);
        problem.set(None);
        let path = entry.with_value(|entry| entry.path.clone());
        let applying = apply(client.get_value(), asset.get_value(), entry.get_value(), standing.get_value(), steps);
        spawn_local(async move {
            match applying.await {
                Ok(()) => {
                    toasts.good(format!("{path} is up to date."));
                    done.try_run(());
                }
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let body = dynamic(move || {
        found.with(|found| match found {
            None => view! { <Skeleton rows=3 label="Comparing both versions"/> }.into_any(),
            Some(Err(problem)) => view! { <Notice tone=Tone::Bad title=problem.title.clone() text=problem.advice.clone()/> }.into_any(),
            Some(Ok(steps)) => {
                let conflicts = steps.iter().filter(|step| step.step == Step::Conflict).count();
                let undecided: Vec<&str> = steps.iter().filter(|step| step.step == Step::Undecided).map(|step| step.path.as_str()).collect();
                let undecided = (!undecided.is_empty()).then(|| {
                    let text = format!("{}: changed on both sides and no text, or deleted on one. They stay as they are here, and the update is offered again until you copy or delete them by hand.", undecided.join(", "));
                    view! { <Notice tone=Tone::Bad title="Some files are left to you." text/> }
                });
                let kept = steps.iter().filter(|step| step.step == Step::Keep).count();
                let note = (conflicts > 0).then(|| {
                    let text = "Both sides changed the same lines. They are written with conflict marks, so that nothing is lost: settle them in the editor afterwards.";
                    view! { <Notice tone=Tone::Bad title=format!("{conflicts} files need a decision.") text/> }
                });
                let kept = (kept > 0).then(|| view! { <p class="faint">{format!("{kept} files that were changed only here stay as they are.")}</p> });
                let diffs: Vec<FileDiff> = steps.iter().filter(|step| !matches!(step.step, Step::Keep | Step::Undecided)).map(shown).collect();
                view! { {note}{undecided}<DiffView diffs/>{kept}<div class="actions"><button type="button" class="button" data-variant="primary" disabled=move || busy.get() on:click=go>"Bring it in"</button></div> }.into_any()
            }
        })
    });
    view! { <div class="update">{body}{dynamic(move || problem.with(|problem| problem.clone().map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> })))}</div> }
}
