//! Which rules apply: expressions, changed and existing files, `only` and `except`.

use std::collections::HashMap;

use globset::GlobBuilder;
use serde_json::Value;

use super::compile::{read_allow_failure, read_needs, read_variables, strings};
use super::expression;
use super::include::Files;
use super::job::{Policy, Rule, When};
use super::{duration, variables};

/// What a pipeline is being made for, as far as rules may ask.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The variables known before any job exists.
    pub variables: HashMap<String, String>,
    /// Paths changed by a push; `None` when there is nothing to compare with, and then
    /// `changes` counts as true, as on GitLab.
    pub changed: Option<Vec<String>>,
    /// The branch or tag.
    pub reference: String,
    /// Whether it is a tag.
    pub tag: bool,
    /// `push`, `web`, `api`, `trigger`, `parent_pipeline`, …
    pub source: String,
}

impl Scope {
    /// `$NAME` and `${NAME}` replaced by the known variables.
    #[must_use]
    pub fn expand(&self, text: &str) -> String {
        variables::expand(text, &|name| self.variables.get(name).cloned())
    }

    /// Whether all conditions of `rule` hold.
    #[must_use]
    pub fn applies(&self, rule: &Rule, files: &dyn Files) -> bool {
        rule.condition.as_ref().is_none_or(|condition| expression::applies(condition, &self.variables))
            && rule.changes.as_ref().is_none_or(|globs| self.any_changed(globs))
            && rule.exists.as_ref().is_none_or(|globs| {
                let files = files.list();
                globs.iter().any(|glob| files.iter().any(|file| glob_matches(&self.expand(glob), file)))
            })
    }

    fn any_changed(&self, globs: &[String]) -> bool {
        let Some(changed) = &self.changed else { return true };
        globs.iter().any(|glob| changed.iter().any(|file| glob_matches(&self.expand(glob), file)))
    }

    /// Whether a job without `rules` is in the pipeline.
    #[must_use]
    pub fn admits(&self, only: Option<&Policy>, except: Option<&Policy>) -> bool {
        let branches_and_tags = Policy { refs: Some(vec!["branches".to_owned(), "tags".to_owned()]), variables: None, changes: None };
        let only = only.unwrap_or(&branches_and_tags);
        // `only` needs every given kind to match, `except` excludes when one does.
        let wanted = only.refs.as_ref().is_none_or(|refs| refs.iter().any(|word| self.is_ref(word)))
            && only.variables.as_ref().is_none_or(|list| list.iter().any(|text| expression::applies(text, &self.variables)))
            && only.changes.as_ref().is_none_or(|globs| self.any_changed(globs));
        let refused = except.is_some_and(|except| {
            except.refs.as_ref().is_some_and(|refs| refs.iter().any(|word| self.is_ref(word)))
                || except.variables.as_ref().is_some_and(|list| list.iter().any(|text| expression::applies(text, &self.variables)))
                || (self.changed.is_some() && except.changes.as_ref().is_some_and(|globs| self.any_changed(globs)))
        });
        wanted && !refused
    }

    fn is_ref(&self, word: &str) -> bool {
        match word {
            "branches" => !self.tag,
            "tags" => self.tag,
            "pushes" => self.source == "push",
            "web" => self.source == "web",
            "api" => self.source == "api",
            "triggers" => self.source == "trigger",
            "schedules" => self.source == "schedule",
            "pipelines" => self.source == "pipeline",
            "merge_requests" => self.source == "merge_request_event",
            "external" | "chat" | "external_pull_requests" => false,
            pattern if pattern.starts_with('/') => {
                let variables = HashMap::from([("REF".to_owned(), self.reference.clone())]);
                expression::applies(&format!("$REF =~ {pattern}"), &variables)
            }
            name => name.split('@').next() == Some(self.reference.as_str()),
        }
    }
}

/// GitLab's `File.fnmatch` with `PATHNAME`, `DOTMATCH` and `EXTGLOB`.
#[must_use]
pub fn glob_matches(glob: &str, path: &str) -> bool {
    GlobBuilder::new(glob.trim_start_matches("./")).literal_separator(true).build().is_ok_and(|glob| glob.compile_matcher().is_match(path))
}

/// The rules of a job, a workflow or an include; nested lists are flattened.
#[must_use]
pub fn read_rules(value: &Value) -> Vec<Rule> {
    match value {
        Value::Array(list) => list.iter().flat_map(read_rules).collect(),
        Value::Object(_) => vec![read_rule(value)],
        _ => Vec::new(),
    }
}

fn read_rule(value: &Value) -> Rule {
    let paths = |key: &str| {
        let found = value.get(key)?;
        Some(found.get("paths").map_or_else(|| strings(found), strings))
    };
    Rule {
        condition: value.get("if").and_then(Value::as_str).map(str::to_owned),
        changes: paths("changes"),
        exists: paths("exists"),
        when: value.get("when").and_then(Value::as_str).map(When::parse),
        start_in: value.get("start_in").and_then(Value::as_str).and_then(duration::seconds),
        allow_failure: value.get("allow_failure").map(read_allow_failure),
        variables: value.get("variables").map(read_variables).unwrap_or_default(),
        needs: value.get("needs").map(read_needs),
        interruptible: value.get("interruptible").and_then(Value::as_bool),
        on_job_failure: value.pointer("/auto_cancel/on_job_failure").and_then(Value::as_str).map(str::to_owned),
    }
}
