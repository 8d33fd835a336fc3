//! Leading a federated run, in a browser or without one: what the conductor wants is done, and what
//! came of it is told to it, until whoever looks is gone or all is over.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use futures_util::future::join_all;
use gitlab::Transport;

use crate::conductor::{Act, Conductor, HURRY, News, Refusal};
use crate::journal::{Journal, Wish};
use crate::plan::Plan;
use crate::reach::record::Unwritten;
use crate::reach::{Order, Stopping, Watch, default_branch, find, record, runs, start, stop};
use crate::standing::{Standing, Whole};

/// Milliseconds between two turns.
const TURN: u32 = 400;
/// Seconds after which the record is read again: somebody else may have taken the lead, or given it.
const REREAD: f64 = 8.0;
/// How often, and after how many milliseconds each, a stop in order is looked at.
const STOPS: (usize, u32) = (40, 1_500);
const SIGNED_OUT: &str = "You are not signed in at its instance.";

/// An instance as it is reached.
#[derive(Clone)]
pub struct Reached<T> {
    /// Who asks.
    pub transport: T,
    /// The branch of its runs, where it is not each project's default one.
    pub branch: Option<String>,
    /// The tag that its runs ask of a runner.
    pub tag: String,
}

/// What leading needs from wherever it is done.
#[expect(async_fn_in_trait, reason = "a browser's futures are not Send, so no bound is wanted")]
pub trait Hands: 'static {
    /// What carries requests.
    type Transport: Transport + Clone + 'static;
    /// An instance, if somebody is signed in there.
    fn reach(&self, instance: &str) -> Option<Reached<Self::Transport>>;
    /// What carries requests about the record.
    fn home(&self) -> Self::Transport;
    /// Seconds, from any beginning.
    fn now(&self) -> f64;
    /// Waits for milliseconds.
    async fn sleep(&self, milliseconds: u32);
    /// Has something done beside.
    fn spawn(&self, work: impl Future<Output = ()> + 'static);
    /// Seconds between two looks at members now; nothing while nobody looks.
    fn pace(&self, leads: bool) -> Option<f64>;
    /// The same, for requests that go out within so many seconds or not at all.
    fn hurry(&self, transport: Self::Transport, seconds: f64) -> Self::Transport;
    /// The record was written: this is who leads.
    fn wrote(&self, run: &str);
    /// How all stands now; `false` when nobody wants to know any more.
    fn show(&self, seen: Seen) -> bool;
}

/// How all stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the whole amounts to; nothing before it is known.
    pub whole: Option<Whole>,
    /// Members, in the order of the plan: how each stands, why, its pipeline, and how many attempts.
    pub seats: Vec<(Standing, String, Option<i64>, usize)>,
    /// Whether this one leads.
    pub leads: bool,
    /// Whether nothing is left to be done.
    pub settled: bool,
    /// Why the record cannot be reached, if it cannot.
    pub trouble: Option<String>,
    /// What is wanted of the whole.
    pub wish: Wish,
}

impl Default for Seen {
    fn default() -> Self {
        Self { whole: None, seats: Vec::new(), leads: false, settled: false, trouble: None, wish: Wish::Run }
    }
}

/// A run that is led or watched.
pub struct Lead<H: Hands>(Rc<Inner<H>>);

impl<H: Hands> Clone for Lead<H> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Inner<H> {
    hands: H,
    /// The project that manages it.
    project: String,
    conductor: RefCell<Conductor>,
    watches: RefCell<BTreeMap<usize, (i64, Watch)>>,
    branches: RefCell<BTreeMap<String, String>>,
    /// The commit that guards the next write of the record.
    known: RefCell<String>,
}

impl<H: Hands> Lead<H> {
    /// Goes on with a run as its record was read just now; `me` is who this is, and `led` whether it
    /// led before under another name.
    pub fn take_up(hands: H, project: String, plan: Plan, read: (Journal, String), me: String, led: bool) -> Self {
        let (journal, known) = read;
        let mine = journal.leader == me;
        let mut conductor = Conductor::new(plan, journal, me, hands.now());
        if led && !mine {
            conductor.take_lead();
        }
        let inner = Inner { hands, project, conductor: RefCell::new(conductor), watches: RefCell::default(), branches: RefCell::default(), known: RefCell::new(known) };
        let lead = Self(Rc::new(inner));
        lead.show();
        lead
    }

