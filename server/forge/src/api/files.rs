//! `/projects/:id/repository/files/:path`.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use gitlab::commits::ActionKind;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::commits::commit_actions;
use crate::Forge;
use crate::access::blocking;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::git::GitError;
use crate::git::files::File;
use crate::git::write::FileAction;
use crate::params::Params;

struct Found {
    file: File,
    path: String,
    reference: String,
    last_commit: String,
}

async fn find(forge: &Forge, caller: &Caller, id: &str, path: &str, reference: String) -> ApiResult<Found> {
    let visible = forge.project(caller, id).await?;
    visible.require_code()?;
    let (repo, path) = (forge.repo(visible.project.id), path.to_owned());
    let reference = if reference == "HEAD" { visible.project.default_branch } else { reference };
    blocking(move || {
        let file = match repo.file(&reference, &path) {
            Err(GitError::Path) => return Err(ApiError::missing("File")),
            other => other?,
        };
        let last_commit = repo.last_commit_of(&file.commit.to_string(), &path)?.unwrap_or_default();
        Ok(Found { file, path, reference, last_commit })
    })
    .await
}

impl Found {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn headers(&self) -> HeaderMap {
        let pairs = [
            ("x-gitlab-blob-id", self.file.blob.to_string()),
            ("x-gitlab-commit-id", self.file.commit.to_string()),
            ("x-gitlab-content-sha256", hex::encode(Sha256::digest(&self.file.content))),
            ("x-gitlab-encoding", "base64".to_owned()),
            ("x-gitlab-execute-filemode", (self.file.mode == 0o100_755).to_string()),
            ("x-gitlab-file-name", self.name().to_owned()),
            ("x-gitlab-file-path", self.path.clone()),
            ("x-gitlab-last-commit-id", self.last_commit.clone()),
            ("x-gitlab-ref", self.reference.clone()),
            ("x-gitlab-size", self.file.content.len().to_string()),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            // A name outside ASCII cannot be a header; GitLab leaves the raw bytes, we leave it out.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }
}

/// `GET …/files/:path`
pub async fn get_file(State(forge): State<Forge>, caller: Caller, Path((id, path)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let reference = params.filled("ref").ok_or_else(|| ApiError::Parameter("ref is missing".to_owned()))?;
    let found = find(&forge, &caller, &id, &path, reference).await?;
    let body = json!({
        "file_name": found.name(), "file_path": found.path, "size": found.file.content.len(), "encoding": "base64",
        "content_sha256": hex::encode(Sha256::digest(&found.file.content)), "ref": found.reference, "blob_id": found.file.blob.to_string(),
        "commit_id": found.file.commit.to_string(), "last_commit_id": found.last_commit,
        "execute_filemode": found.file.mode == 0o100_755,
        "content": base64::engine::general_purpose::STANDARD.encode(&found.file.content),
    });
    Ok((found.headers(), Json(body)).into_response())
}

/// `HEAD …/files/:path`
pub async fn head_file(State(forge): State<Forge>, caller: Caller, Path((id, path)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let reference = params.filled("ref").ok_or_else(|| ApiError::Parameter("ref is missing".to_owned()))?;
    Ok(find(&forge, &caller, &id, &path, reference).await?.headers().into_response())
}

/// `GET …/files/:path/raw`
pub async fn get_raw_file(State(forge): State<Forge>, caller: Caller, Path((id, path)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let found = find(&forge, &caller, &id, &path, params.filled("ref").unwrap_or_else(|| "HEAD".to_owned())).await?;
    let mut headers = found.headers();
    let plain: String = found.name().chars().filter(|c| c.is_ascii() && !c.is_control() && *c != '"').collect();
    let fixed = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{plain}\"")),
        (header::CACHE_CONTROL, "max-age=0, private, must-revalidate, no-store, no-cache".to_owned()),
    ];
    for (name, value) in fixed {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok((headers, Body::from(found.file.content)).into_response())
}

fn action(kind: ActionKind, path: &str, params: &Params) -> ApiResult<FileAction> {
    params.one_of("encoding", &["text", "base64"])?;
    let content = params.text("content");
    let content = match (content, params.filled("encoding").as_deref()) {
        (Some(text), Some("base64")) => {
            let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            Some(base64::engine::general_purpose::STANDARD.decode(clean).map_err(|_| ApiError::bad("content is no valid base64"))?)
        }
        (text, _) => text.map(String::into_bytes),
    };
    Ok(FileAction { kind, path: path.to_owned(), previous_path: None, content, last_commit: params.filled("last_commit_id"), executable: params.flag("execute_filemode")? })
}

/// One file, one commit. Conflicts are said in the words of the files API.
async fn write(forge: &Forge, caller: &Caller, id: &str, path: &str, params: &Params, kind: ActionKind) -> ApiResult<Value> {
    let missing: Vec<&str> = ["branch", "commit_message"].into_iter().filter(|key| params.filled(key).is_none()).collect();
    let mut missing: Vec<String> = missing.into_iter().map(|key| format!("{key} is missing")).collect();
    if kind != ActionKind::Delete && !params.has("content") {
        missing.push("content is missing".to_owned());
    }
    if !missing.is_empty() {
        return Err(ApiError::Parameter(missing.join(", ")));
    }
    let conflict = match kind {
        ActionKind::Delete => "You are attempting to delete a file that has been previously updated.",
        _ => "You are attempting to update a file that has changed since you started editing it.",
    };
    let outcome = commit_actions(forge, caller, id, params, vec![action(kind, path, params)?]).await;
    match outcome {
        Err(ApiError::Message(status, message)) if message.starts_with("The file has changed since") => Err(ApiError::Message(status, conflict.to_owned())),
        other => other.map(|_| json!({ "file_path": path, "branch": params.text("branch") })),
    }
}

/// `POST …/files/:path`
pub async fn create_file(State(forge): State<Forge>, caller: Caller, Path((id, path)): Path<(String, String)>, params: Params) -> ApiResult<Response> {
    let body = write(&forge, &caller, &id, &path, &params, ActionKind::Create).await?;
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `PUT …/files/:path`
pub async fn update_file(State(forge): State<Forge>, caller: Caller, Path((id, path)): Path<(String, String)>, params: Params) -> ApiResult<Json<Value>> {
    write(&forge, &caller, &id, &path, &params, ActionKind::Update).await.map(Json)
}

/// `DELETE …/files/:path`
pub async fn delete_file(State(forge): State<Forge>, caller: Caller, Path((id, path)): Path<(String, String)>, params: Params) -> ApiResult<StatusCode> {
    write(&forge, &caller, &id, &path, &params, ActionKind::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}
