//! A number beside each instance's square.

use crate::ui::cell::Cell;

/// What stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Its colour.
    pub look: &'static str,
    /// The number.
    pub count: usize,
    /// What it counts.
    pub words: String,
}

/// Those of all instances, by id.
#[derive(Clone, Copy)]
pub struct Badges(Cell<Vec<(String, Badge)>>);

impl Badges {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Cell::new(Vec::new()))
    }

    /// Puts one up, or takes it down.
    pub fn set(self, id: &str, badge: Option<Badge>) {
        let mut all = self.0.peek(Clone::clone).unwrap_or_default();
        all.retain(|(known, _)| known != id);
        all.extend(badge.map(|badge| (id.to_owned(), badge)));
        if self.0.peek(|before| *before != all) == Some(true) {
            self.0.set(all);
        }
    }

    /// That of an instance, followed.
    #[must_use]
    pub fn of(self, id: &str) -> Option<Badge> {
        self.0.with(|all| all.iter().find(|(known, _)| known == id).map(|(_, badge)| badge.clone()))
    }
}
