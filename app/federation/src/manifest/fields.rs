//! A map of a manifest, read field by field; what is wrong is noted and reading goes on, so that a
//! person sees all of it at once.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Fault;

/// The map, and what was read of it.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: Vec<String>,
    known: BTreeSet<String>,
    /// What was found to be wrong.
    pub faults: &'a mut Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// The map that is `at` these keys.
    pub fn new(map: &'a Map<String, Value>, at: Vec<String>, faults: &'a mut Vec<Fault>) -> Self {
        Self { map, at, known: BTreeSet::new(), faults }
    }

    /// Notes what is wrong with a field, or with the whole when `key` is empty.
    pub fn fault(&mut self, key: &str, message: String) {
        let mut at = self.at.clone();
        if !key.is_empty() {
            at.push(key.to_owned());
        }
        self.faults.push(Fault { at, message });
    }

    /// Knows a field without reading it.
    pub fn skip(&mut self, key: &str) {
        self.known.insert(key.to_owned());
    }

    /// A field that is there and not null.
    pub fn take(&mut self, key: &str) -> Option<&'a Value> {
        self.known.insert(key.to_owned());
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A text, or a number as one.
    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                self.fault(key, format!("{key} must be a text."));
                None
            }
        }
    }

    /// A text that must be there.
    pub fn needed(&mut self, key: &str) -> String {
        if self.map.get(key).is_none_or(Value::is_null) {
            self.skip(key);
            self.fault("", format!("The key {key} is missing here."));
        }
        self.text(key).unwrap_or_default()
    }

    /// A whole number within bounds.
    pub fn number(&mut self, key: &str, least: i64, most: i64) -> Option<u32> {
        let found = self.take(key)?.as_i64().filter(|number| (least..=most).contains(number)).and_then(|number| u32::try_from(number).ok());
        if found.is_none() {
            self.fault(key, format!("{key} must be a whole number from {least} to {most}."));
        }
        found
    }

    /// One of a few words; it must be there unless there is a default.
    pub fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)], default: Option<T>) -> Option<T> {
        let list = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let Some(value) = self.take(key) else {
            if default.is_none() {
                self.fault("", format!("The key {key} is missing; it is one of {}.", list()));
            }
            return default;
        };
        let found = words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, found)| *found);
        if found.is_none() {
            self.fault(key, format!("{key} must be one of {}.", list()));
        }
        found
    }

    /// The values of a list; a single value is a list of one.
    pub fn values(&mut self, key: &str) -> Vec<Value> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(one) => vec![one.clone()],
        }
    }

    /// A list of texts; a single text is a list of one.
    pub fn list(&mut self, key: &str) -> Vec<String> {
        let values = self.values(key);
        let found: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if found.len() < values.len() {
            self.fault(key, format!("{key} must be a list of names."));
        }
        found
    }

    /// A map, with where it is.
    pub fn map(&mut self, key: &str) -> Option<(&'a Map<String, Value>, Vec<String>)> {
        let value = self.take(key)?;
        match value.as_object() {
            Some(map) => Some((map, self.at.iter().cloned().chain([key.to_owned()]).collect())),
            None => {
                self.fault(key, format!("{key} must be a map."));
                None
            }
        }
    }

    /// Notes what was not asked for.
    pub fn rest(&mut self) {
        let strange: Vec<String> = self.map.keys().filter(|key| !self.known.contains(*key)).cloned().collect();
        for key in strange {
            let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
            let message = format!("{key} is not known here; what there is: {}.", known.join(", "));
            self.fault(&key, message);
        }
    }
}
