//! The values of a JSON or YAML file as fields of a form. Changing one changes its characters and no
//! other: comments, order and spaces stay.

use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

/// A value that can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Where it is: keys and places, from the top.
    pub path: Vec<String>,
    /// What it is now, as a person would type it.
    pub value: String,
    /// What it is written as.
    pub form: Form,
    /// Its characters in the text, as bytes.
    pub span: (usize, usize),
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A text in double quotes.
    Text,
    /// A text without quotes, or in single ones (YAML).
    Plain,
}

/// Files with more values than this are edited as text.
pub const MOST: usize = 200;

/// The fields of a file named `path`; nothing when it is neither JSON nor YAML, or cannot be read.
#[must_use]
pub fn fields(path: &str, text: &str) -> Option<Vec<Field>> {
    let lower = path.to_lowercase();
    let found = if lower.ends_with(".json") {
        serde_json::from_str::<serde_json::Value>(text).ok()?;
        let mut scan = Scan { text, at: 0, path: Vec::new(), found: Vec::new() };
        scan.value()?;
        scan.found
    } else if lower.ends_with(".yml") || lower.ends_with(".yaml") {
        let mut walk = Walk { text, starts: text.char_indices().map(|(at, _)| at).collect(), stack: Vec::new(), found: Vec::new() };
        Parser::new_from_str(text).load(&mut walk, false).ok()?;
        walk.found
    } else {
        return None;
    };
    (found.len() <= MOST).then_some(found)
}

/// The text with another value for `field`, which must be of it.
///
/// # Errors
/// Why the value cannot stand there.
pub fn set(text: &str, field: &Field, value: &str) -> Result<String, &'static str> {
    let written = match field.form {
        Form::Number => match value.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && serde_json::from_str::<serde_json::Number>(value.trim()).is_ok() => value.trim().to_owned(),
            _ => return Err("A number is expected, such as 0.5 or 1e-3."),
        },
        Form::Boolean => match value.trim() {
            "true" => "true".to_owned(),
            "false" => "false".to_owned(),
            _ => return Err("true or false is expected."),
        },
        Form::Text => serde_json::to_string(value).map_err(|_| "This text cannot be written.")?,
        // A word that YAML might take for something else is put in quotes.
        Form::Plain => {
            let simple = !value.is_empty()
                && value.trim() == value
                && value.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '$'))
                && value.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '$');
            let word = ["true", "false", "null", "yes", "no", "on", "off"].contains(&value.to_lowercase().as_str());
            if simple && !word { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
        }
    };
    Ok(format!("{}{written}{}", &text[..field.span.0], &text[field.span.1..]))
}

/// Reads JSON that is known to be valid, and keeps where values are.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    path: Vec<String>,
    found: Vec<Field>,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn string(&mut self) -> Option<String> {
        let mut end = self.at + 1;
        let bytes = self.text.as_bytes();
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let text = serde_json::from_str(&self.text[self.at..=end]).ok()?;
        self.at = end + 1;
        Some(text)
    }

    fn list(&mut self, close: char, mut item: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        self.at += 1;
        let mut number = 0;
        loop {
            self.space();
            match self.rest().chars().next()? {
                c if c == close => {
                    self.at += 1;
                    return Some(());
                }
                ',' => self.at += 1,
                _ => {
                    item(self, number)?;
                    number += 1;
                }
            }
        }
    }

    fn value(&mut self) -> Option<()> {
        self.space();
        let start = self.at;
        let (value, form) = match self.rest().chars().next()? {
            '{' => {
                return self.list('}', |scan, _| {
                    let key = scan.string()?;
                    scan.space();
                    scan.at += 1;
                    scan.path.push(key);
                    scan.value()?;
                    scan.path.pop();
                    Some(())
                });
            }
            '[' => {
                return self.list(']', |scan, number| {
                    scan.path.push((number + 1).to_string());
                    scan.value()?;
                    scan.path.pop();
                    Some(())
                });
            }
            '"' => (self.string()?, Form::Text),
            _ => {
                let length = self.rest().find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(self.rest().len());
                let word = self.rest()[..length].to_owned();
                self.at += length;
                match word.as_str() {
                    "null" => return Some(()),
                    "true" | "false" => (word, Form::Boolean),
                    _ => (word, Form::Number),
                }
            }
        };
        self.found.push(Field { path: self.path.clone(), value, form, span: (start, self.at) });
        Some(())
    }
}

/// A mapping that is open, with the key that waits for its value, or a list with its next place.
enum Level {
    Map(Option<String>),
    List(usize),
}

/// Follows the events of a YAML parser.
struct Walk<'a> {
    text: &'a str,
    /// Where each character begins.
    starts: Vec<usize>,
    stack: Vec<Level>,
    found: Vec<Field>,
}

