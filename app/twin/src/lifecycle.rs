//! Where a twin stands in its life: each phase that its jobs define, whether it may be started now,
//! and why not. One table for every page.

use crate::phase::rank;

/// A job, as far as its phase is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseJob<'a> {
    /// Number.
    pub id: i64,
    /// Name in the CI file.
    pub name: &'a str,
    /// Stage in the CI file.
    pub stage: &'a str,
    /// GitLab's word for its state.
    pub status: &'a str,
}

/// How a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It passed.
    Done,
    /// The twin is in it.
    Active,
    /// It did not pass.
    Failed,
    /// It begins by itself when it is its turn.
    Waiting,
    /// Somebody may start it now: the number of its job.
    Startable(i64),
    /// It does not run, and why.
    Off(&'static str),
}

/// One phase of the strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
}

/// What each of GitLab's words for a state means for the phase of a job.
fn standing(job: &PhaseJob<'_>, over: bool) -> Standing {
    match (job.status, over) {
        ("success", _) => Standing::Done,
        ("running" | "canceling", _) => Standing::Active,
        ("failed", _) => Standing::Failed,
        // A job that somebody may start waits even when everything else has ended.
        ("manual", _) => Standing::Startable(job.id),
        ("canceled", _) => Standing::Off("It was cancelled."),
        ("skipped", _) => Standing::Off("A phase before it did not pass."),
        ("pending" | "preparing" | "waiting_for_resource" | "scheduled", _) => Standing::Waiting,
        (_, true) => Standing::Off("The run ended before it."),
        (_, false) => Standing::Waiting,
    }
}

/// The strip of a run: phases in the order of a life, a stage or job name each. `over` says that
/// the run has ended.
#[must_use]
pub fn strip(jobs: &[PhaseJob<'_>], over: bool) -> Vec<Step> {
    let mut steps: Vec<((usize, bool, usize), Step)> = Vec::new();
    // A phase of the twin's own comes behind the one that it follows in the file.
    let mut known = 0;
    for (place, job) in jobs.iter().enumerate() {
        // A twin names its stages after phases, or its jobs where a stage holds several.
        let name = if rank(job.stage).is_some() { job.stage } else { job.name };
        let now = standing(job, over);
        match steps.iter_mut().find(|(.., step)| step.name == name) {
            // Of several jobs the one says most that is least done.
            Some((.., step)) if weight(now) > weight(step.standing) => step.standing = now,
            Some(_) => {}
            None => {
                known = rank(name).map_or(known, |rank| rank + 1);
                steps.push(((known, rank(name).is_none(), place), Step { name: name.to_owned(), standing: now }));
            }
        }
    }
    steps.sort_by_key(|(place, _)| *place);
    steps.into_iter().map(|(.., step)| step).collect()
}

fn weight(standing: Standing) -> u8 {
    match standing {
        Standing::Done => 0,
        Standing::Off(_) => 1,
        Standing::Waiting => 2,
        Standing::Startable(_) => 3,
        Standing::Failed => 4,
        Standing::Active => 5,
    }
}

/// Seconds without a sign of life after which a twin counts as stale. GitLab's runners send what was written about once a
/// minute, so a few of those are missing.
pub const STALE: f64 = 300.0;

/// How a continuous twin stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// None of its jobs runs yet.
    Starting,
    /// It runs.
    Live,
    /// It runs, and has given no sign of life for [`STALE`] seconds.
    Stale,
    /// Its terminate phase runs, or it is being cancelled.
    Stopping,
    /// It passed its terminate phase.
    Stopped,
    /// It ended without its terminate phase.
    Ended,
    /// It failed.
    Failed,
}

impl Life {
    /// As people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Live => "Live",
            Self::Stale => "Stale",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped in order",
            Self::Ended => "Ended without its terminate phase",
            Self::Failed => "Failed",
        }
    }
}

fn terminates(job: &PhaseJob<'_>) -> bool {
    [job.stage, job.name].iter().any(|word| word.eq_ignore_ascii_case("terminate"))
}

