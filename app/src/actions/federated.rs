//! Leading a federated run from the browser, under the person's own rights on every instance. Leading is in a
//! file of its own.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use std::cell::Cell as StdCell;
use std::future::Future;

use federation::journal::{Journal, VERSION};
use federation::lead::{Hands, Lead as Leading, Reached, Seen};
use federation::plan::Plan;
use federation::reach::record;
use federation::standing::Standing;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use twin::asset::Owner;

use crate::browser;
use crate::browser::{iso_now, tab};
use crate::instances::{Client, Instances};
use crate::problem::Problem;
use crate::queries::federated::lost;
use crate::ui::cell::Cell;

/// Seconds between two looks at members: on the forge, and elsewhere.
const LOOKS: (f64, f64) = (2.0, 10.0);

/// Members that are drawn anew in one go.
const AT_ONCE: usize = 8;

/// A run that this page leads or watches, until it is left.
pub type Lead = Leading<Page>;

/// Under which name a tab remembers that it leads a run.
fn remembered_as(run: &str) -> String {
    format!("leads {run}")
}

/// Begins a run: writes its record, and gives its id. It is asked through `queries::federated::records`, in whose
/// file it is.
pub async fn write_run(client: Client, owner: Owner, twin: String, plan: Plan) -> Result<String, Problem> {
    let stamp: String = iso_now().chars().filter(|letter| letter.is_ascii_digit()).take(14).collect();
    let id = format!("{stamp}-{:04x}", (browser::chance() * 65_536.0) as u32);
    let leader = tab::page_name();
    let by = client.username.clone().unwrap_or_default();
    let journal = Journal { version: VERSION, id: id.clone(), twin: twin.clone(), by, begun: iso_now(), leader: leader.clone(), ..Journal::default() };
    let project = client.project_path(owner);
    record::begin(&client, &project, &journal, &plan).await.map_err(|why| Problem {
        title: format!("The federated run could not be begun: its record could not be written to {project} on {}. {}", client.instance.name, why.sentence()),
        advice: "Whoever starts a federated twin needs the role Developer in its project. Nothing was started.".to_owned(),
        sign_in: false,
    })?;
    tab::remember_in_tab(&remembered_as(&id), &leader);
    Ok(id)
}

/// One member: how it stands, why, its pipeline, and how many attempts there were.
pub type SeatSeen = (Standing, String, Option<i64>, usize);

/// What the page shows of a run, in parts that change by themselves: what changed is drawn, and no more.
#[derive(Clone, Copy)]
pub struct Sight {
    /// All but the members.
    pub head: Cell<Seen>,
    /// How many stand how.
    pub counts: Cell<[usize; Standing::ALL.len()]>,
    seats: StoredValue<Vec<Cell<SeatSeen>>, LocalStorage>,
    /// How members stand by now, and whether the page is on its way there.
    next: StoredValue<(Vec<SeatSeen>, bool), LocalStorage>,
}

impl Sight {
    /// Of so many members of which nothing is known.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let seats = (0..count).map(|_| Cell::new((Standing::Waiting, String::new(), None, 0))).collect();
        Self {
            head: Cell::new(Seen::default()),
            counts: Cell::new([0; Standing::ALL.len()]),
            seats: StoredValue::new_local(seats),
            next: StoredValue::new_local((Vec::new(), false)),
        }
    }

    /// Looks at a member and follows it.
    pub fn seat<R>(self, number: usize, look: impl FnOnce(&SeatSeen) -> R) -> R {
        self.seats.with_value(|seats| seats[number]).with(look)
    }

    /// How a member stands, followed.
    #[must_use]
    pub fn standing(self, number: usize) -> Standing {
        self.seat(number, |seat| seat.0)
    }

    /// How a member stands now.
    #[must_use]
    pub fn peek(self, number: usize) -> Standing {
        self.seats.with_value(|seats| seats[number]).peek(|seat| seat.0).unwrap_or(Standing::Waiting)
    }

    /// The pipeline of a member now.
    #[must_use]
    pub fn pipeline(self, number: usize) -> Option<i64> {
        self.seats.try_with_value(|seats| seats[number]).and_then(|seat| seat.peek(|seat| seat.2)).flatten()
    }

    /// Draws what changed, so many members at a time that no frame waits for them.
    async fn draw(self) {
        while let Some(true) = self.draw_some() {
            browser::sleep(16).await;
        }
    }

    /// Some of it; whether there is more, and nothing when the page is gone.
    fn draw_some(self) -> Option<bool> {
        let (cells, next) = (self.seats.try_with_value(Clone::clone)?, self.next.try_with_value(|next| next.0.clone())?);
        let mut left = AT_ONCE;
        for (cell, seat) in cells.into_iter().zip(next) {
            if cell.peek(|before| *before != seat)? {
                if left == 0 {
                    return Some(true);
                }
                left -= 1;
                cell.set(seat);
            }
        }
        self.next.try_update_value(|next| next.1 = false)?;
        Some(false)
    }

    /// Takes in how all stand; `false` when the page is gone.
    fn take(self, mut seen: Seen) -> bool {
        let mut counts = [0; Standing::ALL.len()];
        let seats = std::mem::take(&mut seen.seats);
        for seat in &seats {
            counts[seat.0 as usize] += 1;
        }
        let Some(busy) = self.next.try_update_value(|next| (std::mem::replace(next, (seats, true))).1) else { return false };
        if !busy {
            spawn_local(self.draw());
        }
        if self.counts.peek(|before| *before != counts) == Some(true) {
            self.counts.set(counts);
        }
        match self.head.peek(|before| *before == seen) {
            Some(false) => self.head.set(seen),
            known => known.is_some(),
        }
    }
}

