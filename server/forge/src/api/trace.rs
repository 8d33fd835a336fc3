//! `GET …/jobs/:job/trace`: whole, from an offset (`byte_offset`, `byte_limit`), or by `Range`.
//! With `Range` and `wait=SECONDS` (ours) the answer is held until there is something new; with
//! `byte_offset` and `follow=SECONDS` (ours) it goes on while the log grows.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

use super::jobs::find;
use crate::Forge;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::params::Params;

/// GitLab's largest `byte_limit`.
const MAX_LIMIT: i64 = 512_000;

/// Longest time a request is held for new bytes (`wait`, ours), seconds.
const MAX_WAIT: i64 = 25;
/// How often the file is looked at meanwhile, milliseconds.
const LOOK: u64 = 100;

/// Waits until the log is longer than `from`, the job has ended, or the time is over.
async fn wait_for_more(forge: &Forge, job: i64, from: u64, seconds: i64) -> ApiResult<()> {
    let path = forge.folders.trace(job);
    for look in 0..seconds.clamp(0, MAX_WAIT).unsigned_abs() * 1000 / LOOK {
        if tokio::fs::metadata(&path).await.is_ok_and(|meta| meta.len() != from) {
            return Ok(());
        }
        // The state changes seldom; a look a second is enough for it.
        if look % (1000 / LOOK) == 0 {
            let status: Option<String> = sqlx::query_scalar("SELECT status FROM jobs WHERE id = ?").bind(job).fetch_optional(&forge.db).await?;
            if status.is_none_or(|status| gitlab::Status::from(status.as_str()).is_complete()) {
                return Ok(());
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(LOOK)).await;
    }
    Ok(())
}

/// Says where the bytes of a followed log begin: the wanted offset, or 0 when the log is shorter
/// than that, which means that it was erased.
pub const OFFSET: &str = "x-trace-offset";

/// The log from `from` on, bytes as they are written, until the job has ended, the log was erased,
/// or the time is over.
async fn followed(forge: &Forge, job: i64, from: u64, seconds: i64) -> Response {
    let path = forge.folders.trace(job);
    let meta = tokio::fs::metadata(&path).await.ok();
    let from = Some(from).filter(|from| meta.as_ref().is_some_and(|meta| *from <= meta.len())).unwrap_or(0);
    // RFC 9110 §8.8.2; a running twin is told from a silent one by it.
    let written = meta.and_then(|meta| meta.modified().ok()).map(|time| chrono::DateTime::<chrono::Utc>::from(time).format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(seconds.clamp(0, MAX_WAIT).unsigned_abs());
    let start = Following { forge: forge.clone(), job, file: None, at: from, until, last: false };
    let body = Body::from_stream(futures::stream::try_unfold(start, async |mut following| Ok::<_, std::io::Error>(following.next().await?.map(|bytes| (bytes, following)))));
    let headers = [("content-type", "text/plain".to_owned()), ("cache-control", "no-store".to_owned()), (OFFSET, from.to_string())];
    (headers, written.map(|written| [(header::LAST_MODIFIED, written)]), body).into_response()
}

/// A log that is read while it grows.
struct Following {
    forge: Forge,
    job: i64,
    file: Option<tokio::fs::File>,
    at: u64,
    until: tokio::time::Instant,
    /// The job has ended; what is written by now is all.
    last: bool,
}

impl Following {
    async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        for look in 0_u64.. {
            let path = self.forge.folders.trace(self.job);
            if self.file.is_none() && tokio::fs::try_exists(&path).await? {
                let mut file = tokio::fs::File::open(&path).await?;
                file.seek(SeekFrom::Start(self.at)).await?;
                self.file = Some(file);
            }
            if let Some(file) = &mut self.file {
                let mut buffer = vec![0; 256 * 1024];
                let length = file.read(&mut buffer).await?;
                if length > 0 {
                    buffer.truncate(length);
                    self.at += length as u64;
                    return Ok(Some(buffer));
                }
            }
            // Erased, it is shorter or gone: whoever reads has to begin anew.
            let size = tokio::fs::metadata(&path).await.map(|meta| meta.len()).unwrap_or(0);
            if self.last || size < self.at || tokio::time::Instant::now() >= self.until {
                return Ok(None);
            }
            if look % (1000 / LOOK) == 0 {
                let status: Option<String> =
                    sqlx::query_scalar("SELECT status FROM jobs WHERE id = ?").bind(self.job).fetch_optional(&self.forge.db).await.map_err(std::io::Error::other)?;
                self.last = status.is_none_or(|status| gitlab::Status::from(status.as_str()).is_complete());
                if self.last {
                    continue;
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(LOOK)).await;
        }
        Ok(None)
    }
}

/// The first byte of `Range: bytes=N-` or `bytes=N-M` (RFC 9110 §14.1.2), and the last if given.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (from, to) = text.split_once('-')?;
    let to: Option<u64> = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    let from: u64 = from.parse().ok()?;
    to.is_none_or(|to| to >= from).then_some((from, to))
}

/// `GET …/trace`
pub async fn get_trace(State(forge): State<Forge>, caller: Caller, Path((id, job)): Path<(String, String)>, headers: HeaderMap, params: Params) -> ApiResult<Response> {
    let (visible, row) = find(&forge, &caller, &id, &job).await?;
    visible.require_code()?;
    let offset = params.number("byte_offset")?;
    let limit = params.number("byte_limit")?;
    if offset.is_some_and(|offset| offset < 0) {
        return Err(ApiError::Parameter("byte_offset does not have a valid value".to_owned()));
    }
    if limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(ApiError::Parameter("byte_limit does not have a valid value".to_owned()));
    }
    if let (Some(seconds), Some((from, _))) = (params.number("wait")?, range(&headers)) {
        wait_for_more(&forge, row.id, from, seconds).await?;
    }
    if let (Some(seconds), Some(from)) = (params.number("follow")?, offset) {
        return Ok(followed(&forge, row.id, from.unsigned_abs(), seconds).await);
    }
    let disposition = (header::CONTENT_DISPOSITION, format!("infile; filename=\"{}.log\"", row.id));
    let kind = (header::CONTENT_TYPE, "text/plain".to_owned());
    let fresh = (header::CACHE_CONTROL, "no-store".to_owned());
    let ranges = (header::ACCEPT_RANGES, "bytes".to_owned());
    let mut file = match tokio::fs::File::open(forge.folders.trace(row.id)).await {
        Ok(file) => file,
        Err(_) if range(&headers).is_some_and(|(from, _)| from > 0) => {
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, "bytes */0".to_owned())]).into_response());
        }
        Err(_) => return Ok(([kind, disposition, fresh, ranges], "").into_response()),
    };
    let size = file.metadata().await?.len();
    let (status, from, to) = match (offset, limit, range(&headers)) {
        (None, None, Some((from, _))) if from >= size => {
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{size}"))]).into_response());
        }
        (None, None, Some((from, to))) => (StatusCode::PARTIAL_CONTENT, from, to.map_or(size, |to| size.min(to.saturating_add(1)))),
        (offset, limit, _) => {
            let from = offset.unwrap_or(0).unsigned_abs().min(size);
            (StatusCode::OK, from, limit.map_or(size, |limit| size.min(from + limit.unsigned_abs())))
        }
    };
    file.seek(SeekFrom::Start(from)).await?;
    let body = Body::from_stream(ReaderStream::new(file.take(to.saturating_sub(from))));
    let mut response = (status, [kind, disposition, fresh, ranges], body).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!("bytes {from}-{}/{size}", to.saturating_sub(1));
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
    }
    Ok(response)
}
