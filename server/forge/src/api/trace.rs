//! `GET …/jobs/:job/trace`: whole, from an offset (`byte_offset`, `byte_limit`), or by `Range`.

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

/// The first byte of `Range: bytes=N-` or `bytes=N-M` (RFC 9110 §14.1.2), and the last if given.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (from, to) = text.split_once('-')?;
    let to = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    Some((from.parse().ok()?, to))
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
        (None, None, Some((from, to))) => (StatusCode::PARTIAL_CONTENT, from, to.map_or(size, |to| size.min(to + 1))),
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
