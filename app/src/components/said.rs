//! What an asset says of itself at the head of its README, each word a way to others like it.

use compose::about::About;
use leptos::prelude::*;
use twin::asset::Asset;
use twin::facet::Facet;

use crate::instances::Client;
use crate::places::Places;
use crate::queries::traits::about;
use crate::queries::{Load, ask};
use crate::routes::{Route, search_of};
use crate::ui::dynamic::dynamic;

/// Who made it, under which terms, and what it is about, as its README says at its head.
fn list(client: &Client, about: &About) -> Option<AnyView> {
    let library = Route::Library { places: Places::one(&client.instance.id), kind: None };
    let link = |facet: Facet, value: &String| {
        let href = library.with_search(&search_of([(facet.word(), value.as_str())].into_iter()));
        view! { <a class="tag" href=href>{value.clone()}</a>" " }
    };
    let row = |label: &'static str, values: AnyView| view! { <dt>{label}</dt><dd>{values}</dd> };
    let several = |label, facet, values: &[String]| (!values.is_empty()).then(|| row(label, values.iter().map(|value| link(facet, value)).collect_view().into_any()));
    let licence = about.licence.as_ref().map(|licence| row("Licence", link(Facet::Licence, licence).into_any()));
    let (version, citation) = (about.version.clone().map(|text| row("Version", text.into_any())), about.citation.clone().map(|text| row("Cite as", text.into_any())));
    let list = (!about.is_empty())
        .then(|| view! { <dl class="about">{several("Authors", Facet::Owner, &about.owners)}{licence}{version}{several("Tags", Facet::Tag, &about.tags)}{citation}</dl> });
    list.map(IntoAny::into_any)
}

/// The list; nothing where there is nothing to say.
#[component]
pub fn Said(client: Client, asset: Asset) -> impl IntoView {
    let (stored, of) = (StoredValue::new(client), StoredValue::new(asset));
    let found = ask(
        || (),
        move |()| {
            let asked = about(stored.get_value(), of.get_value());
            async move { Ok(asked.await) }
        },
    );
    dynamic(move || match found.state.get() {
        Load::Ready(about) => list(&stored.get_value(), &about),
        _ => None,
    })
}
