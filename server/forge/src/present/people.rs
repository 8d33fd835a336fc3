//! Users, members, groups.

use serde_json::{Value, json};

use crate::Forge;
use crate::store::identity::UserRow;
use crate::store::projects::{MemberRow, NamespaceRow};

/// `UserBasic`.
#[must_use]
pub fn user(forge: &Forge, row: &UserRow) -> Value {
    json!({
        "id": row.id, "username": row.username, "public_email": null, "name": row.name, "state": row.state, "locked": false,
        "avatar_url": null, "web_url": forge.url(&row.username),
    })
}

/// `UserPublic`, what a person sees of themselves; administrators see a little more.
#[must_use]
pub fn current_user(forge: &Forge, row: &UserRow, namespace: Option<i64>) -> Value {
    let mut value = json!({
        "id": row.id, "username": row.username, "name": row.name, "state": row.state, "locked": false, "avatar_url": null,
        "web_url": forge.url(&row.username), "created_at": row.created_at, "bio": "", "location": "", "public_email": null,
        "linkedin": "", "twitter": "", "discord": "", "website_url": "", "github": "", "organization": "", "job_title": "",
        "pronouns": null, "bot": false, "work_information": null, "followers": 0, "following": 0, "is_followed": false,
        "local_time": null, "last_sign_in_at": null, "confirmed_at": row.created_at, "last_activity_on": null, "email": row.email,
        "theme_id": 1, "color_scheme_id": 1, "projects_limit": 100_000, "current_sign_in_at": null, "identities": [],
        "can_create_group": row.admin, "can_create_project": true, "two_factor_enabled": false, "external": false,
        "private_profile": false, "commit_email": row.email, "preferred_language": "en",
    });
    if row.admin {
        value["is_admin"] = json!(true);
        value["note"] = Value::Null;
        value["namespace_id"] = json!(namespace);
    }
    value
}

/// A member: a user with a role.
#[must_use]
pub fn member(forge: &Forge, row: &MemberRow, person: &UserRow) -> Value {
    let mut value = user(forge, person);
    value["access_level"] = json!(row.access_level);
    value["created_at"] = json!(row.created_at);
    value["expires_at"] = json!(row.expires_at);
    value["membership_state"] = json!("active");
    value
}

/// A group, without projects (`with_projects=false`).
#[must_use]
pub fn group(forge: &Forge, row: &NamespaceRow) -> Value {
    json!({
        "id": row.id, "web_url": forge.url(&format!("groups/{}", row.path)), "name": row.name, "path": row.path, "description": row.description,
        "visibility": row.visibility, "share_with_group_lock": false, "require_two_factor_authentication": false,
        "two_factor_grace_period": 48, "project_creation_level": "developer", "auto_devops_enabled": null,
        "subgroup_creation_level": "maintainer", "emails_disabled": false, "emails_enabled": true, "mentions_disabled": null,
        "lfs_enabled": false, "archived": false, "default_branch": "main", "default_branch_protection": 2, "avatar_url": null,
        "request_access_enabled": false, "full_name": row.name, "full_path": row.path, "created_at": row.created_at,
        "parent_id": null, "organization_id": 1, "shared_runners_setting": "enabled", "marked_for_deletion_on": null,
    })
}

/// A namespace: a group, or a person's own.
#[must_use]
pub fn namespace(forge: &Forge, row: &NamespaceRow) -> Value {
    let web_url = if row.kind == "group" { forge.url(&format!("groups/{}", row.path)) } else { forge.url(&row.path) };
    json!({
        "id": row.id, "name": row.name, "path": row.path, "kind": row.kind, "full_path": row.path, "parent_id": null,
        "avatar_url": null, "web_url": web_url,
    })
}
