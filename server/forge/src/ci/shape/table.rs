//! The table: every key of a CI file and its form.

use super::Shape;
use super::Shape::{Any, Bool, CacheKey, Check, Either, Fields, Filled, List, Map, Nullable, ProjectPath, Scalar, Script, Text, Unique, Whole, Word};
use super::{exists, input_definition, input_names, script_filled, variable};

const TEXTS: Shape = List(&Text, 0);
const TEXT_OR_TEXTS: Shape = Either(&[Text, TEXTS]);
const WHEN: Shape = Word(&["on_success", "on_failure", "always", "manual", "delayed", "never"]);
const PULL: Shape = Word(&["always", "never", "if-not-present"]);
const PULL_POLICY: Shape = Either(&[PULL, List(&PULL, 1)]);
const DOCKER: Shape = Fields(&[("platform", Filled), ("user", Filled)], &[]);
const KUBERNETES: Shape = Fields(&[("user", Either(&[Filled, Whole(0, i64::MAX)]))], &[]);
const IMAGE: Shape =
    Either(&[Filled, Fields(&[("name", Filled), ("entrypoint", List(&Text, 0)), ("pull_policy", PULL_POLICY), ("docker", DOCKER), ("kubernetes", KUBERNETES)], &["name"])]);
const SERVICE: Shape = Either(&[
    Filled,
    Fields(
        &[
            ("name", Filled),
            ("alias", Text),
            ("entrypoint", List(&Text, 1)),
            ("command", Either(&[Text, List(&Text, 1)])),
            ("pull_policy", PULL_POLICY),
            ("variables", Map(&Scalar)),
            ("docker", DOCKER),
            ("kubernetes", KUBERNETES),
        ],
        &["name"],
    ),
]);
const CACHE: Shape = Fields(
    &[
        ("key", Either(&[CacheKey, Fields(&[("files", List(&Text, 1)), ("files_commits", List(&Text, 1)), ("prefix", Text)], &[])])),
        ("paths", TEXTS),
        ("untracked", Bool),
        ("when", Word(&["on_success", "on_failure", "always"])),
        ("policy", Either(&[Word(&["pull", "push", "pull-push"]), Check(variable)])),
        ("unprotect", Bool),
        ("fallback_keys", TEXTS),
    ],
    &[],
);
const REPORT: Shape = Either(&[Filled, List(&Filled, 0)]);
const REPORTS: Shape = Fields(
    &[
        ("accessibility", Filled),
        ("annotations", Filled),
        ("api_fuzzing", REPORT),
        ("browser_performance", Filled),
        ("codequality", REPORT),
        ("container_scanning", REPORT),
        ("coverage_fuzzing", REPORT),
        ("cyclonedx", REPORT),
        ("dast", REPORT),
        ("dependency_scanning", REPORT),
        ("coverage_report", Nullable(&Fields(&[("coverage_format", Word(&["cobertura", "jacoco"])), ("path", Filled)], &["coverage_format", "path"]))),
        ("dotenv", REPORT),
        ("junit", REPORT),
        ("license_scanning", REPORT),
        ("load_performance", REPORT),
        ("metrics", REPORT),
        ("repository_xray", REPORT),
        ("requirements", REPORT),
        ("sast", REPORT),
        ("secret_detection", REPORT),
        ("terraform", REPORT),
    ],
    &[],
);
const ARTIFACTS: Shape = Fields(
    &[
        ("paths", List(&Text, 1)),
        ("exclude", TEXTS),
        ("when", Word(&["on_success", "on_failure", "always"])),
        ("expire_in", Text),
        ("name", Text),
        ("untracked", Bool),
        ("expose_as", Text),
        ("public", Either(&[Bool, Text])),
        ("reports", REPORTS),
        ("access", Word(&["none", "developer", "all", "maintainer"])),
    ],
    &[],
);
const VARIABLE: Shape = Either(&[Scalar, Bool, Fields(&[("value", Either(&[Scalar, Bool])), ("description", Text), ("expand", Bool), ("options", TEXTS)], &[])]);
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
const AUTO_CANCEL: Shape = Fields(&[("on_new_commit", Word(&["conservative", "interruptible", "none"])), ("on_job_failure", Word(&["none", "all"]))], &[]);
const ALLOW_FAILURE: Shape = Either(&[Bool, Fields(&[("exit_codes", EXIT_CODES)], &["exit_codes"])]);
const EXIT_CODES: Shape = Either(&[Whole(0, 255), Unique(&Whole(0, 255))]);
const RULE: Shape = Fields(
    &[
        ("if", Filled),
        ("changes", CHANGES),
        ("exists", EXISTS),
        ("when", WHEN),
        ("start_in", Text),
        ("allow_failure", ALLOW_FAILURE),
        ("variables", VARIABLES),
        ("needs", List(&RULE_NEED, 0)),
        ("interruptible", Bool),
        ("auto_cancel", AUTO_CANCEL),
    ],
    &[],
);
const INCLUDE_RULE: Shape = Fields(&[("if", Filled), ("changes", CHANGES), ("exists", EXISTS), ("when", Nullable(&Word(&["never", "always"])))], &[]);
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
            ("project", ProjectPath),
            ("branch", Text),
            ("strategy", Word(&["depend", "mirror"])),
            ("inputs", Any),
            ("forward", Fields(&[("yaml_variables", Bool), ("pipeline_variables", Bool)], &[])),
        ],
        &["project"],
    ),
    Fields(
        &[("include", INCLUDE), ("strategy", Word(&["depend", "mirror"])), ("inputs", Any), ("forward", Fields(&[("yaml_variables", Bool), ("pipeline_variables", Bool)], &[]))],
        &["include"],
    ),
]);
const STAGES: Shape = List(&Either(&[Filled, List(&Filled, 1)]), 0);
const RETRY_WHEN: Shape = Word(&[
    "always",
    "unknown_failure",
    "script_failure",
    "api_failure",
    "stuck_or_timeout_failure",
    "stuck_pending_with_matching_runners",
    "stuck_pending_no_matching_runners",
    "no_updates_running",
    "no_updates_canceling",
    "runner_system_failure",
    "runner_unsupported",
    "stale_schedule",
    "job_execution_timeout",
    "server_timeout_running",
    "server_timeout_canceling",
    "archived_failure",
    "unmet_prerequisites",
    "scheduler_failure",
    "data_integrity_failure",
]);
const RETRY: Shape = Either(&[Whole(0, 2), Fields(&[("max", Whole(0, 2)), ("when", Either(&[RETRY_WHEN, List(&RETRY_WHEN, 0)])), ("exit_codes", EXIT_CODES)], &[])]);
const HOOKS: Shape = Fields(&[("pre_get_sources_script", Script)], &[]);
const ID_TOKENS: Shape = Map(&Fields(&[("aud", TEXT_OR_TEXTS)], &["aud"]));
const VAULT: Shape =
    Either(&[Filled, Fields(&[("engine", Fields(&[("name", Filled), ("path", Filled)], &["name", "path"])), ("path", Filled), ("field", Filled)], &["engine", "path", "field"])]);
