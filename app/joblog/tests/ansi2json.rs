//! The parser against GitLab's own (`../shared/gitlab/ansi2json_vectors`). Without that folder each
//! test prints a line and passes.

#![expect(clippy::print_stdout, reason = "tests say how much they compared, and when there is nothing to compare with")]

use std::path::PathBuf;

use base64::Engine;
use joblog::{Line, Log, Mode};
use serde_json::{Value, json};

fn vectors(name: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/gitlab/ansi2json_vectors").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("{name}: not here, nothing to compare with");
        return None;
    };
    Some(serde_json::from_str(&text).expect("the vectors are JSON"))
}

fn value(line: &Line) -> Value {
    let span = |span: &joblog::Span| match span.style.classes() {
        classes if classes.is_empty() => json!({ "text": span.text }),
        classes => json!({ "text": span.text, "style": classes }),
    };
    let mut value = json!({ "offset": line.offset, "content": line.spans.iter().map(span).collect::<Vec<_>>() });
    let mut set = |key: &str, found: Option<Value>| {
        if let Some(found) = found {
            value[key] = found;
        }
    };
    set("timestamp", line.timestamp.clone().map(Value::from));
    set("section", line.section.clone().map(Value::from));
    set("section_header", line.header.then_some(Value::Bool(true)));
    set("section_footer", line.is_footer().then_some(Value::Bool(true)));
    set("section_duration", line.duration.clone().map(Value::from));
    if !line.options.is_empty() {
        value["section_options"] = line.options.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
    }
    value
}

fn lines(log: &Log) -> Vec<Line> {
    log.lines(0, usize::MAX, usize::MAX)
}

fn shown(log: &Log) -> Value {
    lines(log).iter().map(value).collect()
}

fn bytes(case: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(case["input_b64"].as_str().unwrap_or_default()).expect("the input is base64")
}

fn report(name: &str, total: usize, wrong: &[String]) {
    println!("ansi2json {name}: {} of {total}", total - wrong.len());
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
}

#[test]
fn whole_logs() {
    let Some(cases) = vectors("vectors.json") else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let mut log = Log::new(Mode::GitLab);
        log.push(&bytes(case));
        if shown(&log) != case["lines"] {
            wrong.push(format!("{}: {:?}\n  got      {}\n  expected {}", case["name"], String::from_utf8_lossy(&bytes(case)), shown(&log), case["lines"]));
        }
    }
    report("whole", cases.len(), &wrong);
}

#[test]
fn a_log_in_pieces_shows_what_the_whole_shows() {
    let Some(cases) = vectors("vectors.json") else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let input = bytes(case);
        let mut whole = Log::new(Mode::GitLab);
        whole.push(&input);
        for size in [1, 7] {
            let mut pieces = Log::new(Mode::GitLab);
            for piece in input.chunks(size) {
                pieces.push(piece);
            }
            if input.len() < 4_000 && lines(&pieces) != lines(&whole) {
                wrong.push(format!("{} in pieces of {size}", case["name"]));
            }
        }
    }
    report("pieces", cases.len(), &wrong);
}

#[test]
fn the_first_piece_shows_what_gitlab_shows_of_it() {
    let Some(cases) = vectors("incremental.json") else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        let cut = usize::try_from(case["cut"].as_u64().unwrap_or_default()).expect("a cut is small");
        let mut log = Log::new(Mode::GitLab);
        log.push(&bytes(case)[..cut]);
        if shown(&log) != case["pass1"]["lines"] {
            wrong.push(format!("{}: {:?}\n  got      {}\n  expected {}", case["name"], String::from_utf8_lossy(&bytes(case)[..cut]), shown(&log), case["pass1"]["lines"]));
        }
    }
    report("first pieces", cases.len(), &wrong);
}
