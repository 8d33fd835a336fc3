//! Every rule of the lint: a project that breaks it once, and the same without the fault.

use std::fmt::Write;

use compose::lint::{Severity, lint};
use compose::lock::{Entry, Lock, Source};
use compose::project::Project;
use fmu::{Card, Variable};

fn variable(line: &str) -> Variable {
    let words: Vec<&str> = line.split(' ').collect();
    let unit = words.get(3).filter(|unit| **unit != "-").map(|unit| (*unit).to_owned());
    Variable { name: words[0].into(), causality: words[1].into(), kind: words[2].into(), unit, start: words.get(4).map(|start| (*start).to_owned()), ..Variable::default() }
}

fn card(lines: &[&str]) -> Result<Card, String> {
    Ok(Card { variables: lines.iter().map(|line| variable(line)).collect(), ..Card::default() })
}

/// A twin of a controller and a tank.
fn project(cosim: &str) -> Project {
    let mut project = Project::default();
    let mut add = |path: &str, text: &str, executable: bool| {
        project.files.insert(path.to_owned(), Some(executable));
        project.texts.insert(path.to_owned(), text.to_owned());
    };
    add(".gitlab-ci.yml", &compose::trigger::add("", "tank", "digital_twins").expect("a parent"), false);
    add("digital_twins/tank/.gitlab-ci.yml", "execute:\n  script:\n    - cd digital_twins/tank\n    - lifecycle/execute\n", false);
    add("digital_twins/tank/lifecycle/create", "#!/bin/bash\nmake built.fmu\n", true);
    add("digital_twins/tank/lifecycle/execute", "#!/bin/bash\necho run\n", true);
    add("digital_twins/tank/cosim.json", cosim, false);
    for path in ["digital_twins/tank/README.md", "digital_twins/tank/description.md"] {
        project.files.insert(path.to_owned(), Some(false));
    }
    let models = [
        (
            "models/control.fmu",
            card(&["level input Real m 0", "valve output Boolean", "mode output String", "count output Integer", "rate output Real m/s", "gain parameter Real"]),
        ),
        ("models/tank.fmu", card(&["open input Boolean - false", "flow input Real m3/s 0", "level output Real m", "height parameter Real m", "fill input Real"])),
    ];
    for (path, card) in models {
        project.files.insert(path.to_owned(), None);
        project.models.insert(path.to_owned(), card);
    }
    project
}

fn cosim(fmus: &str, links: &str, parameters: &str) -> String {
    format!("{{\n\"fmus\":{{{fmus}}},\n\"connections\":{{{links}}},\n\"parameters\":{{{parameters}}}\n}}")
}

const FMUS: &str = r#""{c}":"models/control.fmu","{t}":"../../models/tank.fmu""#;
const GOOD: &str = r#""{c}.c.valve":["{t}.t.open"],"{t}.t.level":["{c}.c.level"]"#;
const FED: &str = r#""{t}.t.fill":1.0"#;

fn codes(project: &Project) -> String {
    let mut out = String::new();
    for finding in lint(project).iter().filter(|finding| finding.severity != Severity::Info) {
        let _ = write!(out, "{}:{} {:?} {}; ", finding.path.rsplit('/').next().unwrap_or_default(), finding.line, finding.severity, finding.code);
    }
    out.trim_end_matches("; ").to_owned()
}

