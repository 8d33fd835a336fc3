//! The parent CI file: blocks come and go, and no other byte does.

use compose::trigger::{add, check_name, remove, twins};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

const FOLDER: &str = "digital_twins";

/// Parents as people write them.
const PARENTS: [&str; 14] = [
    "image: fedora:41\n\nstages:\n  - triggers\n",
    "stages: [triggers]",
    "# ours\nstages:\n- triggers # all of them\n\n\n",
    "stages:\r\n  - triggers\r\n\r\nx:\r\n  script: [a]\r\n",
    "spec:\n  inputs:\n    a:\n      default: 1\n---\nstages: [triggers]\nvariables: &v\n  A: \"1\"\nb:\n  variables: *v\n  script: !reference [c, d]\n",
    "  stages:\n    - triggers\n  b:\n    script: c\n",
    "stages: [triggers]\nnote: |+\n  text\n\n",
    "stages: [triggers]\nnote: |\n  trigger_a:\n    not: this\n\n",
    "stages: [triggers]\nlast: >-\n   folded\n   text",
    "stages: [triggers]\na: b\n...\n",
    "stages: [build]\nbuild: {stage: build, script: [make]}\n",
    "build:\n  script: make\n# the end, without a line end",
    "trigger_hello_world:\n  stage: test\n  trigger: {include: x.yml}\n\nother:\n  script: y\n",
    "\u{feff}stages: [triggers]\n",
];

#[test]
fn the_block_is_the_contracts() {
    let made = add("stages: [triggers]\n", "hello", FOLDER).expect("it can be added");
    let block = "trigger_hello:\n  stage: triggers\n  trigger:\n    include: digital_twins/hello/.gitlab-ci.yml\n  rules:\n    - if: '$DTName == \"hello\"'\n      when: always\n  variables:\n    RunnerTag: $RunnerTag\n";
    assert_eq!(made, format!("stages: [triggers]\n\n{block}"));
    assert_eq!(add("", "hello", FOLDER).expect("an empty file"), format!("stages:\n  - triggers\n\n{block}"));
    assert_eq!(add(&made, "hello", FOLDER).as_deref(), Ok(made.as_str()), "a second time changes nothing");
    assert!(add("# only words\n", "hello", FOLDER).expect("a comment").starts_with("# only words\n\nstages:\n"));
}

#[test]
fn a_prefix_is_another_name() {
    let both = add(PARENTS[12], "hello", FOLDER).expect("it can be added");
    assert_eq!(twins(&both), Ok(vec!["hello_world".to_owned(), "hello".to_owned()]));
    let one = remove(&both, "hello_world").expect("it can be removed");
    assert!(one.starts_with("\nother:") && one.contains("trigger_hello:"), "{one}");
    assert_eq!(remove(&both, "hello").as_deref(), Ok(PARENTS[12]));
    assert_eq!(remove(PARENTS[12], "hell").as_deref(), Ok(PARENTS[12]));
}

#[test]
fn only_stages_that_are_there() {
    assert!(add(PARENTS[10], "a", FOLDER).expect("stages of its own").contains("trigger_a:\n  stage: build\n"));
    assert!(add(PARENTS[11], "a", FOLDER).expect("no stages").contains("trigger_a:\n  trigger:\n"));
}

