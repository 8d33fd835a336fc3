//! The CI engine against data computed with GitLab's own code (`../shared/gitlab`).
//! Without that folder each test prints a line and passes.

#![expect(clippy::print_stdout, reason = "tests say how much they compared, and when there is nothing to compare with")]

#[path = "ci_conformance/data.rs"]
mod data;
#[path = "ci_conformance/processing.rs"]
mod processing;
#[path = "ci_conformance/rules_if.rs"]
mod rules_if;
#[path = "ci_conformance/status.rs"]
mod status;
#[path = "ci_conformance/yaml_corpus.rs"]
mod yaml_corpus;
