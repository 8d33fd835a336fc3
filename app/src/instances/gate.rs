//! What stands between the app and each backend: few requests at once, the same question only
//! once at a time, a pause where a backend asks for one, and none to a backend that is down.
//!
//! A browser cannot read GitLab's `Retry-After` (GITLAB.md §6), so pauses are guessed: a second,
//! then twice as long each time, with some chance in it.

use std::cell::RefCell;
use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use gitlab::{Error, Response};

use crate::ui::cell::Cell;

/// Requests to a backend at the same time.
const AT_ONCE: u32 = 6;
/// So many failures in a row, and a backend is left alone for a while.
const FAILURES: u32 = 3;
/// Milliseconds of the first pause after those, and of the longest.
const REST: (f64, f64) = (5_000.0, 60_000.0);
/// Milliseconds of the first pause after a refusal for too many requests, and of the longest.
const SLOW_DOWN: (f64, f64) = (1_000.0, 30_000.0);
/// How often a request is sent again after such a refusal.
pub const TRIES: u32 = 6;

/// How a backend does, as far as this browser saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Good,
    /// It asks for fewer requests.
    Busy,
    /// It does not answer.
    Down,
    /// The sign-in there has ended.
    SignedOut,
}

#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    open: u32,
    failures: u32,
    refusals: u32,
    relayed: bool,
    /// Milliseconds since the page was opened, until which nothing is sent.
    rest_until: f64,
    /// The same, after a refusal for too many requests.
    slow_until: f64,
}

type Answer = Shared<LocalBoxFuture<'static, Result<Response, Error>>>;

thread_local! {
    static GATES: RefCell<HashMap<String, Gate>> = RefCell::default();
    static ASKED: RefCell<HashMap<String, Answer>> = RefCell::default();
}

/// The health of every backend that was asked, for views to follow.
#[derive(Clone, Copy)]
pub struct Healths(Cell<Vec<(String, Health)>>);

impl Healths {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Cell::new(Vec::new()))
    }

    /// Of one backend, followed.
    #[must_use]
    pub fn of(self, backend: &str) -> Option<Health> {
        self.0.with(|known| find(known, backend))
    }

    /// Notes one.
    pub fn note(self, backend: &str, health: Health) {
        let mut known = self.0.peek(Clone::clone).unwrap_or_default();
        if find(&known, backend) != Some(health) {
            known.retain(|(id, _)| id != backend);
            known.push((backend.to_owned(), health));
            self.0.set(known);
        }
    }
}

fn find(known: &[(String, Health)], backend: &str) -> Option<Health> {
    known.iter().find(|(id, _)| id == backend).map(|(_, health)| *health)
}

fn with<R>(backend: &str, change: impl FnOnce(&mut Gate) -> R) -> R {
    GATES.with_borrow_mut(|gates| change(gates.entry(backend.to_owned()).or_default()))
}

/// `first` doubled `times` times, at most `most`, and up to a third more by `chance` (0 to 1).
fn pause((first, most): (f64, f64), times: u32, chance: f64) -> f64 {
    (first * f64::from(2_u32.saturating_pow(times.min(16)))).min(most) * (1.0 + chance / 3.0)
}

/// What a request to `backend` must do at `now`: go, wait so many milliseconds, or give up.
pub fn enter(backend: &str, now: f64) -> Result<Option<u32>, Error> {
    with(backend, |gate| {
        if gate.rest_until > now {
            return Err(Error::Unreachable);
        }
        if gate.slow_until > now {
            // Those that wait go one after the other.
            let wait = gate.slow_until - now;
            return Ok(Some(wait as u32 + 1));
        }
        if gate.open >= AT_ONCE {
            return Ok(Some(20));
        }
        gate.open += 1;
        if gate.refusals > 0 {
            // While a backend recovers it gets a request a second.
            gate.slow_until = now + SLOW_DOWN.0;
        }
        Ok(None)
    })
}

/// A request that entered has its answer.
pub fn leave(backend: &str, outcome: &Result<Response, Error>, now: f64, chance: f64) -> Health {
    with(backend, |gate| {
        gate.open = gate.open.saturating_sub(1);
        match outcome {
            Err(Error::Unreachable | Error::TimedOut) => {
                gate.failures += 1;
                if gate.failures >= FAILURES {
                    gate.rest_until = now + pause(REST, gate.failures - FAILURES, chance);
                }
                Health::Down
            }
            Ok(response) if response.status == 429 => {
                gate.failures = 0;
                gate.slow_until = now + pause(SLOW_DOWN, gate.refusals, chance);
                gate.refusals += 1;
                Health::Busy
            }
            _ => {
                // A 401 may only mean that another tab had the token renewed: whoever asked knows.
                gate.failures = 0;
                gate.refusals = gate.refusals.saturating_sub(1);
                Health::Good
            }
        }
    })
}

