//! "Use this asset": into a new twin, into another project, on a machine, in a paper; and where else
//! the same content is.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;
use twin::asset::{Asset, Kind};

use super::asset_table::route_of;
use super::bring_form::BringForm;
use super::finding::said;
use super::instance_mark::InstanceMark;
use super::parts;
use super::problem_box::ProblemBox;
use super::snippet::snippet;
use crate::actions::compose::delete;
use crate::actions::embed::Offer;
use crate::bootstrap::Bootstrap;
use crate::browser;
use crate::cart::{self, Item};
use crate::desks::Desk;
use crate::instances::{Client, Instances};
use crate::places::Places;
use crate::queries::copy::{Snapshot, elsewhere, snapshot};
use crate::queries::{Load, ask};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::confirm::Confirm;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

/// The button that collects an asset, or takes it out again.
#[component]
pub fn CartButton(client: Client, asset: Asset) -> impl IntoView {
    let item = Item { instance: client.instance.id.clone(), asset };
    let inside = RwSignal::new(cart::items().contains(&item));
    let desk = Desk::Compose.at(&client.instance.id).to_string();
    view! {
        <button type="button" class="button" aria-pressed=move || inside.get().to_string() on:click=move |_| inside.set(cart::toggle(&item))>
            {dynamic(move || if inside.get() { view! { <Picture icon=Icon::Check/>"In the cart" }.into_any() } else { view! { <Picture icon=Icon::Plus/>"Add to cart" }.into_any() })}
        </button>
        {dynamic(move || inside.get().then(|| view! { <a class="button" data-variant="quiet" href=desk.clone()>"Compose a twin"</a> }))}
    }
}

fn snippets(client: &Client, asset: &Asset, found: &Snapshot) -> AnyView {
    let (base, project, path) = (&client.backend.url, client.project_path(asset.owner), asset.path());
    let clone = format!("git clone --filter=blob:none --sparse {base}/{project}.git\ncd {} && git sparse-checkout set {path}", project.rsplit('/').next().unwrap_or_default());
    let first = found.files.iter().find(|file| !file.special).map(|file| if file.path.is_empty() { path.clone() } else { format!("{path}/{}", file.path) }).unwrap_or_default();
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let curl = format!(
        "curl --header \"PRIVATE-TOKEN: $TOKEN\" --output {} \\\n  \"{base}/api/v4/projects/{}/repository/files/{}/raw?ref={}\"",
        first.rsplit('/').next().unwrap_or_default(),
        encode(&project),
        encode(&first),
        found.commit
    );
    let include = format!("include:\n  - project: {project}\n    ref: {}\n    file: /{path}/.gitlab-ci.yml", found.commit);
    let year = browser::local_time(&browser::iso_now());
    let year = year.split('/').nth(2).and_then(|rest| rest.get(..4)).unwrap_or("2026").to_owned();
    let cite = format!(
        "@software{{{},\n  title = {{{}}},\n  author = {{{}}},\n  year = {{{year}}},\n  url = {{{base}/{project}/-/tree/{}/{path}}},\n  swhid = {{swh:1:{}:{}}}\n}}",
        asset.name.replace(|c: char| !c.is_alphanumeric(), "_"),
        asset.name,
        client.instance.name,
        found.commit,
        if found.files.len() == 1 && found.files[0].path.is_empty() { "cnt" } else { "dir" },
        found.tree
    );
    let runnable = found.files.iter().any(|file| file.path == ".gitlab-ci.yml");
    view! {
        <div class="snippets">
            {snippet("Clone", "Only this folder, with git.", clone)}
            {snippet("Download", "One file at this very commit. The token needs the scope read_api.", curl)}
            {runnable.then(|| snippet("Include", "Its jobs in a CI file of a project on the same backend, pinned to this commit.", include))}
            {snippet("Cite", "BibTeX; the SWHID names exactly this content wherever it is.", cite)}
        </div>
    }
    .into_any()
}

