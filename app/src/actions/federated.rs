//! Leading a federated run from the browser, under the person's own rights on every instance. What
//! to do is decided by `federation::conductor`; here it is done, and what came of it is told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use federation::conductor::{Act, Conductor, News, Refusal};
use federation::journal::{Journal, VERSION, Wish};
use federation::plan::Plan;
use federation::reach::{Order, Stopping, Watch, default_branch, find, record, runs, start, stop};
use federation::standing::{Standing, Whole};
use futures_util::future::join_all;
use leptos::task::spawn_local;
use twin::asset::Owner;

use crate::browser;
use crate::browser::{iso_now, tab};
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::ui::cell::Cell;

/// Milliseconds between two turns, and between two looks at members: on the forge, and elsewhere.
const TURN: u32 = 400;
const LOOKS: (f64, f64) = (2_000.0, 10_000.0);
/// Milliseconds after which whoever only watches reads the record again.
const REREAD: f64 = 8_000.0;
/// How often, and after how many milliseconds each, a stop in order is looked at.
const STOPS: (usize, u32) = (40, 1_500);

/// What the page shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the whole amounts to.
    pub whole: Option<Whole>,
    /// Members, in the order of the plan: how each stands, why, its pipeline, and how many attempts.
    pub seats: Vec<(Standing, String, Option<i64>, usize)>,
    /// Whether this page leads.
    pub leads: bool,
    /// Why the record cannot be reached, if it cannot.
    pub trouble: Option<String>,
    /// What is wanted of the whole.
    pub wish: Wish,
}

/// A federated run that is led or watched here, until the page is left.
#[derive(Clone)]
pub struct Lead(Rc<Inner>);

struct Inner {
    conductor: RefCell<Conductor>,
    watches: RefCell<BTreeMap<usize, (i64, Watch)>>,
    branches: RefCell<BTreeMap<String, String>>,
    known: RefCell<String>,
    instances: Instances,
    client: Client,
    owner: Owner,
    seen: Cell<Seen>,
}

/// Under which name a tab remembers that it leads a run.
fn remembered_as(run: &str) -> String {
    format!("leads {run}")
}

/// Begins a run: writes its record, and gives its id.
pub async fn begin(client: Client, owner: Owner, twin: String, variables: BTreeMap<String, String>) -> Result<String, Problem> {
    let stamp: String = iso_now().chars().filter(|letter| letter.is_ascii_digit()).take(14).collect();
    let id = format!("{stamp}-{:04x}", (browser::chance() * 65_536.0) as u32);
    let leader = tab::page_name();
    let by = client.username.clone().unwrap_or_default();
    let journal = Journal { version: VERSION, id: id.clone(), twin: twin.clone(), by, begun: iso_now(), leader: leader.clone(), variables, ..Journal::default() };
    let project = client.project_path(owner);
    record::write(&client, &project, (&twin, &id), &journal.print(), None).await.map_err(|why| Problem {
        title: format!("The federated run could not be begun: its record could not be written to {project} on {}. {why}", client.instance.name),
        advice: "Whoever starts a federated twin needs the role Developer in its project. Nothing was started.".to_owned(),
        sign_in: false,
    })?;
    tab::remember_in_tab(&remembered_as(&id), &leader);
    Ok(id)
}

impl Lead {
    /// Goes on with a run as it was read just now; `seen` is told what it comes to. A tab that led it
    /// before it was loaded again leads it on.
    pub fn take_up(instances: Instances, client: Client, owner: Owner, plan: Plan, read: (Journal, String), seen: Cell<Seen>) -> Self {
        let (journal, known) = read;
        let led = tab::remembered_in_tab(&remembered_as(&journal.id)).is_some_and(|name| name == journal.leader);
        let mine = journal.leader == tab::page_name();
        let mut conductor = Conductor::new(plan, journal, tab::page_name(), browser::now() / 1000.0);
        if led && !mine {
            conductor.take_lead();
        }
        let inner =
            Inner { conductor: RefCell::new(conductor), watches: RefCell::default(), branches: RefCell::default(), known: RefCell::new(known), instances, client, owner, seen };
        let lead = Self(Rc::new(inner));
        lead.show();
        let turning = lead.clone();
        spawn_local(async move { turning.turn().await });
        lead
    }

    /// A person decides something about the whole.
    pub fn wish(&self, wish: Wish) {
        self.0.conductor.borrow_mut().wish(wish);
        self.show();
    }

    /// A person has this page lead.
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

    /// Tells the page; `false` when it is gone.
    fn show(&self) -> bool {
        let conductor = self.0.conductor.borrow();
        let seats = conductor.seen().into_iter().enumerate().map(|(seat, (standing, why))| (standing, why, conductor.pipeline(seat), conductor.attempts(seat))).collect();
        let trouble = conductor.trouble().map(str::to_owned);
        let now = Seen { whole: Some(conductor.whole()), seats, leads: conductor.leads(), trouble, wish: conductor.journal().wish };
        match self.0.seen.peek(|before| *before == now) {
            Some(false) => self.0.seen.set(now),
            known => known.is_some(),
        }
    }

    fn hear(&self, news: News) {
        self.0.conductor.borrow_mut().hear(news, browser::now() / 1000.0);
    }

