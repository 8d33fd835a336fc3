//! What a page knows before it asks anybody: the configured backends and instances, and where
//! this browser is signed in. Public by nature; no token is ever in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How browsers reach a backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value")]
pub enum Access {
    /// Straight; through this server where the backend refuses that.
    Auto,
    /// Straight.
    #[default]
    Direct,
    /// Through this server.
    Relay,
}

/// A backend, as browsers reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value")]
pub struct Backend {
    /// Name in URLs.
    pub id: String,
    /// Its address, without a slash at its end.
    pub url: String,
    /// Whether it is the forge inside this server.
    pub embedded: bool,
    /// The way to it.
    pub access: Access,
}

/// A DTaaS instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value")]
pub struct Instance {
    /// Name in URLs.
    pub id: String,
    /// Name on screen.
    pub name: String,
    /// The backend it lives on.
    pub backend: String,
    /// The group there.
    pub group: String,
    /// The project of common assets.
    pub common_project: String,
    /// The branch to read and run, when it is not each project's default one.
    pub branch: Option<String>,
    /// The tag that runs ask for.
    pub runner_tag: String,
    /// Whether people who are not signed in there may look at what is public.
    pub guests: bool,
    /// Whether people of it can have a workspace here.
    pub workspace: bool,
    /// The federation card that lists it, and its id there: `https://portal.example#id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Which of eight colours it has.
    pub hue: u8,
}

/// Who this browser is at a backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value")]
pub struct Person {
    /// Where.
    pub backend: String,
    /// Name there, and path of the person's project.
    pub username: String,
    /// Name on screen.
    pub name: String,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value")]
pub struct Bootstrap {
    /// Of this server.
    pub version: String,
    /// In the order of the configuration.
    pub backends: Vec<Backend>,
    /// In the order of the configuration.
    pub instances: Vec<Instance>,
    /// At most one a backend.
    pub people: Vec<Person>,
    /// Whether one of them runs this server.
    pub admin: bool,
    /// For a view in a page of somebody else: what to show, as JSON that `pages::embed` reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embed: Option<String>,
}

// Read from plain JSON: what `serde` would write for each struct is a fiftieth of all that is downloaded. The server writes
// what the app reads, so what is not there is what it is by default.

fn text(value: &mut Value, key: &str) -> String {
    maybe(value, key).unwrap_or_default()
}

fn maybe(value: &mut Value, key: &str) -> Option<String> {
    match value.get_mut(key).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn list<T: From<Value>>(value: &mut Value, key: &str) -> Vec<T> {
    match value.get_mut(key).map(Value::take) {
        Some(Value::Array(list)) => list.into_iter().map(T::from).collect(),
        _ => Vec::new(),
    }
}

impl From<Value> for Access {
    fn from(value: Value) -> Self {
        match value.as_str() {
            Some("Auto") => Self::Auto,
            Some("Relay") => Self::Relay,
            _ => Self::Direct,
        }
    }
}

impl From<Value> for Backend {
    fn from(mut value: Value) -> Self {
        let access = value.get_mut("access").map(Value::take).unwrap_or_default().into();
        Self { id: text(&mut value, "id"), url: text(&mut value, "url"), embedded: value["embedded"] == true, access }
    }
}

impl From<Value> for Instance {
    fn from(mut value: Value) -> Self {
        let mut text = |key| text(&mut value, key);
        let (id, name, backend, group, common_project, runner_tag) = (text("id"), text("name"), text("backend"), text("group"), text("common_project"), text("runner_tag"));
        let (branch, card) = (maybe(&mut value, "branch"), maybe(&mut value, "card"));
        let hue = value["hue"].as_u64().and_then(|hue| u8::try_from(hue).ok()).unwrap_or_default();
        Self { id, name, backend, group, common_project, branch, runner_tag, guests: value["guests"] == true, workspace: value["workspace"] == true, card, hue }
    }
}

impl From<Value> for Person {
    fn from(mut value: Value) -> Self {
        Self { backend: text(&mut value, "backend"), username: text(&mut value, "username"), name: text(&mut value, "name") }
    }
}

impl From<Value> for Bootstrap {
    fn from(mut value: Value) -> Self {
        let (version, embed) = (text(&mut value, "version"), maybe(&mut value, "embed"));
        Self { version, backends: list(&mut value, "backends"), instances: list(&mut value, "instances"), people: list(&mut value, "people"), admin: value["admin"] == true, embed }
    }
}

impl Bootstrap {
    /// The instance with this id.
    #[must_use]
    pub fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }

    /// The backend with this id.
    #[must_use]
    pub fn backend(&self, id: &str) -> Option<&Backend> {
        self.backends.iter().find(|backend| backend.id == id)
    }

    /// Who this browser is at a backend.
    #[must_use]
    pub fn person(&self, backend: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.backend == backend)
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Backend, Bootstrap, Instance, Person};

    #[test]
    fn what_is_written_is_read() {
        let of = |access| Backend { id: "b".into(), url: "https://b".into(), embedded: true, access };
        let whole = Instance {
            id: "i".into(),
            name: "I".into(),
            backend: "b".into(),
            group: "g".into(),
            common_project: "c".into(),
            branch: Some("main".into()),
            runner_tag: "linux".into(),
            guests: true,
            workspace: true,
            card: Some("https://p#i".into()),
            hue: 7,
        };
        let people = vec![Person { backend: "b".into(), username: "ada".into(), name: "Ada \"L\"".into() }];
        let all = Bootstrap {
            version: "1".into(),
            backends: [Access::Auto, Access::Direct, Access::Relay].map(of).into(),
            instances: vec![whole, Instance::default()],
            people,
            admin: true,
            embed: Some("{}".into()),
        };
        for told in [all, Bootstrap::default()] {
            let text = serde_json::to_string(&told).expect("it can be written");
            assert_eq!(serde_json::from_str::<Bootstrap>(&text).expect("it can be read"), told, "{text}");
        }
        assert_eq!(serde_json::from_str::<Bootstrap>("[3]").ok(), Some(Bootstrap::default()), "what is nothing says nothing");
    }
}