fn same_content(asset: &Asset, here: &str, tree: String) -> AnyView {
    let (bootstrap, instances) = (expect_context::<Bootstrap>(), expect_context::<Instances>());
    let clients: Vec<Client> = bootstrap.instances.iter().filter_map(|instance| instances.client(&instance.id)).collect();
    let found: Cell<Option<Vec<(String, Asset)>>> = Cell::new(None);
    let (kind, own) = (asset.kind, (here.to_owned(), asset.clone()));
    spawn_local(async move {
        let all = elsewhere(clients, kind, tree).await;
        found.set(Some(all.into_iter().flat_map(|(id, assets)| assets.into_iter().map(move |asset| (id.clone(), asset))).filter(|place| *place != own).collect()));
    });
    let list = dynamic(move || {
        found.with(|found| match found {
            None => view! { <p class="faint" role="status">"Looking on every instance…"</p> }.into_any(),
            Some(places) if places.is_empty() => view! { <p class="faint">"Nowhere else among the instances that you are signed in to."</p> }.into_any(),
            Some(places) => {
                let row = |(id, asset): &(String, Asset)| {
                    let instance = bootstrap.instance(id).cloned().unwrap_or_default();
                    view! { <li><InstanceMark instance/><a href=route_of(id, asset).to_string()>{asset.path()}</a><span class="tag" data-variant=asset.owner.word()>{asset.owner.label()}</span></li> }
                };
                view! { <ul class="same">{places.iter().map(row).collect_view()}</ul> }.into_any()
            }
        })
    });
    view! { <h2>"The same content"</h2>{list} }.into_any()
}

/// Taking it away, which a commit can take back.
#[component]
fn Delete(client: Client, asset: Asset) -> impl IntoView {
    let (toasts, onward, open) = (expect_context::<Toasts>(), Onward::here(), RwSignal::new(false));
    let list = Route::Library { places: Places::one(&client.instance.id), kind: Some(asset.kind) }.to_string();
    let name = asset.name.clone();
    let act = Callback::new(move |()| {
        let (list, name) = (list.clone(), asset.name.clone());
        let deleting = delete(client.clone(), asset.clone());
        spawn_local(async move {
            match deleting.await {
                Ok(_) => {
                    toasts.good(format!("“{name}” was deleted."));
                    onward.to(&list);
                }
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
        });
    });
    view! {
        <h2>"Delete"</h2>
        <p class="faint">"All its files go in one commit, and with a twin the job that starts it. The history keeps them."</p>
        <div class="actions"><button type="button" class="button" data-variant="danger" on:click=move |_| open.set(true)>"Delete it"</button></div>
        <Confirm open title=format!("Delete {name}?") text="Everybody who uses it from this project loses it. Undoing the commit brings it back." act="Delete" keep="Keep it" on_act=act/>
    }
}

/// The way into pages of somebody else.
fn show_elsewhere(client: &Client, asset: &Asset) -> Option<AnyView> {
    let who = (asset.kind == Kind::Twin && client.username.is_some()).then(|| (client.instance.id.clone(), client.project_path(asset.owner)))?;
    let offers = vec![
        Offer { view: "card", label: format!("{} and how its last run went", asset.name), subject: json!({ "twin": asset.name }) },
        Offer { view: "board", label: "All twins of this project, each with its last run".to_owned(), subject: json!({}) },
    ];
    Some(view! { <h2>"In another page"</h2>{parts::embed(who.0, who.1, Signal::stored(offers))} }.into_any())
}

/// The panel.
#[component]
pub fn UseView(client: Client, asset: Asset) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()));
    let found = ask(|| (), move |()| snapshot(stored.get_value(), of.get_value()));
    dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=6 label="Looking at the asset"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(snapshot) => {
            let (client, asset) = (client.clone(), asset.clone());
            view! {
                {said(client.clone(), asset.clone())}
                <h2>"In a new twin"</h2>
                <p class="faint">"The cart keeps what you collect, of any instance. A twin made of it gets a copy, with a lock that says where it came from."</p>
                <div class="actions"><CartButton client=client.clone() asset=asset.clone()/></div>
                <BringForm client=client.clone() asset=asset.clone() snapshot=snapshot.clone()/>
                <h2>"With other tools"</h2>
                {snippets(&client, &asset, &snapshot)}
                {show_elsewhere(&client, &asset)}
                {same_content(&asset, &client.instance.id, snapshot.tree)}
                {client.username.is_some().then(|| view! { <Delete client=client.clone() asset=asset.clone()/> })}
            }
            .into_any()
        }
    })
}
