//! Reports of tests in the XML that JUnit made common: `testsuite`s of `testcase`s, each passed unless it holds
//! `failure`, `error` or `skipped` (the elements that GitLab reads, `lib/gitlab/ci/parsers/test/junit.rb`).

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Tests that are read of one report at most.
const MOST: usize = 5_000;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It did not hold.
    Failed,
    /// It could not be tried.
    Broken,
    /// It was left out.
    Skipped,
    /// It held.
    Passed,
}

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The suite or class.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Seconds.
    pub seconds: Option<f64>,
    /// How it ended.
    pub outcome: Outcome,
    /// What it said of that.
    pub words: String,
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name.as_bytes())?;
    found.unescape_value().ok().map(|value| value.into_owned())
}

/// Whether a text looks like such a report.
#[must_use]
pub fn is_report(text: &str) -> bool {
    let start: String = text.chars().take(2_000).collect();
    start.contains("<testsuite")
}

/// Reads a report: its tests, failures first.
///
/// # Errors
/// Why it cannot be read.
pub fn read(text: &str) -> Result<Vec<Test>, String> {
    let mut reader = Reader::from_str(text);
    let (mut tests, mut suite, mut open): (Vec<Test>, String, Option<Test>) = (Vec::new(), String::new(), None);
    let (mut speaks, mut said) = (false, String::new());
    loop {
        let event = reader.read_event().map_err(|error| format!("It is no whole XML: {error}."))?;
        match &event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let over = matches!(event, Event::Empty(_));
                match element.local_name().as_ref() {
                    b"testsuite" => suite = attribute(element, "name").unwrap_or_default(),
                    b"testcase" => {
                        let group = attribute(element, "classname").filter(|name| !name.is_empty()).unwrap_or_else(|| suite.clone());
                        let seconds = attribute(element, "time").and_then(|time| time.replace(',', "").parse().ok());
                        let test = Test { group, name: attribute(element, "name").unwrap_or_default(), seconds, outcome: Outcome::Passed, words: String::new() };
                        if over { tests.push(test) } else { open = Some(test) }
                    }
                    kind @ (b"failure" | b"error" | b"skipped") => {
                        if let Some(test) = &mut open {
                            let outcome = match kind {
                                b"failure" => Outcome::Failed,
                                b"error" => Outcome::Broken,
                                _ => Outcome::Skipped,
                            };
                            // A test that failed and broke has done both; the worse counts.
                            test.outcome = test.outcome.min(outcome);
                            add(test, &attribute(element, "message").unwrap_or_default());
                            speaks = !over;
                        }
                    }
                    _ => {}
                }
            }
            Event::Text(part) if speaks => said.push_str(&part.decode().unwrap_or_default()),
            Event::CData(part) if speaks => said.push_str(&part.decode().unwrap_or_default()),
            Event::GeneralRef(part) if speaks => said.extend(resolved(part)),
            Event::End(element) => match element.local_name().as_ref() {
                b"testcase" => tests.extend(open.take()),
                b"failure" | b"error" | b"skipped" => {
                    speaks = false;
                    open.iter_mut().for_each(|test| add(test, &said));
                    said.clear();
                }
                _ => {}
            },
            _ => {}
        }
        if tests.len() > MOST {
            return Err(format!("It has more than {MOST} tests."));
        }
    }
    if open.is_some() {
        return Err("It ends in the middle of a test.".to_owned());
    }
    tests.sort_by_key(|test| test.outcome);
    Ok(tests)
}

/// What `&lt;` and its like stand for.
fn resolved(part: &BytesRef<'_>) -> Option<char> {
    match part.resolve_char_ref() {
        Ok(Some(letter)) => Some(letter),
        _ => quick_xml::escape::resolve_predefined_entity(&part.decode().ok()?)?.chars().next(),
    }
}

fn add(test: &mut Test, said: &str) {
    let said = said.trim();
    if !said.is_empty() && !test.words.contains(said) {
        if !test.words.is_empty() {
            test.words.push('\n');
        }
        test.words.push_str(said);
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, is_report, read};

    #[test]
    fn what_tests_say() {
        let text = r#"<?xml version="1.0"?><testsuites><testsuite name="plant"><testcase name="holds &lt;1&gt;" time="0.5"/>
            <testcase classname="a.B" name="breaks" time="1,200.5"><failure message="1 &amp; 2"><![CDATA[at line <7>]]></failure></testcase>
            <testcase name="left out"><skipped/></testcase><testcase name="lost"><error>no file</error></testcase></testsuite></testsuites>"#;
        assert!(is_report(text));
        let tests = read(text).unwrap_or_default();
        let seen: Vec<(&str, &str, Outcome, &str, Option<f64>)> =
            tests.iter().map(|test| (test.group.as_str(), test.name.as_str(), test.outcome, test.words.as_str(), test.seconds)).collect();
        assert_eq!(
            seen,
            [
                ("a.B", "breaks", Outcome::Failed, "1 & 2\nat line <7>", Some(1200.5)),
                ("plant", "lost", Outcome::Broken, "no file", None),
                ("plant", "left out", Outcome::Skipped, "", None),
                ("plant", "holds <1>", Outcome::Passed, "", Some(0.5)),
            ]
        );
        for cut in ["<testsuite><testcase>", "<testsuite><testcase name='x'><failure></testcase>"] {
            assert!(read(cut).is_err(), "{cut}");
        }
        assert!(!is_report("<html>"));
    }
}