#[test]
fn configurations() {
    let cases = [
        (cosim(FMUS, GOOD, FED), ""),
        (cosim(FMUS, r#""{c}.c.valve":["{t}.t.fill"]"#, ""), "cosim.json:3 Warning boolean-to-number"),
        (cosim(FMUS, r#""{c}.c.mode":["{t}.t.fill"]"#, ""), "cosim.json:3 Error type-mismatch"),
        (cosim(FMUS, r#""{c}.c.count":["{t}.t.fill"]"#, ""), "cosim.json:3 Warning integer-to-real"),
        (cosim(FMUS, r#""{c}.c.rate":["{t}.t.flow"]"#, FED), "cosim.json:3 Warning unit-mismatch"),
        (cosim(FMUS, r#""{c}.c.Valve":["{t}.t.open"]"#, FED), "cosim.json:3 Error unknown-port"),
        (cosim(FMUS, r#""{c}.c.level":["{t}.t.fill"]"#, ""), "cosim.json:3 Error no-output"),
        (cosim(FMUS, r#""{t}.t.level":["{t}.t.height"]"#, FED), "cosim.json:3 Error no-input"),
        (cosim(FMUS, r#""{x}.c.valve":["{t}.t.open"]"#, FED), "cosim.json:3 Error unknown-fmu"),
        (cosim(FMUS, r#""{c}.c.valve":["{t}.t.open"],"{c}.d.valve":["{t}.t.open"]"#, FED), "cosim.json:3 Error input-twice"),
        (cosim(FMUS, r#""c.valve":["{t}.t.open"]"#, FED), "cosim.json:3 Error reference"),
        (cosim(FMUS, r#""{c}.c.valve":"{t}.t.open""#, FED), "cosim.json:1 Error configuration"),
        (cosim(FMUS, GOOD, r#""{t}.t.fill":"much""#), "cosim.json:4 Error parameter-type"),
        (cosim(FMUS, GOOD, r#""{t}.t.fill":1,"{t}.t.none":1"#), "cosim.json:4 Error unknown-port"),
        (cosim(FMUS, GOOD, r#""{t}.t.fill":1,"{t}.t.level":1"#), "cosim.json:4 Warning parameter-causality"),
        (cosim(r#""{c}":"models/control.fmu","{t}":"models/none.fmu""#, GOOD, ""), "cosim.json:2 Error missing-file"),
        (cosim(r#""{c}":"models/control.fmu","{t}":"built.fmu""#, GOOD, ""), ""),
        (cosim(r#""{c}":"/workspace/examples/models/control.fmu","{t}":"models/tank.fmu""#, GOOD, FED), "cosim.json:2 Warning absolute-path"),
        ("{\n\"a\": 1,\n}".to_owned(), "cosim.json:3 Error json-invalid"),
    ];
    for (text, expected) in cases {
        assert_eq!(codes(&project(&text)), expected, "{text}");
    }
}

#[test]
fn what_create_makes_is_known_and_fixes_are_exact() {
    let made = project(&cosim(r#""{c}":"models/control.fmu","{t}":"built.fmu""#, GOOD, ""));
    assert!(lint(&made).iter().any(|finding| finding.code == "made-by-lifecycle" && finding.severity == Severity::Info));
    let absolute = project(&cosim(r#""{c}":"/workspace/examples/models/control.fmu","{t}":"models/tank.fmu""#, GOOD, FED));
    let fix = lint(&absolute).into_iter().find_map(|finding| finding.fix).expect("a fix");
    assert_eq!((fix.find.as_str(), fix.replace.as_str()), ("\"/workspace/examples/models/control.fmu\"", "\"../../models/control.fmu\""));
    let mut fixed = absolute.clone();
    let text = fixed.texts.get_mut("digital_twins/tank/cosim.json").expect("it is there");
    *text = text.replace(&fix.find, &fix.replace);
    assert_eq!(codes(&fixed), "");
}

#[test]
fn ci_files_and_scripts() {
    let good = || project("{}");
    let change = |path: &str, text: Option<&str>| {
        let mut project = good();
        let path = if path == ".gitlab-ci.yml" { path.to_owned() } else { format!("digital_twins/tank/{path}") };
        match text {
            Some(text) => {
                project.texts.insert(path, text.to_owned());
            }
            None => {
                project.texts.remove(&path);
                project.files.remove(&path);
            }
        }
        codes(&project)
    };
    let change_child = |text: &str| {
        let mut project = good();
        project.texts.insert("digital_twins/tank/.gitlab-ci.yml".to_owned(), text.to_owned());
        codes(&project)
    };
    assert_eq!(codes(&good()), "");
    assert_eq!(change(".gitlab-ci.yml", Some("stages: [triggers]\n")), ".gitlab-ci.yml:1 Warning no-trigger");
    assert_eq!(change(".gitlab-ci.yml", None), ".gitlab-ci.yml:1 Warning no-trigger");
    assert_eq!(change(".gitlab-ci.yml", Some("a: [\n")), ".gitlab-ci.yml:1 Warning no-trigger; .gitlab-ci.yml:2 Error yaml-invalid");
    assert_eq!(change("lifecycle/execute", None), ".gitlab-ci.yml:4 Error script-missing");
    assert_eq!(change("lifecycle/execute", Some("#!/bin/bash\r\necho\r\n")), "execute:1 Error script-crlf");
    assert_eq!(change("lifecycle/execute", Some("cd /workspace/x\n")), "execute:1 Warning absolute-path");
    assert_eq!(change("lifecycle/execute", Some("\n")), "execute:1 Warning script-empty");
    assert_eq!(
        change(".gitlab-ci.yml", Some("trigger_tank: {trigger: {include: digital_twins/tank/.gitlab-ci.yml}}\ntrigger_no: {trigger: {include: [{local: no.yml}]}}\n")),
        ".gitlab-ci.yml:2 Error include-missing"
    );
    // Where a script runs is not always certain, and then nothing is said.
    for script in [
        "cd \"digital_twins/tank\"\n    - lifecycle/execute",
        "cd digital_twins && cd tank\n    - lifecycle/none",
        "echo x > lifecycle/none\n    - lifecycle/none",
        "pushd digital_twins/tank\n    - lifecycle/none",
        "cd $CI_PROJECT_DIR/digital_twins/tank\n    - lifecycle/none",
    ] {
        assert_eq!(change_child(&format!("execute:\n  script:\n    - {script}\n")), "", "{script}");
    }
    for file in ["default:\n  before_script: [cd x]\ne:\n  script: [lifecycle/none]\n", ".b:\n  script: [lifecycle/none]\n", "e:\n  extends: .b\n  script: [lifecycle/none]\n"] {
        assert_eq!(change_child(file), "", "{file}");
    }
    assert_eq!(change_child("e:\n  script:\n    - python3 digital_twins/tank/lifecycle/none.py\n"), ".gitlab-ci.yml:3 Error script-missing");
    assert_eq!(change_child("e:\n  stage: none\n  script: [x]\n"), ".gitlab-ci.yml:1 Error stage-missing");
    assert_eq!(
        change(
            ".gitlab-ci.yml",
            Some("stages: [triggers]\ntrigger_tank:\n  stage: triggers\n  trigger: {include: digital_twins/tank/.gitlab-ci.yml}\n  rules: [{if: '$DTName == \"tonk\"'}]\n")
        ),
        ".gitlab-ci.yml:5 Warning trigger-rule"
    );
    let mut project = good();
    project.files.insert("digital_twins/tank/lifecycle/execute".to_owned(), Some(false));
    assert_eq!(codes(&project), ".gitlab-ci.yml:4 Error not-executable");
    project.files.remove("digital_twins/tank/.gitlab-ci.yml");
    project.texts.remove("digital_twins/tank/.gitlab-ci.yml");
    assert!(codes(&project).contains("no-ci-file"));
    project.models.insert("models/tank.fmu".to_owned(), Err("This is no FMU.".to_owned()));
    assert!(codes(&project).contains("fmu-unreadable"));
}

#[test]
fn twins_made_of_each_other() {
    let mut project = Project::default();
    for (twin, part) in [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")] {
        let source = Source { backend: "https://h.test".into(), project: "g/p".into(), path: format!("digital_twins/{part}"), branch: None };
        let entry = Entry { path: format!("digital_twins/{part}"), source, commit: String::new(), tree: String::new(), rewritten: Vec::new() };
        project.files.insert(format!("digital_twins/{twin}/digital_twins/{part}/x"), None);
        let path = format!("digital_twins/{twin}/{}", compose::lock::FILE);
        project.files.insert(path.clone(), None);
        project.texts.insert(path, Lock::new(vec![entry]).print());
    }
    let rings: Vec<String> = lint(&project).into_iter().filter(|finding| finding.code == "cyclic").map(|finding| finding.message).collect();
    assert_eq!(rings.len(), 3, "d is made of a ring and in none: {rings:?}");
    assert!(rings[0].contains("a → b → c → a"), "{rings:?}");
    project.files.retain(|path, _| !path.ends_with("/x"));
    assert!(lint(&project).iter().any(|finding| finding.code == "lock-missing"));
}

#[test]
fn federations_and_dashboards() {
    let found = |files: &[(&str, &str)]| {
        let mut project = Project::of_paths(files.iter().map(|(path, _)| (*path).to_owned()));
        project.texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let of = |finding: &compose::lint::Finding| format!("{}:{} {}: {}", finding.path.trim_start_matches("digital_twins/"), finding.line, finding.code, finding.message);
        lint(&project)
            .iter()
            .chain(&compose::lint::lint_boards(&project))
            .filter(|finding| finding.code.starts_with("federation") || finding.code.starts_with("dashboard") || finding.code == "no-ci-file")
            .map(of)
            .collect::<Vec<_>>()
    };
    let line = "version: 1\nkind: composite\nmembers:\n  a: {twin: tank}\n  b: {twin: elsewhere, instance: far}\n";
    assert_eq!(
        found(&[("digital_twins/line/federation.yml", line), ("digital_twins/tank/.gitlab-ci.yml", "x: {script: [true]}")]),
        Vec::<String>::new(),
        "it needs no CI file of its own"
    );
    let lost = found(&[("digital_twins/line/federation.yml", line), ("digital_twins/other/.gitlab-ci.yml", "")]);
    assert!(lost[0].starts_with("line/federation.yml:4 federation-member: The member a is the twin digital_twins/tank, which is not there."), "{lost:?}");
    let ring = |twin: &str| format!("version: 1\nkind: composite\nmembers:\n  m: {{twin: {twin}}}\n");
    let given = line.replace("twin: tank", "twin: tank, variables: {LEVEL: 2}");
    let block = |more: &str| format!("trigger_tank:\n  trigger: {{include: digital_twins/tank/.gitlab-ci.yml{more}}}\n");
    let handed = |ci: &str| found(&[("digital_twins/line/federation.yml", &given), ("digital_twins/tank/.gitlab-ci.yml", "x: {script: [true]}"), (".gitlab-ci.yml", ci)]);
    let kept = handed(&block(""));
    assert!(kept.len() == 1 && kept[0].starts_with("line/federation.yml:4 federation-variables: LEVEL of a will not reach its jobs: trigger_tank in .gitlab-ci.yml"), "{kept:?}");
    assert!(handed(&block(", forward: {pipeline_variables: true}")).is_empty());
    assert!(handed(&format!("{}  variables: {{LEVEL: $LEVEL}}\n", block(""))).is_empty());
    let rings = found(&[("digital_twins/x/federation.yml", &ring("y")), ("digital_twins/y/federation.yml", &ring("x"))]);
    assert!(rings.iter().any(|text| text.contains("x → y → x")) && rings.len() == 2, "{rings:?}");
    let wrong = found(&[("digital_twins/line/federation.yml", &line.replace("composite", "herd"))]);
    assert_eq!(wrong, ["line/federation.yml:2 federation: kind must be one of composite, fleet, hierarchical."]);
    let board = "{\"version\": 1, \"panels\": [\n{\"kind\": \"text\", \"markdown\": \"x\"},\n{\"kind\": \"dial\"}]}";
    let panels = found(&[("digital_twins/t/dashboard.json", board), ("digital_twins/t/.gitlab-ci.yml", "x: {script: [true]}")]);
    assert!(panels.len() == 1 && panels[0].starts_with("t/dashboard.json:3 dashboard: Panel 2 cannot be shown. “dial” is no kind of panel"), "{panels:?}");
}
