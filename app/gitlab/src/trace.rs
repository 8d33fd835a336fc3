//! `GET /projects/:id/jobs/:job/trace`, read piece by piece.

use crate::endpoint::{Endpoint, Method, Request, Response};
use crate::error::Error;
use crate::ids::{JobId, ProjectRef};

/// The log of a job from a byte on. GitLab ignores `Range` and sends everything, the forge
/// honours it; only the answer says which happened.
#[derive(Debug, Clone)]
pub struct Trace {
    project: ProjectRef,
    job: JobId,
    from: u64,
}

/// What an answer brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceChunk {
    /// New bytes at the position that was asked for.
    New(Vec<u8>),
    /// The log is shorter than what was read before: it was erased, and this is all of it.
    Restarted(Vec<u8>),
    /// Nothing new.
    Unchanged,
}

impl Trace {
    /// From byte `from` on.
    #[must_use]
    pub fn new(project: ProjectRef, job: JobId, from: u64) -> Self {
        Self { project, job, from }
    }

    /// Reads an answer, 416 included (nothing beyond the end: unchanged, or erased).
    pub fn read(&self, response: Response) -> Result<TraceChunk, Error> {
        let size = response.header("content-range").and_then(|range| range.rsplit('/').next()).and_then(|size| size.parse::<u64>().ok());
        match response.status {
            206 if response.body.is_empty() => Ok(TraceChunk::Unchanged),
            206 => Ok(TraceChunk::New(response.body)),
            416 if size.is_some_and(|size| size < self.from) => Ok(TraceChunk::Restarted(Vec::new())),
            416 => Ok(TraceChunk::Unchanged),
            200 => Ok(skip(response.body, self.from)),
            _ => Err(Error::from_response(&response)),
        }
    }
}

/// A whole log of which `from` bytes are known.
fn skip(body: Vec<u8>, from: u64) -> TraceChunk {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    if from == 0 && !body.is_empty() {
        return TraceChunk::New(body);
    }
    match body.len().cmp(&from) {
        std::cmp::Ordering::Less => TraceChunk::Restarted(body),
        std::cmp::Ordering::Equal => TraceChunk::Unchanged,
        std::cmp::Ordering::Greater => TraceChunk::New(body[from..].to_vec()),
    }
}

impl Endpoint for Trace {
    type Output = TraceChunk;

    fn request(&self) -> Request {
        let path = format!("/projects/{}/jobs/{}/trace", self.project.segment(), self.job);
        Request { from_byte: (self.from > 0).then_some(self.from), ..Request::new(Method::Get, path) }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        self.read(response)
    }
}

#[cfg(test)]
mod tests {
    use super::{Trace, TraceChunk};
    use crate::{JobId, ProjectRef, Response};

    #[test]
    fn only_the_answer_is_believed() {
        let trace = Trace::new(ProjectRef::path("a/b"), JobId(1), 3);
        let read = |status, range: Option<&str>, body: &str| {
            let headers = range.map(|range| ("content-range".to_owned(), range.to_owned())).into_iter().collect();
            trace.read(Response { status, headers, body: body.into() }).ok()
        };
        assert_eq!(read(206, Some("bytes 3-4/5"), "de"), Some(TraceChunk::New(b"de".to_vec())));
        assert_eq!(read(200, None, "abcde"), Some(TraceChunk::New(b"de".to_vec())));
        assert_eq!(read(200, None, "abc"), Some(TraceChunk::Unchanged));
        assert_eq!(read(200, None, "a"), Some(TraceChunk::Restarted(b"a".to_vec())));
        assert_eq!(read(416, Some("bytes */3"), ""), Some(TraceChunk::Unchanged));
        assert_eq!(read(416, Some("bytes */0"), ""), Some(TraceChunk::Restarted(Vec::new())));
        assert_eq!(read(500, None, ""), None);
    }
}
