//! `POST /api/graphql`: the part of GitLab's schema that shows an instance in a few requests
//! (GITLAB.md §4), with its costs and limits, so that a query which passes here passes there.

mod cost;
mod pipelines;
mod project;
mod repository;

use std::sync::{Arc, OnceLock};

use async_graphql::{EmptyMutation, EmptySubscription, Request, Response, Schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::Forge;
use crate::auth::Caller;
use crate::error::ApiError;
use cost::{Cost, Spent};
use project::Query;

/// Characters of all queries of a request (`GitlabSchema::MAX_QUERY_SIZE` is of this order).
const MOST_TEXT: usize = 10_000;
/// Queries in one request.
const MOST_QUERIES: usize = 20;
/// Bytes of a request.
pub const MOST_BODY: usize = 256 * 1024;
/// Deepest nesting for people who are signed in (`AUTHENTICATED_MAX_DEPTH`).
const MOST_DEPTH: usize = 20;

type OurSchema = Schema<Query, EmptyMutation, EmptySubscription>;

fn schema() -> &'static OurSchema {
    static SCHEMA: OnceLock<OurSchema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::build(Query, EmptyMutation, EmptySubscription).limit_depth(MOST_DEPTH).disable_introspection().extension(Cost).finish())
}

fn refused(status: StatusCode, message: &str) -> axum::response::Response {
    (status, Json(json!({ "errors": [{ "message": message }] }))).into_response()
}

/// Answers one query, or an array of them, which share their budget.
pub async fn query(State(forge): State<Forge>, caller: Result<Caller, ApiError>, body: axum::body::Bytes) -> axum::response::Response {
    let caller = match caller {
        Ok(caller) => caller,
        Err(ApiError::Scope(scopes)) => return ApiError::Scope(scopes).into_response(),
        Err(_) => return refused(StatusCode::UNAUTHORIZED, "Invalid token"),
    };
    let Ok(value) = serde_json::from_slice::<Value>(&body) else { return refused(StatusCode::BAD_REQUEST, "The request body is not JSON") };
    let many = value.is_array();
    let requests: Result<Vec<Request>, _> = if many { serde_json::from_value(value) } else { serde_json::from_value(value).map(|one| vec![one]) };
    let Ok(requests) = requests else { return refused(StatusCode::UNPROCESSABLE_ENTITY, "Unexpected end of document") };
    if requests.len() > MOST_QUERIES {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "Too many queries");
    }
    // A few fragments that name each other stand for more than anybody can count.
    if requests.iter().any(|request| request.query.contains("...")) {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "Fragments are not supported here");
    }
    if requests.iter().map(|request| request.query.len()).sum::<usize>() > MOST_TEXT {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "Query too large");
    }
    let spent = Arc::new(Spent::of(&caller));
    let mut answers: Vec<Response> = Vec::new();
    for request in requests {
        answers.push(schema().execute(request.data(forge.clone()).data(caller.clone()).data(spent.clone())).await);
    }
    match answers.pop() {
        Some(answer) if !many => Json(answer).into_response(),
        last => Json(answers.into_iter().chain(last).collect::<Vec<_>>()).into_response(),
    }
}

/// What a resolver that failed says; the cause goes to the log, as everywhere.
fn fail(error: impl Into<ApiError>) -> async_graphql::Error {
    let error = error.into();
    let words = if matches!(error, ApiError::Internal(_)) { "Internal server error".to_owned() } else { error.words() };
    // Turned into an answer once, so that it is logged like the others.
    let _ = error.into_response();
    async_graphql::Error::new(words)
}
