-- The forge's tables. Times are ISO 8601 UTC with milliseconds, as the API shows them; secrets are SHA-256.
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, email TEXT NOT NULL,
  password_hash TEXT, admin INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'active', created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sign_in_links (
  token_hash TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), expires_at TEXT NOT NULL, used_at TEXT
);
CREATE TABLE IF NOT EXISTS web_sessions (token_hash TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), expires_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS access_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users(id), name TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
);

CREATE TABLE IF NOT EXISTS oauth_applications (
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, secret_hash TEXT, name TEXT NOT NULL, redirect_uris TEXT NOT NULL,
  scopes TEXT NOT NULL, confidential INTEGER NOT NULL, trusted INTEGER NOT NULL DEFAULT 0, owner_id INTEGER REFERENCES users(id), created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS oauth_codes (
  code_hash TEXT PRIMARY KEY, application_id INTEGER NOT NULL, user_id INTEGER NOT NULL, redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL,
  challenge TEXT, challenge_method TEXT, nonce TEXT, created_at TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT
);
CREATE TABLE IF NOT EXISTS oauth_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT, application_id INTEGER NOT NULL, user_id INTEGER NOT NULL, access_hash TEXT NOT NULL UNIQUE,
  refresh_hash TEXT UNIQUE, scopes TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT, code_hash TEXT
);
CREATE TABLE IF NOT EXISTS oauth_consents (application_id INTEGER NOT NULL, user_id INTEGER NOT NULL, scopes TEXT NOT NULL, PRIMARY KEY (application_id, user_id));

CREATE TABLE IF NOT EXISTS namespaces (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, path TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
  visibility TEXT NOT NULL DEFAULT 'private', owner_id INTEGER REFERENCES users(id), created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT, namespace_id INTEGER NOT NULL REFERENCES namespaces(id), path TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL,
  description TEXT, visibility TEXT NOT NULL, default_branch TEXT NOT NULL, topics TEXT NOT NULL DEFAULT '', creator_id INTEGER NOT NULL,
  ci_config_path TEXT, build_timeout INTEGER NOT NULL DEFAULT 3600, archived INTEGER NOT NULL DEFAULT 0, forked_from INTEGER,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_activity_at TEXT NOT NULL, UNIQUE (namespace_id, path)
);
CREATE TABLE IF NOT EXISTS members (
  namespace_id INTEGER REFERENCES namespaces(id) ON DELETE CASCADE, project_id INTEGER REFERENCES projects(id) ON DELETE CASCADE,
  user_id INTEGER NOT NULL REFERENCES users(id), access_level INTEGER NOT NULL, created_at TEXT NOT NULL, expires_at TEXT,
  UNIQUE (namespace_id, user_id), UNIQUE (project_id, user_id)
);
CREATE TABLE IF NOT EXISTS variables (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER REFERENCES projects(id) ON DELETE CASCADE, namespace_id INTEGER REFERENCES namespaces(id) ON DELETE CASCADE,
  key TEXT NOT NULL, value TEXT NOT NULL, variable_type TEXT NOT NULL, protected INTEGER NOT NULL, masked INTEGER NOT NULL, hidden INTEGER NOT NULL,
  raw INTEGER NOT NULL, environment_scope TEXT NOT NULL, description TEXT, UNIQUE (project_id, namespace_id, key, environment_scope)
);
CREATE TABLE IF NOT EXISTS triggers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, owner_id INTEGER NOT NULL, token TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_used TEXT, expires_at TEXT
);
CREATE TABLE IF NOT EXISTS pipelines (
  id INTEGER PRIMARY KEY AUTOINCREMENT, iid INTEGER NOT NULL, project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, reference TEXT NOT NULL, tag INTEGER NOT NULL DEFAULT 0,
  sha TEXT NOT NULL, before_sha TEXT NOT NULL, status TEXT NOT NULL, source TEXT NOT NULL, user_id INTEGER NOT NULL, name TEXT, yaml_errors TEXT,
  on_job_failure TEXT, config_path TEXT, parent_job_id INTEGER, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, UNIQUE (project_id, iid)
);
CREATE INDEX IF NOT EXISTS pipelines_by_project ON pipelines (project_id, id DESC);
CREATE TABLE IF NOT EXISTS pipeline_variables (
  pipeline_id INTEGER NOT NULL REFERENCES pipelines(id) ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL, variable_type TEXT NOT NULL, raw INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS pipeline_variables_by_pipeline ON pipeline_variables (pipeline_id);
CREATE TABLE IF NOT EXISTS jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, pipeline_id INTEGER NOT NULL REFERENCES pipelines(id) ON DELETE CASCADE, project_id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  stage TEXT NOT NULL, stage_index INTEGER NOT NULL, status TEXT NOT NULL, allow_failure INTEGER NOT NULL, options TEXT NOT NULL, tags TEXT NOT NULL DEFAULT '[]',
  user_id INTEGER NOT NULL, failure_reason TEXT, exit_code INTEGER, retried INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  downstream_id INTEGER, message TEXT, token_hash TEXT, created_at TEXT NOT NULL, queued_at TEXT, scheduled_at TEXT, started_at TEXT, finished_at TEXT, erased_at TEXT,
  artifacts_size INTEGER, artifacts_name TEXT, artifacts_expire_at TEXT, dotenv TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_pipeline ON jobs (pipeline_id);
CREATE INDEX IF NOT EXISTS jobs_by_project ON jobs (project_id, id DESC);
CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (status) WHERE status IN ('pending', 'running', 'scheduled');
CREATE TABLE IF NOT EXISTS environments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, name TEXT NOT NULL, external_url TEXT, tier TEXT, description TEXT,
  state TEXT NOT NULL, on_stop TEXT, pipeline_id INTEGER, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (project_id, name)
);
CREATE TABLE IF NOT EXISTS schedules (
  id INTEGER PRIMARY KEY AUTOINCREMENT, project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, owner_id INTEGER NOT NULL, description TEXT NOT NULL, reference TEXT NOT NULL,
  cron TEXT NOT NULL, timezone TEXT NOT NULL, active INTEGER NOT NULL, next_run_at TEXT, last_pipeline_id INTEGER, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS schedule_variables (
  schedule_id INTEGER NOT NULL REFERENCES schedules(id) ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL, variable_type TEXT NOT NULL, PRIMARY KEY (schedule_id, key)
);

CREATE TABLE IF NOT EXISTS merge_requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, iid INTEGER NOT NULL, project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE, source_project_id INTEGER NOT NULL,
  source_branch TEXT NOT NULL, target_branch TEXT NOT NULL, title TEXT NOT NULL, description TEXT, state TEXT NOT NULL DEFAULT 'opened', author_id INTEGER NOT NULL,
  squash INTEGER NOT NULL DEFAULT 0, remove_source INTEGER NOT NULL DEFAULT 0, sha TEXT NOT NULL, base_sha TEXT NOT NULL, merge_commit_sha TEXT, squash_commit_sha TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, merged_at TEXT, merged_by INTEGER, closed_at TEXT, closed_by INTEGER, UNIQUE (project_id, iid)
);
CREATE TABLE IF NOT EXISTS notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, merge_request_id INTEGER NOT NULL REFERENCES merge_requests(id) ON DELETE CASCADE, author_id INTEGER NOT NULL, body TEXT NOT NULL,
  system INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS approvals (
  merge_request_id INTEGER NOT NULL REFERENCES merge_requests(id) ON DELETE CASCADE, user_id INTEGER NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (merge_request_id, user_id)
);