    async fn turn(self) {
        let (mut looked, mut read) = (0.0, browser::now());
        let busy = Rc::new(std::cell::Cell::new(false));
        while self.show() {
            let now = browser::now();
            let pace = if self.0.client.backend.embedded { LOOKS.0 } else { LOOKS.1 };
            if now - looked > pace && !busy.get() && (self.0.conductor.borrow().leads() || !browser::is_hidden()) {
                looked = now;
                busy.set(true);
                let (looking, busy) = (self.clone(), busy.clone());
                spawn_local(async move {
                    looking.look().await;
                    busy.set(false);
                });
            }
            if !self.0.conductor.borrow().leads() && now - read > REREAD {
                read = now;
                self.0.conductor.borrow_mut().read_again(now / 1000.0);
            }
            let acts = self.0.conductor.borrow_mut().next(now / 1000.0);
            for act in acts {
                let doing = self.clone();
                spawn_local(async move {
                    let news = doing.act(act).await;
                    doing.hear(news);
                    doing.show();
                });
            }
            browser::sleep(TURN).await;
        }
    }

    async fn act(&self, act: Act) -> News {
        let inner = &self.0;
        let (twin, run) = {
            let conductor = inner.conductor.borrow();
            (conductor.journal().twin.clone(), conductor.journal().id.clone())
        };
        let project = inner.client.project_path(inner.owner);
        match act {
            Act::Write(text) => {
                let known = inner.known.borrow().clone();
                match record::write(&inner.client, &project, (&twin, &run), &text, Some(&known)).await {
                    Ok(commit) => {
                        tab::remember_in_tab(&remembered_as(&run), &tab::page_name());
                        *inner.known.borrow_mut() = commit;
                        News::Written
                    }
                    Err(why) => News::Unwritten(why),
                }
            }
            Act::Read => match record::read(&inner.client, &project, &twin, &run).await {
                Ok((journal, commit)) => {
                    *inner.known.borrow_mut() = commit;
                    News::Read(Box::new(journal))
                }
                Err(why) => News::Unread(why),
            },
            Act::Start(seat, mark) => News::Started(seat, self.start(seat, mark).await),
            Act::Find(seat, mark) => {
                let (client, project) = self.whose(seat);
                let found = match client {
                    Some(client) => find(&client, &project, &mark).await,
                    None => Err("You are not signed in at its instance.".to_owned()),
                };
                News::Found(seat, found)
            }
            Act::Stop(seat, pipeline) => News::Stopped(seat, self.stop(seat, pipeline).await),
        }
    }

    fn whose(&self, seat: usize) -> (Option<Client>, String) {
        let conductor = self.0.conductor.borrow();
        let place = &conductor.plan().seats[seat].place;
        (self.0.instances.client(&place.instance), place.project.clone())
    }

    async fn start(&self, seat: usize, mark: String) -> Result<i64, Refusal> {
        let (Some(client), project) = self.whose(seat) else { return Err(Refusal::NotSent("You are not signed in at its instance.".to_owned())) };
        let (seat, more) = {
            let conductor = self.0.conductor.borrow();
            (conductor.plan().seats[seat].clone(), conductor.journal().variables.clone())
        };
        let branch = match seat.place.branch.or(client.instance.branch.clone()) {
            Some(branch) => branch,
            None => self.branch(&client, &project).await?,
        };
        let given = |key: &String| seat.variables.iter().any(|(known, _)| known == key);
        let variables = more.into_iter().filter(|(key, _)| !given(key)).chain(seat.variables.clone()).collect();
        let order = Order { project: &project, branch: &branch, twin: &seat.place.twin, tag: &client.instance.runner_tag, member: &seat.name, mark: &mark, variables };
        start(&client, &order).await
    }

    /// A project's default branch, asked for once.
    async fn branch(&self, client: &Client, project: &str) -> Result<String, Refusal> {
        let key = format!("{} {project}", client.instance.id);
        if let Some(branch) = self.0.branches.borrow().get(&key) {
            return Ok(branch.clone());
        }
        let branch = default_branch(client, project).await.map_err(|error| Refusal::NotSent(Problem::new(&error, &format!("look at {project}"), &client.instance.name).title))?;
        self.0.branches.borrow_mut().insert(key, branch.clone());
        Ok(branch)
    }

    async fn stop(&self, seat: usize, pipeline: i64) -> Result<(), String> {
        let (Some(client), project) = self.whose(seat) else { return Err("You are not signed in at its instance.".to_owned()) };
        for _ in 0..STOPS.0 {
            if stop(&client, &project, pipeline).await? == Stopping::Cancelled {
                return Ok(());
            }
            browser::sleep(STOPS.1).await;
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
        let silent = |why: &str| seats.iter().for_each(|(seat, _)| self.hear(News::Looked(*seat, Err(why.to_owned()))));
        let Some(client) = self.0.instances.client(&instance) else { return silent("You are not signed in at its instance any more.") };
        let known = match runs(&client, &project).await {
            Ok(known) => known,
            Err(why) => return silent(&why),
        };
        for (seat, pipeline) in &seats {
            let ready = self.0.conductor.borrow().plan().seats[*seat].ready.clone();
            let mut watch = match self.0.watches.borrow_mut().remove(seat) {
                Some((of, watch)) if of == *pipeline => watch,
                _ => Watch::default(),
            };
            let run = known.iter().find(|run| run.id.0 == *pipeline);
            let look = watch.look(&client, &project, *pipeline, run, &ready, browser::now() / 1000.0).await;
            self.0.watches.borrow_mut().insert(*seat, (*pipeline, watch));
            self.hear(News::Looked(*seat, look));
        }
    }
}
