//! From what is known to what is done.

use super::{Act, Conductor, GATHER, LEASE, LOOK_AGAIN, Look, SKIP_AFTER, Sent};
use crate::journal::{Attempt, Change, Over, Wish, mark};
use crate::manifest::{IfAway, OnFailure};
use crate::standing::Standing;

impl Conductor {
    /// What is to be done now. Each act is given once; what comes of it is told to
    /// [`Self::hear`].
    pub fn next(&mut self, now: f64) -> Vec<Act> {
        let mut acts = Vec::new();
        if self.leads() && self.stale.is_none() {
            self.note(now);
            self.write(&mut acts, now);
        }
        if self.journal.leader == self.me && self.stale.is_none() {
            let known = now - self.checked < LEASE;
            let sight = self.sight();
            let free: Vec<bool> = (0..self.plan.seats.len()).map(|seat| self.is_free(&sight, seat)).collect();
            for (seat, free) in free.into_iter().enumerate() {
                acts.extend(self.send(seat, known, free, now));
            }
        }
        if !self.reading && self.stale.is_some_and(|at| at <= now) {
            (self.reading, self.asked) = (true, now);
            acts.push(Act::Read);
        }
        acts
    }

    fn plan_change(&mut self, change: Change) {
        if !self.pending.contains(&change) && !self.in_write.as_ref().is_some_and(|list| list.contains(&change)) {
            self.pending.push(change);
        }
    }

    /// Finds what should be in the journal and is not.
    fn note(&mut self, now: f64) {
        if self.in_write.is_some() {
            return;
        }
        for seat in std::mem::take(&mut self.again) {
            match self.attempt(seat).map(|attempt| attempt.over.is_some()) {
                Some(true) => {
                    self.plan_change(Change::LeaveOut(self.seat(seat).name.clone(), false));
                    self.plan_change(Change::Attempt(self.seat(seat).name.clone(), self.attempts(seat)));
                }
                Some(false) if matches!(self.live[seat].look, Some(Look::Over(..))) => self.again.push(seat),
                _ => {}
            }
        }
        for seat in 0..self.plan.seats.len() {
            if let Some(attempt) = self.attempt(seat).filter(|attempt| attempt.over.is_none()).cloned() {
                let name = self.seat(seat).name.clone();
                self.note_attempt(seat, &name, self.attempts(seat) - 1, &attempt, now);
            } else if self.attempt(seat).is_none() && self.skips(seat, now) {
                self.plan_change(Change::LeaveOut(self.seat(seat).name.clone(), true));
            }
        }
        for seat in self.startable() {
            self.plan_change(Change::Attempt(self.seat(seat).name.clone(), self.attempts(seat)));
        }
        let ends = |seat: usize| self.standing(seat) == Standing::Failed && !self.tries_again(seat) && self.seat(seat).on_failure == OnFailure::Stop;
        let forgiven = self.journal.forgiven;
        let wished = self.pending.iter().any(|change| matches!(change, Change::Wish(..)));
        if !wished && self.journal.wish != Wish::Stop && (0..self.plan.seats.len()).any(ends) {
            self.plan_change(Change::Wish(Wish::Stop, forgiven));
        } else if !wished && self.journal.wish == Wish::Run && self.plan.rollout.pause_after > 0 && self.all_failures() >= forgiven + self.plan.rollout.pause_after {
            // What was about to be tried waits for the person, too.
            self.pending.retain(|change| !matches!(change, Change::Attempt(..)));
            self.plan_change(Change::Wish(Wish::Pause, forgiven));
        }
        let whole = self.whole();
        let came_to = whole.is_over().then(|| whole.word().to_owned());
        // With the last ends in one write: whoever leads may leave as soon as it is over.
        let settles = self.pending.iter().all(|change| matches!(change, Change::Pipeline(..) | Change::Over(..)));
        if came_to != self.journal.came_to && settles {
            self.plan_change(Change::CameTo(came_to));
        }
    }

