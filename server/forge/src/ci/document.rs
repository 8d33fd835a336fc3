//! A CI file as a tree: YAML with anchors, merge keys and `!reference`, read into JSON values.

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

/// The key under which an unresolved `!reference [job, key]` waits in the tree.
pub const REFERENCE: &str = "!reference";
/// GitLab's limit for one file.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Why a file is no CI document, in the words shown to its author.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Larger than GitLab's limit.
    #[error("The file is larger than 2 MB")]
    TooLarge,
    /// Not YAML, with the parser's place and reason.
    #[error("Invalid YAML: {0}")]
    Yaml(String),
    /// YAML, but not a mapping.
    #[error("Invalid configuration format")]
    NotAMapping,
}

/// The header (`spec:`) and the content of a CI file.
#[derive(Debug)]
pub struct Document {
    /// The first of two documents, when it holds `spec`.
    pub spec: Option<Value>,
    /// The configuration itself, always an object.
    pub root: Value,
}

/// Reads the text of a CI file.
pub fn read(text: &str) -> Result<Document, DocumentError> {
    if text.len() > MAX_BYTES {
        return Err(DocumentError::TooLarge);
    }
    let mut parts = Vec::new();
    for part in serde_yaml_ng::Deserializer::from_str(text) {
        let mut yaml = <Yaml as serde::Deserialize>::deserialize(part).map_err(|error| DocumentError::Yaml(error.to_string()))?;
        yaml.apply_merge().map_err(|error| DocumentError::Yaml(error.to_string()))?;
        parts.push(convert(&yaml));
    }
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or(Value::Null);
    let (spec, root) = match parts.next() {
        Some(second) if first.get("spec").is_some() => (first.get("spec").cloned(), second),
        _ => (None, first),
    };
    if !root.is_object() {
        return Err(DocumentError::NotAMapping);
    }
    Ok(Document { spec, root })
}

fn convert(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::Number(number) => number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from)).or_else(|| number.as_f64().map(Value::from)).unwrap_or(Value::Null),
        Yaml::String(text) => Value::String(text.clone()),
        Yaml::Sequence(list) => Value::Array(list.iter().map(convert).collect()),
        Yaml::Mapping(map) => Value::Object(map.iter().map(|(key, value)| (key_text(key), convert(value))).collect()),
        Yaml::Tagged(tagged) if tagged.tag == "reference" => Value::Object(Map::from_iter([(REFERENCE.to_owned(), convert(&tagged.value))])),
        Yaml::Tagged(tagged) => convert(&tagged.value),
    }
}

/// YAML allows any value as a key; GitLab turns them into text.
fn key_text(key: &Yaml) -> String {
    match convert(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Merges `over` into `under`: mappings deeply, everything else replaced (`extends`, `include`).
pub fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// What a file may grow to when repetition is written out; GitLab has a like limit
/// (`ci_max_total_yaml_size_bytes`).
#[derive(Debug)]
pub struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(8 * 1024 * 1024)
    }
}

impl Room {
    /// Takes the room of one more copy of `value`.
    pub fn take(&mut self, value: &Value) -> Result<(), String> {
        fn weight(value: &Value) -> usize {
            8 + match value {
                Value::String(text) => text.len(),
                Value::Array(list) => list.iter().map(weight).sum(),
                Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
                _ => 0,
            }
        }
        self.0 = self.0.checked_sub(weight(value)).ok_or("the file grows to more than 8 MB when `extends` and `!reference` are written out: repeat less")?;
        Ok(())
    }
}

/// Replaces every `!reference` below `value` by what it names in `root`, up to ten deep.
pub fn resolve_references(value: &mut Value, root: &Value, depth: usize, room: &mut Room) -> Result<(), String> {
    if let Some(path) = value.get(REFERENCE) {
        let keys: Vec<&str> = path.as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        let shown = format!("!reference {}", serde_json::to_string(&keys).unwrap_or_default());
        if depth >= 10 {
            return Err(format!("{shown} is part of a circular chain"));
        }
        let mut target = root;
        for key in &keys {
            target = target.get(*key).ok_or_else(|| format!("{shown} could not be found"))?;
        }
        room.take(target)?;
        *value = target.clone();
        return resolve_references(value, root, depth + 1, room);
    }
    match value {
        Value::Array(list) => list.iter_mut().try_for_each(|item| resolve_references(item, root, depth, room)),
        Value::Object(map) => map.values_mut().try_for_each(|item| resolve_references(item, root, depth, room)),
        _ => Ok(()),
    }
}
