//! `/projects/:id/environments`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::repository::bare;
use crate::Forge;
use crate::access::{DEVELOPER, REPORTER, Visible};
use crate::auth::Caller;
use crate::engine::environments::EnvironmentRow;
use crate::engine::process::options;
use crate::error::{ApiError, ApiResult};
use crate::page::{Paging, Place, whole_list};
use crate::params::Params;
use crate::store::pipelines::JobRow;

/// `ci_cd` names as GitLab makes slugs of them: lower case, other characters to `-`.
fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(24).collect::<String>().trim_matches('-').to_owned()
}

fn value(row: &EnvironmentRow) -> Value {
    json!({
        "id": row.id, "name": row.name, "slug": slug(&row.name), "external_url": row.external_url, "tier": row.tier.as_deref().unwrap_or("other"), "state": row.state,
        "description": row.description, "auto_stop_at": null, "auto_stop_setting": "always", "created_at": row.created_at, "updated_at": row.updated_at,
    })
}

/// What an environment was made by: the job that started it last (`API::Entities::Deployment`).
async fn deployment(forge: &Forge, visible: &Visible, row: &EnvironmentRow) -> ApiResult<Value> {
    let Some(pipeline) = row.pipeline_id else { return Ok(Value::Null) };
    let jobs = crate::store::pipelines::jobs(&forge.db, pipeline, false).await?;
    let started = |job: &&JobRow| options(job).environment.is_some_and(|environment| environment.action == "start" && environment.name == row.name);
    let (Some(job), Some(run)) = (jobs.iter().find(started), crate::store::pipelines::pipeline(&forge.db, pipeline).await?) else { return Ok(Value::Null) };
    let deployable = super::jobs::value(forge, visible, job).await?;
    Ok(json!({
        "id": job.id, "iid": job.id, "ref": run.reference, "sha": run.sha, "created_at": job.created_at, "updated_at": row.updated_at,
        "user": deployable["user"], "status": job.status, "deployable": deployable,
    }))
}

async fn open(forge: &Forge, caller: &Caller, id: &str, level: i64) -> ApiResult<Visible> {
    caller.user()?;
    let visible = forge.project(caller, id).await?;
    visible.require(level)?;
    Ok(visible)
}

async fn find(forge: &Forge, caller: &Caller, id: &str, number: i64, level: i64) -> ApiResult<(Visible, EnvironmentRow)> {
    let visible = open(forge, caller, id, level).await?;
    let row = forge.environment(visible.project.id, number).await?.ok_or_else(|| ApiError::missing("Environment"))?;
    Ok((visible, row))
}

/// `GET …/environments`
pub async fn list_environments(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, place: Place, params: Params) -> ApiResult {
    let visible = open(&forge, &caller, &id, REPORTER).await?;
    let (name, search) = (params.filled("name"), params.filled("search"));
    if name.is_some() && search.is_some() {
        return Err(ApiError::Parameter("name, search are mutually exclusive".to_owned()));
    }
    if search.as_ref().is_some_and(|text| text.chars().count() < 3) {
        return Err(ApiError::bad("Search query is less than 3 characters"));
    }
    let state = params.one_of("states", &["available", "stopping", "stopped"])?;
    let rows: Vec<EnvironmentRow> = sqlx::query_as("SELECT * FROM environments WHERE project_id = ? ORDER BY id").bind(visible.project.id).fetch_all(&forge.db).await?;
    let fits = |row: &&EnvironmentRow| {
        name.as_ref().is_none_or(|name| *name == row.name) && search.as_ref().is_none_or(|text| row.name.contains(text)) && state.as_ref().is_none_or(|state| *state == row.state)
    };
    Ok(whole_list(&place, Paging::read(&params)?, rows.iter().filter(fits).map(value).collect()))
}

/// `GET …/environments/:environment`
pub async fn get_environment(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, number, REPORTER).await?;
    let mut value = value(&row);
    value["last_deployment"] = deployment(&forge, &visible, &row).await?;
    Ok(Json(value))
}

/// `POST …/environments`
pub async fn create_environment(State(forge): State<Forge>, caller: Caller, Path(id): Path<String>, params: Params) -> ApiResult<Response> {
    let visible = open(&forge, &caller, &id, DEVELOPER).await?;
    let (name, now) = (params.required("name")?, forge.clock.text());
    let done = sqlx::query(
        "INSERT INTO environments (project_id, name, external_url, tier, description, state, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, 'available', ?6, ?6) ON CONFLICT DO NOTHING",
    )
    .bind(visible.project.id)
    .bind(&name)
    .bind(params.filled("external_url"))
    .bind(params.one_of("tier", &["production", "staging", "testing", "development", "other"])?)
    .bind(params.filled("description"))
    .bind(&now)
    .execute(&forge.db)
    .await?;
    if done.rows_affected() == 0 {
        return Err(ApiError::Fields(StatusCode::BAD_REQUEST, json!({ "name": ["has already been taken"] })));
    }
    let row = forge.environment(visible.project.id, done.last_insert_rowid()).await?.ok_or_else(ApiError::no_record)?;
    Ok((StatusCode::CREATED, Json(value(&row))).into_response())
}

/// `PUT …/environments/:environment`
pub async fn update_environment(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>, params: Params) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, number, DEVELOPER).await?;
    sqlx::query("UPDATE environments SET external_url = COALESCE(?, external_url), tier = COALESCE(?, tier), description = COALESCE(?, description), updated_at = ? WHERE id = ?")
        .bind(params.filled("external_url"))
        .bind(params.one_of("tier", &["production", "staging", "testing", "development", "other"])?)
        .bind(params.text("description"))
        .bind(forge.clock.text())
        .bind(row.id)
        .execute(&forge.db)
        .await?;
    let row = forge.environment(visible.project.id, row.id).await?.ok_or_else(ApiError::no_record)?;
    Ok(Json(value(&row)))
}

/// `POST …/environments/:environment/stop`
pub async fn stop_environment(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>, params: Params) -> ApiResult<Json<Value>> {
    let (visible, row) = find(&forge, &caller, &id, number, DEVELOPER).await?;
    forge.stop_environment(&row, caller.user()?.id, params.flag("force")?.unwrap_or(false)).await?;
    let row = forge.environment(visible.project.id, row.id).await?.ok_or_else(ApiError::no_record)?;
    Ok(Json(value(&row)))
}

/// `DELETE …/environments/:environment`
pub async fn delete_environment(State(forge): State<Forge>, caller: Caller, Path((id, number)): Path<(String, i64)>) -> ApiResult<Response> {
    let (_, row) = find(&forge, &caller, &id, number, DEVELOPER).await?;
    if row.state != "stopped" {
        return Err(ApiError::forbidden("Cannot destroy environment"));
    }
    sqlx::query("DELETE FROM environments WHERE id = ?").bind(row.id).execute(&forge.db).await?;
    Ok(bare(StatusCode::NO_CONTENT))
}
