//! Trigger tokens, and pipelines started with them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::pipelines::shown;
use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, Visible};
use crate::auth::Caller;
use crate::engine::create::Wish;
use crate::engine::predefined::read_variables;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::{people, projects as present};
use crate::store::identity;
use crate::store::projects::{self, Roles};
use crate::store::variables::{self, TriggerRow};

async fn open(forge: &Forge, caller: &Caller, id: &str) -> ApiResult<Visible> {
    caller.user()?;
    let visible = forge.project(caller, id).await?;
    visible.require(MAINTAINER)?;
    Ok(visible)
}

async fn value(forge: &Forge, caller: &Caller, row: &TriggerRow) -> ApiResult<Value> {
    let owner = identity::user(&forge.db, row.owner_id).await?.map_or(Value::Null, |user| people::user(forge, &user));
    Ok(present::trigger(row, caller.user()?.id, &owner))
}

async fn find(forge: &Forge, visible: &Visible, number: i64) -> ApiResult<TriggerRow> {
    let all = variables::triggers(&forge.db, visible.project.id).await?;
    all.into_iter().find(|row| row.id == number).ok_or_else(|| ApiError::missing("Trigger"))
}

/// `GET …/triggers`
pub async fn list_triggers(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = open(&forge, &caller, &id).await?;
    let mut values = Vec::new();
    for row in variables::triggers(&forge.db, visible.project.id).await? {
        values.push(value(&forge, &caller, &row).await?);
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `POST …/triggers`
pub async fn create_trigger(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = open(&forge, &caller, &id).await?;
    let now = forge.clock.text();
    let number = sqlx::query("INSERT INTO triggers (project_id, owner_id, token, description, created_at, updated_at, expires_at) VALUES (?,?,?,?,?,?,?)")
        .bind(visible.project.id)
        .bind(caller.user()?.id)
        .bind(crate::secret::token("glptt-"))
        .bind(params.required("description")?)
        .bind(&now)
        .bind(&now)
        .bind(params.filled("expires_at"))
        .execute(&forge.db)
        .await?
        .last_insert_rowid();
    let row = find(&forge, &visible, number).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &caller, &row).await?)).into_response())
}

/// `GET …/triggers/:trigger`
pub async fn get_trigger(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Json<Value>> {
    let visible = open(&forge, &caller, &id).await?;
    let row = find(&forge, &visible, number).await?;
    Ok(Json(value(&forge, &caller, &row).await?))
}

/// `PUT …/triggers/:trigger`
pub async fn update_trigger(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>, params: Params) -> ApiResult<Json<Value>> {
    let visible = open(&forge, &caller, &id).await?;
    find(&forge, &visible, number).await?;
    sqlx::query("UPDATE triggers SET description = COALESCE(?, description), updated_at = ? WHERE id = ?")
        .bind(params.text("description"))
        .bind(forge.clock.text())
        .bind(number)
        .execute(&forge.db)
        .await?;
    let row = find(&forge, &visible, number).await?;
    Ok(Json(value(&forge, &caller, &row).await?))
}

/// `DELETE …/triggers/:trigger`
pub async fn delete_trigger(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<StatusCode> {
    let visible = open(&forge, &caller, &id).await?;
    find(&forge, &visible, number).await?;
    sqlx::query("DELETE FROM triggers WHERE id = ?").bind(number).execute(&forge.db).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn start(forge: &Forge, id: &str, reference: String, params: &Params) -> ApiResult<Response> {
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "404 Not Found");
    let token = params.required("token")?;
    let trigger = variables::trigger_by_token(&forge.db, &token).await?.ok_or_else(unknown)?;
    let project = match id.parse::<i64>() {
        Ok(id) => projects::project(&forge.db, id).await?,
        Err(_) => projects::project_by_path(&forge.db, id).await?,
    };
    let project = project.filter(|project| project.id == trigger.project_id).ok_or_else(unknown)?;
    if trigger.expires_at.as_ref().is_some_and(|at| *at <= forge.clock.text()) {
        return Err(unknown());
    }
    let user = identity::user(&forge.db, trigger.owner_id).await?.ok_or_else(unknown)?;
    if forge.level_of(&project, gitlab::UserId(user.id)).await? < DEVELOPER {
        return Err(ApiError::base(&["Insufficient permissions to create a new pipeline".to_owned()]));
    }
    if params.get("variables").is_some_and(Value::is_array) {
        return Err(ApiError::bad("variables needs to be a map of key-valued strings"));
    }
    let mut list = match read_variables(params.get("variables")) {
        Ok(list) => list,
        Err(error) if error == "variables is invalid" => return Err(ApiError::Parameter(error)),
        Err(error) => return Err(ApiError::bad(error)),
    };
    let payload = json!({ "ref": reference, "variables": params.get("variables") });
    list.push(("TRIGGER_PAYLOAD".to_owned(), payload.to_string(), "file".to_owned()));
    sqlx::query("UPDATE triggers SET last_used = ? WHERE id = ?").bind(forge.clock.text()).bind(trigger.id).execute(&forge.db).await?;
    let visible = Visible { project: project.clone(), level: MAINTAINER, roles: Roles::default(), anonymous: false };
    let wish = Wish {
        project,
        user,
        reference,
        sha: None,
        before_sha: None,
        source: "trigger".to_owned(),
        variables: list,
        inputs: params.get("inputs").and_then(Value::as_object).cloned().unwrap_or_else(Map::new),
        config: Vec::new(),
        text: None,
        parent_job: None,
    };
    let row = forge.create_pipeline(wish).await?;
    Ok((StatusCode::CREATED, Json(shown(forge, &visible, &row).await?)).into_response())
}

/// `POST …/trigger/pipeline`: needs no other credential than the trigger's token.
pub async fn trigger_pipeline(State(forge): State<Forge>, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    start(&forge, &id, params.required("ref")?, &params).await
}

/// `POST …/ref/:ref/trigger/pipeline`
pub async fn trigger_pipeline_on_ref(State(forge): State<Forge>, Path((id, reference)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    start(&forge, &id, reference, &params).await
}
