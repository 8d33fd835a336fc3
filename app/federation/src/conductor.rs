//! What is to be done next in a federated run, given what is known of it. No request is made here and
//! no clock is read, so that every order of answers, failures and reloads can be tried in a test.
//!
//! The rule that keeps anything from being started twice: an attempt is in the journal before its
//! pipeline is asked for; an attempt without a pipeline whose request may have gone out is looked for,
//! and asked for again only when it has not come within [`GRACE`] seconds.

mod decide;
mod hear;
mod sight;

use crate::journal::{Attempt, Change, Entry, Journal, Over, Wish};
use crate::plan::{Plan, Seat};
use crate::standing::{Standing, Whole, whole};

/// Seconds after which a start whose answer was lost has come or never will.
pub const GRACE: f64 = 45.0;
/// Seconds between two looks for it.
const LOOK_AGAIN: f64 = 3.0;
/// Seconds for which the journal counts as known. Whoever was deposed meanwhile sends nothing after
/// that; with [`HURRY`] and the time that a request takes it is within [`GRACE`].
const LEASE: f64 = 10.0;
/// Seconds within which a start goes out, or not at all.
pub const HURRY: f64 = 5.0;
/// Seconds that news wait for more of them, when nothing waits for the news.
const GATHER: f64 = 3.0;
/// Seconds until something that failed for want of an answer is tried again.
const AGAIN: f64 = 5.0;
/// Seconds until a pipeline that was stopped and goes on is stopped again.
const STOP_AGAIN: f64 = 60.0;
/// Seconds that an instance may be silent before members that may be skipped are.
const SKIP_AFTER: f64 = 15.0;

/// A request to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Write the journal, if it still is as it was read or written last.
    Write(String),
    /// Read it.
    Read,
    /// Start a pipeline with this mark.
    Start(usize, String),
    /// Look for a pipeline with this mark.
    Find(usize, String),
    /// Stop a pipeline, in order.
    Stop(usize, i64),
}

/// Why a start did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The backend said no.
    No(String),
    /// The request did not go out.
    NotSent(String),
    /// Nobody knows whether it arrived.
    Unsure(String),
}

/// What a look at a pipeline showed.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// It goes on; whether it is ready.
    Going(bool),
    /// It has ended.
    Over(Over, String),
}

/// What came of an act.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The journal was written.
    Written,
    /// It was not, or nobody knows; why.
    Unwritten(String),
    /// It was not, and never will be by this one; why.
    Denied(String),
    /// The journal as it is.
    Read(Box<Journal>),
    /// It could not be read; why.
    Unread(String),
    /// The start of the attempt with this mark.
    Started(usize, String, Result<i64, Refusal>),
    /// A search for the start of the attempt with this mark.
    Found(usize, String, Result<Option<i64>, String>),
    /// A look at a pipeline; nothing where the instance did not answer.
    Looked(usize, i64, Result<Look, String>),
    /// A stop was asked for.
    Stopped(usize, Result<(), String>),
}

/// What is known of an attempt's request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sent {
    /// It has not gone out, and may once the journal has the attempt.
    Not,
    /// It is on its way.
    Flying,
    /// It may have arrived: since when it is looked for, when next, and since when it is just now.
    Lost { since: f64, next: f64, looking: Option<f64> },
    /// It arrived.
    Arrived,
}

/// What is known of a member beside the journal.
#[derive(Debug, Clone)]
struct Live {
    sent: Sent,
    pipeline: Option<i64>,
    look: Option<Look>,
    was_ready: bool,
    /// Since when its instance does not answer, and in whose words.
    away: Option<(f64, String)>,
    /// Not before this.
    wait: f64,
    stop_asked: bool,
    stopping: bool,
}

impl Live {
    fn new(sent: Sent) -> Self {
        Self { sent, pipeline: None, look: None, was_ready: false, away: None, wait: 0.0, stop_asked: false, stopping: false }
    }
}

/// Whoever leads a run, or watches somebody else leading it.
#[derive(Debug, Clone)]
pub struct Conductor {
    plan: Plan,
    me: String,
    journal: Journal,
    /// The journal's entries by seat.
    entries: Vec<Entry>,
    live: Vec<Live>,
    /// What is to be written, and what is being written.
    pending: Vec<Change>,
    /// Seats that a person wants tried again, until the end of their attempt is written.
    again: Vec<usize>,
    in_write: Option<Vec<Change>>,
    /// Whether the journal must be read before anything is written, and not before when.
    stale: Option<f64>,
    reading: bool,
    /// When the last request about the journal went out, and the last that was answered well.
    asked: f64,
    checked: f64,
    /// Since when there is something to write that has time.
    gathering: Option<f64>,
    /// Why the journal cannot be reached, if it cannot.
    trouble: Option<String>,
    /// Why this one may not write, since it tried last.
    denied: Option<String>,
}

impl Conductor {
    /// Goes on with `journal`, as it was read just now, or begins one that is not written yet.
    /// `me` is the name of this page or program.
    #[must_use]
    pub fn new(plan: Plan, journal: Journal, me: String, now: f64) -> Self {
        let (entries, live) = plan.seats.iter().map(|_| (Entry::default(), Live::new(Sent::Not))).unzip();
        let mut conductor = Self {
            plan,
            me,
            journal: Journal::default(),
            entries,
            live,
            pending: Vec::new(),
            again: Vec::new(),
            in_write: None,
            stale: None,
            reading: false,
            asked: now,
            checked: now,
            gathering: None,
            trouble: None,
            denied: None,
        };
        conductor.adopt(journal, &[], now);
        conductor
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The journal as it was written last.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Why the journal cannot be reached, if it cannot; nothing more is started meanwhile.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.denied.as_deref().or(self.trouble.as_deref())
    }

