//! What a CI document may look like: one table of keys and their forms, checked before anything
//! is made of it. Messages name the place the way GitLab's lint does (`jobs:x:script config …`).

mod table;

use serde_json::Value;

pub use table::{JOB, ROOT};

/// The form of a value.
pub enum Shape {
    /// Anything, null included.
    Any,
    /// A string.
    Text,
    /// A string that is not empty.
    Filled,
    /// A string or a number.
    Scalar,
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds.
    Whole(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A command, or commands nested up to ten deep.
    Script,
    /// A list of this, at least `.1` long.
    List(&'static Shape, usize),
    /// A list without duplicates.
    Unique(&'static Shape),
    /// Any of these.
    Either(&'static [Shape]),
    /// A mapping with these keys only; the last list names those that must be there.
    Fields(&'static [(&'static str, Shape)], &'static [&'static str]),
    /// A mapping from any key to this.
    Map(&'static Shape),
    /// `group/project`, or text with a variable in it.
    ProjectPath,
    /// A cache key: no slash, not only dots.
    CacheKey,
    /// A rule of its own.
    Check(fn(&Value) -> Option<&'static str>),
    /// Null or this.
    Nullable(&'static Shape),
}

use Shape::{Any, Bool, CacheKey, Check, Either, Fields, Filled, List, Map, Nullable, ProjectPath, Scalar, Script, Text, Unique, Whole, Word};

/// Everything in `document` that does not have the form it must have, as lint messages.
#[must_use]
pub fn check(document: &Value) -> Vec<String> {
    let Value::Object(root) = document else {
        return vec!["Invalid configuration format".to_owned()];
    };
    let mut errors = Vec::new();
    for (key, value) in root {
        if let Some((_, shape)) = ROOT.iter().find(|(name, _)| name == key) {
            if let Err(error) = shape.fits(value) {
                errors.push(error.at(key));
            }
        } else if !key.starts_with('.') {
            check_job(key, value, &mut errors);
        }
    }
    errors
}

fn check_job(name: &str, job: &Value, errors: &mut Vec<String>) {
    let Value::Object(job) = job else {
        errors.push(format!("jobs:{name} config should be a hash"));
        return;
    };
    let known = |key: &str| JOB.iter().find(|(known, _)| *known == key);
    let unknown: Vec<&str> = job.keys().map(String::as_str).filter(|key| known(key).is_none()).collect();
    if !unknown.is_empty() {
        errors.push(format!("jobs:{name} config contains unknown keys: {}", unknown.join(", ")));
    }
    for (key, value) in job {
        if let Some(Err(error)) = known(key).map(|(_, shape)| shape.fits(value)) {
            errors.push(error.at(&format!("jobs:{name}:{key}")));
        }
    }
}

/// What is wrong, and where below the value that was checked.
#[derive(Debug)]
struct Misfit {
    path: String,
    what: String,
}

impl Misfit {
    fn at(&self, place: &str) -> String {
        format!("{place}{} config {}", self.path, self.what)
    }
}

fn misfit<T>(what: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { path: String::new(), what: what.into() })
}

impl Shape {
    fn fits(&self, value: &Value) -> Result<(), Misfit> {
        let ok = |fine: bool, what: &str| if fine { Ok(()) } else { misfit(what) };
        if is_reference(value) {
            return Ok(());
        }
        match self {
            Any => Ok(()),
            Nullable(inner) => {
                if value.is_null() {
                    Ok(())
                } else {
                    inner.fits(value)
                }
            }
            Text => ok(value.is_string(), "should be a string"),
            Filled => ok(value.as_str().is_some_and(|text| !text.is_empty()), "should be a string that is not empty"),
            Scalar => ok(value.is_string() || value.is_number(), "should be a string or a number"),
            Bool => ok(value.is_boolean(), "should be a boolean value"),
            Whole(from, to) => ok(value.as_i64().is_some_and(|number| (*from..=*to).contains(&number)), &format!("should be an integer from {from} to {to}")),
            Word(words) => ok(value.as_str().is_some_and(|text| words.contains(&text)), &format!("should be one of: {}", words.join(", "))),
            Script => ok(is_script(value, 0), "should be a string or a nested array of strings up to 10 levels deep"),
            ProjectPath => ok(value.as_str().is_some_and(is_project_path), "should be the path of a project, such as group/project"),
            CacheKey => ok(
                value.as_str().is_some_and(|key| !key.contains('/') && !key.is_empty() && key.chars().any(|c| c != '.')),
                "should be a string without a slash that is not only dots",
            ),
            Check(rule) => rule(value).map_or(Ok(()), misfit),
            List(item, least) => fits_list(item, *least, value),
            Unique(item) => {
                fits_list(item, 0, value)?;
                let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
                ok((1..list.len()).all(|i| !list[..i].contains(&list[i])), "should not contain duplicates")
            }
            Either(shapes) => fits_either(shapes, value),
            Map(item) => {
                let Value::Object(map) = value else { return misfit("should be a hash") };
                map.iter().try_for_each(|(key, value)| item.fits(value).map_err(|error| below(key, error)))
            }
            Fields(fields, required) => fits_fields(fields, required, value),
        }
    }
}

fn below(key: &str, error: Misfit) -> Misfit {
    Misfit { path: format!(":{key}{}", error.path), what: error.what }
}

fn fits_list(item: &Shape, least: usize, value: &Value) -> Result<(), Misfit> {
    let Value::Array(list) = value else { return misfit("should be an array") };
    if list.len() < least {
        return misfit("should not be empty");
    }
    list.iter().try_for_each(|value| item.fits(value))
}

fn fits_fields(fields: &[(&str, Shape)], required: &[&str], value: &Value) -> Result<(), Misfit> {
    let Value::Object(map) = value else { return misfit("should be a hash") };
    if let Some(missing) = required.iter().find(|key| !map.contains_key(**key)) {
        return misfit(format!("should have the key {missing}"));
    }
    for (key, value) in map {
        match fields.iter().find(|(name, _)| name == key) {
            Some((_, shape)) => shape.fits(value).map_err(|error| below(key, error))?,
            None => return misfit(format!("contains unknown keys: {key}")),
        }
    }
    Ok(())
}

/// The message of the alternative that came closest: the one that failed deepest inside.
fn fits_either(shapes: &[Shape], value: &Value) -> Result<(), Misfit> {
    let mut closest: Option<Misfit> = None;
    for shape in shapes {
        match shape.fits(value) {
            Ok(()) => return Ok(()),
            Err(error) if closest.as_ref().is_none_or(|best| error.path.len() > best.path.len()) => closest = Some(error),
            Err(_) => {}
        }
    }
    closest.map_or(Ok(()), Err)
}

/// `!reference` is checked after it has been resolved.
fn is_reference(value: &Value) -> bool {
    value.get(super::document::REFERENCE).is_some()
}

fn is_script(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(list) => depth < 10 && list.iter().all(|item| is_script(item, depth + 1)),
        other => is_reference(other),
    }
}

fn script_filled(value: &Value) -> Option<&'static str> {
    let empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    match is_script(value, 0) {
        false => Some("should be a string or a nested array of strings up to 10 levels deep"),
        true if empty => Some("can't be blank"),
        true => None,
    }
}

fn is_project_path(path: &str) -> bool {
    path.contains('$') || (path.contains('/') && !path.starts_with('/') && !path.ends_with('/') && !path.contains('#'))
}

fn variable(value: &Value) -> Option<&'static str> {
    (!value.as_str().is_some_and(|text| text.starts_with('$'))).then_some("should be a variable")
}