    /// What it is done with.
    #[must_use]
    pub fn hands(&self) -> &H {
        &self.0.hands
    }

    /// A person decides something about the whole.
    pub fn wish(&self, wish: Wish) {
        self.0.conductor.borrow_mut().wish(wish);
        self.show();
    }

    /// A person has this one lead.
    pub fn take_lead(&self) {
        self.0.conductor.borrow_mut().take_lead();
        self.show();
    }

    /// A person has a member tried once more.
    pub fn retry(&self, seat: usize) {
        self.0.conductor.borrow_mut().retry(seat);
    }

    /// A person lets the others go on without a member, or not any more.
    pub fn leave_out(&self, seat: usize, left_out: bool) {
        self.0.conductor.borrow_mut().leave_out(seat, left_out);
    }

    fn show(&self) -> bool {
        let conductor = self.0.conductor.borrow();
        let seats = conductor.seen().into_iter().enumerate().map(|(seat, (standing, why))| (standing, why, conductor.pipeline(seat), conductor.attempts(seat))).collect();
        let seen = Seen {
            whole: Some(conductor.whole()),
            seats,
            leads: conductor.leads(),
            settled: conductor.is_settled(),
            trouble: conductor.trouble().map(str::to_owned),
            wish: conductor.journal().wish,
        };
        drop(conductor);
        self.0.hands.show(seen)
    }

    fn hear(&self, news: News) {
        let now = self.0.hands.now();
        self.0.conductor.borrow_mut().hear(news, now);
    }

    /// Leads, until nobody looks any more.
    pub async fn run(self) {
        let hands = &self.0.hands;
        let (mut looked, mut read) = (f64::NEG_INFINITY, hands.now());
        let busy = Rc::new(Cell::new(false));
        while self.show() {
            let now = hands.now();
            let leads = self.0.conductor.borrow().leads();
            if hands.pace(leads).is_some_and(|pace| now - looked > pace) && !busy.get() {
                looked = now;
                busy.set(true);
                let (looking, busy) = (self.clone(), busy.clone());
                hands.spawn(async move {
                    looking.look().await;
                    busy.set(false);
                });
            }
            if now - read > REREAD {
                read = now;
                self.0.conductor.borrow_mut().read_again(now);
            }
            self.go();
            hands.sleep(TURN).await;
        }
    }

    /// Does what is to be done now, and what follows from each answer at once: timers of a page that
    /// nobody looks at come once a minute.
    fn go(&self) {
        let acts = self.0.conductor.borrow_mut().next(self.0.hands.now());
        for act in acts {
            let doing = self.clone();
            self.0.hands.spawn(async move {
                let news = doing.act(act).await;
                doing.hear(news);
                if doing.show() {
                    doing.go();
                }
            });
        }
    }

    async fn act(&self, act: Act) -> News {
        let inner = &self.0;
        let (twin, run, begun) = {
            let conductor = inner.conductor.borrow();
            (conductor.journal().twin.clone(), conductor.journal().id.clone(), conductor.journal().begun.clone())
        };
        match act {
            Act::Write(text) => {
                let known = inner.known.borrow().clone();
                match record::write(&inner.hands.home(), &inner.project, (&twin, &run), &text, &known).await {
                    Ok(commit) => {
                        inner.hands.wrote(&run);
                        *inner.known.borrow_mut() = commit;
                        News::Written
                    }
                    Err(Unwritten::Perhaps(why)) => News::Unwritten(why),
                    Err(Unwritten::Denied(why)) => News::Denied(why),
                }
            }
            Act::Read => match record::read(&inner.hands.home(), &inner.project, &twin, &run).await {
                Ok((journal, commit)) => {
                    *inner.known.borrow_mut() = commit;
                    News::Read(Box::new(journal))
                }
                Err(why) => News::Unread(why),
            },
            Act::Start(seat, mark) => {
                let outcome = self.start(seat, mark.clone()).await;
                News::Started(seat, mark, outcome)
            }
            Act::Find(seat, mark) => {
                let (reached, project) = self.whose(seat);
                let found = match reached {
                    Some(reached) => find(&reached.transport, &project, &mark, &begun).await,
                    None => Err(SIGNED_OUT.to_owned()),
                };
                News::Found(seat, mark, found)
            }
            Act::Stop(seat, pipeline) => News::Stopped(seat, self.stop(seat, pipeline).await),
        }
    }

