//! How an asset came to be: its commits, what each changed, and undoing one.

use gitlab::commits::{Commit, FileDiff};
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::asset_table::route_of;
use super::diff_view::DiffView;
use super::problem_box::ProblemBox;
use crate::actions::changes::revert;
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::history::{SHOWN, changed, commits, since, versions};
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

/// One version: a way to look at it, and how the asset differs from it now.
fn version_row(client: StoredValue<Client>, asset: StoredValue<Asset>, name: String, kind: &'static str) -> AnyView {
    let found: Cell<Option<Result<Vec<FileDiff>, Problem>>> = Cell::new(None);
    let route = asset.with_value(|asset| route_of(&client.with_value(|client| client.instance.id.clone()), asset));
    let href = route.with_search(&format!("ref={}", percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC)));
    let version = name.clone();
    let compare = move |_| {
        let asking = since(client.get_value(), asset.get_value(), version.clone());
        spawn_local(async move {
            found.set(Some(asking.await));
        });
    };
    let body = dynamic(move || {
        found.with(|found| match found {
            None => ().into_any(),
            Some(Err(problem)) => view! { <p class="faint">{problem.title.clone()}</p> }.into_any(),
            Some(Ok(diffs)) => view! { <DiffView diffs=diffs.clone() about="Lines that differ from the version"/> }.into_any(),
        })
    });
    view! {
        <li><div class="version"><strong>{name}</strong>" "<span class="faint">{kind}</span><span class="gap"></span><a class="button" href=href>"Look at it"</a><button type="button" class="button" on:click=compare>"What differs now"</button></div>{body}</li>
    }
    .into_any()
}

/// Tags and branches.
fn versions_of(client: StoredValue<Client>, asset: StoredValue<Asset>) -> AnyView {
    let found = ask(|| (), move |()| versions(client.get_value(), asset.get_value()));
    dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=1 label="Loading versions"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(list) => view! { <ul class="versions-list">{list.into_iter().map(|(name, kind)| version_row(client, asset, name, kind)).collect_view()}</ul> }.into_any(),
    })
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
        <h2>"Commits"</h2>
        {list}
        <h2>"Versions"</h2>
        {versions_of(client, asset)}
        <Confirm
            open title="Undo this commit?" text="A new commit takes back everything that it changed, in other folders too. Nothing is lost: that commit can be undone as well."
            act="Undo" keep="Keep it" on_act=act
        />
    }
}
