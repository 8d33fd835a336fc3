//! Following a log: from the byte that is known, believing only the answer (DESIGN.md, "A log byte").

use gitlab::jobs::GetJob;
use gitlab::trace::{Trace, TraceChunk};
use gitlab::{Endpoint, Error, JobId};
use twin::asset::Owner;

use crate::browser;
use crate::instances::Client;

/// Seconds that the forge may hold a request until something is written.
const HOLD: u32 = 20;
/// Shortest and longest pause between requests, milliseconds.
const PAUSES: (u32, u32) = (1_000, 5_000);

/// What following a log brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// More bytes.
    Bytes(Vec<u8>),
    /// The log was erased; these are the bytes of the new one.
    Restart(Vec<u8>),
    /// The job has ended and everything was read.
    End,
    /// The backend cannot be asked just now.
    Trouble(Error),
}

async fn once(client: &Client, owner: Owner, job: JobId, from: u64) -> Result<TraceChunk, Error> {
    let trace = Trace::new(client.project(owner), job, from);
    let mut request = trace.request();
    if client.backend.embedded && from > 0 {
        request = request.with("wait", HOLD);
    }
    trace.read(client.send_within(request, HOLD + 15).await?)
}

async fn has_ended(client: &Client, owner: Owner, job: JobId) -> Result<bool, Error> {
    let job = gitlab::endpoint::ask(client, &GetJob::new(client.project(owner), job)).await?;
    Ok(job.status.is_complete())
}

/// Reads the log of `job` until it has ended, giving every event to `tell`; stops early when
/// `tell` says that nobody listens.
pub async fn follow(client: Client, owner: Owner, job: JobId, tell: impl Fn(Event) -> bool) {
    let (mut from, mut pause, mut last_look) = (0_u64, PAUSES.0, false);
    loop {
        while browser::is_hidden() && from > 0 {
            browser::sleep(500).await;
        }
        let chunk = once(&client, owner, job, from).await;
        let (event, grown) = match chunk {
            Ok(TraceChunk::New(bytes)) => {
                from += bytes.len() as u64;
                (Some(Event::Bytes(bytes)), true)
            }
            Ok(TraceChunk::Restarted(bytes)) => {
                from = bytes.len() as u64;
                (Some(Event::Restart(bytes)), true)
            }
            Ok(TraceChunk::Unchanged) => (None, false),
            // A job that has not begun has no log on some backends.
            Err(Error::NotFound { .. }) => (None, false),
            Err(error) => (Some(Event::Trouble(error)), false),
        };
        if event.is_some_and(|event| !tell(event)) {
            return;
        }
        if grown {
            pause = PAUSES.0;
            last_look = false;
        } else if last_look {
            tell(Event::End);
            return;
        } else {
            // Read once more after the end: the last bytes may come with it.
            last_look = has_ended(&client, owner, job).await.unwrap_or(false);
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
        let held = client.backend.embedded && from > 0;
        if !held {
            browser::sleep(if client.backend.embedded { 300 } else { pause }).await;
        }
    }
}