/// How a twin stands that goes on until it is stopped: one with a terminate phase. `status` is GitLab's word for its run,
/// `quiet` how many seconds ago it gave its last sign of life, if that is known. Nothing for a twin that ends by itself.
#[must_use]
pub fn life(jobs: &[PhaseJob<'_>], status: &str, quiet: Option<f64>) -> Option<Life> {
    let last = jobs.iter().rfind(|job| terminates(job))?;
    let runs = jobs.iter().any(|job| standing(job, false) == Standing::Active && !terminates(job));
    Some(match (status, last.status) {
        ("success" | "canceled" | "skipped", "success") => Life::Stopped,
        ("success" | "canceled" | "skipped", _) => Life::Ended,
        ("failed", _) => Life::Failed,
        ("canceling", _) | (_, "pending" | "preparing" | "running" | "canceling" | "success") => Life::Stopping,
        _ if !runs && jobs.iter().any(|job| standing(job, false) == Standing::Waiting && !terminates(job)) => Life::Starting,
        _ if runs && quiet.is_some_and(|quiet| quiet >= STALE) => Life::Stale,
        _ => Life::Live,
    })
}

/// The job that stops a running twin in order, if its file has one that can be started now.
#[must_use]
pub fn terminator(jobs: &[PhaseJob<'_>]) -> Option<i64> {
    jobs.iter().find(|job| job.status == "manual" && terminates(job)).map(|job| job.id)
}

#[cfg(test)]
mod tests {
    use super::{Life, PhaseJob, life, strip, terminator};

    /// Every state of a job, while the run goes on and when it is over.
    const TABLE: &str = "\
created               Waiting                                       Off(\"The run ended before it.\")
waiting_for_resource  Waiting                                       Waiting
preparing             Waiting                                       Waiting
pending               Waiting                                       Waiting
running               Active                                        Active
success               Done                                          Done
failed                Failed                                        Failed
canceling             Active                                        Active
canceled              Off(\"It was cancelled.\")                      Off(\"It was cancelled.\")
skipped               Off(\"A phase before it did not pass.\")        Off(\"A phase before it did not pass.\")
manual                Startable(7)                                  Startable(7)
scheduled             Waiting                                       Waiting
";

    #[test]
    fn every_state() {
        let mut table = String::new();
        for line in TABLE.lines() {
            let status = line.split(' ').next().unwrap_or_default();
            let of = |over| format!("{:?}", strip(&[PhaseJob { id: 7, name: "x", stage: "execute", status }], over)[0].standing);
            table += format!("{status:<22}{:<46}{}\n", of(false), of(true)).as_str();
        }
        assert_eq!(table, TABLE);
    }

    #[test]
    fn how_continuous_twins_stand() {
        let job = |name, status| PhaseJob { id: 1, name, stage: name, status };
        let of = |execute, terminate, status, quiet| life(&[job("execute", execute), job("terminate", terminate)], status, quiet);
        for (execute, terminate, status, quiet, expected) in [
            ("created", "created", "created", None, Life::Starting),
            ("pending", "manual", "pending", None, Life::Starting),
            ("running", "manual", "running", None, Life::Live),
            ("running", "manual", "running", Some(299.0), Life::Live),
            ("running", "manual", "running", Some(300.0), Life::Stale),
            ("running", "running", "running", Some(900.0), Life::Stopping),
            ("running", "success", "running", None, Life::Stopping),
            ("success", "manual", "manual", Some(900.0), Life::Live),
            ("canceling", "manual", "canceling", None, Life::Stopping),
            ("canceled", "success", "canceled", None, Life::Stopped),
            ("canceled", "manual", "canceled", None, Life::Ended),
            ("success", "success", "success", None, Life::Stopped),
            ("success", "skipped", "success", None, Life::Ended),
            ("failed", "skipped", "failed", Some(1.0), Life::Failed),
        ] {
            assert_eq!(of(execute, terminate, status, quiet), Some(expected), "{execute} {terminate} {status} {quiet:?}");
        }
        assert_eq!(life(&[job("execute", "running")], "running", None), None);
    }

    #[test]
    fn order_names_and_several_jobs() {
        let job = |id, name, stage, status| PhaseJob { id, name, stage, status };
        let jobs = [
            job(1, "clean", "clean", "created"),
            job(2, "one", "execute", "success"),
            job(3, "two", "execute", "running"),
            job(4, "zoom", "test", "created"),
            job(5, "create", "build", "success"),
            job(6, "halt", "terminate", "manual"),
        ];
        let text: Vec<String> = strip(&jobs, false).iter().map(|step| format!("{} {:?}", step.name, step.standing)).collect();
        assert_eq!(text, ["create Done", "execute Active", "zoom Waiting", "terminate Startable(6)", "clean Waiting"]);
        assert_eq!(terminator(&jobs), Some(6));
        assert_eq!(terminator(&jobs[..5]), None);
    }
}
