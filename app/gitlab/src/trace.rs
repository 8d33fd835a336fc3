//! `GET /projects/:id/jobs/:job/trace`, read from a byte on while the answer comes.

use crate::endpoint::{Method, Request, Response};
use crate::error::Error;
use crate::ids::{JobId, ProjectRef};

/// The log of a job from a byte on. GitLab ignores `Range` and sends everything; the forge can send
/// more while the log grows. Only the answer says which happened.
#[derive(Debug, Clone)]
pub struct Trace {
    project: ProjectRef,
    job: JobId,
    from: u64,
    follow: Option<u32>,
}

/// What the body of an answer will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The log from the wanted byte on, behind so many bytes that are known. A body with fewer than
    /// those is that of a log which was erased.
    Goes {
        /// Bytes to leave out.
        skip: u64,
    },
    /// The log was erased: what comes is a new one from its start.
    Anew,
    /// Nothing new.
    Nothing,
}

impl Trace {
    /// From byte `from` on. With `follow` (seconds) the forge goes on sending while the log grows.
    #[must_use]
    pub fn new(project: ProjectRef, job: JobId, from: u64, follow: Option<u32>) -> Self {
        Self { project, job, from, follow }
    }

    /// What to send.
    #[must_use]
    pub fn request(&self) -> Request {
        let path = format!("/projects/{}/jobs/{}/trace", self.project.segment(), self.job);
        let request = Request::new(Method::Get, path);
        match self.follow {
            Some(seconds) => request.with("byte_offset", self.from).with("follow", seconds),
            None => Request { from_byte: (self.from > 0).then_some(self.from), ..request },
        }
    }

    /// Reads the head of an answer; the body of a refusal is in it too.
    pub fn open(&self, head: &Response) -> Result<Opening, Error> {
        let size: Option<u64> = head.header("content-range").and_then(|range| range.rsplit('/').next()?.parse().ok());
        let offset: Option<u64> = head.header("x-trace-offset").and_then(|offset| offset.parse().ok());
        match (head.status, offset) {
            (200, Some(offset)) if offset == self.from => Ok(Opening::Goes { skip: 0 }),
            (200, Some(_)) => Ok(Opening::Anew),
            (200, None) => Ok(Opening::Goes { skip: self.from }),
            (206, _) => Ok(Opening::Goes { skip: 0 }),
            (416, _) if size.is_some_and(|size| size < self.from) => Ok(Opening::Anew),
            (416, _) => Ok(Opening::Nothing),
            _ => Err(Error::from_response(head)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Opening, Trace};
    use crate::{JobId, ProjectRef, Response};

    #[test]
    fn only_the_answer_is_believed() {
        let trace = Trace::new(ProjectRef::path("a/b"), JobId(1), 3, None);
        let open = |status, name: &str, value: &str| trace.open(&Response { status, headers: vec![(name.into(), value.into())], body: Vec::new() }).ok();
        assert_eq!(open(206, "content-range", "bytes 3-4/5"), Some(Opening::Goes { skip: 0 }));
        assert_eq!(open(200, "x", ""), Some(Opening::Goes { skip: 3 }));
        assert_eq!(open(200, "x-trace-offset", "3"), Some(Opening::Goes { skip: 0 }));
        assert_eq!(open(200, "x-trace-offset", "0"), Some(Opening::Anew));
        assert_eq!(open(416, "content-range", "bytes */3"), Some(Opening::Nothing));
        assert_eq!(open(416, "content-range", "bytes */0"), Some(Opening::Anew));
        assert_eq!(open(500, "x", ""), None);
        assert_eq!(trace.request().from_byte, Some(3));
        assert!(Trace::new(ProjectRef::path("a/b"), JobId(1), 3, Some(25)).request().url().ends_with("trace?byte_offset=3&follow=25"));
    }
}
