//! One question to several instances at once. Each has a time of its own; what comes is shown, what
//! does not is named, and what was known before stands in for it, with its age.

use std::any::Any;
use std::cell::{Cell as StdCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use gitlab::Error;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::bootstrap::Instance;
use crate::browser;
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::ui::cell::Cell;

/// Milliseconds after which an instance is called slow, and after which it is not waited for.
const SLOW: u32 = 1_000;
const BUDGET: u32 = 4_000;

/// So many instances are asked in one go: one that hangs does not keep the first rows waiting.
const AT_ONCE: usize = 4;

/// How one instance's answer stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Asked a moment ago.
    Asked,
    /// Asked, and it takes long.
    Slow,
    /// Answered.
    Fresh,
    /// What is shown was answered at this time (milliseconds since 1970); this is why there is nothing newer.
    Stale(f64, Problem),
    /// Nothing is known of it, and why.
    Failed(Problem),
    /// Nobody is signed in there, and guests may not look.
    SignedOut,
}

/// One instance that is asked, whatever the question.
#[derive(Clone)]
pub struct Asked {
    /// The instance.
    pub instance: Instance,
    /// Who asks it; nobody where nobody is signed in.
    pub client: Option<Client>,
    /// How it stands.
    pub standing: Cell<Standing>,
    ask: StoredValue<Rc<dyn Fn(bool)>, LocalStorage>,
}

/// One instance's part of the answer.
pub struct Part<T: 'static> {
    /// Who is asked.
    pub asked: Asked,
    /// What it answered; kept while it is asked again.
    pub answer: Cell<Option<Rc<T>>>,
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        Self { asked: self.asked.clone(), answer: self.answer }
    }
}

impl Asked {
    /// Asks again, even a backend that is being left alone.
    pub fn again(&self) {
        if let Some(client) = &self.client {
            client.try_again();
        }
        if let Some(ask) = self.ask.try_get_value() {
            ask(false);
        }
    }

    /// Asks again while what was answered stands, and nobody waits.
    pub fn look(&self) {
        if let Some(ask) = self.ask.try_get_value().filter(|_| self.standing.peek(|standing| matches!(standing, Standing::Fresh | Standing::Stale(..))) == Some(true)) {
            ask(true);
        }
    }

    /// Whether its answer is still waited for; followed.
    pub fn is_open(&self) -> bool {
        self.standing.with(|standing| matches!(standing, Standing::Asked | Standing::Slow))
    }
}

/// What was answered before, by question, instance and person.
type Known = HashMap<(&'static str, String, Option<String>), (f64, Rc<dyn Any>)>;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Forgets what instances of `backend` answered: somebody else may sit here next.
pub fn forget(bootstrap: &crate::bootstrap::Bootstrap, backend: &str) {
    let gone = |id: &str| bootstrap.instance(id).is_some_and(|instance| instance.backend == backend);
    KNOWN.with_borrow_mut(|known| known.retain(|(_, instance, _), _| !gone(instance)));
}

/// How an instance stands that did not answer, when something of it is known since a time.
fn without(since: Option<f64>, problem: Problem) -> Standing {
    match since {
        Some(at) => Standing::Stale(at, problem),
        None => Standing::Failed(problem),
    }
}

async fn within<T>(client: Client, question: impl Future<Output = Result<T, Problem>>, standing: Cell<Standing>, since: Rc<StdCell<Option<f64>>>) -> Result<T, Problem> {
    let name = client.instance.name.clone();
    let slow = move |standing: Cell<Standing>| {
        if standing.peek(|now| *now == Standing::Asked) == Some(true) {
            standing.set(Standing::Slow);
        }
    };
    let late = move || {
        let problem = Problem::new(&Error::TimedOut, "ask it", &name);
        standing.set(without(since.get(), problem));
    };
    let timers = async move {
        browser::sleep(SLOW).await;
        slow(standing);
        browser::sleep(BUDGET - SLOW).await;
        late();
        // An answer that comes later is still taken.
        futures_util::future::pending::<()>().await;
    };
    futures_util::pin_mut!(question, timers);
    match select(question, timers).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(((), question)) => question.await,
    }
}

/// Takes the first part of an answer while the rest is on its way.
pub type Give<T> = Box<dyn Fn(T)>;

/// Asks `question`, which is called `what`, of each of `instances`; in the browser only.
pub fn fan<T, F>(instances: Vec<Instance>, what: &'static str, question: impl Fn(Client, Give<T>) -> F + Clone + 'static) -> Vec<Part<T>>
where
    T: 'static,
    F: Future<Output = Result<T, Problem>> + 'static,
{
    let clients = expect_context::<Instances>();
    let part = move |(number, instance): (usize, Instance)| {
        let client = clients.client(&instance.id);
        let standing = Cell::new(if client.is_some() { Standing::Asked } else { Standing::SignedOut });
        let answer = Cell::new(None::<Rc<T>>);
        let newest = StoredValue::new(0_u32);
        let (question, of) = (question.clone(), client.clone());
        let ask = move |quiet: bool| {
            let Some(client) = of.clone() else { return };
            let key = (what, client.instance.id.clone(), client.username.clone());
            let known = KNOWN.with_borrow(|known| known.get(&key).cloned()).and_then(|(at, value)| Some((at, value.downcast::<T>().ok()?)));
            let before = known.as_ref().map(|(at, _)| *at);
            if let (Some((_, value)), Some(true)) = (known, answer.peek(Option::is_none)) {
                answer.set(Some(value));
            }
            if !quiet {
                standing.set(Standing::Asked);
            }
            let Some(number) = newest.try_update_value(|number| {
                *number += 1;
                *number
            }) else {
                return;
            };
            // What was known before is more than a first part.
            let since = Rc::new(StdCell::new(before));
            let first = since.clone();
            let give = move |value: T| {
                if newest.try_get_value() == Some(number) && answer.peek(Option::is_none) == Some(true) {
                    first.set(Some(browser::now()));
                    answer.set(Some(Rc::new(value)));
                }
            };
            let answered = question(client.clone(), Box::new(give));
            spawn_local(async move {
                let outcome = within(client, answered, standing, since.clone()).await;
                if newest.try_get_value() != Some(number) {
                    return;
                }
                match outcome {
                    Ok(value) => {
                        let value = Rc::new(value);
                        KNOWN.with_borrow_mut(|known| known.insert(key, (browser::now(), value.clone())));
                        answer.set(Some(value));
                        standing.set(Standing::Fresh);
                    }
                    Err(problem) => drop(standing.set(without(since.get(), problem))),
                }
            });
        };
        let ask: Rc<dyn Fn(bool)> = Rc::new(ask);
        let first = StoredValue::new_local(ask.clone());
        Effect::new(move |_| match number {
            0..AT_ONCE => first.get_value()(false),
            // Each by itself: what the first ones answer is on screen before all are asked, and before the answers that wait already are read.
            _ => set_timeout(move || first.try_get_value().into_iter().for_each(|ask| ask(false)), Duration::ZERO),
        });
        Part { asked: Asked { instance, client, standing, ask: first }, answer }
    };
    instances.into_iter().enumerate().map(part).collect()
}
