//! `git clone`, `git fetch` and `git push` over HTTP.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;

use crate::Forge;
use crate::access::{DEVELOPER, REPORTER, Visible, blocking};
use crate::auth::{Caller, Peer};
use crate::error::{ApiError, ApiResult};
use crate::git::http::{Guard, Service, unpack};
use crate::store::identity::UserRow;

/// What `git push -o` can ask for (doc/topics/git/commit.md, "Push options").
#[derive(Debug, Default)]
pub(crate) struct PushOptions {
    skip: bool,
    variables: Vec<(String, String, String)>,
}

impl PushOptions {
    /// Reads one option a line; those of other features are passed over, as GitLab does.
    fn read(text: &str) -> Self {
        let variable = |line: &str| {
            let (key, value) = line.strip_prefix("ci.variable=")?.split_once('=')?;
            Some((key.to_owned(), value.to_owned(), "env_var".to_owned()))
        };
        Self { skip: text.lines().any(|line| line == "ci.skip"), variables: text.lines().filter_map(variable).collect() }
    }
}

/// Commit messages that ask for no pipeline.
const SKIP: [&str; 2] = ["[skip ci]", "[ci skip]"];

fn refuse(text: &str, status: StatusCode) -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Twinport\"")];
    if status == StatusCode::UNAUTHORIZED { (status, challenge, text.to_owned()).into_response() } else { (status, text.to_owned()).into_response() }
}

/// What a client has and wants, compressed; a repository with 100 000 branches stays below.
const MOST_WISHES: usize = 16 * 1024 * 1024;

/// Basic credentials: any name with a token as password, or a name with its password.
async fn caller(forge: &Forge, peer: Peer, headers: &HeaderMap) -> Result<Caller, Response> {
    let denied = || refuse("HTTP Basic: Access denied. Use your username and a personal access token (scope write_repository or api).\n", StatusCode::UNAUTHORIZED);
    let Some(value) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else { return Ok(Caller::anonymous()) };
    if let Some(token) = value.strip_prefix("Bearer ") {
        return forge.caller_of(token.trim()).await.map_err(|_| denied());
    }
    let decoded = value.strip_prefix("Basic ").and_then(|text| base64::engine::general_purpose::STANDARD.decode(text.trim()).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(denied)?;
    let (name, password) = text.split_once(':').ok_or_else(denied)?;
    for token in [password, name] {
        if let Ok(caller) = forge.caller_of(token).await {
            return Ok(caller);
        }
    }
    let user = match forge.check_password(name, password, peer).await {
        Ok(user) => user.ok_or_else(denied)?,
        // Plain text, which git shows to its user.
        Err(ApiError::Message(StatusCode::TOO_MANY_REQUESTS, text)) => {
            let mut response = refuse("", StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("300"));
            *response.body_mut() = Body::from(text + "\n");
            return Err(response);
        }
        Err(error) => return Err(error.into_response()),
    };
    Ok(forge.caller_for(user))
}

async fn open(forge: &Forge, peer: Peer, headers: &HeaderMap, group: &str, project: &str, service: Service) -> Result<(Visible, Caller), Response> {
    let caller = caller(forge, peer, headers).await?;
    let path = format!("{group}/{}", project.strip_suffix(".git").unwrap_or(project));
    let unknown = || refuse("The project you were looking for could not be found or you don't have permission to view it.\n", StatusCode::NOT_FOUND);
    let visible = match forge.project(&caller, &path).await {
        Ok(visible) => visible,
        Err(_) if caller.person().is_none() => return Err(refuse("Sign in first.\n", StatusCode::UNAUTHORIZED)),
        Err(_) => return Err(unknown()),
    };
    let (level, scopes, word): (i64, &[&str], _) = match service {
        Service::UploadPack => (if visible.project.visibility == "private" { REPORTER } else { 0 }, &["api", "write_repository", "read_repository"], "download"),
        Service::ReceivePack => (DEVELOPER, &["api", "write_repository"], "push"),
    };
    if visible.level < level || (service == Service::ReceivePack && visible.project.archived) {
        return Err(if caller.person().is_none() {
            refuse("Sign in first.\n", StatusCode::UNAUTHORIZED)
        } else {
            refuse(&format!("You are not allowed to {word} code in this project.\n"), StatusCode::FORBIDDEN)
        });
    }
    if !caller.has_scope(scopes) {
        return Err(refuse(&format!("This token may not {word}: it needs the scope {}.\n", scopes[scopes.len() - 1]), StatusCode::FORBIDDEN));
    }
    Ok((visible, caller))
}

fn protocol(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("git-protocol")?.to_str().ok()?;
    value.chars().all(|c| c.is_ascii_alphanumeric() || "=:".contains(c)).then(|| value.to_owned())
}

fn answer(service: Service, kind: &str, body: Body) -> Response {
    let kind = format!("application/x-git-{}-{kind}", service.name());
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache, max-age=0, must-revalidate".to_owned())], body).into_response()
}

/// `service=…` of `info/refs`.
#[derive(Debug, serde::Deserialize)]
pub struct InfoRefs {
    service: Option<String>,
}

/// `GET …/info/refs`
pub async fn info_refs(State(forge): State<Forge>, Path((group, project)): Path<(String, String)>, Query(query): Query<InfoRefs>, peer: Peer, headers: HeaderMap) -> Response {
    let Some(service) = query.service.as_deref().and_then(Service::parse) else {
        return refuse("Only the smart protocol is spoken here; your git is too old.\n", StatusCode::FORBIDDEN);
    };
    match open(&forge, peer, &headers, &group, &project, service).await {
        Ok((visible, _)) => match forge.repo(visible.project.id).advertise(service, protocol(&headers).as_deref()).await {
            Ok(body) => answer(service, "advertisement", Body::from(body)),
            Err(error) => ApiError::from(error).into_response(),
        },
        Err(refusal) => refusal,
    }
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|value| value.as_bytes().ends_with(b"gzip"))
}

