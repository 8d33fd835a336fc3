//! How an asset came to be: its commits, what each changed, and undoing one.

use gitlab::commits::{Commit, FileDiff};
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::diff_view::DiffView;
use super::problem_box::ProblemBox;
use crate::actions::changes::revert;
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::history::{SHOWN, changed, commits};
use crate::queries::{Load, Query, ask};
use crate::ui::cell::Cell;
use crate::ui::confirm::Confirm;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;
use crate::ui::toast::Toasts;

/// Differences here, and how many there are elsewhere, once they are known.
type Changed = Result<(Vec<FileDiff>, usize), Problem>;

/// What one commit changed here.
fn changes_of(client: Client, asset: Asset, commit: &Commit) -> AnyView {
    let found: Cell<Option<Changed>> = Cell::new(None);
    let sha = commit.id.clone();
    spawn_local(async move {
        found.set(Some(changed(client, asset, sha).await));
    });
    dynamic(move || {
        found.with(|found| match found {
            None => view! { <Skeleton rows=3 label="Loading the changes"/> }.into_any(),
            Some(Err(problem)) => view! { <p class="faint">{problem.title.clone()}</p> }.into_any(),
            Some(Ok((diffs, elsewhere))) => {
                let more = (*elsewhere > 0).then(|| view! { <p class="faint">{format!("The commit changed {elsewhere} more files outside this asset.")}</p> });
                view! { <DiffView diffs=diffs.clone() about="Lines that the commit changed"/>{more} }.into_any()
            }
        })
    })
    .into_any()
}

fn row(client: StoredValue<Client>, asset: StoredValue<Asset>, commit: Commit, undo: RwSignal<Option<Commit>>) -> AnyView {
    let opened = RwSignal::new(false);
    let shown = commit.clone();
    let body = dynamic(move || opened.get().then(|| changes_of(client.get_value(), asset.get_value(), &shown)));
    let merge = commit.parent_ids.len() > 1;
    let undone = commit.clone();
    view! {
        <li>
            <details on:toggle=move |_| opened.set(true)>
                <summary><span class="commit-title">{commit.title.clone()}</span><span class="faint">{format!("{} · {}", commit.author_name, browser::local_time(&commit.committed_date))}</span><code>{commit.short_id.clone()}</code></summary>
                {body}
                <p class="actions">
                    <button type="button" class="button" on:click=move |_| undo.set(Some(undone.clone()))>{if merge { "Undo this merge" } else { "Undo this commit" }}</button>
                </p>
            </details>
        </li>
    }
    .into_any()
}

/// The list.
#[component]
pub fn HistoryView(client: Client, asset: Asset) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let name = client.instance.name.clone();
    let (client, asset) = (StoredValue::new(client), StoredValue::new(asset));
    let found: Query<Vec<Commit>> = ask(|| (), move |()| commits(client.get_value(), asset.get_value()));
    let undo = RwSignal::new(None::<Commit>);
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        if undo.get().is_some() {
            open.set(true);
        }
    });
    let act = Callback::new(move |()| {
        let Some(commit) = undo.get_untracked() else { return };
        undo.set(None);
        let name = name.clone();
        let (client, owner) = (client.get_value(), asset.get_value().owner);
        spawn_local(async move {
            match revert(client, owner, commit.id).await {
                Ok(_) => {
                    toasts.good(format!("“{}” was undone on {name}.", commit.title));
                    found.refresh();
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
        });
    });
    let list = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=5 label="Loading the history"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(list) if list.is_empty() => view! { <Empty title="No commit touched this asset yet."/> }.into_any(),
        Load::Ready(list) => {
            let more = (list.len() >= SHOWN).then(|| view! { <p class="faint">{format!("The newest {SHOWN} commits.")}</p> });
            view! { <ol class="commits">{list.into_iter().map(|commit| row(client, asset, commit, undo)).collect_view()}</ol>{more} }.into_any()
        }
    });
    view! {
        {list}
        <Confirm
            open title="Undo this commit?" text="A new commit takes back everything that it changed, in other folders too. Nothing is lost: that commit can be undone as well."
            act="Undo" keep="Keep it" on_act=act
        />
    }
}