impl Walk<'_> {
    /// A value was seen, whatever it was.
    fn passed(&mut self) {
        match self.stack.last_mut() {
            Some(Level::Map(key)) => *key = None,
            Some(Level::List(number)) => *number += 1,
            None => {}
        }
    }

    fn scalar(&mut self, value: String, style: TScalarStyle, mark: Marker) {
        if let Some(Level::Map(key @ None)) = self.stack.last_mut() {
            *key = Some(value);
            return;
        }
        let path = self.stack.iter().map(|level| match level {
            Level::Map(key) => key.clone().unwrap_or_default(),
            Level::List(number) => (number + 1).to_string(),
        });
        let path: Vec<String> = path.collect();
        if let Some(start) = self.starts.get(mark.index()).copied() {
            let rest = &self.text[start..];
            let found = match style {
                TScalarStyle::Plain if !value.is_empty() && rest.starts_with(&value) => {
                    let form = match value.as_str() {
                        "true" | "false" => Form::Boolean,
                        _ if serde_json::from_str::<serde_json::Number>(&value).is_ok() => Form::Number,
                        _ => Form::Plain,
                    };
                    Some((form, value.len()))
                }
                TScalarStyle::DoubleQuoted => serde_json::to_string(&value).ok().filter(|written| rest.starts_with(written.as_str())).map(|written| (Form::Text, written.len())),
                TScalarStyle::SingleQuoted => {
                    let written = format!("'{}'", value.replace('\'', "''"));
                    rest.starts_with(&written).then_some((Form::Plain, written.len()))
                }
                _ => None,
            };
            if let Some((form, length)) = found {
                self.found.push(Field { path, value, form, span: (start, start + length) });
            }
        }
        self.passed();
    }
}

impl MarkedEventReceiver for Walk<'_> {
    fn on_event(&mut self, event: Event, mark: Marker) {
        match event {
            Event::Scalar(value, style, ..) => self.scalar(value, style, mark),
            Event::MappingStart(..) => self.stack.push(Level::Map(None)),
            Event::SequenceStart(..) => self.stack.push(Level::List(0)),
            Event::MappingEnd | Event::SequenceEnd => {
                self.stack.pop();
                self.passed();
            }
            Event::Alias(_) => self.passed(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, fields, set};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    fn seen(path: &str, text: &str) -> Vec<String> {
        fields(path, text).unwrap_or_default().iter().map(|field| format!("{}={} {:?}", field.path.join("."), field.value, field.form)).collect()
    }

    #[test]
    fn values_and_their_places() {
        let json = "{\n  \"stop\" : 10.0, // no\n".replace(" // no", "") + "  \"name\":\"a \\\"b\\\"\",\n  \"on\": true, \"none\": null,\n  \"list\": [1, {\"x\": -2e3}]\n}";
        assert_eq!(seen("a.json", &json), ["stop=10.0 Number", "name=a \"b\" Text", "on=true Boolean", "list.1=1 Number", "list.2.x=-2e3 Number"]);
        let yaml = "# ours\nstages: [build, 'it''s']\njob:\n  script:\n    - echo ü  # note\n  retry: 2\n  text: |\n    block\n  \"q\": \"x\"\n";
        assert_eq!(seen("a.yml", yaml), ["stages.1=build Plain", "stages.2=it's Plain", "job.script.1=echo ü Plain", "job.retry=2 Number", "job.q=x Text"]);
        assert_eq!(fields("a.txt", ""), None);
        assert_eq!(fields("a.json", "{"), None);
    }

    #[test]
    fn only_the_value_changes() {
        let yaml = "a: 1 # one\nb: 'x'\nc: true\n";
        let all = fields("a.yaml", yaml).unwrap_or_default();
        assert_eq!(set(yaml, &all[0], "2.5").as_deref(), Ok("a: 2.5 # one\nb: 'x'\nc: true\n"));
        assert_eq!(set(yaml, &all[1], "it's: no").as_deref(), Ok("a: 1 # one\nb: 'it''s: no'\nc: true\n"));
        assert_eq!(set(yaml, &all[2], "maybe"), Err("true or false is expected."));
        assert!(set(yaml, &all[0], "NaN").is_err() && set(yaml, &all[0], "").is_err());
        assert_eq!(all[2].form, Form::Boolean);
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_back(key in "[a-z]{1,5}", value in "\\PC{0,12}", json in proptest::bool::ANY) {
            let (name, text) = if json { ("a.json", format!("{{ \"{key}\" : \"old\" , \"z\":1}}")) } else { ("a.yml", format!("{key}: old # note\nz: 1\n")) };
            let all = fields(name, &text).unwrap_or_default();
            let new = set(&text, &all[0], &value).unwrap_or_default();
            let again = fields(name, &new);
            prop_assert!(again.is_some(), "{}", new);
            let again = again.unwrap_or_default();
            prop_assert_eq!((again[0].value.as_str(), again.len()), (value.as_str(), 2), "{}", new);
        }
    }
}