fn exists(value: &Value) -> Option<&'static str> {
    let Value::Object(map) = value else { return Some("should be an array of strings or a hash") };
    let paths = map.get("paths").and_then(Value::as_array).is_some_and(|list| list.iter().all(Value::is_string));
    if !paths {
        return Some("should have paths, an array of strings");
    }
    if map.contains_key("ref") && !map.contains_key("project") {
        return Some("should have project where it has ref");
    }
    None
}

fn input_names(value: &Value) -> Option<&'static str> {
    let fine = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let map = value.as_object()?;
    (!map.keys().all(fine)).then_some("should have names of letters, digits, _ and -")
}

fn input_definition(value: &Value) -> Option<&'static str> {
    let Value::Object(map) = value else { return value.is_string().then_some("should be a hash") };
    const KEYS: [&str; 7] = ["type", "default", "description", "options", "regex", "rules", "required"];
    if map.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Some("contains unknown keys");
    }
    let kind = map.get("type").and_then(Value::as_str).unwrap_or("string");
    let default = map.get("default")?;
    let fits = match kind {
        "string" => default.is_string(),
        "number" => default.is_number(),
        "boolean" => default.is_boolean(),
        "array" => default.is_array(),
        _ => return Some("should have type string, number, boolean or array"),
    };
    (!fits).then_some("should have a default of its type")
}