/// A request that entered was dropped before its answer came.
pub fn give_up(backend: &str) {
    with(backend, |gate| gate.open = gate.open.saturating_sub(1));
}

/// Whether requests to `backend` go through this server, because it refused to be asked straight.
pub fn is_relayed(backend: &str) -> bool {
    with(backend, |gate| gate.relayed)
}

/// From now on they do.
pub fn relay(backend: &str) {
    with(backend, |gate| gate.relayed = true);
}

/// Lets requests through again, because somebody asked for it; whoever asks now does not wait for an answer that has not
/// come so far.
pub fn open(backend: &str) {
    ASKED.with_borrow_mut(|asked| asked.retain(|key, _| !key.strip_prefix(backend).is_some_and(|rest| rest.starts_with(' '))));
    with(backend, |gate| (gate.rest_until, gate.failures) = (0.0, 0));
}

/// The answer to `question`, or to the same one that is on its way already.
pub async fn once(key: String, question: impl Future<Output = Result<Response, Error>> + 'static) -> Result<Response, Error> {
    let known = ASKED.with_borrow(|asked| asked.get(&key).cloned());
    if let Some(answer) = known {
        return answer.await;
    }
    let forget = key.clone();
    let answer = async move {
        let outcome = question.await;
        ASKED.with_borrow_mut(|asked| asked.remove(&forget));
        outcome
    };
    let answer = answer.boxed_local().shared();
    ASKED.with_borrow_mut(|asked| asked.insert(key, answer.clone()));
    // It is brought to its end even when nobody waits for it any more, or it would hold its place here.
    leptos::task::spawn_local(answer.clone().map(drop));
    answer.await
}

#[cfg(test)]
mod tests {
    use super::{Error, Health, Response, enter, leave, open};

    fn answer(status: u16) -> Result<Response, Error> {
        Ok(Response { status, headers: Vec::new(), body: Vec::new() })
    }

    #[test]
    fn a_backend_that_is_down_is_left_alone_and_nobody_else() {
        for turn in 0..3 {
            assert_eq!(enter("down", f64::from(turn)), Ok(None));
            assert_eq!(leave("down", &Err(Error::TimedOut), f64::from(turn), 0.0), Health::Down);
        }
        assert_eq!(enter("down", 3.0), Err(Error::Unreachable));
        assert_eq!(enter("other", 3.0), Ok(None));
        assert_eq!(enter("down", 6_000.0), Ok(None), "after a rest it is tried again");
        let _ = leave("down", &Err(Error::TimedOut), 6_000.0, 0.0);
        assert_eq!(enter("down", 15_000.0), Err(Error::Unreachable), "and left alone for longer");
        open("down");
        assert_eq!(enter("down", 15_000.0), Ok(None), "unless somebody asks");
        assert_eq!(leave("down", &answer(200), 15_000.0, 0.0), Health::Good);
    }

    #[test]
    fn a_backend_that_asks_for_fewer_gets_a_request_a_second_at_most() {
        let mut now = 0.0;
        let mut sent = Vec::new();
        while sent.len() < 25 {
            match enter("busy", now) {
                Ok(None) => {
                    let refused = sent.len() < 20;
                    sent.push(now);
                    let _ = leave("busy", &answer(if refused { 429 } else { 200 }), now, 1.0);
                }
                Ok(Some(wait)) => now += f64::from(wait),
                Err(error) => panic!("{error}"),
            }
        }
        let gaps: Vec<f64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= 1_000.0), "{gaps:?}");
        assert!(gaps.iter().all(|gap| *gap <= 41_000.0), "{gaps:?}");
    }

    #[test]
    fn so_many_at_once() {
        assert!((0..6).all(|_| enter("many", 0.0) == Ok(None)));
        assert!(matches!(enter("many", 0.0), Ok(Some(_))));
        let _ = leave("many", &answer(200), 0.0, 0.0);
        assert_eq!(enter("many", 0.0), Ok(None));
    }
}
