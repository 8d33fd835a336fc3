//! The first rows of a library, before the app is there: the document has asked for them ([`super::ahead`]), and on a slow line
//! the answer is here a second before the app that would draw it. The app's own table takes their place.

use twin::asset::{Asset, Kind, Owner};
use twin::plain::HIDDEN;

use crate::bootstrap::Bootstrap;
use crate::components::asset_table::route_of;
use crate::instances::Client;
use crate::routes::Route;
use crate::shell::inert_json;

/// The table in the page that is filled.
pub const FIRST_ROWS: &str = "first-rows";

/// Draws what `asset_table` draws, of the same names in the same order: folders, and files but for those that only keep a folder.
/// What was asked ahead is the token and the folders, in this order. An address that filters, or a page that the app has taken over, is left alone.
const SCRIPT: &str = "const { place, owners, kinds, links, only } = EARLY;\
const found = location.search ? undefined : [...ahead.values()][1];\
if (found) globalThis.twinportRows = found.then(([, , bytes]) => {\
if (globalThis.twinportTaken) return;\
const table = document.getElementById(place), { data } = JSON.parse(new TextDecoder().decode(bytes)), rows = [];\
owners.forEach((_, p) => kinds.forEach((_, k) => {\
const tree = (only === null || only === k) && data['p' + p]?.repository?.['f' + k];\
if (!tree) return;\
const files = (tree.blobs?.nodes ?? []).filter(({ name }) => !/^(\\.|readme\\.md$)/i.test(name));\
for (const { name } of [...tree.trees.nodes, ...files]) rows.push([name, k, p]);\
}));\
if (!table || !rows.length) return;\
const make = (tag, attributes, ...inner) => {\
const element = document.createElement(tag);\
for (const name in attributes) element.setAttribute(name, attributes[name]);\
element.append(...inner);\
return element;\
};\
const order = (a, b) => a === b ? 0 : a > b ? 1 : -1;\
rows.sort((a, b) => order(a[0], b[0]) || a[1] - b[1] || a[2] - b[2]);\
const row = ([name, k, p]) => make('tr', {},\
make('th', { scope: 'row' }, make('a', { href: links[p][k].replace('NAME', () => encodeURIComponent(name)) }, name.replace(/HIDDEN/gu, (c) => '\\\\u{' + c.codePointAt(0).toString(16) + '}')), make('p', { class: 'faint' }, '\\u00a0')),\
make('td', {}, kinds[k]), make('td', {}, make('span', { class: 'tag', 'data-variant': owners[p][0] }, owners[p][1])));\
const heads = ['Name', 'Kind', 'Where'].map((word) => make('th', { scope: 'col' }, word));\
table.append(make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, make('tr', { class: 'space' }, make('td', {})), ...rows.slice(0, 60).map(row)));\
table.hidden = false;\
return new Promise((done) => requestAnimationFrame(() => setTimeout(done)));\
}).catch(() => {});";

/// The script of a page; none where it is no library of one instance that somebody is signed in to.
pub(super) fn script(route: &Route, bootstrap: &Bootstrap) -> Option<String> {
    let Route::Library { places, kind } = route else { return None };
    let [instance] = places.instances(bootstrap).try_into().ok()?;
    let client = Client::of(bootstrap, &instance.id)?;
    let (owners, kinds) = (client.owners(), Kind::ALL);
    let link = |owner: Owner, kind: Kind| route_of(&instance.id, &Asset { owner, kind, name: "NAME".to_owned() }).to_string();
    let known = serde_json::json!({
        "place": FIRST_ROWS,
        "owners": owners.iter().map(|owner| [owner.word(), owner.label()]).collect::<Vec<_>>(),
        "kinds": kinds.map(Kind::label),
        "links": owners.iter().map(|owner| kinds.map(|kind| link(*owner, kind))).collect::<Vec<_>>(),
        "only": kind.and_then(|wanted| kinds.iter().position(|kind| *kind == wanted)),
    });
    Some(SCRIPT.replace("HIDDEN", HIDDEN).replace("EARLY", &inert_json(&known)))
}