/// A page that leads.
pub struct Page {
    instances: Instances,
    client: Client,
    sight: Sight,
    /// Both clocks when they were looked at, and what has gone by since the first look; milliseconds.
    clock: StdCell<(f64, f64, f64)>,
}

impl Hands for Page {
    type Transport = Client;

    fn reach(&self, instance: &str) -> Option<Reached<Client>> {
        let client = self.instances.client(instance).filter(|client| client.username.is_some())?;
        Some(Reached { branch: client.instance.branch.clone(), tag: client.instance.runner_tag.clone(), transport: client })
    }

    fn home(&self) -> Client {
        self.client.clone()
    }

    fn now(&self) -> f64 {
        // One of the two clocks may be put back, and the other may stand still while the machine sleeps: what has gone by is
        // what the faster says.
        let (ticks, date) = (browser::ticks(), browser::now());
        let (before, then, sum) = self.clock.get();
        let sum = sum + (ticks - before).max(date - then);
        self.clock.set((ticks, date, sum));
        sum / 1000.0
    }

    async fn sleep(&self, milliseconds: u32) {
        browser::sleep(milliseconds).await;
    }

    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        spawn_local(work);
    }

    fn pace(&self, leads: bool) -> Option<f64> {
        // Whoever leads looks on when nobody looks at the page: the others depend on it.
        (leads || !browser::is_hidden()).then_some(if self.client.backend.embedded { LOOKS.0 } else { LOOKS.1 })
    }

    fn hurry(&self, transport: Client, seconds: f64) -> Client {
        transport.until(browser::ticks() + seconds * 1000.0)
    }

    fn wrote(&self, run: &str) {
        tab::remember_in_tab(&remembered_as(run), &tab::page_name());
    }

    fn show(&self, seen: Seen) -> bool {
        self.sight.take(seen)
    }
}

/// Goes on with a run as it was read just now; `sight` is told what it comes to, and `made` whom to tell what
/// is wanted. A tab that led it before it was loaded again leads it on.
pub fn take_up(page: (Instances, Client, Owner), plan: Plan, read: (Journal, String), sight: Sight, made: Cell<Option<Lead>>) {
    spawn_local(async move {
        match begin_lead(page, plan, read, sight).await {
            Ok(lead) => {
                made.set(Some(lead));
            }
            Err(_) => {
                sight.head.set(Seen { trouble: Some(lost().title), ..Seen::default() });
            }
        }
    });
}

#[wasm_split(part_lead, wasm_split_path = leptos::wasm_split, fallible)]
fn begin_lead(page: (Instances, Client, Owner), plan: Plan, read: (Journal, String), sight: Sight) -> Result<Lead, SplitLoaderError> {
    let (instances, client, owner) = page;
    let led = tab::remembered_in_tab(&remembered_as(&read.0.id)).is_some_and(|name| name == read.0.leader);
    let project = client.project_path(owner);
    let lead = Leading::take_up(Page { instances, client, sight, clock: StdCell::new((browser::ticks(), browser::now(), 0.0)) }, project, plan, read, tab::page_name(), led);
    spawn_local(lead.clone().run());
    Ok(lead)
}
