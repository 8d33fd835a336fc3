//! `include:` resolved against the files of one commit, and `spec: inputs` filled in.

use globset::GlobBuilder;
use serde_json::{Map, Value};

use super::document::{self, Document};
use super::rules::{Scope, read_rules};

/// The files of the commit that is being configured.
pub trait Files {
    /// The text of a file, `None` when it is absent or no text.
    fn read(&self, path: &str) -> Option<String>;
    /// Every path, for globs and `rules: exists`.
    fn list(&self) -> Vec<String>;
}

/// GitLab's limit on the number of files.
const MAX_FILES: usize = 150;

/// Reads `path` and everything it includes into one tree; the includer wins.
pub fn load(text: &str, inputs: &Map<String, Value>, files: &dyn Files, scope: &Scope, seen: &mut Vec<String>) -> Result<Value, Vec<String>> {
    let one = |message: String| vec![message];
    let Document { spec, mut root } = document::read(text).map_err(|error| one(error.to_string()))?;
    if let Some(spec) = spec {
        let values = fill_inputs(&spec, inputs)?;
        interpolate(&mut root, &values).map_err(one)?;
    }
    let errors = super::shape::check(&root);
    if !errors.is_empty() {
        return Err(errors);
    }
    let Some(include) = root.as_object_mut().and_then(|map| map.shift_remove("include")) else {
        return Ok(root);
    };
    let entries = match include {
        Value::Array(list) => list,
        single => vec![single],
    };
    let mut merged = Value::Object(Map::new());
    for entry in entries {
        for (path, inputs) in targets(&entry, files, scope)? {
            if seen.len() >= MAX_FILES {
                return Err(one(format!("Maximum of {MAX_FILES} nested includes are allowed!")));
            }
            let text = files.read(&path).ok_or_else(|| one(format!("Local file `{path}` does not exist!")))?;
            seen.push(path.clone());
            if seen.iter().filter(|known| **known == path).count() > 10 {
                return Err(one(format!("`{path}` includes itself")));
            }
            let tree = load(&text, &inputs, files, scope, seen).map_err(|errors| errors.into_iter().map(|error| format!("`{path}`: {error}")).collect::<Vec<_>>())?;
            document::merge(&mut merged, &tree);
        }
    }
    document::merge(&mut merged, &root);
    Ok(merged)
}

type Target = (String, Map<String, Value>);

/// The files one entry of `include` names; an error for kinds that only a full GitLab has.
fn targets(entry: &Value, files: &dyn Files, scope: &Scope) -> Result<Vec<Target>, Vec<String>> {
    let path = match entry {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            return Err(vec![unsupported("remote", text)]);
        }
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            for kind in ["project", "remote", "template", "component", "artifact"] {
                if let Some(value) = map.get(kind) {
                    return Err(vec![unsupported(kind, value.as_str().unwrap_or_default())]);
                }
            }
            map.get("local").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    if let Some(rules) = entry.get("rules") {
        let rules = read_rules(rules);
        let applies = rules.iter().find(|rule| scope.applies(rule, files));
        if applies.is_none_or(|rule| rule.when == Some(super::job::When::Never)) {
            return Ok(Vec::new());
        }
    }
    let inputs = entry.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
    let path = scope.expand(path.trim_start_matches('/'));
    if !path.contains('*') {
        return Ok(vec![(path, inputs)]);
    }
    let glob = GlobBuilder::new(&path).literal_separator(true).build().map_err(|error| vec![format!("`{path}` is no valid pattern: {error}")])?.compile_matcher();
    Ok(files.list().into_iter().filter(|file| glob.is_match(file)).map(|file| (file, inputs.clone())).collect())
}

fn unsupported(kind: &str, what: &str) -> String {
    format!(
        "`include: {kind}` (`{what}`) is not available on this backend, which reads files of the same project only. \
         Copy the file into the repository and use `include: local`"
    )
}

/// The values of a file's inputs: given ones, else defaults.
fn fill_inputs(spec: &Value, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<String>> {
    let empty = Map::new();
    let defined = spec.get("inputs").and_then(Value::as_object).unwrap_or(&empty);
    let mut errors: Vec<String> = given.keys().filter(|key| !defined.contains_key(*key)).map(|key| format!("unknown input arguments: {key}")).collect();
    let mut values = Map::new();
    for (name, definition) in defined {
        let kind = definition.get("type").and_then(Value::as_str).unwrap_or("string");
        let Some(value) = given.get(name).or_else(|| definition.get("default")) else {
            errors.push(format!("`{name}` input: required value has not been provided"));
            continue;
        };
        let fits = match kind {
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            _ => value.is_string(),
        };
        let allowed = definition.get("options").and_then(Value::as_array).is_none_or(|options| options.contains(value));
        let pattern = definition.get("regex").and_then(Value::as_str).and_then(|text| regex::Regex::new(text).ok());
        if !fits {
            errors.push(format!("`{name}` input: provided value is not a {kind}"));
        } else if !allowed {
            errors.push(format!("`{name}` input: `{}` cannot be used because it is not in the list of allowed options", plain(value)));
        } else if pattern.is_some_and(|pattern| !pattern.is_match(&plain(value))) {
            errors.push(format!("`{name}` input: provided value does not match required RegEx pattern"));
        }
        values.insert(name.clone(), value.clone());
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Replaces `$[[ inputs.name ]]`; a string that is nothing else takes the value's type.
fn interpolate(value: &mut Value, inputs: &Map<String, Value>) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains("$[[") => {
            let mut out = String::new();
            let mut rest = text.as_str();
            while let Some(start) = rest.find("$[[") {
                let end = rest[start..].find("]]").ok_or_else(|| format!("`{text}` has an interpolation without an end"))?;
                let inside = rest[start + 3..start + end].trim();
                let name = inside.strip_prefix("inputs.").ok_or_else(|| format!("unknown interpolation `{inside}`"))?;
                let found = inputs.get(name).ok_or_else(|| format!("unknown interpolation key: `{name}`"))?;
                if start == 0 && start + end + 2 == text.len() {
                    *value = found.clone();
                    return Ok(());
                }
                out.push_str(&rest[..start]);
                out.push_str(&plain(found));
                rest = &rest[start + end + 2..];
            }
            out.push_str(rest);
            *value = Value::String(out);
            Ok(())
        }
        Value::Array(list) => list.iter_mut().try_for_each(|item| interpolate(item, inputs)),
        Value::Object(map) => {
            let old = std::mem::take(map);
            for (key, mut item) in old {
                interpolate(&mut item, inputs)?;
                let mut key = Value::String(key);
                interpolate(&mut key, inputs)?;
                map.insert(plain(&key), item);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
