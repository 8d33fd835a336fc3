//! People's workspaces: whose is where, who may go in, and how they are started and stopped. Each
//! has a host of its own, as what runs there is other people's code.

pub mod api;
mod command;
pub mod credential;
pub mod enter;
pub mod gate;
mod names;
mod output;
mod pages;
mod pass;
mod place;
mod process;
mod seat;
mod tools;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;

use crate::State;
use crate::config::Config;
use crate::config::workspaces::{Driver, Workspaces as Settings};

pub use gate::Gate;
pub use pass::Passes;
pub use place::Place;
pub use seat::{Seat, Standing};
pub use watch::watch;

/// All that this server knows of workspaces.
pub struct Workspaces {
    /// `[workspaces]`
    pub settings: Settings,
    /// Who starts them.
    pub driver: Driver,
    /// The backend whose user names count.
    pub backend: String,
    /// Under which hosts they are.
    pub place: Place,
    /// Who may go in now.
    pub passes: Passes,
    process: Option<process::Sandboxed>,
    seats: Mutex<HashMap<String, Arc<Seat>>>,
}

impl Workspaces {
    /// What the configuration asks for, if it asks for any.
    pub async fn open(config: &Config, data: &std::path::Path, sandbox: Option<forge::runner::Sandbox>) -> Result<Option<Self>, String> {
        let settings = config.workspaces.clone();
        let Some(driver) = settings.driver else { return Ok(None) };
        let backend = config.workspaces_at().unwrap_or_default();
        let place = Place::of(&settings, &config.public_url())?;
        let process = match driver {
            Driver::Process => Some(process::Sandboxed::open(config, data.join("workspaces"), sandbox).await?),
            _ => None,
        };
        Ok(Some(Self { settings, driver, backend, place, passes: Passes::default(), process, seats: Mutex::default() }))
    }

    /// The workspace of a person, if they can have one.
    pub fn seat(&self, user: &str) -> Option<Arc<Seat>> {
        let label = names::label(user);
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seat) = seats.get(&label) {
            return (seat.user == user).then(|| seat.clone());
        }
        let seat = Arc::new(match self.driver {
            Driver::Static => Seat::fixed(label.clone(), user, &self.fixed(user)?)?,
            Driver::Process => Seat::new(label.clone(), user, &self.settings.process.home),
            Driver::Command => Seat::new(label.clone(), user, &self.settings.command.home),
        });
        seats.insert(label, seat.clone());
        Some(seat)
    }

    /// All that were asked for since the start.
    fn all(&self) -> Vec<Arc<Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The address in the table, for this person or for anybody. Names at GitLab are the same
    /// whatever their case.
    fn fixed(&self, user: &str) -> Option<String> {
        let named = self.settings.fixed.iter().find(|(name, _)| name.eq_ignore_ascii_case(user));
        let anybody = || self.settings.fixed.get("*").filter(|_| names::is_simple(user));
        Some(named.map(|(_, address)| address).or_else(anybody)?.replace("{user}", user))
    }

    /// Whether this server starts and stops them.
    #[must_use]
    pub fn starts(&self) -> bool {
        self.driver != Driver::Static
    }

    /// Starts one, or goes on waiting for one that starts. `grant` is whose name it pushes in.
    pub fn start(&self, state: &State, seat: &Arc<Seat>, grant: &str) {
        seat.set_grant(grant);
        let Some(beginning) = self.starts().then(|| seat.begin()).flatten() else { return };
        let (state, seat) = (state.clone(), seat.clone());
        tokio::spawn(async move {
            // Whatever becomes of this, whoever waits for its end hears of it.
            let _over = beginning.over.drop_guard();
            let Some(workspaces) = &state.workspaces else { return };
            let _hand = seat.hand.lock().await;
            let work = async {
                match &workspaces.process {
                    Some(process) => process.start(&state, &seat).await,
                    None => command::start(&state, &workspaces.settings.command, &seat).await,
                }
            };
            let work = std::panic::AssertUnwindSafe(work).catch_unwind();
            // What was on its way ends with the future that waits for it.
            let outcome = beginning.given_up.run_until_cancelled(work).await;
            match outcome.map(|outcome| outcome.unwrap_or_else(|_| Err("something went wrong here; the server's log says what".to_owned()))) {
                Some(Ok(address)) => seat.runs(address),
                Some(Err(reason)) => {
                    let _ = credential::forget(&state, &seat).await;
                    seat.fails(reason);
                }
                None => {}
            }
        });
    }

    /// Stops one, also while it starts; brought to its end even when nobody waits for it any more.
    pub async fn stop(&self, state: &State, seat: &Arc<Seat>) {
        if self.driver == Driver::Static {
            return;
        }
        let (state, seat) = (state.clone(), seat.clone());
        let work = tokio::spawn(async move {
            let Some(workspaces) = &state.workspaces else { return };
            seat.give_up().await;
            let _hand = seat.hand.lock().await;
            let turn = seat.turn();
            let forgotten = credential::forget(&state, &seat).await;
            match workspaces.driver {
                Driver::Process => seat.end_process().await,
                _ => command::stop(&workspaces.settings.command, &seat).await,
            }
            match forgotten {
                Err(reason) => seat.fails(reason),
                // Somebody who wants it again meanwhile waits for this to be over.
                Ok(()) if seat.turn() == turn => seat.stopped(),
                Ok(()) => {}
            }
        });
        let _ = work.await;
    }

    /// Stops what would end with this server anyway, in order.
    pub async fn close(&self, state: &State) {
        if self.driver == Driver::Process {
            let end = async |seat: Arc<Seat>| {
                seat.end_process().await;
                let _ = credential::forget(state, &seat).await;
            };
            futures_util::future::join_all(self.all().into_iter().map(end)).await;
        }
    }
}