/// `POST …/git-upload-pack`
pub async fn upload_pack(State(forge): State<Forge>, Path((group, project)): Path<(String, String)>, peer: Peer, headers: HeaderMap, body: Body) -> Response {
    let (visible, _) = match open(&forge, peer, &headers, &group, &project, Service::UploadPack).await {
        Ok(opened) => opened,
        Err(refusal) => return refusal,
    };
    let Ok(body) = axum::body::to_bytes(body, MOST_WISHES).await else {
        return refuse("The request is too large.\n", StatusCode::PAYLOAD_TOO_LARGE);
    };
    let request = match unpack(&body, is_gzip(&headers)) {
        Ok(request) => request,
        Err(_) => return refuse("The request could not be unpacked.\n", StatusCode::BAD_REQUEST),
    };
    match forge.repo(visible.project.id).upload(protocol(&headers).as_deref(), request).await {
        Ok(stream) => answer(Service::UploadPack, "result", stream),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// `POST …/git-receive-pack`
pub async fn receive_pack(State(forge): State<Forge>, Path((group, project)): Path<(String, String)>, peer: Peer, headers: HeaderMap, body: Body) -> Response {
    let (visible, caller) = match open(&forge, peer, &headers, &group, &project, Service::ReceivePack).await {
        Ok(opened) => opened,
        Err(refusal) => return refusal,
    };
    let body = if is_gzip(&headers) {
        let unpacked = axum::body::to_bytes(body, 64 * 1024 * 1024).await.ok().and_then(|bytes| unpack(&bytes, true).ok());
        match unpacked {
            Some(bytes) => Body::from(bytes),
            None => return refuse("The request could not be unpacked.\n", StatusCode::BAD_REQUEST),
        }
    } else {
        body
    };
    match push(&forge, &visible, &caller, &headers, body).await {
        Ok(report) => answer(Service::ReceivePack, "result", Body::from(report)),
        Err(error) => error.into_response(),
    }
}

async fn push(forge: &Forge, visible: &Visible, caller: &Caller, headers: &HeaderMap, body: Body) -> ApiResult<Vec<u8>> {
    let user = caller.user()?.clone();
    let repo = forge.repo(visible.project.id);
    let refs = async || {
        let repo = repo.clone();
        blocking(move || repo.refs()).await
    };
    let before = refs().await?;
    let file = tempfile::NamedTempFile::new_in(&forge.folders.hooks)?;
    let guard = Guard { hooks: &forge.folders.hooks, protected: &visible.project.default_branch, options: file.path() };
    let report = repo.receive(protocol(headers).as_deref(), body, &guard).await?;
    let options = PushOptions::read(&std::fs::read_to_string(file.path())?);
    for (name, target) in refs().await? {
        let old = before.iter().find(|(known, _)| *known == name).map(|(_, id)| *id);
        if old == Some(target) {
            continue;
        }
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            if before.is_empty() && !visible.project.default_branch.eq(branch) {
                forge.adopt_branch(&visible.project, branch).await?;
            }
            forge.after_push(&visible.project, &user, &name, old.map(|id| id.to_string()), &target.to_string(), &options).await;
        } else if name.starts_with("refs/tags/") {
            forge.after_push(&visible.project, &user, &name, old.map(|id| id.to_string()), &target.to_string(), &options).await;
        }
    }
    Ok(report)
}

impl Forge {
    /// The first branch ever pushed becomes the default one, when nothing else is there.
    pub(crate) async fn adopt_branch(&self, project: &crate::store::projects::ProjectRow, branch: &str) -> ApiResult<()> {
        let (repo, default, wanted) = (self.repo(project.id), project.default_branch.clone(), branch.to_owned());
        let adopted = blocking(move || {
            let missing = !repo.refs()?.iter().any(|(name, _)| *name == format!("refs/heads/{default}"));
            if missing {
                repo.set_head(&wanted)?;
            }
            Ok::<_, ApiError>(missing)
        })
        .await?;
        if adopted {
            sqlx::query("UPDATE projects SET default_branch = ? WHERE id = ?").bind(branch).bind(project.id).execute(&self.db).await?;
        }
        Ok(())
    }

    /// What GitLab does after a push: note the activity, start the pipeline that the file asks for.
    /// `reference` is whole, as a tag may have the name of a branch.
    pub(crate) async fn after_push(&self, project: &crate::store::projects::ProjectRow, user: &UserRow, reference: &str, before: Option<String>, sha: &str, options: &PushOptions) {
        let _ = crate::store::projects::touch(&self.db, project.id, &self.clock.text()).await;
        let (repo, id) = (self.repo(project.id), sha.to_owned());
        let message = blocking(move || repo.commit(&id)).await.map(|commit| commit.message).unwrap_or_default();
        if options.skip || SKIP.iter().any(|mark| message.to_lowercase().contains(mark)) {
            return;
        }
        let wish = crate::engine::create::Wish {
            project: project.clone(),
            user: user.clone(),
            reference: reference.to_owned(),
            // What was pushed, whatever comes after it.
            sha: Some(sha.to_owned()),
            before_sha: before,
            source: "push".to_owned(),
            variables: options.variables.clone(),
            inputs: serde_json::Map::new(),
            config: Vec::new(),
            text: None,
            parent_job: None,
        };
        let outcome = match self.create_pipeline(wish.clone()).await {
            Err(ApiError::Config(errors)) => self.store_broken_pipeline(&wish, sha, &errors).await,
            other => other.map(|_| ()),
        };
        // A push is no wish to run: a file without jobs for it is nothing to complain about.
        if let Err(error) = outcome {
            tracing::debug!(?error, project = project.id, "a push started no pipeline");
        }
    }
}

/// `GET /:group/:project`: people who follow a link get to the app.
pub async fn project_page() -> Redirect {
    Redirect::to("/")
}
