//! Refusals in GitLab's shapes (GITLAB.md §2.3), and what becomes of failures of our own.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::git::GitError;

/// What a request is refused with.
#[derive(Debug)]
pub enum ApiError {
    /// `{"message": "…"}`
    Message(StatusCode, String),
    /// `{"message": {field: […]}}`
    Fields(StatusCode, Value),
    /// The CI file cannot be used; `{"message": {"base": […]}}`, 400.
    Config(Vec<String>),
    /// A body of its own shape.
    Json(StatusCode, Value),
    /// `{"error": "…"}`, 400: a parameter is missing or wrong.
    Parameter(String),
    /// `{"error": "404 Not Found"}`: no such route, or nothing we do.
    Route,
    /// 401 with `error` and `error_description`.
    Token(&'static str),
    /// 403 `insufficient_scope`, naming the scopes that would do.
    Scope(&'static str),
    /// Ours; the cause goes to the log.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// What handlers return.
pub type ApiResult<T = Response> = Result<T, ApiError>;

impl ApiError {
    /// `{"message": …}` with this status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Message(status, message.into())
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// `400 Bad request - …`.
    pub fn bad_request(reason: &str) -> Self {
        Self::bad(format!("400 Bad request - {reason}"))
    }

    /// `404 Project Not Found` and kin.
    #[must_use]
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("404 {what} Not Found"))
    }

    /// `404 Not found`, what GitLab says of a missing record.
    #[must_use]
    pub fn no_record() -> Self {
        Self::new(StatusCode::NOT_FOUND, "404 Not found")
    }

    /// `401 Unauthorized`.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "401 Unauthorized")
    }

    /// `403 Forbidden`, with a reason if there is one.
    #[must_use]
    pub fn forbidden(reason: &str) -> Self {
        let reason = if reason.is_empty() { String::new() } else { format!(" - {reason}") };
        Self::new(StatusCode::FORBIDDEN, format!("403 Forbidden{reason}"))
    }

    /// `{"message": {"base": […]}}`, 400.
    #[must_use]
    pub fn base(messages: &[String]) -> Self {
        Self::Fields(StatusCode::BAD_REQUEST, json!({ "base": messages }))
    }

    /// As a sentence for a person's log.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Message(_, message) | Self::Parameter(message) => message.clone(),
            Self::Internal(error) if disk_is_full(error.as_ref()) => "the disk of this server is full; make room in its data folder and run the job again".to_owned(),
            Self::Internal(error) => chain(error.as_ref()),
            Self::Config(errors) => errors.join("; "),
            other => format!("{other:?}"),
        }
    }

    /// Anything of ours.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(error)
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl From<GitError> for ApiError {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Refused(message) => Self::bad(message),
            GitError::Revision => Self::missing("Commit"),
            GitError::Path => Self::missing("File"),
            GitError::Gone(name) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("500 The repository forge/repositories/{name} is missing in the data folder. Put it back from a copy."))
            }
            other => Self::internal(other),
        }
    }
}

/// The whole chain of causes, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether the chain ends in a full disk, which its owner can do something about.
fn disk_is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let text = chain(error);
    text.contains("No space left on device") || text.contains("disk quota") || text.contains("database or disk is full")
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Message(status, message) => (status, Json(json!({ "message": message }))).into_response(),
            Self::Fields(status, fields) => (status, Json(json!({ "message": fields }))).into_response(),
            Self::Config(errors) => Self::base(&errors).into_response(),
            Self::Json(status, body) => (status, Json(body)).into_response(),
            Self::Parameter(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
            Self::Route => (StatusCode::NOT_FOUND, Json(json!({ "error": "404 Not Found" }))).into_response(),
            Self::Token(description) => {
                let challenge = format!("Bearer realm=\"The API\", error=\"invalid_token\", error_description=\"{description}\"");
                let body = json!({ "error": "invalid_token", "error_description": description });
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], Json(body)).into_response()
            }
            Self::Scope(scope) => {
                let description = "The request requires higher privileges than provided by the access token.";
                let body = json!({ "error": "insufficient_scope", "error_description": description, "scope": scope });
                (StatusCode::FORBIDDEN, Json(body)).into_response()
            }
            Self::Internal(error) => {
                tracing::error!(error = %chain(error.as_ref()), "failed to answer a request");
                if disk_is_full(error.as_ref()) {
                    let message = "507 The disk of this server is full. Nothing was changed. Make room in its data folder and try again.";
                    return (StatusCode::INSUFFICIENT_STORAGE, Json(json!({ "message": message }))).into_response();
                }
                (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "message": "500 Internal Server Error" }))).into_response()
            }
        }
    }
}
