//! Backends that lie, a journal that others write too, and pages that come and go.

use federation::conductor::{Act, Conductor, Look, News, Refusal};
use federation::journal::{Journal, Over, VERSION, Wish};
use federation::manifest::{IfAway, Kind, OnFailure, Ready, Rollout};
use federation::plan::{Place, Plan, Seat};

/// A pipeline as it really is.
#[derive(Debug, Clone)]
struct Pipeline {
    seat: usize,
    mark: String,
    ready_at: f64,
    ends_at: f64,
    outcome: Over,
    stopped: bool,
    was_ready: bool,
}

/// A request on its way to a backend, or an answer on its way back; `page` is who waits for it.
enum Flight {
    Start(usize, String),
    Answer(News),
}

pub struct World {
    pub now: f64,
    pub starts: usize,
    pub writes: usize,
    random: u64,
    trouble: bool,
    plan: Plan,
    pages: Vec<Conductor>,
    /// The revision that each page's journal has.
    known: Vec<usize>,
    journal: (usize, String),
    pipelines: Vec<Pipeline>,
    flights: Vec<(f64, usize, Flight)>,
    born: usize,
    /// Members that somebody let the others go on without, at any time.
    given_up: Vec<String>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut world = Self::empty(seed | 1);
        world.trouble = true;
        let count = 1 + world.below(9);
        for number in 0..count {
            let after = (0..number).filter(|_| world.chance(3)).collect();
            let ready = [Ready::Started, Ready::Ended, Ready::Log("up".to_owned())][world.below(3)].clone();
            let on_failure = [OnFailure::Hold, OnFailure::Continue, OnFailure::Stop][world.below(12).min(2)];
            let if_away = if world.chance(3) { IfAway::Skip } else { IfAway::Wait };
            let problem = world.chance(25).then(|| "not known here".to_owned());
            let retries = u32::try_from(world.below(3)).unwrap_or(0);
            let instance = ["a", "b", "c"][world.below(3)];
            world.plan.seats.push(Seat { problem, retries, on_failure, if_away, ..seat(number, instance, after, ready) });
        }
        let pause_after = if world.chance(3) { 1 + u32::try_from(world.below(2)).unwrap_or(0) } else { 0 };
        world.plan.rollout = Rollout { canary: u32::try_from(world.below(2)).unwrap_or(0), at_once: 1 + u32::try_from(world.below(5)).unwrap_or(0), pause_after };
        world.begin();
        world
    }

    /// One in which all goes well.
    pub fn calm(count: usize) -> Self {
        let mut world = Self::empty(7);
        world.plan.seats = (0..count).map(|number| seat(number, ["a", "b"][number % 2], Vec::new(), Ready::Ended)).collect();
        world.begin();
        world
    }

    fn empty(random: u64) -> Self {
        let plan = Plan { kind: Kind::Fleet, title: String::new(), seats: Vec::new(), wires: Vec::new(), services: Vec::new(), rollout: Rollout::default() };
        Self {
            now: 0.0,
            starts: 0,
            writes: 0,
            random,
            trouble: false,
            plan,
            pages: Vec::new(),
            known: Vec::new(),
            journal: (0, String::new()),
            pipelines: Vec::new(),
            flights: Vec::new(),
            born: 0,
            given_up: Vec::new(),
        }
    }

    fn begin(&mut self) {
        let journal = Journal { version: VERSION, id: "run".to_owned(), leader: "page-0".to_owned(), ..Journal::default() };
        self.journal = (1, journal.print());
        self.pages.push(Conductor::new(self.plan.clone(), journal, "page-0".to_owned(), 0.0));
        self.known.push(1);
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 11).unwrap_or(0) % count
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    /// Whether something goes wrong now.
    fn wrong(&mut self, one_in: usize) -> bool {
        self.trouble && self.now < 350.0 && self.chance(one_in)
    }

    /// The page that came last.
    pub fn page(&mut self) -> &mut Conductor {
        self.pages.last_mut().expect("there is always one")
    }

    fn read(&self) -> Journal {
        Journal::read(&self.journal.1).expect("pages write what they can read")
    }

    /// A second passes.
    pub fn step(&mut self) {
        self.now += 1.0;
        if self.wrong(60) {
            self.reload();
        }
        for page in 0..self.pages.len() {
            let acts = self.pages[page].next(self.now);
            for act in acts {
                self.act(page, act);
            }
        }
        let now = self.now;
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.flights).into_iter().partition(|(at, _, _)| *at <= now);
        self.flights = later;
        for (_, page, flight) in due {
            match flight {
                Flight::Start(seat, mark) => drop(self.start(seat, mark)),
                Flight::Answer(news) => {
                    if let Some(page) = page.checked_sub(self.born).and_then(|page| self.pages.get_mut(page)) {
                        page.hear(news, now);
                    }
                }
            }
        }
        for page in 0..self.pages.len() {
            self.look(page);
        }
    }

    /// The page is loaded again, or another one takes over beside it. What was on its way arrives.
    fn reload(&mut self) {
        let journal = self.read();
        let again = self.chance(2);
        let name = if again { journal.leader.clone() } else { format!("page-{}", self.now) };
        let mut page = Conductor::new(self.plan.clone(), journal, name, self.now);
        if again {
            self.born += self.pages.len();
            self.pages.clear();
            self.known.clear();
        } else {
            page.take_lead();
        }
        self.pages.push(page);
        self.known.push(self.journal.0);
    }

    fn answer(&mut self, page: usize, news: News) {
        let wait = if self.trouble { 1 + self.below(4) } else { 0 };
        self.flights.push((self.now + wait as f64, page + self.born, Flight::Answer(news)));
    }

    fn act(&mut self, page: usize, act: Act) {
        let silent = self.wrong(6);
        match act {
            Act::Write(text) => {
                let landed = !silent && self.known[page] == self.journal.0;
                if landed {
                    self.journal = (self.journal.0 + 1, text);
                    self.known[page] = self.journal.0;
                    self.writes += 1;
                    self.given_up.extend(self.read().seats.into_iter().filter(|(_, entry)| entry.left_out).map(|(name, _)| name));
                }
                let news = if landed && !self.wrong(5) { News::Written } else { News::Unwritten("changed or silent".to_owned()) };
                self.answer(page, news);
            }
            Act::Read if silent => self.answer(page, News::Unread("silent".to_owned())),
            Act::Read => {
                self.known[page] = self.journal.0;
                let journal = self.read();
                // What is read is what is true when it is read, so it is heard at once.
                self.pages[page].hear(News::Read(Box::new(journal)), self.now);
            }
            Act::Start(seat, mark) => {
                let sent = mark.clone();
                let news = match if silent { self.below(4) } else { 9 } {
                    0 => Err(Refusal::No("no".to_owned())),
                    1 => Err(Refusal::NotSent("silent".to_owned())),
                    // It arrives late, and nobody hears of it.
                    2 => {
                        let late = self.now + self.below(15) as f64;
                        self.flights.push((late, 0, Flight::Start(seat, sent)));
                        Err(Refusal::Unsure("lost".to_owned()))
                    }
                    3 => Err(Refusal::Unsure("lost".to_owned())),
                    _ => Ok(self.start(seat, sent)),
                };
                self.answer(page, News::Started(seat, mark, news));
            }
            Act::Find(seat, mark) if silent => self.answer(page, News::Found(seat, mark, Err("silent".to_owned()))),
            Act::Find(seat, mark) => {
                let found = self.pipelines.iter().position(|pipeline| pipeline.mark == mark);
                self.answer(page, News::Found(seat, mark, Ok(found.and_then(|found| i64::try_from(found).ok()))));
            }
            Act::Stop(seat, _) if silent => self.answer(page, News::Stopped(seat, Err("silent".to_owned()))),
            Act::Stop(seat, pipeline) => {
                let now = self.now;
                if let Some(pipeline) = usize::try_from(pipeline).ok().and_then(|at| self.pipelines.get_mut(at)) {
                    (pipeline.stopped, pipeline.ends_at) = (pipeline.stopped || pipeline.ends_at > now, pipeline.ends_at.min(now + 3.0));
                }
                self.answer(page, News::Stopped(seat, Ok(())));
            }
        }
    }

    /// A start arrives at its backend: here is what must hold.
    fn start(&mut self, seat: usize, mark: String) -> i64 {
        let now = self.now;
        self.starts += 1;
        assert!(!self.pipelines.iter().any(|pipeline| pipeline.mark == mark), "{mark} was started twice");
        let twice = self.pipelines.iter().any(|pipeline| pipeline.seat == seat && pipeline.ends_at > now);
        assert!(!twice, "{} was started while it runs", self.plan.seats[seat].name);
        for before in self.plan.seats[seat].after.clone() {
            let of = &self.plan.seats[before];
            let good = |pipeline: &Pipeline| pipeline.seat == before && (pipeline.was_ready || (pipeline.ends_at <= now && pipeline.outcome == Over::Done));
            let given_up = self.given_up.contains(&of.name) || of.on_failure == OnFailure::Continue || (of.problem.is_some() && of.if_away == IfAway::Skip);
            assert!(given_up || self.pipelines.iter().any(good), "{} was started before {}", self.plan.seats[seat].name, of.name);
        }
        let fails = self.trouble && self.chance(4);
        let outcome = if fails { Over::Failed } else { Over::Done };
        let life = 5.0 + self.below(60) as f64;
        let ready_at = if self.plan.seats[seat].ready == Ready::Ended { f64::MAX } else { now + self.below(12) as f64 };
        self.pipelines.push(Pipeline { seat, mark, ready_at, ends_at: now + life, outcome, stopped: false, was_ready: false });
        i64::try_from(self.pipelines.len() - 1).unwrap_or(-1)
    }

    /// Looks at members, each of which may be heard of much later: by then another attempt may run.
    fn look(&mut self, page: usize) {
        let now = self.now;
        for (seat, number) in self.pages[page].watched() {
            if self.wrong(8) {
                self.answer(page, News::Looked(seat, number, Err("silent".to_owned())));
                continue;
            }
            let Some(pipeline) = usize::try_from(number).ok().and_then(|at| self.pipelines.get_mut(at)) else { continue };
            let ready = pipeline.ready_at <= now;
            pipeline.was_ready |= ready && pipeline.ends_at > now;
            let outcome = if pipeline.stopped { Over::Stopped } else { pipeline.outcome };
            let look = if pipeline.ends_at <= now { Look::Over(outcome, String::new()) } else { Look::Going(ready) };
            let news = News::Looked(seat, number, Ok(look));
            if self.trouble && self.chance(3) {
                let late = self.now + self.below(12) as f64;
                self.flights.push((late, page + self.born, Flight::Answer(news)));
            } else {
                self.pages[page].hear(news, now);
            }
        }
    }

    /// What must hold when all is over.
    pub fn check_end(&mut self) {
        let now = self.now;
        if self.page().journal().wish == Wish::Stop {
            let running: Vec<&Pipeline> = self.pipelines.iter().filter(|pipeline| pipeline.ends_at > now).collect();
            assert!(running.is_empty(), "these still run after the stop: {running:?}");
        }
        let journal = self.read();
        assert!(journal.came_to.is_some(), "the journal says what it came to");
    }
}

fn seat(number: usize, instance: &str, after: Vec<usize>, ready: Ready) -> Seat {
    let place = Place { instance: instance.to_owned(), project: "p".to_owned(), twin: format!("t{number}"), branch: None };
    let (retries, on_failure, if_away) = (0, OnFailure::Hold, IfAway::Wait);
    Seat { name: format!("m{number}"), place, role: String::new(), after, ready, variables: Vec::new(), retries, on_failure, if_away, problem: None }
}
