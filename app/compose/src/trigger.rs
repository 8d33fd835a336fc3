//! The block of a twin in the parent CI file (DTAAS.md §2.3), written and removed as text, so that
//! every other byte of the file stays. Where the blocks are is known from the YAML parser's marks,
//! not from the look of lines, and the rest of the file must mean the same afterwards.

use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::Marker;
use yaml_rust2::yaml::Hash;
use yaml_rust2::{Yaml, YamlLoader};

/// The stage of the blocks.
const STAGE: &str = "triggers";

/// A key at the top of a document.
#[derive(Debug, Clone)]
struct Key {
    document: usize,
    name: String,
    /// From 0.
    line: usize,
    column: usize,
}

/// Where the parser saw what.
#[derive(Default)]
struct Marks {
    document: usize,
    depth: usize,
    /// Whether the next node of the top mapping is a key.
    key: bool,
    keys: Vec<Key>,
    /// Line and character of the top of each document, and whether it is a mapping.
    tops: Vec<(usize, bool)>,
}

impl MarkedEventReceiver for Marks {
    fn on_event(&mut self, event: Event, mark: Marker) {
        match event {
            Event::DocumentStart => (self.depth, self.key) = (0, false),
            Event::DocumentEnd => self.document += 1,
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if self.depth == 0 {
                    self.tops.push((mark.index(), matches!(event, Event::MappingStart(..))));
                    self.key = true;
                } else if self.depth == 1 {
                    self.key = !self.key;
                }
                self.depth += 1;
            }
            Event::MappingEnd | Event::SequenceEnd => self.depth = self.depth.saturating_sub(1),
            Event::Scalar(..) | Event::Alias(_) if self.depth == 0 => self.tops.push((mark.index(), false)),
            Event::Scalar(..) | Event::Alias(_) if self.depth == 1 => {
                if let (true, Event::Scalar(name, ..)) = (self.key, &event) {
                    self.keys.push(Key { document: self.document, name: name.clone(), line: mark.line().saturating_sub(1), column: mark.col() });
                }
                self.key = !self.key;
            }
            _ => {}
        }
    }
}

fn marks(text: &str) -> Result<Marks, String> {
    let mut marks = Marks::default();
    Parser::new_from_str(text).load(&mut marks, true).map_err(|error| format!("it is no valid YAML: {error}"))?;
    Ok(marks)
}

/// What the documents mean, without one key of the last.
fn meaning(text: &str, without: &str) -> Result<Vec<Yaml>, String> {
    let mut documents = YamlLoader::load_from_str(text).map_err(|error| format!("it is no valid YAML: {error}"))?;
    if let Some(Yaml::Hash(map)) = documents.last_mut() {
        map.remove(&Yaml::String(without.to_owned()));
    }
    // A file that says nothing says as much as an empty mapping.
    if let Some(last) = documents.last_mut().filter(|last| last.is_null()) {
        *last = Yaml::Hash(Hash::new());
    }
    Ok(if documents.is_empty() { vec![Yaml::Hash(Hash::new())] } else { documents })
}

/// The name of a twin's job.
#[must_use]
pub fn job(twin: &str) -> String {
    format!("trigger_{twin}")
}

/// Whether a twin can be called so: what stands in a path, in a YAML key and in a rule without
/// needing quotes in any of them.
///
/// # Errors
/// What is wrong, for the person who types it.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("A twin needs a name.");
    }
    if name.chars().count() > 100 {
        return Err("A name has at most 100 characters.");
    }
    if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err("A name is made of letters, digits, “-”, “_” and “.”.");
    }
    if !name.starts_with(char::is_alphanumeric) || name.ends_with('.') {
        return Err("A name begins with a letter or digit and does not end with “.”.");
    }
    Ok(())
}

/// Twins that the file has a block for.
///
/// # Errors
/// The end of a sentence that begins with the file's name.
pub fn twins(text: &str) -> Result<Vec<String>, String> {
    let marks = marks(text)?;
    let last = marks.tops.len().saturating_sub(1);
    Ok(marks.keys.iter().filter(|key| key.document == last).filter_map(|key| key.name.strip_prefix("trigger_")).map(str::to_owned).collect())
}

/// Lines with where they begin.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let at = start;
            start += line.len();
            (at, line)
        })
        .collect()
}

fn is_mark(line: &str) -> bool {
    let bare = line.trim_end();
    ["...", "---"].iter().any(|mark| bare == *mark || bare.starts_with(&format!("{mark} ")))
}

/// The stage that the block names: the contract's, unless the file has stages without it.
fn stage(text: &str) -> (Option<String>, bool) {
    let documents = YamlLoader::load_from_str(text).unwrap_or_default();
    let map = documents.last().and_then(Yaml::as_hash);
    let Some(map) = map.filter(|map| !map.is_empty()) else { return (Some(STAGE.to_owned()), true) };
    match map.get(&Yaml::String("stages".to_owned())).and_then(Yaml::as_vec) {
        Some(list) if list.iter().any(|stage| stage.as_str() == Some(STAGE)) => (Some(STAGE.to_owned()), false),
        Some(list) => (list.iter().rev().find_map(Yaml::as_str).map(str::to_owned), false),
        // What is in files that it includes is not known here; the default stages have no such one.
        None if map.contains_key(&Yaml::String("include".to_owned())) => (Some(STAGE.to_owned()), false),
        None => (None, false),
    }
}

