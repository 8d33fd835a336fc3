//! What a CI document may look like: one table of keys and their forms, checked before anything
//! is made of it. Messages name the place the way GitLab's lint does (`jobs:x:script config …`).

use serde_json::Value;

/// The form of a value.
pub enum Shape {
    /// Anything, null included.
    Any,
    /// A string.
    Text,
    /// A string that is not empty.
    Filled,
    /// A string or a number.
    Scalar,
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds.
    Whole(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A command, or commands nested up to ten deep.
    Script,
    /// A list of this, at least `.1` long.
    List(&'static Shape, usize),
    /// A list without duplicates.
    Unique(&'static Shape),
    /// Any of these.
    Either(&'static [Shape]),
    /// A mapping with these keys only; the last list names those that must be there.
    Fields(&'static [(&'static str, Shape)], &'static [&'static str]),
    /// A mapping from any key to this.
    Map(&'static Shape),
    /// `group/project`, or text with a variable in it.
    ProjectPath,
    /// A cache key: no slash, not only dots.
    CacheKey,
    /// A rule of its own.
    Check(fn(&Value) -> Option<&'static str>),
    /// Null or this.
    Nullable(&'static Shape),
}

use Shape::{
    Any, Bool, CacheKey, Check, Either, Fields, Filled, List, Map, Nullable, ProjectPath, Scalar,
    Script, Text, Unique, Whole, Word,
};

const TEXTS: Shape = List(&Text, 0);
const TEXT_OR_TEXTS: Shape = Either(&[Text, TEXTS]);
const WHEN: Shape = Word(&["on_success", "on_failure", "always", "manual", "delayed", "never"]);
const PULL: Shape = Word(&["always", "never", "if-not-present"]);
const PULL_POLICY: Shape = Either(&[PULL, List(&PULL, 1)]);
const DOCKER: Shape = Fields(&[("platform", Filled), ("user", Filled)], &[]);
const KUBERNETES: Shape = Fields(&[("user", Either(&[Filled, Whole(0, i64::MAX)]))], &[]);
const IMAGE: Shape = Either(&[
    Filled,
    Fields(
        &[("name", Filled), ("entrypoint", List(&Text, 0)), ("pull_policy", PULL_POLICY), ("docker", DOCKER), ("kubernetes", KUBERNETES)],
        &["name"],
    ),
]);
const SERVICE: Shape = Either(&[
    Filled,
    Fields(
        &[
            ("name", Filled), ("alias", Text), ("entrypoint", List(&Text, 1)), ("command", Either(&[Text, List(&Text, 1)])),
            ("pull_policy", PULL_POLICY), ("variables", Map(&Scalar)), ("docker", DOCKER), ("kubernetes", KUBERNETES),
        ],
        &["name"],
    ),
]);
const CACHE: Shape = Fields(
    &[
        ("key", Either(&[CacheKey, Fields(&[("files", List(&Text, 1)), ("files_commits", List(&Text, 1)), ("prefix", Text)], &[])])),
        ("paths", TEXTS), ("untracked", Bool), ("when", Word(&["on_success", "on_failure", "always"])),
        ("policy", Either(&[Word(&["pull", "push", "pull-push"]), Check(variable)])), ("unprotect", Bool), ("fallback_keys", TEXTS),
    ],
    &[],
);
const REPORT: Shape = Either(&[Filled, List(&Filled, 0)]);
const REPORTS: Shape = Fields(
    &[
        ("accessibility", Filled), ("annotations", Filled), ("api_fuzzing", REPORT), ("browser_performance", Filled), ("codequality", REPORT),
        ("container_scanning", REPORT), ("coverage_fuzzing", REPORT), ("cyclonedx", REPORT), ("dast", REPORT), ("dependency_scanning", REPORT),
        ("coverage_report", Nullable(&Fields(&[("coverage_format", Word(&["cobertura", "jacoco"])), ("path", Filled)], &["coverage_format", "path"]))),
        ("dotenv", REPORT), ("junit", REPORT), ("license_scanning", REPORT), ("load_performance", REPORT), ("metrics", REPORT),
        ("repository_xray", REPORT), ("requirements", REPORT), ("sast", REPORT), ("secret_detection", REPORT), ("terraform", REPORT),
    ],
    &[],
);
const ARTIFACTS: Shape = Fields(
    &[
        ("paths", List(&Text, 1)), ("exclude", TEXTS), ("when", Word(&["on_success", "on_failure", "always"])), ("expire_in", Text),
        ("name", Text), ("untracked", Bool), ("expose_as", Text), ("public", Either(&[Bool, Text])), ("reports", REPORTS),
        ("access", Word(&["none", "developer", "all", "maintainer"])),
    ],
    &[],
);
const VARIABLE: Shape = Either(&[
    Scalar,
    Bool,
    Fields(&[("value", Either(&[Scalar, Bool])), ("description", Text), ("expand", Bool), ("options", TEXTS)], &[]),
]);
const VARIABLES: Shape = Map(&VARIABLE);
const EXISTS: Shape = Either(&[TEXTS, Check(exists)]);
const CHANGES: Shape = Either(&[TEXTS, Fields(&[("paths", TEXTS), ("compare_to", Text)], &["paths"])]);
const MATRIX: Shape = Fields(&[("matrix", List(&Map(&Either(&[Scalar, List(&Scalar, 0)])), 0))], &["matrix"]);
const NEED: Shape = Either(&[
    Filled,
    Fields(&[("job", Filled), ("artifacts", Bool), ("optional", Bool), ("parallel", MATRIX)], &["job"]),
    Fields(&[("job", Filled), ("project", Filled), ("ref", Filled), ("artifacts", Bool), ("parallel", MATRIX)], &["job", "project", "ref"]),
    Fields(&[("pipeline", Filled), ("job", Filled), ("artifacts", Bool), ("parallel", MATRIX)], &["pipeline"]),
]);
const RULE_NEED: Shape = Either(&[Filled, Fields(&[("job", Filled), ("artifacts", Bool), ("optional", Bool)], &["job"])]);
const AUTO_CANCEL: Shape = Fields(
    &[("on_new_commit", Word(&["conservative", "interruptible", "none"])), ("on_job_failure", Word(&["none", "all"]))],
    &[],
);
const ALLOW_FAILURE: Shape = Either(&[Bool, Fields(&[("exit_codes", EXIT_CODES)], &["exit_codes"])]);
const EXIT_CODES: Shape = Either(&[Whole(0, 255), Unique(&Whole(0, 255))]);
const RULE: Shape = Fields(
    &[
        ("if", Filled), ("changes", CHANGES), ("exists", EXISTS), ("when", WHEN), ("start_in", Text), ("allow_failure", ALLOW_FAILURE),
        ("variables", VARIABLES), ("needs", List(&RULE_NEED, 0)), ("interruptible", Bool), ("auto_cancel", AUTO_CANCEL),
    ],
    &[],
);
const INCLUDE_RULE: Shape = Fields(
    &[("if", Filled), ("changes", CHANGES), ("exists", EXISTS), ("when", Nullable(&Word(&["never", "always"])))],
    &[],
);
const RULES: Shape = Nullable(&List(&Either(&[RULE, Filled, List(&RULE, 0)]), 0));
const INPUT_VALUES: Shape = Check(input_names);
const INCLUDE_ONE: Shape = Either(&[
    Filled,
    Fields(&[("local", Filled), ("rules", List(&INCLUDE_RULE, 0)), ("inputs", INPUT_VALUES)], &["local"]),
    Fields(&[("project", ProjectPath), ("file", Either(&[Filled, TEXTS])), ("ref", Text), ("rules", List(&INCLUDE_RULE, 0)), ("inputs", INPUT_VALUES)], &["project", "file"]),
    Fields(&[("remote", Filled), ("integrity", Text), ("cache", Any), ("rules", List(&INCLUDE_RULE, 0)), ("inputs", INPUT_VALUES)], &["remote"]),
    Fields(&[("template", Filled), ("rules", List(&INCLUDE_RULE, 0)), ("inputs", INPUT_VALUES)], &["template"]),
    Fields(&[("component", Filled), ("rules", List(&INCLUDE_RULE, 0)), ("inputs", INPUT_VALUES)], &["component"]),
    Fields(&[("artifact", Filled), ("job", Filled), ("inputs", INPUT_VALUES)], &["artifact", "job"]),
]);
const INCLUDE: Shape = Either(&[INCLUDE_ONE, List(&INCLUDE_ONE, 0)]);
const TRIGGER: Shape = Either(&[
    ProjectPath,
    Fields(
        &[
            ("project", ProjectPath), ("branch", Text), ("strategy", Word(&["depend", "mirror"])), ("inputs", Any),
            ("forward", Fields(&[("yaml_variables", Bool), ("pipeline_variables", Bool)], &[])),
        ],
        &["project"],
    ),
    Fields(
        &[
            ("include", INCLUDE), ("strategy", Word(&["depend", "mirror"])), ("inputs", Any),
            ("forward", Fields(&[("yaml_variables", Bool), ("pipeline_variables", Bool)], &[])),
        ],
        &["include"],
    ),
]);
const STAGES: Shape = List(&Either(&[Filled, List(&Filled, 1)]), 0);
const RETRY_WHEN: Shape = Word(&[
    "always", "unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure", "stuck_pending_with_matching_runners",
    "stuck_pending_no_matching_runners", "no_updates_running", "no_updates_canceling", "runner_system_failure", "runner_unsupported",
    "stale_schedule", "job_execution_timeout", "server_timeout_running", "server_timeout_canceling", "archived_failure",
    "unmet_prerequisites", "scheduler_failure", "data_integrity_failure",
]);
const RETRY: Shape = Either(&[
    Whole(0, 2),
    Fields(&[("max", Whole(0, 2)), ("when", Either(&[RETRY_WHEN, List(&RETRY_WHEN, 0)])), ("exit_codes", EXIT_CODES)], &[]),
]);
const HOOKS: Shape = Fields(&[("pre_get_sources_script", Script)], &[]);
const ID_TOKENS: Shape = Map(&Fields(&[("aud", TEXT_OR_TEXTS)], &["aud"]));
const VAULT: Shape = Either(&[
    Filled,
    Fields(
        &[("engine", Fields(&[("name", Filled), ("path", Filled)], &["name", "path"])), ("path", Filled), ("field", Filled)],
        &["engine", "path", "field"],
    ),
]);
const SECRET: Shape = Either(&[
    Fields(&[("vault", VAULT), ("file", Bool), ("token", Text)], &["vault"]),
    Fields(&[("azure_key_vault", Fields(&[("name", Filled), ("version", Text)], &["name"])), ("file", Bool), ("token", Text)], &["azure_key_vault"]),
    Fields(&[("gcp_secret_manager", Fields(&[("name", Filled), ("version", Scalar)], &["name"])), ("file", Bool), ("token", Text)], &["gcp_secret_manager", "token"]),
    Fields(
        &[
            ("aws_secrets_manager", Either(&[Filled, Fields(
                &[("secret_id", Filled), ("version_id", Text), ("version_stage", Text), ("region", Text), ("field", Text), ("role_arn", Text), ("role_session_name", Text)],
                &["secret_id"],
            )])),
            ("file", Bool), ("token", Text),
        ],
        &["aws_secrets_manager"],
    ),
    Fields(&[("gitlab_secrets_manager", Fields(&[("name", Filled), ("source", Text)], &["name"])), ("file", Bool), ("token", Text)], &["gitlab_secrets_manager"]),
]);
const STEP_ENV: Shape = Map(&Scalar);
const STEP_REF: Shape = Either(&[
    Filled,
    Fields(&[("git", Fields(&[("url", Filled), ("dir", Text), ("rev", Filled), ("file", Text)], &["url", "rev"]))], &["git"]),
    Fields(&[("oci", Fields(&[("registry", Filled), ("repository", Filled), ("tag", Filled), ("dir", Text), ("file", Text)], &["registry", "repository", "tag"]))], &["oci"]),
]);
const STEP: Shape = Either(&[
    Fields(&[("name", Filled), ("script", Filled), ("env", STEP_ENV)], &["name", "script"]),
    Fields(&[("name", Filled), ("step", STEP_REF), ("inputs", Map(&Any)), ("env", STEP_ENV)], &["name", "step"]),
    Fields(&[("name", Filled), ("func", STEP_REF), ("inputs", Map(&Any)), ("env", STEP_ENV)], &["name", "func"]),
]);
const ONLY: Shape = Nullable(&Either(&[
    Filled,
    TEXTS,
    Fields(&[("refs", TEXTS), ("variables", TEXTS), ("changes", TEXTS), ("kubernetes", Text)], &[]),
]));
const ENVIRONMENT: Shape = Either(&[
    Filled,
    Fields(
        &[
            ("name", Filled), ("url", Text), ("on_stop", Text), ("auto_stop_in", Text), ("kubernetes", Any), ("deployment_tier", Text),
            ("action", Word(&["start", "prepare", "stop", "verify", "access"])),
        ],
        &["name"],
    ),
]);
const INPUT: Shape = Check(input_definition);
const WORKFLOW: Shape = Fields(&[("name", Text), ("rules", RULES), ("auto_cancel", AUTO_CANCEL)], &[]);

/// The keys of a job.
pub const JOB: &[(&str, Shape)] = &[
    ("script", Check(script_filled)), ("before_script", Script), ("after_script", Script), ("stage", Filled), ("extends", TEXT_OR_TEXTS),
    ("trigger", TRIGGER), ("run", List(&STEP, 1)), ("image", IMAGE), ("services", List(&SERVICE, 0)), ("cache", Either(&[CACHE, List(&CACHE, 0)])),
    ("artifacts", ARTIFACTS), ("variables", VARIABLES), ("rules", RULES), ("needs", List(&NEED, 0)), ("dependencies", TEXTS),
    ("when", WHEN), ("start_in", Text), ("allow_failure", ALLOW_FAILURE), ("retry", RETRY), ("timeout", Text), ("tags", List(&Scalar, 0)),
    ("parallel", Either(&[Whole(1, 200), MATRIX])), ("environment", ENVIRONMENT), ("interruptible", Bool), ("resource_group", Filled),
    ("coverage", Text), ("hooks", HOOKS), ("id_tokens", ID_TOKENS), ("identity", Word(&["google_cloud"])), ("secrets", Map(&SECRET)),
    ("inherit", Any), ("only", ONLY), ("except", ONLY), ("release", Map(&Any)), ("pages", Any), ("publish", Text), ("manual_confirmation", Text),
    ("inputs", Map(&INPUT)), ("workflow", WORKFLOW), ("dast_configuration", Any),
];

const DEFAULT: &[(&str, Shape)] = &[
    ("before_script", Script), ("after_script", Script), ("image", IMAGE), ("services", List(&SERVICE, 0)), ("artifacts", ARTIFACTS),
    ("cache", Either(&[CACHE, List(&CACHE, 0)])), ("hooks", HOOKS), ("id_tokens", ID_TOKENS), ("interruptible", Bool), ("retry", RETRY),
    ("tags", List(&Scalar, 0)), ("timeout", Text), ("identity", Word(&["google_cloud"])),
];

/// The keys at the top of a document that are not jobs.
pub const ROOT: &[(&str, Shape)] = &[
    ("default", Fields(DEFAULT, &[])), ("include", INCLUDE), ("before_script", Script), ("after_script", Script), ("image", IMAGE),
    ("services", List(&SERVICE, 0)), ("variables", VARIABLES), ("stages", STAGES), ("types", STAGES), ("workflow", WORKFLOW),
    ("cache", Either(&[CACHE, List(&CACHE, 0)])), ("spec", Fields(&[("inputs", Map(&INPUT)), ("include", Any), ("component", Any), ("description", Text)], &[])),
];

/// Everything in `document` that does not have the form it must have, as lint messages.
#[must_use]
pub fn check(document: &Value) -> Vec<String> {
    let Value::Object(root) = document else {
        return vec!["Invalid configuration format".to_owned()];
    };
    let mut errors = Vec::new();
    for (key, value) in root {
        if let Some((_, shape)) = ROOT.iter().find(|(name, _)| name == key) {
            if let Err(error) = shape.fits(value) {
                errors.push(error.at(key));
            }
        } else if !key.starts_with('.') {
            check_job(key, value, &mut errors);
        }
    }
    errors
}

fn check_job(name: &str, job: &Value, errors: &mut Vec<String>) {
    let Value::Object(job) = job else {
        errors.push(format!("jobs:{name} config should be a hash"));
        return;
    };
    let known = |key: &str| JOB.iter().find(|(known, _)| *known == key);
    let unknown: Vec<&str> = job.keys().map(String::as_str).filter(|key| known(key).is_none()).collect();
    if !unknown.is_empty() {
        errors.push(format!("jobs:{name} config contains unknown keys: {}", unknown.join(", ")));
    }
    for (key, value) in job {
        if let Some(Err(error)) = known(key).map(|(_, shape)| shape.fits(value)) {
            errors.push(error.at(&format!("jobs:{name}:{key}")));
        }
    }
}

/// What is wrong, and where below the value that was checked.
#[derive(Debug)]
struct Misfit {
    path: String,
    what: String,
}

impl Misfit {
    fn at(&self, place: &str) -> String {
        format!("{place}{} config {}", self.path, self.what)
    }
}

fn misfit<T>(what: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { path: String::new(), what: what.into() })
}

impl Shape {
    fn fits(&self, value: &Value) -> Result<(), Misfit> {
        let ok = |fine: bool, what: &str| if fine { Ok(()) } else { misfit(what) };
        if is_reference(value) {
            return Ok(());
        }
        match self {
            Any => Ok(()),
            Nullable(inner) => if value.is_null() { Ok(()) } else { inner.fits(value) },
            Text => ok(value.is_string(), "should be a string"),
            Filled => ok(value.as_str().is_some_and(|text| !text.is_empty()), "should be a string that is not empty"),
            Scalar => ok(value.is_string() || value.is_number(), "should be a string or a number"),
            Bool => ok(value.is_boolean(), "should be a boolean value"),
            Whole(from, to) => ok(
                value.as_i64().is_some_and(|number| (*from..=*to).contains(&number)),
                &format!("should be an integer from {from} to {to}"),
            ),
            Word(words) => ok(
                value.as_str().is_some_and(|text| words.contains(&text)),
                &format!("should be one of: {}", words.join(", ")),
            ),
            Script => ok(is_script(value, 0), "should be a string or a nested array of strings up to 10 levels deep"),
            ProjectPath => ok(value.as_str().is_some_and(is_project_path), "should be the path of a project, such as group/project"),
            CacheKey => ok(
                value.as_str().is_some_and(|key| !key.contains('/') && !key.is_empty() && key.chars().any(|c| c != '.')),
                "should be a string without a slash that is not only dots",
            ),
            Check(rule) => rule(value).map_or(Ok(()), misfit),
            List(item, least) => fits_list(item, *least, value),
            Unique(item) => {
                fits_list(item, 0, value)?;
                let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
                ok((1..list.len()).all(|i| !list[..i].contains(&list[i])), "should not contain duplicates")
            }
            Either(shapes) => fits_either(shapes, value),
            Map(item) => {
                let Value::Object(map) = value else { return misfit("should be a hash") };
                map.iter().try_for_each(|(key, value)| item.fits(value).map_err(|error| below(key, error)))
            }
            Fields(fields, required) => fits_fields(fields, required, value),
        }
    }
}

fn below(key: &str, error: Misfit) -> Misfit {
    Misfit { path: format!(":{key}{}", error.path), what: error.what }
}

fn fits_list(item: &Shape, least: usize, value: &Value) -> Result<(), Misfit> {
    let Value::Array(list) = value else { return misfit("should be an array") };
    if list.len() < least {
        return misfit("should not be empty");
    }
    list.iter().try_for_each(|value| item.fits(value))
}

fn fits_fields(fields: &[(&str, Shape)], required: &[&str], value: &Value) -> Result<(), Misfit> {
    let Value::Object(map) = value else { return misfit("should be a hash") };
    if let Some(missing) = required.iter().find(|key| !map.contains_key(**key)) {
        return misfit(format!("should have the key {missing}"));
    }
    for (key, value) in map {
        match fields.iter().find(|(name, _)| name == key) {
            Some((_, shape)) => shape.fits(value).map_err(|error| below(key, error))?,
            None => return misfit(format!("contains unknown keys: {key}")),
        }
    }
    Ok(())
}

/// The message of the alternative that came closest: the one that failed deepest inside.
fn fits_either(shapes: &[Shape], value: &Value) -> Result<(), Misfit> {
    let mut closest: Option<Misfit> = None;
    for shape in shapes {
        match shape.fits(value) {
            Ok(()) => return Ok(()),
            Err(error) if closest.as_ref().is_none_or(|best| error.path.len() > best.path.len()) => closest = Some(error),
            Err(_) => {}
        }
    }
    closest.map_or(Ok(()), Err)
}

/// `!reference` is checked after it has been resolved.
fn is_reference(value: &Value) -> bool {
    value.get(super::document::REFERENCE).is_some()
}

fn is_script(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(list) => depth < 10 && list.iter().all(|item| is_script(item, depth + 1)),
        other => is_reference(other),
    }
}

fn script_filled(value: &Value) -> Option<&'static str> {
    let empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    match is_script(value, 0) {
        false => Some("should be a string or a nested array of strings up to 10 levels deep"),
        true if empty => Some("can't be blank"),
        true => None,
    }
}

fn is_project_path(path: &str) -> bool {
    path.contains('$') || (path.contains('/') && !path.starts_with('/') && !path.ends_with('/') && !path.contains('#'))
}

fn variable(value: &Value) -> Option<&'static str> {
    (!value.as_str().is_some_and(|text| text.starts_with('$'))).then_some("should be a variable")
}