    /// Whether this one leads, or is about to.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.journal.leader == self.me || self.pending.iter().chain(self.in_write.iter().flatten()).any(|change| *change == Change::Leader(self.me.clone()))
    }

    /// Members to look at, with their pipelines.
    #[must_use]
    pub fn watched(&self) -> Vec<(usize, i64)> {
        (0..self.live.len()).filter(|seat| self.is_open(*seat)).filter_map(|seat| Some((seat, self.pipeline(seat)?))).collect()
    }

    /// The pipeline of a member's last attempt.
    #[must_use]
    pub fn pipeline(&self, seat: usize) -> Option<i64> {
        self.live[seat].pipeline.or(self.attempt(seat)?.pipeline)
    }

    /// The last attempt at a member.
    #[must_use]
    pub fn attempt(&self, seat: usize) -> Option<&Attempt> {
        self.entries[seat].attempts.last()
    }

    /// How many attempts there were.
    #[must_use]
    pub fn attempts(&self, seat: usize) -> usize {
        self.entries[seat].attempts.len()
    }

    fn seat(&self, seat: usize) -> &Seat {
        &self.plan.seats[seat]
    }

    fn left_out(&self, seat: usize) -> bool {
        self.entries[seat].left_out
    }

    /// Whether a member's last attempt has not ended.
    fn is_open(&self, seat: usize) -> bool {
        self.attempt(seat).is_some_and(|attempt| attempt.over.is_none())
    }

    fn failures(&self, seat: usize) -> u32 {
        let failed = |attempt: &&Attempt| attempt.over == Some(Over::Failed);
        u32::try_from(self.entries[seat].attempts.iter().filter(failed).count()).unwrap_or(u32::MAX)
    }

    /// How a member stands.
    #[must_use]
    pub fn standing(&self, seat: usize) -> Standing {
        let live = &self.live[seat];
        let Some(attempt) = self.attempt(seat) else {
            return match self.journal.wish {
                Wish::Stop => Standing::Stopped,
                _ if self.left_out(seat) => Standing::LeftOut,
                _ if self.seat(seat).problem.is_some() || live.away.is_some() => Standing::Away,
                _ => Standing::Waiting,
            };
        };
        // What was seen counts before it is written down: whoever goes on after a crash sees it again.
        let seen = match &live.look {
            Some(Look::Over(Over::Failed, _)) if live.stopping => Some(Over::Stopped),
            Some(Look::Over(over, _)) => Some(*over),
            _ => None,
        };
        match attempt.over.or(seen) {
            Some(Over::Done) => Standing::Done,
            // What still runs of it has to be stopped with the others.
            over if self.left_out(seat) && (over.is_some() || self.journal.wish != Wish::Stop) => Standing::LeftOut,
            Some(Over::Failed) => Standing::Failed,
            Some(Over::Stopped | Over::Never) => Standing::Stopped,
            None if live.away.is_some() => Standing::Away,
            None if live.stopping => Standing::Stopping,
            None if self.pipeline(seat).is_none() && live.sent == Sent::Not && self.journal.wish == Wish::Pause => Standing::Waiting,
            None if self.pipeline(seat).is_none() => Standing::Starting,
            None => match live.look {
                Some(Look::Going(true)) => Standing::Ready,
                _ if live.was_ready => Standing::Silent,
                _ => Standing::Running,
            },
        }
    }

    /// What the whole amounts to.
    #[must_use]
    pub fn whole(&self) -> Whole {
        whole(&self.tally(), self.journal.wish)
    }

    /// Whether there is anything left to do or to wait for.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.again.is_empty() && self.in_write.is_none() && self.stale.is_none() && self.journal.came_to.is_some() && self.whole().is_over()
    }

    /// A person takes the lead from whoever has it.
    pub fn take_lead(&mut self) {
        self.pending.push(Change::Leader(self.me.clone()));
    }

    /// A person wants the whole to go on, to rest or to stop. Going on forgives all failures so far.
    pub fn wish(&mut self, wish: Wish) {
        let forgiven = if wish == Wish::Run { self.all_failures() } else { self.journal.forgiven };
        self.pending.push(Change::Wish(wish, forgiven));
    }

    /// A person lets the others go on without a member, or not any more.
    pub fn leave_out(&mut self, seat: usize, left_out: bool) {
        self.pending.push(Change::LeaveOut(self.seat(seat).name.clone(), left_out));
    }

    /// A person has a member tried once more that is over.
    pub fn retry(&mut self, seat: usize) {
        // What is seen to have ended may not be written yet.
        let over = self.attempt(seat).is_some_and(|attempt| attempt.over.is_some()) || matches!(self.live[seat].look, Some(Look::Over(..)));
        if self.journal.wish != Wish::Stop && over && !self.again.contains(&seat) {
            self.again.push(seat);
        }
    }

    fn all_failures(&self) -> u32 {
        (0..self.plan.seats.len()).map(|seat| self.failures(seat)).sum()
    }
}
