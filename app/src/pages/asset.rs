//! One asset: README, files, history, and what can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use twin::asset::Asset;
use twin::plain::plain;

use super::later::version;
use crate::components::asset_table::route_of;
use crate::components::file_view::Whose;
use crate::components::parts;
use crate::components::problem_box::ProblemBox;
use crate::desks::Desk;
use crate::instances::Client;
use crate::places::Places;
use crate::queries::twin::{Contents, file};
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::tabs::{Tab, Tabs};

/// Name, short text, where it is.
#[component]
pub fn AssetHead(client: Client, asset: Asset, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let list = Route::Library { places: Places::one(&client.instance.id), kind: Some(asset.kind) };
    let edit = client.username.is_some().then(|| Desk::Edit(asset.clone()).at(&client.instance.id).to_string());
    let query = use_location().query;
    let bench = (client.username.is_some() && client.instance.workspace).then(|| {
        let (desk, project, folder) = (Desk::Workspace.at(&client.instance.id), client.project_path(asset.owner), asset.path());
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let project = encode(&project);
        move || desk.with_search(&format!("project={project}&path={}", encode(&query.get().get("file").unwrap_or_else(|| folder.clone()))))
    });
    view! {
        <Title text=asset.name.clone()/>
        <nav class="crumbs" aria-label="Path"><a href=list.to_string()>{asset.kind.plural()}</a></nav>
        <div class="page-head">
            <h1>{plain(&asset.name)}</h1>
            <span class="tag" data-variant=asset.owner.word()>{asset.owner.label()}</span>
            <span class="gap"></span>
            {bench.map(|href| view! { <a class="button" data-variant="quiet" href=href>"Open in workspace"</a> })}
            {edit.map(|href| view! { <a class="button" href=href><Picture icon=Icon::Pen/>"Edit"</a> })}
            {children.map(|children| children())}
        </div>
    }
}

/// The files of an asset, and the one that the address names.
#[component]
pub fn Files(client: Client, asset: Asset, files: Vec<String>) -> impl IntoView {
    let query = use_location().query;
    let chosen = Memo::new(move |_| query.get().get("file"));
    let start = format!("{}/", asset.path());
    let old = version()().map(|old| format!("&ref={}", percent_encoding::utf8_percent_encode(&old, percent_encoding::NON_ALPHANUMERIC))).unwrap_or_default();
    let (stored, of) = (StoredValue::new(client), StoredValue::new(asset));
    let content = ask(
        move || chosen.get(),
        move |path| {
            // Now, while the page is there; what is asked for may be polled when it is not.
            let (client, asset) = (stored.get_value(), of.get_value());
            async move {
                match path {
                    Some(path) => file(client, asset, path.clone()).await.map(|bytes| Some((path, bytes))),
                    None => Ok(None),
                }
            }
        },
    );
    let rows = files.into_iter().map(|path| {
        let label = plain(path.strip_prefix(&start).unwrap_or(&path));
        let href = format!("?file={}{old}", percent_encoding::utf8_percent_encode(&path, percent_encoding::NON_ALPHANUMERIC));
        let current = move || (chosen.get().as_deref() == Some(path.as_str())).then_some("true");
        view! { <li><a class="file-link" href=href aria-current=current><Picture icon=Icon::File/><span>{label}</span></a></li> }
    });
    let rows = rows.collect_view();
    let preview = dynamic(move || match content.state.get() {
        Load::Loading => view! { <Skeleton rows=6 label="Loading the file"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| content.refresh())/> }.into_any(),
        Load::Ready(Some((path, content))) => parts::file(path, content),
        Load::Ready(None) => view! { <Empty title="Choose a file to see it here."/> }.into_any(),
    });
    view! { <div class="results"><nav aria-label="Files"><ul class="files">{rows}</ul></nav><div class="preview">{preview}</div></div> }
}

/// The README, or what stands in for it.
#[component]
pub fn Readme(asset: Asset, contents: Contents) -> impl IntoView {
    match contents.readme {
        Some(text) => parts::markdown(text, asset.path()),
        None => view! { <Empty title="No README yet" text=format!("Add {}/README.md to the repository to say what this is and how to use it.", asset.path())/> }.into_any(),
    }
}

/// What an asset that is no twin shows under each of its tabs.
#[component]
fn Body(client: Client, asset: Asset, contents: Contents) -> impl IntoView {
    let tab = |key: &'static str, label: &str| Tab { key, label: label.to_owned() };
    let files = format!("Files ({})", contents.files.len());
    // What has no README is its files.
    let usual = if contents.readme.is_some() { "about" } else { "files" };
    view! { <AssetTabs client asset contents first=usual before=vec![tab("about", "About"), tab("files", &files)] special=|_, _, _| None/> }
}

/// What a page of its own shows under a tab.
type Special = fn(&'static str, &Client, &Asset) -> Option<AnyView>;

/// The tabs of an asset; `special` knows those that only some have.
#[component]
pub fn AssetTabs(client: Client, asset: Asset, contents: Contents, first: &'static str, before: Vec<Tab>, special: Special) -> impl IntoView {
    // Files and words are those of the version; what is done is done to what is now.
    let old = version()();
    let shown = client.clone().at(old.clone());
    provide_context(Whose(shown.clone(), asset.clone()));
    let now = route_of(&client.instance.id, &asset).to_string();
    let notice = old.map(|old| {
        let title = format!("This is how it was at {old}.");
        view! { <Notice tone=Tone::Plain title text="Runs, edits and copies are made from what is there now."><a class="button" href=now>"Show what is there now"</a></Notice> }
    });
    let query = use_location().query;
    let known: Vec<&'static str> = before.iter().map(|tab| tab.key).chain(["history", "use"]).collect();
    let wanted = move |query: &leptos_router::params::ParamsMap| match (query.get("file"), query.get("tab")) {
        (Some(_), _) => Some("files"),
        (None, Some(tab)) => known.iter().copied().find(|key| *key == tab),
        _ => None,
    };
    let chosen = RwSignal::new(query.with_untracked(&wanted).unwrap_or(first));
    // `use_query_map` keeps the query of the page before when another page of the same entry opens
    // (leptos_router 0.8.17, `FlatRoutes`); the location is always right, if sometimes later.
    Effect::new(move |_| {
        if let Some(tab) = query.with(&wanted) {
            chosen.set(tab);
        }
    });
    let mut tabs = before;
    tabs.extend([("history", "History"), ("use", "Use")].map(|(key, label)| Tab { key, label: label.to_owned() }));
    let panel = dynamic(move || {
        let (client, asset, key) = (client.clone(), asset.clone(), chosen.get());
        let body = match key {
            "files" => view! { <Files client=shown.clone() asset files=contents.files.clone()/> }.into_any(),
            "history" => parts::history(client, asset),
            "use" => parts::uses(client, asset),
            "about" => view! { <Readme asset contents=contents.clone()/> }.into_any(),
            other => special(other, &client, &asset).into_any(),
        };
        view! { <div role="tabpanel" id=format!("panel-{key}") aria-labelledby=format!("tab-{key}")>{body}</div> }
    });
    view! { {notice}<Tabs tabs=tabs chosen label="Parts of the asset"/>{panel} }
}

/// The page.
#[component]
pub fn AssetPage(client: Client, asset: Asset, found: Query<Contents>) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()));
    let body = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=8 label="Loading the asset"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(contents) => {
            let (client, asset) = (stored.get_value(), of.get_value());
            view! { <p class="lead">{contents.description.clone()}</p><Body client asset contents/> }.into_any()
        }
    });
    view! { <AssetHead client asset/>{body} }
}
