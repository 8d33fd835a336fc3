//! Following a log: from the byte that is known, believing only the answer (DESIGN.md, "A log byte").

use gitlab::trace::Trace;
use gitlab::{Error, JobId};
use twin::asset::Owner;

use crate::browser;
use crate::browser::logs::LogWorker;
use crate::instances::Client;

/// Seconds that the forge goes on sending before it is asked again.
const FOLLOW: u32 = 25;
/// Milliseconds between requests where the backend sends everything each time; GitLab's runners send
/// it new lines about once a minute unless somebody looks at the log there.
const PAUSE: u32 = 15_000;
/// Milliseconds before a backend that does not answer is asked again, at first and at most.
const AGAIN: (u32, u32) = (1_000, 16_000);
/// Milliseconds before the forge is asked again for a log that had nothing new.
const BREATH: u32 = 2_000;

/// How following goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It was read up to what there is, at this time (milliseconds since 1970).
    Read(u64),
    /// The job has ended and everything was read.
    End,
    /// The backend cannot be asked just now.
    Trouble(Error),
}

/// Brings the log of `job` to `worker` until the job is `over` and everything was read. `tell` says
/// whether anybody still listens.
pub async fn follow(client: Client, owner: Owner, job: JobId, worker: std::rc::Rc<LogWorker>, over: impl Fn() -> bool, tell: impl Fn(Progress) -> bool) {
    let (mut from, mut wait) = (0_u64, AGAIN.0);
    loop {
        while browser::is_hidden() && from > 0 {
            browser::sleep(500).await;
        }
        // Known before the question: what is written until a job ends comes with the answer.
        let last = over();
        let trace = Trace::new(client.project(owner), job, from, client.backend.embedded.then_some(FOLLOW));
        let outcome = client.bring_log(&worker, &trace).await;
        let (progress, pause) = match outcome {
            Ok(brought) => {
                from = if brought.anew { brought.bytes } else { from + brought.bytes };
                wait = AGAIN.0;
                let more = !brought.whole || (brought.anew && brought.bytes == 0);
                match (last && !more, client.backend.embedded) {
                    (true, _) => (Progress::End, 0),
                    (false, true) => (Progress::Read(browser::now() as u64), if brought.bytes > 0 || more { 300 } else { BREATH }),
                    (false, false) => (Progress::Read(browser::now() as u64), if over() { 1_000 } else { PAUSE }),
                }
            }
            // A job that has not begun has no log on some backends.
            Err(Error::NotFound { .. }) if last => (Progress::End, 0),
            Err(Error::NotFound { .. }) => (Progress::Read(browser::now() as u64), PAUSE),
            Err(error) => {
                let now = wait;
                wait = (wait * 2).min(AGAIN.1);
                (Progress::Trouble(error), now)
            }
        };
        let ended = progress == Progress::End;
        if !tell(progress) || ended {
            return;
        }
        browser::sleep(pause).await;
    }
}
