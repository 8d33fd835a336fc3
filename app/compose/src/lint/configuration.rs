//! JSON and YAML that can be read, and co-simulations whose parts fit.

use fmu::{Card, Variable};
use serde_json::Value;
use yaml_rust2::YamlLoader;

use super::{Finding, Fix, Severity, line_of};
use crate::project::{Project, folder, relative};
use crate::scenario::{Port, Scenario};

/// Looks at one file.
pub fn check(project: &Project, path: &str, text: &str, found: &mut Vec<Finding>) {
    let lower = path.to_lowercase();
    if lower.ends_with(".json") {
        match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
            Ok(value) => {
                if let Some(scenario) = Scenario::of(&value) {
                    Looking { project, path, text, scenario: &scenario, found }.all();
                }
            }
            Err(error) => {
                // Data may be one value a line, which is another format under the same ending.
                let severity = if path.starts_with("data/") || path.contains("/data/") { Severity::Warning } else { Severity::Error };
                let what = error.to_string();
                let what = what.rsplit_once(" at line").map_or(what.as_str(), |(what, _)| what);
                found.push(Finding::new(path, error.line(), severity, "json-invalid", format!("This is no valid JSON: {what}, at column {}.", error.column())));
            }
        }
    } else if (lower.ends_with(".yml") || lower.ends_with(".yaml"))
        && let Err(error) = YamlLoader::load_from_str(text)
    {
        found.push(Finding::new(path, error.marker().line(), Severity::Error, "yaml-invalid", format!("This is no valid YAML: {}.", error.info())));
    }
}

/// A configuration and what it is held against.
struct Looking<'a> {
    project: &'a Project,
    path: &'a str,
    text: &'a str,
    scenario: &'a Scenario,
    found: &'a mut Vec<Finding>,
}

/// Whether a path is one of a whole machine, of any system.
fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || path.starts_with('\\') || path.as_bytes().get(1) == Some(&b':')
}

/// The path that a reference means: Maestro takes addresses of files too.
pub fn bare(written: &str) -> String {
    written.strip_prefix("file://").unwrap_or(written).replace('\\', "/")
}

/// Whether a script that creates the twin's files names this one.
fn is_made(project: &Project, from: &str, name: &str) -> bool {
    let makes = |path: &str| path.split('/').next_back().is_some_and(|script| script.split('.').next() == Some("create")) && path.split('/').rev().nth(1) == Some("lifecycle");
    let twin = project.twins().into_iter().find(|twin| from.starts_with(&format!("{twin}/"))).unwrap_or_default();
    project.texts.iter().filter(|(path, _)| path.starts_with(&twin) && makes(path)).any(|(_, text)| text.contains(name))
}

/// How a value of one type arrives at another.
fn conversion(from: &Variable, to: &Variable) -> Option<(Severity, &'static str)> {
    match (from.family(), to.family()) {
        (a, b) if a == b => None,
        ("Boolean", "Real" | "Integer") => Some((Severity::Warning, "boolean-to-number")),
        ("Integer", "Real") => Some((Severity::Warning, "integer-to-real")),
        ("Enumeration", "Integer") | ("Integer", "Enumeration") => Some((Severity::Warning, "enumeration")),
        _ => Some((Severity::Error, "type-mismatch")),
    }
}

/// Whether a JSON value can be a start value of a variable.
fn can_start(value: &Value, variable: &Variable) -> bool {
    match variable.family() {
        "Real" => value.is_number() || value.is_array(),
        "Integer" | "Enumeration" => value.is_i64() || value.is_u64() || value.is_array() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "Boolean" => value.is_boolean() || value.is_array(),
        "String" => value.is_string() || value.is_array(),
        _ => true,
    }
}

