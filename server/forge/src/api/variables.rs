//! `/projects/:id/variables` and `/groups/:id/variables`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::Forge;
use crate::access::MAINTAINER;
use crate::auth::Caller;
use crate::engine::predefined::{LARGEST, MOST};
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::projects as present;
use crate::store::variables::{self, Owner, VariableRow};

/// GitLab's limit (`app/models/concerns/ci/has_variable.rs`).
pub(super) const LONGEST_VALUE: usize = 10_000;

async fn project(forge: &Forge, caller: &Caller, id: &str) -> ApiResult<Owner> {
    caller.user()?;
    let visible = forge.project(caller, id).await?;
    visible.require(MAINTAINER)?;
    Ok(Owner::Project(visible.project.id))
}

async fn group(forge: &Forge, caller: &Caller, id: &str) -> ApiResult<Owner> {
    caller.user()?;
    let (group, level) = forge.group(caller, id).await?;
    if level >= MAINTAINER { Ok(Owner::Namespace(group.id)) } else { Err(ApiError::forbidden("")) }
}

fn scope_filter(params: &Params) -> Option<String> {
    params.get("filter").and_then(|filter| filter.get("environment_scope")).and_then(Value::as_str).map(str::to_owned)
}

async fn find(forge: &Forge, owner: Owner, key: &str, scope: Option<&str>) -> ApiResult<VariableRow> {
    let all = variables::variables(&forge.db, owner).await?;
    if scope.is_none() && all.iter().filter(|row| row.key == key).count() > 1 {
        return Err(ApiError::new(StatusCode::CONFLICT, "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"));
    }
    let found = all.into_iter().find(|row| row.key == key && scope.is_none_or(|scope| scope == row.environment_scope));
    found.ok_or_else(|| ApiError::missing("Variable"))
}

fn refuse(field: &str, reason: &str) -> ApiError {
    ApiError::Fields(StatusCode::BAD_REQUEST, json!({ field: [reason] }))
}

/// The parameters over what is there already.
fn apply(params: &Params, mut row: VariableRow) -> ApiResult<VariableRow> {
    let was_hidden = row.hidden;
    if was_hidden && (params.flag("masked_and_hidden")? == Some(false) || params.flag("masked")? == Some(false)) {
        return Err(refuse("masked_and_hidden", "cannot be turned off: a hidden value stays hidden"));
    }
    row.value = params.text("value").unwrap_or(row.value);
    if row.value.chars().count() > LONGEST_VALUE {
        return Err(refuse("value", "is too long (maximum is 10000 characters)"));
    }
    row.variable_type = params.filled("variable_type").unwrap_or(row.variable_type);
    row.protected = params.flag("protected")?.unwrap_or(row.protected);
    row.hidden = params.flag("masked_and_hidden")?.unwrap_or(row.hidden);
    row.masked = params.flag("masked")?.unwrap_or(row.masked) || row.hidden;
    row.raw = params.flag("raw")?.unwrap_or(row.raw);
    row.environment_scope = params.filled("environment_scope").unwrap_or(row.environment_scope);
    row.description = params.text("description").or(row.description);
    if !["env_var", "file"].contains(&row.variable_type.as_str()) {
        return Err(ApiError::Parameter("variable_type does not have a valid value".to_owned()));
    }
    if row.masked && (row.value.chars().count() < 8 || row.value.contains(['\n', '\r']) || row.value.contains(' ')) {
        return Err(refuse("value", "is invalid"));
    }
    Ok(row)
}

/// Whether all of them still fit, `row` in the place of the one with scope `before`.
async fn room_for(forge: &Forge, owner: Owner, row: &VariableRow, before: Option<&str>) -> ApiResult<()> {
    let mut all = variables::variables(&forge.db, owner).await?;
    all.retain(|known| known.key != row.key || Some(known.environment_scope.as_str()) != before);
    if all.iter().any(|known| known.key == row.key && known.environment_scope == row.environment_scope) {
        return Err(refuse("key", &format!("({}) has already been taken", row.key)));
    }
    let size: usize = all.iter().chain([row]).map(|known| known.key.len() + known.value.len()).sum();
    if all.len() >= MOST || size > LARGEST {
        return Err(ApiError::base(&[format!("Maximum number of variables ({MOST}, {} kB together) exceeded", LARGEST / 1024)]));
    }
    Ok(())
}

