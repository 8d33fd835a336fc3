//! How an asset came to be: its commits, what each changed, and undoing one.

use gitlab::commits::{Commit, FileDiff};
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::asset_table::route_of;
use super::diff_view::DiffView;
use super::problem_box::ProblemBox;
use crate::actions::changes::{revert, tag};
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
use crate::ui::notice::{Notice, Tone};
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
        Load::Ready(list) => {
            let signed_in = client.with_value(|client| client.username.is_some());
            view! { <ul class="versions-list">{list.into_iter().map(|(name, kind)| version_row(client, asset, name, kind)).collect_view()}</ul>{signed_in.then(|| new_version(client, asset, found))} }.into_any()
        }
    })
    .into_any()
}

/// Makes a version: a tag of the whole project, which is what GitLab has.
fn new_version(client: StoredValue<Client>, asset: StoredValue<Asset>, found: Query<Vec<(String, &'static str)>>) -> AnyView {
    let toasts = expect_context::<Toasts>();
    let (name, message, busy) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(false));
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let make = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        if busy.get_untracked() || wanted.is_empty() {
            return;
        }
        let making = tag(client.get_value(), asset.get_value().owner, wanted, message.get_untracked().trim().to_owned());
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match making.await {
                Ok(made) => {
                    toasts.good(format!("The version {} was made.", made.name));
                    found.refresh();
                }
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <details class="new-version">
            <summary>"New version"</summary>
            <form class="fields panel" on:submit=make>
                <p class="faint">"A tag names the project as it is now, with all that is in it. Copies and links can then name this version."</p>
                <div class="field"><label for="version-name">"Name"</label><input id="version-name" autocomplete="off" spellcheck="false" placeholder="v1.0" prop:value=name on:input=move |event| name.set(event_target_value(&event))/></div>
                <div class="field"><label for="version-message">"What is new"</label><textarea id="version-message" rows="3" prop:value=message on:input=move |event| message.set(event_target_value(&event))></textarea></div>
                {dynamic(move || problem.with(|problem| problem.clone().map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> })))}
                <div class="actions"><button class="button" data-variant="primary" disabled=move || busy.get() || name.get().trim().is_empty()>"Make it"</button></div>
            </form>
        </details>
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
