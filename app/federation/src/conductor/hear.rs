//! From answers to what is known.

use super::{AGAIN, Conductor, GRACE, LOOK_AGAIN, Live, Look, News, Refusal, STOP_AGAIN, Sent};
use crate::journal::{Change, Journal, Over};

impl Conductor {
    /// Takes in what came of an act.
    pub fn hear(&mut self, news: News, now: f64) {
        match news {
            News::Written => {
                let changes = self.in_write.take().unwrap_or_default();
                (self.trouble, self.denied, self.checked) = (None, None, self.asked);
                let mut journal = self.journal.clone();
                changes.iter().for_each(|change| journal.apply(change));
                self.adopt(journal, &changes, now);
            }
            // It may have been written all the same: only reading tells.
            News::Unwritten(why) => {
                self.trouble = Some(why);
                self.stale = Some(now);
            }
            News::Denied(why) => {
                self.denied = Some(why);
                self.in_write = None;
                self.pending.clear();
                self.stale = Some(now + AGAIN);
            }
            News::Read(journal) => {
                self.reading = false;
                (self.stale, self.trouble, self.checked) = (None, None, self.asked);
                let ours = self.in_write.take().unwrap_or_default();
                let lead = ours.contains(&Change::Leader(self.me.clone()));
                // What follows from what is known is found again; what a person said is not.
                let said = |change: &Change| matches!(change, Change::Wish(..) | Change::LeaveOut(..) | Change::Leader(_));
                if journal.leader == self.me || lead {
                    self.pending = ours.iter().chain(&self.pending).filter(|change| said(change)).cloned().collect();
                } else {
                    self.pending.clear();
                }
                self.adopt(*journal, &ours, now);
            }
            News::Unread(why) => {
                self.reading = false;
                self.trouble = Some(why);
                self.stale = Some(now + AGAIN);
            }
            // News of an attempt that is not the last one any more, or of its pipeline, say nothing.
            News::Started(seat, mark, outcome) if self.is_last(seat, &mark) => self.started(seat, outcome, now),
            News::Found(seat, mark, outcome) if self.is_last(seat, &mark) => self.found(seat, outcome, now),
            News::Started(..) | News::Found(..) => {}
            News::Looked(seat, pipeline, _) if self.pipeline(seat) != Some(pipeline) || !self.is_open(seat) => {}
            News::Looked(seat, _, Ok(look)) => {
                let live = &mut self.live[seat];
                live.away = None;
                live.was_ready |= look == Look::Going(true);
                live.look = Some(look);
            }
            News::Looked(seat, _, Err(why)) => self.away(seat, why, now),
            // Whoever is deaf is asked again; whoever is ending does not mind.
            News::Stopped(seat, Ok(())) => {
                let live = &mut self.live[seat];
                (live.away, live.stop_asked, live.wait) = (None, false, now + STOP_AGAIN);
            }
            News::Stopped(seat, Err(why)) => {
                self.live[seat].stop_asked = false;
                self.live[seat].wait = now + AGAIN;
                self.away(seat, why, now);
            }
        }
    }

    fn is_last(&self, seat: usize, mark: &str) -> bool {
        self.attempts(seat).checked_sub(1).is_some_and(|number| crate::journal::mark(&self.journal.id, &self.seat(seat).name, number) == mark)
    }

    /// Reads the journal again: somebody else may have changed it.
    pub fn read_again(&mut self, now: f64) {
        if self.stale.is_none() && self.in_write.is_none() {
            self.stale = Some(now);
        }
    }

    fn away(&mut self, seat: usize, why: String, now: f64) {
        let live = &mut self.live[seat];
        let since = live.away.as_ref().map_or(now, |(since, _)| *since);
        live.away = Some((since, why));
    }

    fn started(&mut self, seat: usize, outcome: Result<i64, Refusal>, now: f64) {
        match outcome {
            Ok(pipeline) => {
                let live = &mut self.live[seat];
                (live.sent, live.pipeline, live.away) = (Sent::Arrived, Some(pipeline), None);
            }
            Err(Refusal::No(why)) => {
                let live = &mut self.live[seat];
                (live.sent, live.look) = (Sent::Arrived, Some(Look::Over(Over::Failed, why)));
            }
            Err(Refusal::NotSent(why)) => {
                self.live[seat].sent = Sent::Not;
                self.live[seat].wait = now + AGAIN;
                self.away(seat, why, now);
            }
            Err(Refusal::Unsure(why)) => {
                self.live[seat].sent = Sent::Lost { since: now, next: now + LOOK_AGAIN, looking: None };
                let _ = why;
            }
        }
    }

    fn found(&mut self, seat: usize, outcome: Result<Option<i64>, String>, now: f64) {
        let Sent::Lost { since, looking, .. } = self.live[seat].sent else { return };
        // What came after the question is in no answer to it.
        let asked = looking.unwrap_or(since);
        let again = Sent::Lost { since, next: now + LOOK_AGAIN, looking: None };
        match outcome {
            Ok(Some(pipeline)) => {
                let live = &mut self.live[seat];
                (live.sent, live.pipeline, live.away) = (Sent::Arrived, Some(pipeline), None);
            }
            Ok(None) => {
                self.live[seat].away = None;
                self.live[seat].sent = if asked - since >= GRACE { Sent::Not } else { again };
            }
            Err(why) => {
                self.live[seat].sent = again;
                self.away(seat, why, now);
            }
        }
    }

    /// Takes a journal as what is true. `ours` are changes of which this one knows that nobody
    /// acted on them.
    pub(super) fn adopt(&mut self, journal: Journal, ours: &[Change], now: f64) {
        let another = journal.leader != self.journal.leader;
        for (seat, live) in self.live.iter_mut().enumerate() {
            let name = &self.plan.seats[seat].name;
            let entry = journal.entry(name).cloned().unwrap_or_default();
            let before = std::mem::replace(&mut self.entries[seat], entry).attempts.len();
            let entry = &self.entries[seat];
            let Some(number) = entry.attempts.len().checked_sub(1) else { continue };
            if before == entry.attempts.len() {
                // Whoever led meanwhile may have sent what was not sent here.
                if another && live.sent == Sent::Not && before > 0 {
                    live.sent = Sent::Lost { since: now, next: now, looking: None };
                }
                continue;
            }
            let fresh = ours.contains(&Change::Attempt(name.clone(), number)) && journal.leader == self.me;
            let sent = match entry.attempts[number].pipeline {
                Some(_) => Sent::Arrived,
                None if fresh => Sent::Not,
                None => Sent::Lost { since: now, next: now, looking: None },
            };
            *live = Live { pipeline: entry.attempts[number].pipeline, ..Live::new(sent) };
        }
        self.journal = journal;
    }
}
