//! What a CI file says can be chosen when a pipeline is started: `variables` with descriptions and
//! options (doc/ci/pipelines/_index.md, "Prefill variables") and `spec: inputs` (doc/ci/inputs).

use yaml_rust2::yaml::Hash;
use yaml_rust2::{Yaml, YamlLoader};

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pipeline variable.
    Variable,
    /// A pipeline input.
    Input,
}

/// Something to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Variable or input.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: String,
    /// What it is unless somebody chooses.
    pub value: String,
    /// The only values it may have; any when empty.
    pub options: Vec<String>,
    /// `string`, `number`, `boolean` or `array`; variables are strings.
    pub form: String,
    /// Whether it must be given.
    pub required: bool,
}

/// A scalar as GitLab reads it in these places.
fn text(value: &Yaml) -> Option<String> {
    Some(match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        Yaml::Null => String::new(),
        _ => return None,
    })
}

fn get<'a>(map: &'a Hash, key: &str) -> Option<&'a Yaml> {
    map.get(&Yaml::String(key.to_owned()))
}

fn options(map: &Hash) -> Vec<String> {
    get(map, "options").and_then(Yaml::as_vec).map(|list| list.iter().filter_map(text).collect()).unwrap_or_default()
}

fn described(map: &Hash) -> String {
    get(map, "description").and_then(text).unwrap_or_default()
}

fn variable(name: &Yaml, value: &Yaml) -> Option<Field> {
    let map = value.as_hash()?;
    let options = options(map);
    let value = get(map, "value").and_then(text).or_else(|| options.first().cloned()).unwrap_or_default();
    let description = described(map);
    let shown = !description.is_empty() || !options.is_empty();
    shown.then(|| Field { kind: Kind::Variable, name: text(name).unwrap_or_default(), description, value, options, form: "string".to_owned(), required: false })
}

fn input(name: &Yaml, value: &Yaml) -> Option<Field> {
    let empty = Hash::new();
    let map = value.as_hash().unwrap_or(&empty);
    let default = get(map, "default");
    let value = match default {
        Some(Yaml::Array(list)) => serde_json::to_string(&list.iter().filter_map(text).collect::<Vec<_>>()).unwrap_or_default(),
        other => other.and_then(text).unwrap_or_default(),
    };
    let form = get(map, "type").and_then(text).unwrap_or_else(|| "string".to_owned());
    Some(Field { kind: Kind::Input, name: text(name)?, description: described(map), value, options: options(map), form, required: default.is_none() })
}

/// The fields that the text of a CI file declares, inputs first.
///
/// # Errors
/// What is wrong with the YAML, with its line.
pub fn declared(ci_file: &str) -> Result<Vec<Field>, String> {
    let documents = YamlLoader::load_from_str(ci_file).map_err(|error| error.to_string())?;
    let map = |place: usize| documents.get(place).and_then(Yaml::as_hash);
    let header = map(0).and_then(|map| get(map, "spec")).and_then(Yaml::as_hash);
    let body = map(usize::from(header.is_some() && documents.len() > 1));
    let inputs = header.and_then(|spec| get(spec, "inputs")).and_then(Yaml::as_hash);
    let variables = body.and_then(|body| get(body, "variables")).and_then(Yaml::as_hash);
    let inputs = inputs.into_iter().flatten().filter_map(|(name, value)| input(name, value));
    Ok(inputs.chain(variables.into_iter().flatten().filter_map(|(name, value)| variable(name, value))).collect())
}

/// The value of an input as JSON, which is what the API takes.
///
/// # Errors
/// A sentence that says what is expected.
pub fn input_value(field: &Field, value: &str) -> Result<serde_json::Value, String> {
    let wrong = |what: &str| format!("{} must be {what}, not “{value}”", field.name);
    match field.form.as_str() {
        "number" => value.trim().parse::<serde_json::Number>().map(serde_json::Value::Number).map_err(|_| wrong("a number")),
        "boolean" => value.trim().parse::<bool>().map(serde_json::Value::Bool).map_err(|_| wrong("true or false")),
        "array" => match serde_json::from_str(value) {
            Ok(list @ serde_json::Value::Array(_)) => Ok(list),
            _ => Err(wrong("a JSON list such as [\"a\", \"b\"]")),
        },
        _ => Ok(serde_json::Value::String(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, declared, input_value};

    const FILE: &str = r#"
spec:
  inputs:
    steps: {type: number, default: 10, description: How many}
    site: {options: [lab, field]}
---
variables:
  PLAIN: text
  SPEED: {value: "slow", options: [slow, fast], description: How fast}
  NOTE: {description: Free text}
run:
  script: [!reference [.x, script], echo]
"#;

    #[test]
    fn inputs_and_described_variables() {
        let fields = declared(FILE).unwrap_or_default();
        let seen: Vec<_> = fields.iter().map(|field| (field.kind, field.name.as_str(), field.value.as_str(), field.options.len(), field.required)).collect();
        assert_eq!(
            seen,
            [(Kind::Input, "steps", "10", 0, false), (Kind::Input, "site", "", 2, true), (Kind::Variable, "SPEED", "slow", 2, false), (Kind::Variable, "NOTE", "", 0, false)]
        );
        assert_eq!(input_value(&fields[0], "3.5").map(|value| value.to_string()), Ok("3.5".to_owned()));
        assert!(input_value(&fields[0], "x").is_err_and(|words| words.contains("steps must be a number")));
        assert!(declared("a: [").is_err());
        assert_eq!(declared(""), Ok(Vec::new()));
    }
}
