//! The schema says what the reader says.

use federation::manifest::read;

const GOOD: [&str; 2] = [
    "version: 1\nkind: fleet\nmembers:\n  a: {twin: x, copies: 3, instance: [p, {card: 'https://q.example', id: r}], ready: {heartbeat: b, seconds: 4}, variables: {A: 1, B: true}}\n",
    "version: 1\nkind: composite\ntitle: t\nservices: s\nrollout: {canary: 1, at_once: 2, pause_after: 0}\nmembers:\n  a: {twin: x, ready: ended, sweep: {M: [1, a]}}\n  b: {twin: y, after: a, on_failure: stop, if_away: skip, retries: 1}\nlinks:\n  - {service: s, via: v, from: a, to: [b], data: d}\n",
];

const BAD: [&str; 13] = [
    "version: 1\nkind: fleet\nmembers: {a: {twin: x, sweep: {M: 1}}}\n",
    "version: 2\nkind: fleet\nmembers: {a: {twin: x}}\n",
    "version: 1\nkind: herd\nmembers: {a: {twin: x}}\n",
    "version: 1\nkind: fleet\nmembers: {}\n",
    "version: 1\nkind: fleet\nmembers: {a: {}}\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x, copies: 0}}\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x, ready: soon}}\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x, ready: {phase: p, log: q}}}\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x, instance: {card: c}}}\n",
    "version: 1\nkind: fleet\nmembers: {'a b': {twin: x}}\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x}}\nlinks: [{via: v, from: a}]\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x}}\nrollout: {at_once: 0}\n",
    "version: 1\nkind: fleet\nmembers: {a: {twin: x, colour: red}}\n",
];

#[test]
fn both_say_the_same() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../public/schema/federation-1.json")).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("it is a schema");
    for (list, expected) in [(GOOD.as_slice(), true), (BAD.as_slice(), false)] {
        for text in list {
            let value: serde_json::Value = serde_yaml_ng::from_str(text).expect("it is YAML");
            assert_eq!(schema.is_valid(&value), expected, "the schema about {text}");
            assert_eq!(read(text).is_ok(), expected, "the reader about {text}");
        }
    }
}