const SECRET: Shape = Either(&[
    Fields(&[("vault", VAULT), ("file", Bool), ("token", Text)], &["vault"]),
    Fields(&[("azure_key_vault", Fields(&[("name", Filled), ("version", Text)], &["name"])), ("file", Bool), ("token", Text)], &["azure_key_vault"]),
    Fields(&[("gcp_secret_manager", Fields(&[("name", Filled), ("version", Scalar)], &["name"])), ("file", Bool), ("token", Text)], &["gcp_secret_manager", "token"]),
    Fields(
        &[
            (
                "aws_secrets_manager",
                Either(&[
                    Filled,
                    Fields(
                        &[("secret_id", Filled), ("version_id", Text), ("version_stage", Text), ("region", Text), ("field", Text), ("role_arn", Text), ("role_session_name", Text)],
                        &["secret_id"],
                    ),
                ]),
            ),
            ("file", Bool),
            ("token", Text),
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
const ONLY: Shape = Nullable(&Either(&[Filled, TEXTS, Fields(&[("refs", TEXTS), ("variables", TEXTS), ("changes", TEXTS), ("kubernetes", Text)], &[])]));
const ENVIRONMENT: Shape = Either(&[
    Filled,
    Fields(
        &[
            ("name", Filled),
            ("url", Text),
            ("on_stop", Text),
            ("auto_stop_in", Text),
            ("kubernetes", Any),
            ("deployment_tier", Text),
            ("action", Word(&["start", "prepare", "stop", "verify", "access"])),
        ],
        &["name"],
    ),
]);
const INPUT: Shape = Check(input_definition);
const WORKFLOW: Shape = Fields(&[("name", Text), ("rules", RULES), ("auto_cancel", AUTO_CANCEL)], &[]);

/// The keys of a job.
pub const JOB: &[(&str, Shape)] = &[
    ("script", Check(script_filled)),
    ("before_script", Script),
    ("after_script", Script),
    ("stage", Filled),
    ("extends", TEXT_OR_TEXTS),
    ("trigger", TRIGGER),
    ("run", List(&STEP, 1)),
    ("image", IMAGE),
    ("services", List(&SERVICE, 0)),
    ("cache", Either(&[CACHE, List(&CACHE, 0)])),
    ("artifacts", ARTIFACTS),
    ("variables", VARIABLES),
    ("rules", RULES),
    ("needs", List(&NEED, 0)),
    ("dependencies", TEXTS),
    ("when", WHEN),
    ("start_in", Text),
    ("allow_failure", ALLOW_FAILURE),
    ("retry", RETRY),
    ("timeout", Text),
    ("tags", List(&Scalar, 0)),
    ("parallel", Either(&[Whole(1, 200), MATRIX])),
    ("environment", ENVIRONMENT),
    ("interruptible", Bool),
    ("resource_group", Filled),
    ("coverage", Text),
    ("hooks", HOOKS),
    ("id_tokens", ID_TOKENS),
    ("identity", Word(&["google_cloud"])),
    ("secrets", Map(&SECRET)),
    ("inherit", Any),
    ("only", ONLY),
    ("except", ONLY),
    ("release", Map(&Any)),
    ("pages", Any),
    ("publish", Text),
    ("manual_confirmation", Text),
    ("inputs", Map(&INPUT)),
    ("workflow", WORKFLOW),
    ("dast_configuration", Any),
];

const DEFAULT: &[(&str, Shape)] = &[
    ("before_script", Script),
    ("after_script", Script),
    ("image", IMAGE),
    ("services", List(&SERVICE, 0)),
    ("artifacts", ARTIFACTS),
    ("cache", Either(&[CACHE, List(&CACHE, 0)])),
    ("hooks", HOOKS),
    ("id_tokens", ID_TOKENS),
    ("interruptible", Bool),
    ("retry", RETRY),
    ("tags", List(&Scalar, 0)),
    ("timeout", Text),
    ("identity", Word(&["google_cloud"])),
];

/// The keys at the top of a document that are not jobs.
pub const ROOT: &[(&str, Shape)] = &[
    ("default", Fields(DEFAULT, &[])),
    ("include", INCLUDE),
    ("before_script", Script),
    ("after_script", Script),
    ("image", IMAGE),
    ("services", List(&SERVICE, 0)),
    ("variables", VARIABLES),
    ("stages", STAGES),
    ("types", STAGES),
    ("workflow", WORKFLOW),
    ("cache", Either(&[CACHE, List(&CACHE, 0)])),
    ("spec", Fields(&[("inputs", Map(&INPUT)), ("include", Any), ("component", Any), ("description", Text)], &[])),
];
