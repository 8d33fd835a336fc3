//! Projects, CI variables, triggers.

use serde_json::{Value, json};

use crate::Forge;
use crate::access::{MAINTAINER, Visible};
use crate::store::projects::{ProjectRow, Roles};
use crate::store::variables::{TriggerRow, VariableRow};

/// What depends on the repository.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// Whether there is no commit.
    pub empty: bool,
    /// The path of the README at the root.
    pub readme: Option<String>,
}

/// `BasicProjectDetails`.
#[must_use]
pub fn basic(forge: &Forge, row: &ProjectRow, content: &Content) -> Value {
    let path = row.full_path();
    let web_url = forge.url(&path);
    let topics: Vec<&str> = row.topics.split(',').filter(|topic| !topic.is_empty()).collect();
    let readme = content.readme.as_ref().map(|file| format!("{web_url}/-/blob/{}/{file}", row.default_branch));
    let kind = row.namespace_kind.as_str();
    let space_url = if kind == "group" { forge.url(&format!("groups/{}", row.namespace_path)) } else { forge.url(&row.namespace_path) };
    json!({
        "id": row.id, "description": row.description, "name": row.name, "name_with_namespace": format!("{} / {}", row.namespace_name, row.name),
        "path": row.path, "path_with_namespace": path, "created_at": row.created_at,
        "default_branch": (!content.empty).then_some(&row.default_branch), "tag_list": topics, "topics": topics,
        "ssh_url_to_repo": format!("git@{}:{path}.git", forge.host()), "http_url_to_repo": format!("{web_url}.git"), "web_url": web_url,
        "readme_url": readme, "forks_count": 0, "avatar_url": null, "star_count": 0, "last_activity_at": row.last_activity_at,
        "visibility": row.visibility,
        "namespace": {
            "id": row.namespace_id, "name": row.namespace_name, "path": row.namespace_path, "kind": kind, "full_path": row.namespace_path,
            "parent_id": null, "avatar_url": null, "web_url": space_url,
        },
    })
}

fn permissions(roles: Roles) -> Value {
    let access = |level: Option<i64>| level.map(|level| json!({ "access_level": level, "notification_level": 3 }));
    json!({ "project_access": access(roles.project), "group_access": access(roles.group) })
}

/// `ProjectWithAccess`: what a member sees; more for maintainers.
#[must_use]
pub fn full(forge: &Forge, visible: &Visible, content: &Content) -> Value {
    let row = &visible.project;
    let api = forge.url(&format!("api/v4/projects/{}", row.id));
    let mut value = basic(forge, row, content);
    let more = json!({
        "_links": {
            "self": api, "issues": format!("{api}/issues"), "merge_requests": format!("{api}/merge_requests"),
            "repo_branches": format!("{api}/repository/branches"), "labels": format!("{api}/labels"), "events": format!("{api}/events"),
            "members": format!("{api}/members"), "cluster_agents": format!("{api}/cluster_agents"),
        },
        "marked_for_deletion_at": null, "marked_for_deletion_on": null, "packages_enabled": false, "empty_repo": content.empty,
        "archived": row.archived, "resolve_outdated_diff_discussions": false, "issues_enabled": false, "merge_requests_enabled": true,
        "wiki_enabled": false, "jobs_enabled": true, "snippets_enabled": false, "container_registry_enabled": false,
        "service_desk_enabled": false, "can_create_merge_request_in": true, "issues_access_level": "disabled",
        "repository_access_level": "enabled", "merge_requests_access_level": "enabled", "forking_access_level": "enabled",
        "wiki_access_level": "disabled", "builds_access_level": "enabled", "snippets_access_level": "disabled", "pages_access_level": "disabled",
        "shared_runners_enabled": true, "lfs_enabled": false, "creator_id": row.creator_id, "import_url": null, "import_type": null,
        "import_status": "finished", "import_error": null, "open_issues_count": 0, "description_html": "", "updated_at": row.updated_at,
        "ci_config_path": row.ci_config_path, "public_jobs": true, "shared_with_groups": [], "only_allow_merge_if_pipeline_succeeds": false,
        "request_access_enabled": false, "only_allow_merge_if_all_discussions_are_resolved": false, "merge_method": "merge",
        "squash_option": "default_off", "permissions": permissions(visible.roles),
    });
    extend(&mut value, more);
    if visible.level >= MAINTAINER {
        extend(
            &mut value,
            json!({
                "ci_default_git_depth": 20, "build_timeout": row.build_timeout, "build_git_strategy": "fetch", "group_runners_enabled": true,
                "auto_cancel_pending_pipelines": "disabled", "ci_pipeline_variables_minimum_override_role": "developer",
                "runners_token": null, "keep_latest_artifact": true,
            }),
        );
    }
    value
}

pub(crate) fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(map), Value::Object(more)) = (value, more) {
        map.extend(more);
    }
}

/// A CI variable; a hidden one keeps its value to itself.
#[must_use]
pub fn variable(row: &VariableRow) -> Value {
    json!({
        "variable_type": row.variable_type, "key": row.key, "value": (!row.hidden).then_some(&row.value), "hidden": row.hidden,
        "protected": row.protected, "masked": row.masked, "raw": row.raw, "environment_scope": row.environment_scope,
        "description": row.description,
    })
}

/// A trigger; the token is whole for its owner only.
#[must_use]
pub fn trigger(row: &TriggerRow, reader: i64, owner: &Value) -> Value {
    let shown = if row.owner_id == reader { row.token.clone() } else { row.token.trim_start_matches("glptt-").chars().take(4).collect() };
    json!({
        "id": row.id, "token": shown, "description": row.description, "created_at": row.created_at, "updated_at": row.updated_at,
        "last_used": row.last_used, "expires_at": row.expires_at, "owner": owner,
    })
}