fn exists(value: &Value) -> Option<&'static str> {
    let Value::Object(map) = value else { return Some("should be an array of strings or a hash") };
    let paths = map.get("paths").and_then(Value::as_array).is_some_and(|list| list.iter().all(Value::is_string));
    if !paths {
        return Some("should have paths, an array of strings");
    }
    if map.contains_key("ref") && !map.contains_key("project") {
        return Some("should have project where it has ref");
    }
    None
}

fn input_names(value: &Value) -> Option<&'static str> {
    let fine = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let map = value.as_object()?;
    (!map.keys().all(fine)).then_some("should have names of letters, digits, _ and -")
}

fn input_definition(value: &Value) -> Option<&'static str> {
    let Value::Object(map) = value else { return value.is_string().then_some("should be a hash") };
    const KEYS: [&str; 7] = ["type", "default", "description", "options", "regex", "rules", "required"];
    if map.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Some("contains unknown keys");
    }
    let kind = map.get("type").and_then(Value::as_str).unwrap_or("string");
    let Some(default) = map.get("default") else { return None };
    let fits = match kind {
        "string" => default.is_string(),
        "number" => default.is_number(),
        "boolean" => default.is_boolean(),
        "array" => default.is_array(),
        _ => return Some("should have type string, number, boolean or array"),
    };
    (!fits).then_some("should have a default of its type")
}
