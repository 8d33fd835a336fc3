//! How members stand, and what the whole amounts to: one table.

use crate::journal::Wish;

/// How a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is not its turn yet.
    Waiting,
    /// It is being started.
    Starting,
    /// It runs, and is not ready.
    Running,
    /// It is ready.
    Ready,
    /// It was ready, and its heartbeat has stopped.
    Silent,
    /// It has ended well.
    Done,
    /// It has failed.
    Failed,
    /// Its instance does not answer, or is not known here.
    Away,
    /// The others go on without it.
    LeftOut,
    /// It is being stopped.
    Stopping,
    /// It was stopped, or is not wanted any more.
    Stopped,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 11] =
        [Self::Waiting, Self::Starting, Self::Running, Self::Ready, Self::Silent, Self::Done, Self::Failed, Self::Away, Self::LeftOut, Self::Stopping, Self::Stopped];

    /// On screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Ready => "Ready",
            Self::Silent => "Silent",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Away => "Away",
            Self::LeftOut => "Left out",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }
}

/// What the whole amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// Nothing was started.
    Planned,
    /// Some are not ready yet.
    Starting,
    /// All are ready, or have ended well.
    Running,
    /// It goes on, but not all of it.
    Degraded,
    /// Nothing more is started until somebody says so.
    Paused,
    /// Some wait for what will not come unless somebody decides.
    Held,
    /// It is being stopped.
    Stopping,
    /// It has ended well.
    Done,
    /// It has ended, and not all of it well.
    Failed,
    /// It was stopped.
    Stopped,
}

impl Whole {
    /// On screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "Not started",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Degraded => "Degraded",
            Self::Paused => "Paused",
            Self::Held => "Needs a decision",
            Self::Stopping => "Stopping",
            Self::Done => "Done",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// Whether nothing of it goes on or will by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Stopped)
    }
}

/// How many members stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [usize; Standing::ALL.len()],
    /// Members that the others go on without and that are not over yet.
    pub lingering: usize,
    /// Members that could be started now, or are about to be tried again.
    pub startable: usize,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, standing: Standing) {
        self.counts[standing as usize] += 1;
    }

    /// How many stand so.
    #[must_use]
    pub fn of(&self, standing: Standing) -> usize {
        self.counts[standing as usize]
    }

    fn any(&self, standings: &[Standing]) -> bool {
        standings.iter().any(|standing| self.of(*standing) > 0)
    }

    /// Whether something is going on at a backend.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.lingering > 0 || self.any(&[Standing::Starting, Standing::Running, Standing::Ready, Standing::Silent, Standing::Stopping])
    }
}

/// What holds of the members, and what the whole is then. The first row that holds counts.
type Row = (Whole, fn(&Tally, Wish) -> bool);

const TABLE: [Row; 10] = [
    (Whole::Stopping, |tally, wish| wish == Wish::Stop && (tally.is_live() || tally.any(&[Standing::Away]))),
    (Whole::Stopped, |_, wish| wish == Wish::Stop),
    (Whole::Paused, |tally, wish| wish == Wish::Pause && tally.any(&[Standing::Waiting, Standing::Failed])),
    (Whole::Planned, |tally, _| tally.of(Standing::Waiting) == tally.counts.iter().sum::<usize>()),
    (Whole::Degraded, |tally, _| tally.is_live() && tally.any(&[Standing::Failed, Standing::Away, Standing::Silent, Standing::LeftOut, Standing::Stopped])),
    (Whole::Starting, |tally, _| (tally.is_live() && tally.any(&[Standing::Waiting, Standing::Starting, Standing::Running])) || tally.startable > 0),
    (Whole::Running, |tally, _| tally.is_live()),
    (Whole::Held, |tally, _| tally.any(&[Standing::Waiting, Standing::Away])),
    (Whole::Failed, |tally, _| tally.any(&[Standing::Failed, Standing::Stopped])),
    (Whole::Done, |_, _| true),
];

/// What the whole amounts to.
#[must_use]
pub fn whole(tally: &Tally, wish: Wish) -> Whole {
    TABLE.iter().find(|(_, holds)| holds(tally, wish)).map_or(Whole::Done, |(whole, _)| *whole)
}

#[cfg(test)]
mod tests {
    use super::{Standing, Tally, Whole, whole};
    use crate::journal::Wish;

    #[test]
    fn the_table_as_people_would_say_it() {
        use Standing::{Away, Done, Failed, LeftOut, Ready, Running, Silent, Stopped, Stopping, Waiting};
        let cases: [(&[Standing], Wish, Whole); 16] = [
            (&[Waiting, Waiting], Wish::Run, Whole::Planned),
            (&[Running, Waiting], Wish::Run, Whole::Starting),
            (&[Ready, Waiting], Wish::Run, Whole::Starting),
            (&[Ready, Ready], Wish::Run, Whole::Running),
            (&[Ready, Done], Wish::Run, Whole::Running),
            (&[Ready, Failed], Wish::Run, Whole::Degraded),
            (&[Ready, Silent], Wish::Run, Whole::Degraded),
            (&[Ready, Away, LeftOut], Wish::Run, Whole::Degraded),
            (&[Done, Failed, Waiting], Wish::Run, Whole::Held),
            (&[Away, Waiting], Wish::Run, Whole::Held),
            (&[Done, Failed], Wish::Run, Whole::Failed),
            (&[Done, LeftOut], Wish::Run, Whole::Done),
            (&[Ready, Failed, Waiting], Wish::Pause, Whole::Paused),
            (&[Ready, Stopping], Wish::Stop, Whole::Stopping),
            (&[Stopped, Done, Failed], Wish::Stop, Whole::Stopped),
            (&[Stopped, Away], Wish::Stop, Whole::Stopping),
        ];
        for (members, wish, expected) in cases {
            let mut tally = Tally::default();
            members.iter().for_each(|standing| tally.add(*standing));
            assert_eq!(whole(&tally, wish), expected, "{members:?} {wish:?}");
        }
    }
}
