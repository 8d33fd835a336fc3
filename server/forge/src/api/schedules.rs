//! `/projects/:id/pipeline_schedules`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::repository::bare;
use super::variables::LONGEST_VALUE;
use crate::Forge;
use crate::access::{DEVELOPER, MAINTAINER, Visible};
use crate::auth::Caller;
use crate::engine::predefined::name_fits;
use crate::engine::schedules::{ScheduleRow, next_time};
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::present::people;
use crate::store::identity;

/// GitLab's limit of schedules in a project.
const MOST: usize = 10;

async fn value(forge: &Forge, row: &ScheduleRow, with_variables: bool) -> ApiResult<Value> {
    let owner = identity::user(&forge.db, row.owner_id).await?.map_or(Value::Null, |user| people::user(forge, &user));
    let mut value = json!({
        "id": row.id, "description": row.description, "ref": row.reference, "cron": row.cron, "cron_timezone": row.timezone, "next_run_at": row.next_run_at,
        "active": row.active, "created_at": row.created_at, "updated_at": row.updated_at, "owner": owner,
    });
    if with_variables {
        let list: Vec<(String, String, String)> =
            sqlx::query_as("SELECT key, value, variable_type FROM schedule_variables WHERE schedule_id = ? ORDER BY key").bind(row.id).fetch_all(&forge.db).await?;
        value["variables"] = list.into_iter().map(|(key, value, kind)| json!({ "variable_type": kind, "key": key, "value": value, "raw": false })).collect();
        let last: Option<(String, String)> = sqlx::query_as("SELECT sha, status FROM pipelines WHERE id = ?").bind(row.last_pipeline_id).fetch_optional(&forge.db).await?;
        value["last_pipeline"] = last.map_or(Value::Null, |(sha, status)| json!({ "id": row.last_pipeline_id, "sha": sha, "ref": row.reference, "status": status }));
    }
    Ok(value)
}

async fn open(forge: &Forge, caller: &Caller, id: &str) -> ApiResult<Visible> {
    caller.user()?;
    let visible = forge.project(caller, id).await?;
    visible.require(DEVELOPER)?;
    Ok(visible)
}

async fn find(forge: &Forge, caller: &Caller, id: &str, number: i64) -> ApiResult<ScheduleRow> {
    let visible = open(forge, caller, id).await?;
    let row: Option<ScheduleRow> =
        sqlx::query_as("SELECT * FROM schedules WHERE project_id = ? AND id = ?").bind(visible.project.id).bind(number).fetch_optional(&forge.db).await?;
    row.ok_or_else(|| ApiError::missing("Pipeline Schedule"))
}

/// One that the caller may change: its owner alone, as it runs with the owner's rights. A maintainer
/// takes it over first.
async fn find_own(forge: &Forge, caller: &Caller, id: &str, number: i64) -> ApiResult<ScheduleRow> {
    let row = find(forge, caller, id, number).await?;
    if row.owner_id == caller.user()?.id { Ok(row) } else { Err(ApiError::forbidden("")) }
}

/// Whether the caller may see a schedule's variables and remove it.
async fn may_look_inside(forge: &Forge, caller: &Caller, id: &str, row: &ScheduleRow) -> ApiResult<bool> {
    Ok(row.owner_id == caller.user()?.id || forge.project(caller, id).await?.level >= MAINTAINER)
}

/// The parameters over what is there already.
fn apply(forge: &Forge, params: &Params, mut row: ScheduleRow) -> ApiResult<ScheduleRow> {
    row.description = params.filled("description").unwrap_or(row.description);
    if let Some(reference) = params.filled("ref") {
        row.reference = if reference.starts_with("refs/") { reference } else { format!("refs/heads/{reference}") };
    }
    row.cron = params.filled("cron").unwrap_or(row.cron);
    row.timezone = params.filled("cron_timezone").unwrap_or(row.timezone);
    row.active = params.flag("active")?.unwrap_or(row.active);
    let wrong = |field: &str| ApiError::Fields(StatusCode::BAD_REQUEST, json!({ field: ["is invalid syntax"] }));
    if next_time(&row.cron, forge.clock.now()).is_none() {
        return Err(wrong("cron"));
    }
    if !["UTC", "Etc/UTC"].contains(&row.timezone.as_str()) {
        return Err(wrong("cron_timezone"));
    }
    row.next_run_at = forge.next_time_of(&row);
    row.updated_at = forge.clock.text();
    Ok(row)
}