/// The block, without indentation.
fn block(twin: &str, folder: &str, stage: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("{}:", job(twin))];
    lines.extend(stage.map(|stage| format!("  stage: {stage}")));
    lines.extend(["  trigger:".to_owned(), format!("    include: {folder}/{twin}/.gitlab-ci.yml"), "  rules:".to_owned()]);
    lines.push(format!("    - if: '$DTName == \"{twin}\"'"));
    lines.extend(["      when: always", "  variables:", "    RunnerTag: $RunnerTag"].map(str::to_owned));
    lines
}

/// The file with a block for `twin`, whose folder is in `folder`; as it was if it has one. An empty
/// file gets the stage too.
///
/// # Errors
/// The end of a sentence that begins with the file's name.
pub fn add(text: &str, twin: &str, folder: &str) -> Result<String, String> {
    check_name(twin)?;
    let found = marks(text)?;
    let last = found.tops.len().saturating_sub(1);
    if found.keys.iter().any(|key| key.document == last && key.name == job(twin)) {
        return Ok(text.to_owned());
    }
    let top = found.tops.last().copied();
    let flow = top.is_some_and(|(index, mapping)| mapping && text.chars().nth(index) == Some('{'));
    let null = meaning(text, "")?.last().is_none_or(|last| last.as_hash().is_some_and(Hash::is_empty));
    if flow || top.is_some_and(|(_, mapping)| !mapping && !null) {
        return Err("it is not written as lines of “key: value”, so no job can be added by itself".to_owned());
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (stage, fresh) = stage(text);
    let indent = " ".repeat(found.keys.iter().rfind(|key| key.document == last).map_or(0, |key| key.column));
    let mut written: Vec<String> = if fresh { vec!["stages:".to_owned(), format!("  - {STAGE}"), String::new()] } else { Vec::new() };
    written.extend(block(twin, folder, stage.as_deref()));
    let block = written.iter().map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") }).collect::<Vec<_>>().join(end);
    // Before the mark that ends the last document, if it has one.
    let place =
        lines(text).into_iter().rev().take_while(|(_, line)| is_mark(line) && line.starts_with("...") || line.trim().is_empty()).filter(|(_, line)| line.starts_with("...")).last();
    let (before, after) = text.split_at(place.map_or(text.len(), |(at, _)| at));
    let ended = before.is_empty() || before.ends_with('\n');
    let meant = meaning(text, &job(twin))?;
    for gap in [end, ""] {
        let gap = if before.is_empty() { "" } else { gap };
        let new = if ended { format!("{before}{gap}{block}{end}{after}") } else { format!("{before}{end}{gap}{block}{after}") };
        let mut now = meaning(&new, &job(twin)).unwrap_or_default();
        if let (true, Some(Yaml::Hash(map))) = (fresh, now.last_mut()) {
            map.remove(&Yaml::String("stages".to_owned()));
        }
        if now == meant {
            return Ok(new);
        }
    }
    Err("a job cannot be added at its end without changing what is before".to_owned())
}

/// The file without the block of `twin`; as it was if it has none.
///
/// # Errors
/// The end of a sentence that begins with the file's name.
pub fn remove(text: &str, twin: &str) -> Result<String, String> {
    let found = marks(text)?;
    let last = found.tops.len().saturating_sub(1);
    let Some(place) = found.keys.iter().position(|key| key.document == last && key.name == job(twin)) else { return Ok(text.to_owned()) };
    let (key, next) = (&found.keys[place], found.keys.get(place + 1).filter(|next| next.document == last));
    let all = lines(text);
    let whole = text.len();
    let at = |line: usize| all.get(line).map_or(whole, |(at, _)| *at);
    let of = |line: usize| all.get(line).map_or("", |(_, line)| *line);
    let mut end = next.map_or(all.len(), |next| next.line);
    if next.is_none() {
        end = (key.line + 1..all.len()).find(|line| is_mark(of(*line))).unwrap_or(end);
    }
    // Blank lines and comments that stand no deeper than the key belong to what follows.
    while end > key.line + 1 {
        let line = of(end - 1);
        let bare = line.trim_start_matches([' ', '\t']);
        let outside = bare.trim().is_empty() || (bare.starts_with('#') && line.len() - bare.len() <= key.column);
        if !outside {
            break;
        }
        end -= 1;
    }
    let blank = key.line > 0 && of(key.line - 1).trim().is_empty();
    let meant = meaning(text, &job(twin))?;
    for start in [key.line - usize::from(blank), key.line] {
        let (mut before, after) = (&text[..at(start)], &text[at(end)..]);
        // The last line had no end before the block came; the line end was added with it.
        if after.is_empty() && !text.ends_with('\n') {
            before = before.strip_suffix('\n').map_or(before, |rest| rest.strip_suffix('\r').unwrap_or(rest));
        }
        let new = format!("{before}{after}");
        if meaning(&new, &job(twin)).is_ok_and(|now| now == meant) {
            return Ok(new);
        }
    }
    Err(format!("the block {} cannot be removed without changing what is around it", job(twin)))
}
