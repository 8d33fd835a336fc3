//! Co-simulation configurations as INTO-CPS tools write them: the multi-model and co-simulation
//! JSON that Maestro reads, with `fmus`, `connections` and `parameters`.

use serde_json::{Map, Value};

/// One variable of one instance of an FMU.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The key of the FMU, with its braces: `{tank}`.
    pub fmu: String,
    /// The instance.
    pub instance: String,
    /// The variable, which may hold dots and brackets.
    pub variable: String,
}

impl Port {
    /// Reads `{key}.instance.variable`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.strip_prefix('{')?.find('}')? + 2;
        let (instance, variable) = text[end..].strip_prefix('.')?.split_once('.')?;
        (!instance.is_empty() && !variable.is_empty()).then(|| Self { fmu: text[..end].to_owned(), instance: instance.to_owned(), variable: variable.to_owned() })
    }

    /// The instance with its FMU, which is one block of a drawing.
    #[must_use]
    pub fn block(&self) -> (&str, &str) {
        (&self.fmu, &self.instance)
    }

    /// As it is written.
    #[must_use]
    pub fn print(&self) -> String {
        format!("{}.{}.{}", self.fmu, self.instance, self.variable)
    }
}

/// What a configuration says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scenario {
    /// Keys and the files that they stand for, as written.
    pub fmus: Vec<(String, String)>,
    /// From an output to an input.
    pub links: Vec<(Port, Port)>,
    /// Start values.
    pub parameters: Vec<(Port, Value)>,
    /// References that are not `{key}.instance.variable`.
    pub unreadable: Vec<String>,
    /// What is there in a form that is not the configuration's.
    pub wrong: Vec<String>,
}

fn map<'a>(value: &'a Value, key: &str, wrong: &mut Vec<String>) -> Option<&'a Map<String, Value>> {
    let found = value.get(key)?;
    if found.as_object().is_none() {
        wrong.push(format!("“{key}” is no object"));
    }
    found.as_object()
}

impl Scenario {
    /// Reads a configuration; nothing when the JSON is of another sort.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        if !object.contains_key("fmus") || !(object.contains_key("connections") || object.contains_key("parameters")) {
            return None;
        }
        let mut scenario = Self::default();
        let mut wrong = Vec::new();
        for (key, path) in map(value, "fmus", &mut wrong).into_iter().flatten() {
            match path.as_str() {
                Some(path) => scenario.fmus.push((key.clone(), path.to_owned())),
                None => wrong.push(format!("the file of {key} is no text")),
            }
        }
        for (from, targets) in map(value, "connections", &mut wrong).into_iter().flatten() {
            let Some(source) = Port::parse(from) else {
                scenario.unreadable.push(from.clone());
                continue;
            };
            let Some(targets) = targets.as_array() else {
                wrong.push(format!("what {from} is connected to is no list"));
                continue;
            };
            for target in targets {
                let text = target.as_str().unwrap_or_default();
                match Port::parse(text) {
                    Some(target) => scenario.links.push((source.clone(), target)),
                    None => scenario.unreadable.push(target.as_str().map_or_else(|| target.to_string(), str::to_owned)),
                }
            }
        }
        for (name, value) in map(value, "parameters", &mut wrong).into_iter().flatten() {
            match Port::parse(name) {
                Some(port) => scenario.parameters.push((port, value.clone())),
                None => scenario.unreadable.push(name.clone()),
            }
        }
        scenario.wrong = wrong;
        Some(scenario)
    }

    /// Reads the text of a configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?)
    }

    /// Its blocks, each an instance of an FMU, in the order in which they are named.
    #[must_use]
    pub fn blocks(&self) -> Vec<(String, String)> {
        let mut blocks: Vec<(String, String)> = Vec::new();
        let ports = self.links.iter().flat_map(|(from, to)| [from, to]).chain(self.parameters.iter().map(|(port, _)| port));
        for port in ports {
            let (fmu, instance) = port.block();
            if !blocks.iter().any(|(known, of)| known == fmu && of == instance) {
                blocks.push((fmu.to_owned(), instance.to_owned()));
            }
        }
        // An FMU that nothing is connected to is part of it all the same.
        for (key, _) in &self.fmus {
            if !blocks.iter().any(|(fmu, _)| fmu == key) {
                blocks.push((key.clone(), String::new()));
            }
        }
        blocks
    }

    /// The file that a key stands for.
    #[must_use]
    pub fn file(&self, key: &str) -> Option<&str> {
        self.fmus.iter().find(|(known, _)| known == key).map(|(_, path)| path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Port, Scenario};

    #[test]
    fn references() {
        let port = Port::parse("{tank}.t1.level[2].x").expect("a port");
        assert_eq!((port.block(), port.variable.as_str()), (("{tank}", "t1"), "level[2].x"));
        assert_eq!(port.print(), "{tank}.t1.level[2].x");
        assert!(["tank.t.x", "{tank}", "{tank}.t", "{tank}..x", "", "{"].iter().all(|text| Port::parse(text).is_none()));
    }

    #[test]
    fn what_is_wrong_does_not_hide_the_rest() {
        let text =
            r#"{"fmus":{"{a}":"a.fmu","{b}":3,"{c}":"c.fmu"},"connections":{"{a}.i.y":["{c}.j.u",7,"no"],"odd":["{c}.j.v"],"{a}.i.z":"{c}.j.w"},"parameters":{"{c}.j.k":1.5}}"#;
        let scenario = Scenario::parse(text).expect("a scenario");
        assert_eq!((scenario.fmus.len(), scenario.links.len(), scenario.parameters.len()), (2, 1, 1));
        assert_eq!(scenario.unreadable, ["7", "no", "odd"]);
        assert_eq!(scenario.wrong.len(), 2);
        assert_eq!(scenario.blocks(), [("{a}".to_owned(), "i".to_owned()), ("{c}".to_owned(), "j".to_owned())]);
        assert_eq!(Scenario::parse("{\"a\":1}"), None);
    }
}