impl Looking<'_> {
    /// A parameter is often an input or output that is connected further up.
    fn say_below(&mut self, port: &str, severity: Severity, code: &'static str, message: String) {
        let start = self.text.find("\"parameters\"").unwrap_or(0);
        let line = self.text[..start].matches('\n').count() + line_of(&self.text[start..], port);
        self.found.push(Finding::new(self.path, line, severity, code, message));
    }

    fn say(&mut self, word: &str, severity: Severity, code: &'static str, message: String) {
        self.found.push(Finding::new(self.path, line_of(self.text, word), severity, code, message));
    }

    fn all(&mut self) {
        let scenario = self.scenario;
        for text in &scenario.unreadable {
            self.say(text, Severity::Error, "reference", format!("“{text}” is no reference to a variable. One is written {{key}}.instance.variable."));
        }
        for text in &scenario.wrong {
            self.say("", Severity::Error, "configuration", format!("This configuration cannot be used: {text}."));
        }
        let cards: Vec<(String, Option<Card>)> = scenario.fmus.iter().map(|(key, written)| (key.clone(), self.file(key, written))).collect();
        let card = |key: &str| cards.iter().find(|(known, _)| known == key).and_then(|(_, card)| card.as_ref());
        let mut taken: Vec<&Port> = Vec::new();
        for (from, to) in &scenario.links {
            let ends = [(from, true), (to, false)].map(|(port, source)| self.port(port, source, card(&port.fmu)));
            if let [Some(from_variable), Some(to_variable)] = &ends {
                self.fits((from, from_variable), (to, to_variable));
            }
            if taken.contains(&to) {
                self.say(&to.print(), Severity::Error, "input-twice", format!("The input {} is connected more than once. Keep one of its sources.", to.print()));
            }
            taken.push(to);
        }
        for (port, value) in &scenario.parameters {
            self.parameter(port, value, card(&port.fmu));
        }
        self.open_inputs(&taken, &cards);
    }

    /// Looks for the file of a key, and gives its card if it was read.
    fn file(&mut self, key: &str, written: &str) -> Option<Card> {
        let path = bare(written);
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let known = if is_absolute(&path) { None } else { self.project.resolve(self.path, &path) };
        if let Some(known) = known {
            return self.project.models.get(&known)?.as_ref().ok().cloned();
        }
        let like = self.project.like(&path);
        let (one, base) = (if let [one] = like.as_slice() { Some(one.clone()) } else { None }, folder(self.path));
        // With its quotes: one path may be the end of another.
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        let fix = one.as_ref().map(|one| Fix { title: format!("Use {}", relative(base, one)), find: quoted(written), replace: quoted(&relative(base, one)) });
        let (severity, code, message) = if is_absolute(&path) && !like.is_empty() {
            (Severity::Warning, "absolute-path", format!("The file of {key} is given as {written}, a path of one machine. Give it as seen from this file."))
        } else if is_made(self.project, self.path, &name) {
            (Severity::Info, "made-by-lifecycle", format!("{name} is not in the project; the create phase makes it."))
        } else if like.len() > 1 {
            (Severity::Error, "missing-file", format!("There is no {written}. Files of that name are {}: say which.", like.join(", ")))
        } else {
            let hint = if is_absolute(&path) { " It may be on somebody's workspace: add it to the project." } else { "" };
            (Severity::Error, "missing-file", format!("The file of {key}, {written}, is not in the project and no create phase makes it.{hint}"))
        };
        self.found.push(Finding::new(self.path, line_of(self.text, written), severity, code, message).with(fix));
        one.and_then(|one| self.project.models.get(&one)?.as_ref().ok().cloned())
    }

    /// The variable at one end of a link, if its model is known.
    fn port(&mut self, port: &Port, source: bool, card: Option<&Card>) -> Option<Variable> {
        let text = port.print();
        if self.scenario.file(&port.fmu).is_none() {
            self.say(&text, Severity::Error, "unknown-fmu", format!("{text} names {}, which is not among “fmus”.", port.fmu));
            return None;
        }
        let Some(variable) = card?.variable(&port.variable) else {
            let names: Vec<&str> = card?.variables.iter().map(|variable| variable.name.as_str()).collect();
            let near = names.iter().find(|name| name.eq_ignore_ascii_case(&port.variable)).map(|name| format!(" There is “{name}”.")).unwrap_or_default();
            self.say(&text, Severity::Error, "unknown-port", format!("The model of {} has no variable “{}”.{near}", port.fmu, port.variable));
            return None;
        };
        let (wanted, code) = if source { ("output", "no-output") } else { ("input", "no-input") };
        if variable.causality != wanted {
            let what = if source { "a source" } else { "a target" };
            self.say(&text, Severity::Error, code, format!("{text} is used as {what}, and its model declares it as {}, not {wanted}.", variable.causality));
        }
        Some(variable.clone())
    }

    fn fits(&mut self, (from, a): (&Port, &Variable), (to, b): (&Port, &Variable)) {
        let word = to.print();
        if let Some((severity, code)) = conversion(a, b) {
            let end = if severity == Severity::Error { "They cannot be connected." } else { "Tools convert it; say so in the README if it is meant." };
            self.say(&word, severity, code, format!("{} is {} and {} is {}. {end}", from.print(), a.kind, to.print(), b.kind));
        }
        if let (Some(one), Some(other)) = (&a.unit, &b.unit)
            && one != other
        {
            self.say(&word, Severity::Warning, "unit-mismatch", format!("{} is in {one} and {} in {other}, and nothing converts it.", from.print(), to.print()));
        }
    }

    fn parameter(&mut self, port: &Port, value: &Value, card: Option<&Card>) {
        let text = port.print();
        if self.scenario.file(&port.fmu).is_none() {
            self.say_below(&text, Severity::Error, "unknown-fmu", format!("The parameter {text} names {}, which is not among “fmus”.", port.fmu));
            return;
        }
        let Some(card) = card else { return };
        match card.variable(&port.variable) {
            None => self.say_below(&text, Severity::Error, "unknown-port", format!("The model of {} has no variable “{}” that could be set.", port.fmu, port.variable)),
            Some(variable) if !can_start(value, variable) => {
                self.say_below(&text, Severity::Error, "parameter-type", format!("{text} is {} and is given {value}.", variable.kind));
            }
            Some(variable) if matches!(variable.causality.as_str(), "output" | "calculatedParameter" | "independent") => {
                self.say_below(
                    &text,
                    Severity::Warning,
                    "parameter-causality",
                    format!("{text} is declared as {}, so the model may overwrite what it is given.", variable.causality),
                );
            }
            Some(_) => {}
        }
    }

    /// Inputs that nothing feeds and that have no value to begin with.
    fn open_inputs(&mut self, taken: &[&Port], cards: &[(String, Option<Card>)]) {
        for (fmu, instance) in self.scenario.blocks() {
            let Some(card) = cards.iter().find(|(key, _)| *key == fmu).and_then(|(_, card)| card.as_ref()) else { continue };
            for variable in card.variables.iter().filter(|variable| variable.causality == "input" && variable.start.is_none()) {
                let port = Port { fmu: fmu.clone(), instance: instance.clone(), variable: variable.name.clone() };
                let given = taken.contains(&&port) || self.scenario.parameters.iter().any(|(of, _)| *of == port);
                if !given && !instance.is_empty() {
                    self.say(&fmu, Severity::Info, "input-open", format!("Nothing is connected to the input {}, and it has no start value.", port.print()));
                }
            }
        }
    }
}