async fn create(forge: &Forge, owner: Owner, params: &Params) -> ApiResult<Response> {
    let missing: Vec<String> = ["key", "value"].into_iter().filter(|key| !params.has(key)).map(|key| format!("{key} is missing")).collect();
    if !missing.is_empty() {
        return Err(ApiError::Parameter(missing.join(", ")));
    }
    let key = params.required("key")?;
    if key.is_empty() || key.len() > 255 || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(refuse("key", "can contain only letters, digits and '_'."));
    }
    let empty = VariableRow {
        key: key.clone(),
        value: String::new(),
        variable_type: "env_var".to_owned(),
        protected: false,
        masked: false,
        hidden: false,
        raw: false,
        environment_scope: "*".to_owned(),
        description: None,
    };
    let row = apply(params, empty)?;
    if find(forge, owner, &key, Some(&row.environment_scope)).await.is_ok() {
        return Err(refuse("key", &format!("({key}) has already been taken")));
    }
    room_for(forge, owner, &row, None).await?;
    variables::put_variable(&forge.db, owner, &row).await?;
    Ok((StatusCode::CREATED, Json(present::variable(&row))).into_response())
}

async fn list(forge: &Forge, owner: Owner, place: &Place, params: &Params) -> ApiResult {
    let rows = variables::variables(&forge.db, owner).await?;
    Ok(whole_list(place, Paging::read(params)?, rows.iter().map(present::variable).collect()))
}

async fn update(forge: &Forge, owner: Owner, key: &str, params: &Params) -> ApiResult<Json<Value>> {
    let row = find(forge, owner, key, scope_filter(params).as_deref()).await?;
    let scope = row.environment_scope.clone();
    let row = apply(params, row)?;
    room_for(forge, owner, &row, Some(&scope)).await?;
    if scope != row.environment_scope {
        variables::delete_variable(&forge.db, owner, key, Some(&scope)).await?;
    }
    variables::put_variable(&forge.db, owner, &row).await?;
    Ok(Json(present::variable(&row)))
}

async fn remove(forge: &Forge, owner: Owner, key: &str, params: &Params) -> ApiResult<StatusCode> {
    let row = find(forge, owner, key, scope_filter(params).as_deref()).await?;
    variables::delete_variable(&forge.db, owner, key, Some(&row.environment_scope)).await?;
    Ok(StatusCode::NO_CONTENT)
}

macro_rules! handlers {
    ($owner:ident, $words:literal: $list:ident $create:ident $get:ident $update:ident $delete:ident) => {
        #[doc = concat!("`GET /", $words, "/:id/variables`")]
        pub async fn $list(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
            list(&forge, $owner(&forge, &caller, &id).await?, &place, &params).await
        }
        #[doc = concat!("`POST /", $words, "/:id/variables`")]
        pub async fn $create(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
            create(&forge, $owner(&forge, &caller, &id).await?, &params).await
        }
        #[doc = concat!("`GET /", $words, "/:id/variables/:key`")]
        pub async fn $get(State(forge): State<Forge>, caller: Caller, Path((id, key)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
            let owner = $owner(&forge, &caller, &id).await?;
            Ok(Json(present::variable(&find(&forge, owner, &key, scope_filter(&params).as_deref()).await?)))
        }
        #[doc = concat!("`PUT /", $words, "/:id/variables/:key`")]
        pub async fn $update(State(forge): State<Forge>, caller: Caller, Path((id, key)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
            update(&forge, $owner(&forge, &caller, &id).await?, &key, &params).await
        }
        #[doc = concat!("`DELETE /", $words, "/:id/variables/:key`")]
        pub async fn $delete(State(forge): State<Forge>, caller: Caller, Path((id, key)): Path<(String, String)>, params: Params) -> ApiResult<StatusCode> {
            remove(&forge, $owner(&forge, &caller, &id).await?, &key, &params).await
        }
    };
}

handlers!(project, "projects": list_variables create_variable get_variable update_variable delete_variable);
handlers!(group, "groups": list_group_variables create_group_variable get_group_variable update_group_variable delete_group_variable);
