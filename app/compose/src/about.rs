//! What an asset says of itself at the head of its README: YAML between two lines `---`, as static
//! site generators and GitLab know it (GitLab Docs, “GitLab Flavored Markdown”, front matter). Names of fields are
//! those of `CITATION.cff` and of model cards; common other spellings are taken too.

use serde::{Deserialize, Serialize};
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::{Yaml, YamlLoader};

/// The longest head that is read, in bytes; what is longer is no head.
const MOST: usize = 16 * 1024;
/// The most values of one field, and letters of one value, that are kept.
const VALUES: usize = 50;
const LETTERS: usize = 200;
/// Lists in lists, and so on, at most.
const DEPTH: usize = 8;

/// What was said. Nothing of it is checked: it is whatever the author wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Who made it or looks after it: `authors`, `author`, `owner`, `maintainer`, `maintainers`.
    pub owners: Vec<String>,
    /// What it is about, in small letters, each once: `tags`, `keywords`.
    pub tags: Vec<String>,
    /// Under which terms it may be used: `licence`, `license`.
    pub licence: Option<String>,
    /// Its version: `version`.
    pub version: Option<String>,
    /// Where to read more, or how to cite it: `doi`, `citation`, `cite`, `url`.
    pub citation: Option<String>,
}

impl About {
    /// Whether it says nothing that is known here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Head and rest of a text; no head where it does not begin with one that also ends.
#[must_use]
pub fn split(text: &str) -> (Option<&str>, &str) {
    let start = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(inside) = start.strip_prefix("---").and_then(after_line) else { return (None, text) };
    let mut place = 0;
    for line in inside.split_inclusive('\n') {
        if place > MOST {
            break;
        }
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(&inside[..place]), &inside[place + line.len()..]);
        }
        place += line.len();
    }
    (None, text)
}

/// What comes behind the end of a line that holds nothing else.
fn after_line(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t']);
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n"))
}

/// A value as text; people are written as `{name: …}` or with given and family names as in `CITATION.cff`.
fn word(value: &Yaml) -> Option<String> {
    let text = match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Hash(_) => {
            let part = |key: &str| value[key].as_str().map(str::trim).filter(|text| !text.is_empty());
            match (part("name"), part("given-names"), part("family-names")) {
                (Some(name), _, _) => name.to_owned(),
                (None, given, family) => [given, family].into_iter().flatten().collect::<Vec<_>>().join(" "),
            }
        }
        _ => return None,
    };
    let text: String = text.trim().chars().take(LETTERS).collect();
    (!text.is_empty()).then_some(text)
}

/// The values of a field: one, a list, or several with commas between them.
fn words(head: &Yaml, keys: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in keys.iter().map(|key| &head[*key]) {
        let values: Vec<String> = match value {
            Yaml::Array(list) => list.iter().filter_map(word).collect(),
            Yaml::String(text) => text.split(',').filter_map(|part| word(&Yaml::String(part.to_owned()))).collect(),
            other => word(other).into_iter().collect(),
        };
        for value in values {
            if found.len() < VALUES && !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}

/// Whether a head is plain: without references, which can make a few letters grow without end, and not nested deeply. Looked
/// at piece by piece, because reading it whole goes as deep as it is nested.
fn is_plain(head: &str) -> bool {
    let (mut parser, mut depth) = (Parser::new_from_str(head), 0_usize);
    loop {
        match parser.next_token() {
            Ok((Event::StreamEnd, _)) => return true,
            Ok((Event::SequenceStart(..) | Event::MappingStart(..), _)) if depth < DEPTH => depth += 1,
            Ok((Event::SequenceEnd | Event::MappingEnd, _)) => depth = depth.saturating_sub(1),
            Ok((Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_), _)) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// Reads the head of a README; nothing where there is none, or it is no YAML.
#[must_use]
pub fn read(text: &str) -> About {
    let head = split(text).0.filter(|head| is_plain(head)).and_then(|head| YamlLoader::load_from_str(head).ok()).and_then(|mut all| (!all.is_empty()).then(|| all.swap_remove(0)));
    let Some(head) = head else { return About::default() };
    let first = |keys: &[&str]| words(&head, keys).into_iter().next();
    let whole = |keys: &[&str]| keys.iter().find_map(|key| word(&head[*key]));
    let mut tags: Vec<String> = words(&head, &["tags", "keywords"]).into_iter().map(|tag| tag.to_lowercase()).collect();
    tags.sort_unstable();
    tags.dedup();
    About {
        owners: words(&head, &["authors", "author", "owner", "owners", "maintainer", "maintainers"]),
        tags,
        licence: first(&["licence", "license"]),
        version: whole(&["version"]),
        citation: whole(&["doi", "citation", "cite", "url"]),
    }
}

#[cfg(test)]
mod tests {
    use super::{About, read, split};

    #[test]
    fn a_head_is_told_from_a_line() {
        assert_eq!(split("---\na: 1\n---\n# T\n"), (Some("a: 1\n"), "# T\n"));
        assert_eq!(split("---\r\na: 1\r\n...\r\nx"), (Some("a: 1\r\n"), "x"));
        assert_eq!(split("---\n---\nx"), (Some(""), "x"));
        for text in ["", "---", "--- a\n---\n", "# T\n---\na: 1\n---\n", "---\nno end\n", "----\na\n---\n"] {
            assert_eq!(split(text), (None, text), "{text:?}");
        }
        let long = format!("---\n{}---\n", "a: b\n".repeat(10_000));
        assert_eq!(split(&long).0, None);
    }

    #[test]
    fn fields_in_the_ways_that_people_write_them() {
        let text = "---\ntags: [Tank, fluid, tank]\nkeywords: level, control\nauthors:\n  - name: Ada Lovelace\n    orcid: 0\n  - family-names: Turing\n    given-names: Alan\n  - Grace\nlicense: MIT\nversion: 1.20\n---\n# T";
        let about = read(text);
        assert_eq!(about.tags, ["control", "fluid", "level", "tank"]);
        assert_eq!(about.owners, ["Ada Lovelace", "Alan Turing", "Grace"]);
        assert_eq!((about.licence.as_deref(), about.version.as_deref()), (Some("MIT"), Some("1.20")));
        assert_eq!(read("---\nowner: ada, bob\ndoi: 10.1/x\n---\n").owners, ["ada", "bob"]);
    }

    #[test]
    fn what_is_no_yaml_says_nothing() {
        for text in ["---\n: : [\n---\n", "---\n- a\n- b\n---\n", "---\n~\n---\n", "---\ntags: {a: 1}\n---\n", "---\ntags: [[a], null, {}]\nversion: {a: b}\n---\n", "# T"] {
            assert_eq!(read(text), About::default(), "{text:?}");
        }
        let bomb: String = (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "))).collect();
        for text in [format!("---\na0: &a0 [x]\n{bomb}tags: *a8\n---\n"), format!("---\ntags: {}x\n---\n", "[".repeat(7_000)), format!("---\n{}x\n---\n", "- ".repeat(7_000))] {
            assert_eq!(read(&text), About::default());
        }
        assert!(read(&format!("---\ntags: [{}]\n---\n", "x, ".repeat(3000))).tags.len() <= 50);
    }
}