#[test]
fn what_cannot_be_done_is_said() {
    for (text, said) in [("{stages: [a]}\n", "key: value"), ("- a\n", "key: value"), ("a: [\n", "no valid YAML"), ("words\n", "key: value")] {
        let error = add(text, "x", FOLDER).expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
    }
    for name in ["", "a b", "a/b", "-a", "..", "a.", "a\"b", "a:b", "ü b"] {
        assert!(check_name(name).is_err(), "{name}");
    }
    assert!(["hello_world", "mass-spring-damper", "v1.2", "Größe"].iter().all(|name| check_name(name).is_ok()));
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let known = ["hello", "hello_world", "hello-world", "h", "a.b", "a.b.c", "trigger_hello", "x1", "x10"];
    vec(select(known.map(str::to_owned).to_vec()), 1..6).prop_map(|mut names| {
        names.sort();
        names.dedup();
        names
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn adding_and_removing_leaves_the_rest(parent in select(PARENTS.to_vec()), (first, second) in names().prop_flat_map(|names| (shuffle_of(names.clone()), shuffle_of(names)))) {
        let has = twins(parent).expect("a parent");
        let mut text = parent.to_owned();
        for name in &first {
            text = add(&text, name, FOLDER).expect("it can be added");
        }
        let mut all: Vec<String> = has.iter().cloned().chain(first.iter().filter(|name| !has.contains(name)).cloned()).collect();
        prop_assert_eq!(twins(&text), Ok(all.clone()));
        for name in second.iter().filter(|name| !has.contains(name)) {
            text = remove(&text, name).expect("it can be removed");
            all.retain(|other| other != name);
            prop_assert_eq!(twins(&text), Ok(all.clone()));
        }
        prop_assert_eq!(text, parent);
    }

    /// Whatever stands between jobs: comments, blank lines, other jobs.
    #[test]
    fn blocks_between_other_jobs(parts in vec(select(vec!["# a note\n", "\n", "job:\n  script: [a]\n", "  \n", "BLOCK", "# last"]), 0..8)) {
        let mut count = 0;
        let lines: Vec<String> = parts.iter().enumerate().map(|(place, part)| match *part {
            "job:\n  script: [a]\n" => format!("job{place}:\n  script: [a]\n"),
            "BLOCK" => { count += 1; format!("trigger_t{place}:\n  trigger: {{include: t.yml}}\n  # inside\n") }
            "# last" => "# last\n".to_owned(),
            other => other.to_owned(),
        }).collect();
        let text = format!("stages: [triggers]\n{}", lines.concat());
        let mut left = text.clone();
        for name in twins(&text).expect("a parent") {
            left = remove(&left, &name).expect("it can be removed");
        }
        prop_assert_eq!(twins(&left).map(|twins| twins.len()), Ok(0));
        // Every other line is there, in order.
        let others = |text: &str| text.lines().filter(|line| line.starts_with("job") || line.starts_with("  script") || line.starts_with("# ")).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(others(&left), others(&text));
        prop_assert_eq!(text.matches("trigger_t").count(), count);
    }
}

/// Pieces of parents, each valid wherever a key of the file may stand; `N` is a number of its own.
const PIECES: [&str; 16] = [
    "\n",
    "   \n",
    "# trigger_hello: not this\n",
    "#\n# two lines\n",
    "job_N:\n  script: [make]\n",
    "job_N: {script: [make], stage: triggers}\n",
    "job_N:\n    script:\n    - make\n    # inside\n\n",
    "\"job N\":\n  script: |\n    trigger_hello:\n      a: b\n\n",
    "'job_N' :\n  script: >-\n    folded\n    text\n",
    ".base_N: &base_N\n  tags: [linux]\njob_N:\n  <<: *base_N\n  script: x # why\n",
    "variables_N:\n  A: \"trigger_hello_world:\"\n  B: 'it''s'\n",
    "include_N:\n- local: a.yml\n- project: x/y\n  file: b.yml\n",
    "trigger_otherN:\n  stage: triggers\n  trigger: {include: o.yml}\n",
    "trigger_hello_world_N:\n  trigger:\n    include: w.yml\n",
    "? job_N\n: script: x\n",
    "ünïcode_N:\n  script: [\"漢字\", '🙂']\n",
];
/// What may stand before and after them.
const HEADS: [&str; 6] = [
    "",
    "stages: [triggers]\n",
    "# head\n\nstages:\n- triggers\n",
    "spec:\n  inputs: {}\n---\nstages: [triggers]\n",
    "\u{feff}stages: [triggers]\n",
    "%YAML 1.2\n---\nstages: [triggers]\n",
];
const TAILS: [&str; 5] = ["", "# the end", "last: here", "last: |+\n  kept\n\n\n", "...\n"];

/// Any file made of those, with either kind of line end.
fn parents() -> impl Strategy<Value = String> {
    (select(HEADS.to_vec()), vec(select(PIECES.to_vec()), 0..9), select(TAILS.to_vec()), proptest::bool::ANY).prop_map(|(head, pieces, tail, windows)| {
        let numbered: String = pieces.iter().enumerate().map(|(place, piece)| piece.replace('N', &place.to_string())).collect();
        let text = format!("{head}{numbered}{tail}");
        if windows { text.replace('\n', "\r\n") } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Any set of twins, into and out of any parent, in any order.
    #[test]
    fn no_other_byte_of_any_parent(parent in parents(), (first, second) in names().prop_flat_map(|names| (shuffle_of(names.clone()), shuffle_of(names)))) {
        // A file of comments alone, or of nothing, gets stages as well, which stay.
        let Ok(has) = twins(&parent) else { return Ok(()) };
        if parent.lines().all(|line| line.trim().is_empty() || line.trim_start_matches('\u{feff}').starts_with(['#', '.', '-', '%']) && !line.starts_with(".base")) {
            return Ok(());
        }
        let new: Vec<&String> = first.iter().filter(|name| !has.contains(name)).collect();
        let mut text = parent.clone();
        for name in &new {
            text = match add(&text, name, FOLDER) {
                Ok(text) => text,
                // What cannot be written into is refused, and nothing was.
                Err(why) => { prop_assert_eq!(&text, &parent, "{}", why); return Ok(()) }
            };
        }
        let mut all: Vec<String> = twins(&text).map_err(proptest::test_runner::TestCaseError::fail)?;
        prop_assert!(new.iter().all(|name| all.contains(name)), "{:?} in {}", all, text);
        for name in second.iter().filter(|name| !has.contains(name)) {
            text = remove(&text, name).expect("it can be removed");
            all.retain(|other| other != name);
            prop_assert_eq!(twins(&text), Ok(all.clone()), "{}", text);
        }
        prop_assert_eq!(text, parent);
    }
}

fn shuffle_of(names: Vec<String>) -> impl Strategy<Value = Vec<String>> {
    proptest::strategy::Just(names).prop_shuffle()
}
