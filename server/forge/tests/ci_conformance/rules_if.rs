//! `rules: if` against GitLab's expression engine.

use std::collections::HashMap;

use forge::ci::expression::{Expression, applies};

#[test]
fn every_expression_gives_what_gitlab_gives() {
    let Some(data) = super::data::json("rules_if_vectors/vectors.json") else { return };
    let variables: HashMap<String, String> = serde_json::from_value(data["variables"].clone()).expect("variables are strings");
    let cases = data["cases"].as_array().expect("cases is a list");
    let mut wrong = Vec::new();
    for case in cases {
        let source = case["expression"].as_str().expect("an expression is a string");
        let truthful = applies(source, &variables);
        let valid = Expression::parse(source).is_ok();
        if truthful != case["truthful"] || valid != case["valid"] {
            wrong.push(format!("{source}: {truthful} {valid}, expected {} {}", case["truthful"], case["valid"]));
        }
    }
    println!("rules_if: {} of {}", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
