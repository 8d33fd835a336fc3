//! Asking ahead: what a page is sure to need is asked for while the app itself is still on its
//! way, which a slow line makes a second or more. The browser's requests stay what they would
//! have been; the app finds their answers waiting, once each.

use gitlab::endpoint::Endpoint;
use gitlab::repository::ListTree;
use twin::asset::{Asset, Kind, Owner};

use crate::bootstrap::Bootstrap;
use crate::instances::{Client, Instances};
use crate::queries::library::listing;
use crate::routes::{Route, api_base, token_url};
use crate::shell::inert_json;

/// Keeps each promise under its address until the app takes it. A `GET` waits for the token; one
/// that cannot be sent is dropped, and asked again the ordinary way. What nobody took in half a minute is old.
const SCRIPT: &str = "const ahead = globalThis.twinportAhead = new Map();\
const token = fetch(ASK, { method: 'POST', headers: { 'X-Twinport': '1' } }).then(async (r) => [r.status, await r.text()]);\
token.catch(() => {});\
ahead.set(ASK, token);\
for (const url of GETS) {\
const answer = token.then(async ([status, text]) => {\
if (status !== 200) throw 0;\
const r = await fetch(url, { credentials: 'omit', cache: 'no-cache', headers: { Authorization: 'Bearer ' + JSON.parse(text).access_token } });\
if (!r.ok) throw 0;\
return [r.status, [...r.headers], new Uint8Array(await r.arrayBuffer())];\
});\
answer.catch(() => {});\
ahead.set(url, answer);\
}\
setTimeout(() => ahead.clear(), 30000);";

/// The listings that a page begins with.
fn listings(client: &Client, route: &Route) -> Vec<ListTree> {
    let asset = |kind: Kind, owner: &Owner, name: &str| vec![listing(client, *owner, &Asset { kind, owner: *owner, name: name.to_owned() }.path())];
    match route {
        Route::Library { .. } => [Owner::Private, Owner::Common].map(|owner| listing(client, owner, "")).into(),
        Route::Asset { owner, kind, name, .. } => asset(*kind, owner, name),
        Route::Twin { owner, name, .. } => asset(Kind::Twin, owner, name),
        _ => Vec::new(),
    }
}

/// The script of the page at `path`; none where nobody is signed in. Its strings are JSON with no
/// `<` in them, so nothing in a path or a name can end the element.
#[must_use]
pub fn script(path: &str, bootstrap: &Bootstrap) -> Option<String> {
    let route = Route::parse(path);
    let client = Instances::new(bootstrap).client(route.instance()?)?;
    let gets: Vec<String> = listings(&client, &route).iter().map(|list| format!("{}{}", api_base(&client.backend.url), list.request().url())).collect();
    Some(SCRIPT.replace("ASK", &inert_json(&token_url(&client.backend.id))).replace("GETS", &inert_json(&gets)))
}

#[cfg(test)]
mod tests {
    use super::script;
    use crate::bootstrap::{Backend, Bootstrap, Instance, Person};

    fn bootstrap(people: Vec<Person>) -> Bootstrap {
        let backend = Backend { id: "forge".into(), url: "http://h/forge".into(), embedded: true };
        let instance = Instance {
            id: "local".into(),
            name: "Local".into(),
            backend: "forge".into(),
            group: "dt</script>aas".into(),
            common_project: "common".into(),
            branch: None,
            runner_tag: "linux".into(),
        };
        Bootstrap { version: String::new(), backends: vec![backend], instances: vec![instance], people }
    }

    #[test]
    fn only_for_people_who_are_signed_in() {
        let person = Person { backend: "forge".into(), username: "ada".into(), name: "Ada".into() };
        assert_eq!(script("/i/local/library", &bootstrap(Vec::new())), None);
        assert_eq!(script("/help", &bootstrap(vec![person.clone()])), None);
        let text = script("/i/local/library", &bootstrap(vec![person.clone()])).unwrap_or_default();
        assert_eq!(text.matches("/repository/tree?").count(), 2, "{text}");
        assert!(text.contains("%2Fada/") && !text.contains('<'), "{text}");
        let text = script("/i/local/runs", &bootstrap(vec![person])).unwrap_or_default();
        assert!(text.contains("\"/auth/forge/token\"") && !text.contains("/tree?"), "{text}");
    }
}