async fn save(forge: &Forge, row: &ScheduleRow) -> ApiResult<()> {
    sqlx::query("UPDATE schedules SET owner_id = ?, description = ?, reference = ?, cron = ?, timezone = ?, active = ?, next_run_at = ?, updated_at = ? WHERE id = ?")
        .bind(row.owner_id)
        .bind(&row.description)
        .bind(&row.reference)
        .bind(&row.cron)
        .bind(&row.timezone)
        .bind(row.active)
        .bind(&row.next_run_at)
        .bind(&row.updated_at)
        .bind(row.id)
        .execute(&forge.db)
        .await?;
    Ok(())
}

/// `GET …/pipeline_schedules`
pub async fn list_schedules(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = open(&forge, &caller, &id).await?;
    let scope = params.one_of("scope", &["active", "inactive"])?;
    let rows: Vec<ScheduleRow> = sqlx::query_as("SELECT * FROM schedules WHERE project_id = ? ORDER BY id").bind(visible.project.id).fetch_all(&forge.db).await?;
    let mut values = Vec::new();
    for row in rows.iter().filter(|row| scope.as_ref().is_none_or(|scope| (scope == "active") == row.active)) {
        values.push(value(&forge, row, false).await?);
    }
    Ok(whole_list(&place, Paging::read(&params)?, values))
}

/// `POST …/pipeline_schedules`
pub async fn create_schedule(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = open(&forge, &caller, &id).await?;
    let missing: Vec<String> = ["description", "ref", "cron"].into_iter().filter(|key| params.filled(key).is_none()).map(|key| format!("{key} is missing")).collect();
    if !missing.is_empty() {
        return Err(ApiError::Parameter(missing.join(", ")));
    }
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM schedules WHERE project_id = ?").bind(visible.project.id).fetch_one(&forge.db).await?;
    if usize::try_from(count).unwrap_or(MOST) >= MOST {
        return Err(ApiError::base(&[format!("Maximum number of pipeline schedules ({MOST}) exceeded")]));
    }
    let now = forge.clock.text();
    let blank = ScheduleRow {
        id: 0,
        project_id: visible.project.id,
        owner_id: caller.user()?.id,
        description: String::new(),
        reference: String::new(),
        cron: String::new(),
        timezone: "UTC".to_owned(),
        active: true,
        next_run_at: None,
        last_pipeline_id: None,
        created_at: now.clone(),
        updated_at: now.clone(),
    };
    let mut row = apply(&forge, &params, blank)?;
    row.id = sqlx::query("INSERT INTO schedules (project_id, owner_id, description, reference, cron, timezone, active, created_at, updated_at) VALUES (?,?,'','','','UTC',0,?,?)")
        .bind(row.project_id)
        .bind(row.owner_id)
        .bind(&now)
        .bind(&now)
        .execute(&forge.db)
        .await?
        .last_insert_rowid();
    save(&forge, &row).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &row, true).await?)).into_response())
}

