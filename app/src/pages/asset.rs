//! One asset: README, files.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use twin::asset::Asset;

use crate::components::parts;
use crate::components::problem_box::ProblemBox;
use crate::instances::Client;
use crate::places::Places;
use crate::queries::twin::{Contents, file};
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;

/// Name, short text, where it is.
#[component]
pub fn AssetHead(client: Client, asset: Asset, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    let list = Route::Library { places: Places::one(&client.instance.id), kind: Some(asset.kind) };
    view! {
        <Title text=asset.name.clone()/>
        <nav class="crumbs" aria-label="Path"><a href=list.to_string()>{asset.kind.plural()}</a></nav>
        <div class="page-head">
            <h1>{asset.name.clone()}</h1>
            <span class="tag" data-variant=asset.owner.word()>{asset.owner.label()}</span>
            <span class="gap"></span>
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
    let (stored, of) = (StoredValue::new(client), StoredValue::new(asset));
    let content = ask(
        move || chosen.get(),
        move |path| async move {
            match path {
                Some(path) => file(stored.get_value(), of.get_value(), path.clone()).await.map(|bytes| Some((path, bytes))),
                None => Ok(None),
            }
        },
    );
    let rows = files.into_iter().map(|path| {
        let label = path.strip_prefix(&start).unwrap_or(&path).to_owned();
        let href = format!("?file={}", percent_encoding::utf8_percent_encode(&path, percent_encoding::NON_ALPHANUMERIC));
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

/// The page.
#[component]
pub fn AssetPage(client: Client, asset: Asset, found: Query<Contents>) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()));
    let body = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=8 label="Loading the asset"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(contents) => {
            let (client, asset) = (stored.get_value(), of.get_value());
            view! {
                <p class="lead">{contents.description.clone()}</p>
                <h2>"Files"</h2>
                <Files client asset=asset.clone() files=contents.files.clone()/>
                <h2>"About"</h2>
                <Readme asset contents/>
            }
            .into_any()
        }
    });
    view! { <AssetHead client asset/>{body} }
}