    fn whose(&self, seat: usize) -> (Option<Reached<H::Transport>>, String) {
        let conductor = self.0.conductor.borrow();
        let place = &conductor.plan().seats[seat].place;
        (self.0.hands.reach(&place.instance), place.project.clone())
    }

    async fn start(&self, seat: usize, mark: String) -> Result<i64, Refusal> {
        let began = self.0.hands.now();
        let (Some(reached), project) = self.whose(seat) else { return Err(Refusal::NotSent(SIGNED_OUT.to_owned())) };
        let (seat, more) = {
            let conductor = self.0.conductor.borrow();
            (conductor.plan().seats[seat].clone(), conductor.journal().variables.clone())
        };
        let branch = match seat.place.branch.clone().or(reached.branch.clone()) {
            Some(branch) => branch,
            None => self.branch(&reached.transport, &seat.place.instance, &project).await?,
        };
        let given = |key: &String| seat.variables.iter().any(|(known, _)| known == key);
        let variables = more.into_iter().filter(|(key, _)| !given(key)).chain(seat.variables.clone()).collect();
        let order = Order { project: &project, branch: &branch, twin: &seat.place.twin, tag: &reached.tag, member: &seat.name, mark: &mark, variables };
        let left = HURRY - (self.0.hands.now() - began);
        if left <= 0.0 {
            return Err(Refusal::NotSent("Its instance is slow.".to_owned()));
        }
        start(&self.0.hands.hurry(reached.transport, left), &order).await
    }

    /// A project's default branch, asked for once.
    async fn branch(&self, transport: &H::Transport, instance: &str, project: &str) -> Result<String, Refusal> {
        let key = format!("{instance} {project}");
        if let Some(branch) = self.0.branches.borrow().get(&key) {
            return Ok(branch.clone());
        }
        let branch = default_branch(transport, project).await.map_err(|error| Refusal::NotSent(crate::reach::sentence(&error)))?;
        self.0.branches.borrow_mut().insert(key, branch.clone());
        Ok(branch)
    }

    async fn stop(&self, seat: usize, pipeline: i64) -> Result<(), String> {
        let (Some(reached), project) = self.whose(seat) else { return Err(SIGNED_OUT.to_owned()) };
        for _ in 0..STOPS.0 {
            if stop(&reached.transport, &project, pipeline).await? == Stopping::Cancelled {
                return Ok(());
            }
            self.0.hands.sleep(STOPS.1).await;
        }
        Ok(())
    }

    /// Looks at all members that go on, each project in one question; one instance that is slow holds
    /// no other up.
    async fn look(&self) {
        let watched = self.0.conductor.borrow().watched();
        let mut projects: BTreeMap<(String, String), Vec<(usize, i64)>> = BTreeMap::new();
        for (seat, pipeline) in watched {
            let place = self.0.conductor.borrow().plan().seats[seat].place.clone();
            projects.entry((place.instance, place.project)).or_default().push((seat, pipeline));
        }
        join_all(projects.into_iter().map(|((instance, project), seats)| self.look_there(instance, project, seats))).await;
    }

    async fn look_there(&self, instance: String, project: String, seats: Vec<(usize, i64)>) {
        let silent = |why: &str| seats.iter().for_each(|(seat, pipeline)| self.hear(News::Looked(*seat, *pipeline, Err(why.to_owned()))));
        let Some(reached) = self.0.hands.reach(&instance) else { return silent(SIGNED_OUT) };
        let known = match runs(&reached.transport, &project).await {
            Ok(known) => known,
            Err(why) => return silent(&why),
        };
        for (seat, pipeline) in &seats {
            let ready = self.0.conductor.borrow().plan().seats[*seat].ready.clone();
            let before = self.0.watches.borrow_mut().remove(seat);
            let mut watch = before.filter(|(of, _)| of == pipeline).map(|(_, watch)| watch).unwrap_or_default();
            let run = known.iter().find(|run| run.id.0 == *pipeline);
            let look = watch.look(&reached.transport, &project, *pipeline, run, &ready, self.0.hands.now()).await;
            self.0.watches.borrow_mut().insert(*seat, (*pipeline, watch));
            self.hear(News::Looked(*seat, *pipeline, look));
        }
    }
}