/// `GET …/pipeline_schedules/:schedule`
pub async fn get_schedule(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Json<Value>> {
    let row = find(&forge, &caller, &id, number).await?;
    let inside = may_look_inside(&forge, &caller, &id, &row).await?;
    Ok(Json(value(&forge, &row, inside).await?))
}

/// `PUT …/pipeline_schedules/:schedule`
pub async fn update_schedule(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>, params: Params) -> ApiResult<Json<Value>> {
    let row = apply(&forge, &params, find_own(&forge, &caller, &id, number).await?)?;
    save(&forge, &row).await?;
    Ok(Json(value(&forge, &row, true).await?))
}

/// `DELETE …/pipeline_schedules/:schedule`
pub async fn delete_schedule(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Response> {
    let row = find(&forge, &caller, &id, number).await?;
    if !may_look_inside(&forge, &caller, &id, &row).await? {
        return Err(ApiError::forbidden(""));
    }
    sqlx::query("DELETE FROM schedules WHERE id = ?").bind(row.id).execute(&forge.db).await?;
    Ok(bare(StatusCode::NO_CONTENT))
}

/// `POST …/pipeline_schedules/:schedule/play`
pub async fn play_schedule(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Response> {
    let row = find(&forge, &caller, &id, number).await?;
    forge.play_schedule(&row, caller.user()?.id).await?;
    Ok((StatusCode::CREATED, Json(json!({ "message": "201 Created" }))).into_response())
}

/// `POST …/pipeline_schedules/:schedule/take_ownership`
pub async fn take_ownership(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Response> {
    let mut row = find(&forge, &caller, &id, number).await?;
    forge.project(&caller, &id).await?.require(MAINTAINER)?;
    row.owner_id = caller.user()?.id;
    save(&forge, &row).await?;
    Ok((StatusCode::CREATED, Json(value(&forge, &row, true).await?)).into_response())
}

/// `POST …/pipeline_schedules/:schedule/variables` and `PUT …/variables/:key`
async fn put_variable(forge: &Forge, row: &ScheduleRow, key: &str, params: &Params) -> ApiResult<Value> {
    let kind = params.one_of("variable_type", &["env_var", "file"])?.unwrap_or_else(|| "env_var".to_owned());
    let text = params.text("value").ok_or_else(|| ApiError::Parameter("value is missing".to_owned()))?;
    let refuse = |field: &str, reason: &str| ApiError::Fields(StatusCode::BAD_REQUEST, json!({ field: [reason] }));
    if !name_fits(key) {
        return Err(refuse("key", "can contain only letters, digits and '_'."));
    }
    if text.chars().count() > LONGEST_VALUE {
        return Err(refuse("value", "is too long (maximum is 10000 characters)"));
    }
    sqlx::query("INSERT INTO schedule_variables VALUES (?, ?, ?, ?) ON CONFLICT (schedule_id, key) DO UPDATE SET value = excluded.value, variable_type = excluded.variable_type")
        .bind(row.id)
        .bind(key)
        .bind(&text)
        .bind(&kind)
        .execute(&forge.db)
        .await?;
    Ok(json!({ "key": key, "value": text, "variable_type": kind, "raw": false }))
}

/// `POST …/pipeline_schedules/:schedule/variables`
pub async fn create_variable(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>, params: Params) -> ApiResult<Response> {
    let row = find_own(&forge, &caller, &id, number).await?;
    let value = put_variable(&forge, &row, &params.required("key")?, &params).await?;
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

/// `PUT …/pipeline_schedules/:schedule/variables/:key`
pub async fn update_variable(State(forge): State<Forge>, caller: Caller, Path((id, number, key)): Path<(String, i64, String)>, params: Params) -> ApiResult<Json<Value>> {
    let row = find_own(&forge, &caller, &id, number).await?;
    Ok(Json(put_variable(&forge, &row, &key, &params).await?))
}

/// `DELETE …/pipeline_schedules/:schedule/variables/:key`
pub async fn delete_variable(State(forge): State<Forge>, caller: Caller, Path((id, number, key)): Path<(String, i64, String)>) -> ApiResult<Response> {
    let row = find_own(&forge, &caller, &id, number).await?;
    let done = sqlx::query("DELETE FROM schedule_variables WHERE schedule_id = ? AND key = ?").bind(row.id).bind(key).execute(&forge.db).await?;
    if done.rows_affected() == 0 { Err(ApiError::missing("Variable")) } else { Ok((StatusCode::ACCEPTED, Json(json!({ "message": "202 Accepted" }))).into_response()) }
}
