//! Asking ahead: what a page is sure to need is asked for while the app itself is still on its
//! way, which a slow line makes a second or more. The browser's requests stay what they would
//! have been; the app finds their answers waiting, once each.

use gitlab::Request;
use gitlab::endpoint::Endpoint;
use twin::asset::{Asset, Kind, Owner};

use crate::bootstrap::{Access, Bootstrap};
use crate::instances::Client;
use crate::queries::early;
use crate::queries::library::{folders, listing};
use crate::routes::{Route, api_base, token_url};
use crate::shell::inert_json;

/// Keeps each promise under its address (and body) until the app takes it. What is asked waits for
/// the token; what cannot be sent is dropped, and asked again the ordinary way. What nobody took in
/// half a minute is old.
const SCRIPT: &str = "{ const ahead = globalThis.twinportAhead = new Map();\
for (const [ask, wanted] of ASKS) {\
const token = fetch(ask, { method: 'POST', headers: { 'X-Twinport': '1' } }).then(async (r) => [r.status, await r.text()]);\
token.catch(() => {});\
ahead.set(ask, token);\
for (const [url, body] of wanted) {\
const answer = token.then(async ([status, text]) => {\
if (status !== 200) throw 0;\
const headers = { Authorization: 'Bearer ' + JSON.parse(text).access_token };\
if (body) headers['Content-Type'] = 'application/json';\
const r = await fetch(url, { method: body ? 'POST' : 'GET', body, credentials: 'omit', cache: 'no-cache', headers });\
if (!r.ok) throw 0;\
return [r.status, [...r.headers], new Uint8Array(await r.arrayBuffer())];\
});\
answer.catch(() => {});\
ahead.set(body ? url + ' ' + body : url, answer);\
}\
}\
setTimeout(() => ahead.clear(), 30000);";

/// A request as the script sends it: address and body.
type Sent = (String, Option<String>);

/// What a page begins with.
fn first(client: &Client, route: &Route) -> Vec<Request> {
    let asset = |kind: Kind, owner: &Owner, name: &str| vec![listing(client, *owner, &Asset { kind, owner: *owner, name: name.to_owned() }.path()).request()];
    match route {
        Route::Library { .. } => vec![folders(client).request()],
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
    let places = route.places()?.instances(bootstrap);
    let mut asks: Vec<(String, Vec<Sent>)> = Vec::new();
    for client in places.iter().filter_map(|instance| Client::of(bootstrap, &instance.id)).filter(|client| client.username.is_some() && client.backend.access != Access::Relay) {
        let wanted = |request: Request| (format!("{}{}", api_base(&client.backend.url), request.url()), request.body.map(|body| body.to_string()));
        let wanted = first(&client, &route).into_iter().map(wanted);
        let token = token_url(&client.backend.id);
        match asks.iter_mut().find(|(known, _)| *known == token) {
            Some((_, list)) => list.extend(wanted),
            None => asks.push((token, wanted.collect())),
        }
    }
    let early = early::script(&route, bootstrap).unwrap_or_default();
    (!asks.is_empty()).then(|| SCRIPT.replace("ASKS", &inert_json(&asks)) + &early + "}")
}

#[cfg(test)]
mod tests {
    use super::script;
    use crate::bootstrap::{Access, Backend, Bootstrap, Instance, Person};

    fn bootstrap(people: Vec<Person>) -> Bootstrap {
        let backend = Backend { id: "forge".into(), url: "http://h/forge".into(), embedded: true, access: Access::Direct };
        let instance = Instance {
            workspace: false,
            card: None,
            id: "local".into(),
            name: "Local".into(),
            backend: "forge".into(),
            group: "dt</script>aas".into(),
            common_project: "common".into(),
            branch: None,
            runner_tag: "linux".into(),
            guests: false,
            hue: 0,
        };
        Bootstrap { version: String::new(), backends: vec![backend], instances: vec![instance], people, ..Bootstrap::default() }
    }

    #[test]
    fn only_for_people_who_are_signed_in() {
        let person = Person { backend: "forge".into(), username: "ada".into(), name: "Ada".into() };
        assert_eq!(script("/i/local/library", &bootstrap(Vec::new())), None);
        assert_eq!(script("/help", &bootstrap(vec![person.clone()])), None);
        let text = script("/i/local/library", &bootstrap(vec![person.clone()])).unwrap_or_default();
        assert_eq!(text.matches("/api/graphql").count(), 1, "{text}");
        assert!(text.contains("aas/ada") && !text.contains('<'), "{text}");
        assert!(text.contains("first-rows") && text.contains("/i/local/twins/private/NAME"), "{text}");
        let text = script("/i/local/runs", &bootstrap(vec![person])).unwrap_or_default();
        assert!(text.contains("\"/auth/forge/token\"") && !text.contains("/graphql"), "{text}");
    }
}