    /// Whether the others are to go on without a member whose instance is silent.
    fn skips(&self, seat: usize, now: f64) -> bool {
        let gone = self.seat(seat).problem.is_some() || self.live[seat].away.as_ref().is_some_and(|(since, _)| now - since > SKIP_AFTER);
        gone && self.seat(seat).if_away == IfAway::Skip && !self.left_out(seat) && self.journal.wish == Wish::Run
    }

    fn note_attempt(&mut self, seat: usize, name: &str, number: usize, attempt: &Attempt, now: f64) {
        let live = &self.live[seat];
        let known = live.pipeline.filter(|_| attempt.pipeline.is_none());
        if let Some(Look::Over(over, why)) = live.look.clone() {
            let over = if over == Over::Failed && live.stopping { Over::Stopped } else { over };
            self.plan_change(Change::Over(name.to_owned(), number, over, why));
        } else if live.sent == Sent::Not && (self.journal.wish == Wish::Stop || self.left_out(seat)) && attempt.pipeline.is_none() {
            self.plan_change(Change::Over(name.to_owned(), number, Over::Never, String::new()));
        } else if self.journal.wish == Wish::Run && attempt.pipeline.is_none() && live.pipeline.is_none() {
            // It stays looked for, and is stopped if it comes after all.
            let silent = live.away.as_ref().is_some_and(|(since, _)| now - since > SKIP_AFTER);
            if silent && self.seat(seat).if_away == IfAway::Skip && !self.left_out(seat) {
                self.plan_change(Change::LeaveOut(name.to_owned(), true));
            }
        }
        if let Some(pipeline) = known {
            self.plan_change(Change::Pipeline(name.to_owned(), number, pipeline));
        }
    }

    fn write(&mut self, acts: &mut Vec<Act>, now: f64) {
        if self.in_write.is_some() || self.pending.is_empty() {
            return;
        }
        let has_time = self.pending.iter().all(|change| matches!(change, Change::Pipeline(..) | Change::Over(..)));
        if has_time && now - *self.gathering.get_or_insert(now) < GATHER {
            return;
        }
        self.gathering = None;
        self.asked = now;
        let mut next = self.journal.clone();
        self.pending.iter().for_each(|change| next.apply(change));
        self.in_write = Some(std::mem::take(&mut self.pending));
        acts.push(Act::Write(next.print()));
    }

    /// The request that a member needs now, if it needs one.
    fn send(&mut self, seat: usize, known: bool, free: bool, now: f64) -> Option<Act> {
        if !self.is_open(seat) {
            return None;
        }
        let mark = mark(&self.journal.id, &self.seat(seat).name, self.attempts(seat) - 1);
        if let Some(pipeline) = self.pipeline(seat) {
            let over = matches!(self.live[seat].look, Some(Look::Over(..)));
            // What the others go on without is stopped at once, wherever it stands in the order.
            let unwanted = self.journal.wish == Wish::Stop || self.left_out(seat);
            let now_it = unwanted && !over && !self.live[seat].stop_asked && self.live[seat].wait <= now && (self.left_out(seat) || self.nobody_behind(seat));
            let live = &mut self.live[seat];
            if now_it {
                (live.stop_asked, live.stopping) = (true, true);
            }
            return now_it.then_some(Act::Stop(seat, pipeline));
        }
        let may = self.journal.wish == Wish::Run && !self.left_out(seat) && free;
        let live = &mut self.live[seat];
        match live.sent {
            Sent::Not if may && live.wait <= now && !known => {
                // Somebody else may lead by now.
                self.read_again(now);
                None
            }
            Sent::Not if may && live.wait <= now => {
                live.sent = Sent::Flying;
                Some(Act::Start(seat, mark))
            }
            Sent::Lost { since, next, looking: None } if next <= now => {
                live.sent = Sent::Lost { since, next: now + LOOK_AGAIN, looking: Some(now) };
                Some(Act::Find(seat, mark))
            }
            _ => None,
        }
    }

    /// Whether all that come after a member are over, so that it may be stopped.
    fn nobody_behind(&self, seat: usize) -> bool {
        !(0..self.plan.seats.len()).any(|other| self.seat(other).after.contains(&seat) && self.is_open(other))
    }
}
