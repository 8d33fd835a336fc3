//! Assets as rows: name and short text, kind, owner.

use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::{Asset, Kind};

use crate::instances::Client;
use crate::queries::library::description;
use crate::routes::Route;

/// Where an asset's page is.
#[must_use]
pub fn route_of(instance: &str, asset: &Asset) -> Route {
    let (instance, owner, name) = (instance.to_owned(), asset.owner, asset.name.clone());
    match asset.kind {
        Kind::Twin => Route::Twin { instance, owner, name },
        kind => Route::Asset { instance, owner, kind, name },
    }
}

#[component]
fn Row(client: Client, asset: Asset) -> impl IntoView {
    let text = RwSignal::new(None::<String>);
    let href = route_of(&client.instance.id, &asset).to_string();
    {
        let (client, asset) = (client.clone(), asset.clone());
        // Descriptions come one by one; the row has its height before.
        Effect::new(move |_| {
            let (client, asset) = (client.clone(), asset.clone());
            spawn_local(async move {
                let found = description(client, asset).await;
                let _ = text.try_set(found);
            });
        });
    }
    view! {
        <tr>
            <th scope="row"><a href=href>{asset.name.clone()}</a><p class="faint">{move || text.get().unwrap_or_else(|| "\u{a0}".to_owned())}</p></th>
            <td>{asset.kind.label()}</td>
            <td><span class="tag" data-variant=asset.owner.word()>{asset.owner.label()}</span></td>
        </tr>
    }
}

/// The table.
#[component]
pub fn AssetTable(client: Client, #[prop(into)] assets: Signal<Vec<Asset>>) -> impl IntoView {
    view! {
        <table class="rows">
            <caption class="only-read">"Assets"</caption>
            <thead><tr><th scope="col">"Name"</th><th scope="col">"Kind"</th><th scope="col">"Where"</th></tr></thead>
            <tbody>
                <For each=move || assets.get() key=|asset| asset.clone() let:asset><Row client=client.clone() asset/></For>
            </tbody>
        </table>
    }
}
