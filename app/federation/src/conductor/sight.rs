//! All members at one moment: how they stand, and which may be started.

use std::collections::BTreeMap;

use super::{Conductor, Sent};
use crate::journal::{Over, Wish};
use crate::manifest::{IfAway, OnFailure, Ready};
use crate::standing::{Standing, Tally};

/// That moment.
pub(super) struct Sight<'a> {
    pub(super) standings: Vec<Standing>,
    /// How many are on their way to being ready, by instance.
    starting: BTreeMap<&'a str, usize>,
    /// Those that go first and let nobody follow yet.
    open: Vec<usize>,
    canary: usize,
}

impl Conductor {
    pub(super) fn sight(&self) -> Sight<'_> {
        let standings: Vec<Standing> = (0..self.plan.seats.len()).map(|seat| self.standing(seat)).collect();
        let mut starting: BTreeMap<&str, usize> = BTreeMap::new();
        for (seat, standing) in self.plan.seats.iter().zip(&standings) {
            *starting.entry(&seat.place.instance).or_default() += usize::from(matches!(standing, Standing::Starting | Standing::Running));
        }
        let mut sight = Sight { standings, starting, open: Vec::new(), canary: self.plan.rollout.canary as usize };
        sight.canary = sight.canary.min(self.plan.seats.len());
        sight.open = (0..sight.canary).filter(|seat| !self.lets_go_on(&sight, *seat)).collect();
        sight
    }

    /// Whether those behind a member may go on.
    fn lets_go_on(&self, sight: &Sight<'_>, seat: usize) -> bool {
        let of = self.seat(seat);
        match sight.standings[seat] {
            Standing::Ready => of.ready != Ready::Ended,
            Standing::Done | Standing::LeftOut => true,
            Standing::Failed => of.on_failure == OnFailure::Continue && !self.tries_again(seat),
            Standing::Away => of.problem.is_some() && of.if_away == IfAway::Skip,
            _ => false,
        }
    }

    /// Whether a member that failed is tried again without anybody's doing.
    pub(super) fn tries_again(&self, seat: usize) -> bool {
        let failed = self.attempt(seat).is_some_and(|attempt| attempt.over == Some(Over::Failed));
        failed && !self.left_out(seat) && self.failures(seat) <= self.seat(seat).retries
    }

    /// Whether nothing that a member comes after holds it back.
    pub(super) fn is_free(&self, sight: &Sight<'_>, seat: usize) -> bool {
        let first = seat < sight.canary || sight.open.is_empty();
        first && self.seat(seat).after.iter().all(|other| self.lets_go_on(sight, *other))
    }

    fn names(&self, seats: &[usize]) -> String {
        let first: Vec<&str> = seats.iter().take(3).map(|seat| self.seat(*seat).name.as_str()).collect();
        if seats.len() > first.len() { format!("{} and {} more", first.join(", "), seats.len() - first.len()) } else { first.join(", ") }
    }

    /// Whether a member may be started now.
    pub(super) fn is_startable(&self, sight: &Sight<'_>, seat: usize) -> bool {
        if self.journal.wish != Wish::Run || self.seat(seat).problem.is_some() || self.journal.came_to.is_some() {
            return false;
        }
        let fresh = self.attempt(seat).is_none() && !self.left_out(seat);
        let room = sight.starting.get(self.seat(seat).place.instance.as_str()).copied().unwrap_or(0) < self.plan.rollout.at_once as usize;
        room && self.is_free(sight, seat) && (fresh || self.tries_again(seat))
    }

    /// Why a member that was never started is not started now.
    fn held_by(&self, sight: &Sight<'_>, seat: usize) -> String {
        let behind: Vec<usize> = self.seat(seat).after.iter().copied().filter(|other| !self.lets_go_on(sight, *other)).collect();
        if self.journal.wish == Wish::Pause {
            "The start is paused.".to_owned()
        } else if !behind.is_empty() {
            format!("It waits for {}.", self.names(&behind))
        } else if seat >= sight.canary && !sight.open.is_empty() {
            format!("The first {} go ahead; it waits for {}.", sight.canary, self.names(&sight.open))
        } else if self.journal.came_to.is_none() && self.plan.seats.len() > self.plan.rollout.at_once as usize {
            format!("No more than {} are started at once there.", self.plan.rollout.at_once)
        } else {
            String::new()
        }
    }

    /// How each member stands and why, in a sentence; empty where its standing says all.
    #[must_use]
    pub fn seen(&self) -> Vec<(Standing, String)> {
        let sight = self.sight();
        let why = |seat: usize| match sight.standings[seat] {
            Standing::Away => self.seat(seat).problem.clone().or_else(|| self.live[seat].away.as_ref().map(|(_, why)| why.clone())).unwrap_or_default(),
            Standing::Waiting => self.held_by(&sight, seat),
            Standing::Starting if self.live[seat].sent == Sent::Not && !self.is_free(&sight, seat) => self.held_by(&sight, seat),
            Standing::Starting if matches!(self.live[seat].sent, Sent::Lost { .. }) => "The answer to its start was lost; it is looked for before it is started again.".to_owned(),
            Standing::Failed | Standing::Stopped => self.attempt(seat).map(|attempt| attempt.why.clone()).unwrap_or_default(),
            _ => String::new(),
        };
        (0..self.plan.seats.len()).map(|seat| (sight.standings[seat], why(seat))).collect()
    }

    /// How many stand how.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let sight = self.sight();
        let mut tally = Tally::default();
        sight.standings.iter().for_each(|standing| tally.add(*standing));
        tally.lingering = (0..self.plan.seats.len()).filter(|seat| self.left_out(*seat) && self.is_open(*seat)).count();
        tally.startable = (0..self.plan.seats.len()).filter(|seat| self.is_startable(&sight, *seat)).count();
        tally
    }

    /// Members to be started now, no more on one instance than there may be at once.
    pub(super) fn startable(&self) -> Vec<usize> {
        let mut sight = self.sight();
        let mut found = Vec::new();
        for seat in 0..self.plan.seats.len() {
            if self.is_startable(&sight, seat) {
                found.push(seat);
                *sight.starting.entry(&self.seat(seat).place.instance).or_default() += 1;
            }
        }
        found
    }
}
