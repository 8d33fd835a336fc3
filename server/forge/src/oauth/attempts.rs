//! Guessing slowed down: so many wrong passwords for a name, then a pause.

use std::collections::HashMap;
use std::sync::Mutex;

/// Seconds of the window.
const WINDOW: i64 = 300;
/// Names remembered; the oldest go first.
const MOST: usize = 10_000;

/// Wrong passwords of late, by name or by place.
#[derive(Debug)]
pub struct Attempts {
    table: Mutex<HashMap<String, (u32, i64)>>,
    allowed: u32,
}

impl Attempts {
    /// So many are allowed in a window.
    #[must_use]
    pub fn allowing(allowed: u32) -> Self {
        Self { table: Mutex::default(), allowed }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<String, (u32, i64)>> {
        self.table.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Seconds to wait before `name` may be tried at `now` (seconds); `None` for not at all.
    #[must_use]
    pub fn wait(&self, name: &str, now: i64) -> Option<i64> {
        let (count, since) = self.table().get(&name.to_lowercase()).copied()?;
        (count >= self.allowed && now < since + WINDOW).then_some(since + WINDOW - now)
    }

    /// Notes a wrong password.
    pub fn failed(&self, name: &str, now: i64) {
        let mut table = self.table();
        if table.len() >= MOST {
            table.retain(|_, (_, since)| now < *since + WINDOW);
        }
        // Full of fresh ones: the oldest makes room, so that nobody is let through uncounted.
        if table.len() >= MOST
            && let Some(oldest) = table.iter().min_by_key(|(_, (_, since))| *since).map(|(name, _)| name.clone())
        {
            table.remove(&oldest);
        }
        {
            let entry = table.entry(name.to_lowercase()).or_insert((0, now));
            *entry = if now >= entry.1 + WINDOW { (1, now) } else { (entry.0 + 1, entry.1) };
        }
    }

    /// Takes back the last one, which was right; a place where one password is known keeps the count of the others.
    pub fn forgiven(&self, name: &str) {
        if let Some((count, _)) = self.table().get_mut(&name.to_lowercase()) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets a name after the right password.
    pub fn succeeded(&self, name: &str) {
        self.table().remove(&name.to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ten_and_then_a_pause() {
        let attempts = super::Attempts::allowing(10);
        for _ in 0..9 {
            attempts.failed("Eve", 100);
        }
        assert_eq!(attempts.wait("eve", 100), None);
        attempts.failed("eve", 110);
        assert_eq!(attempts.wait("eve", 120), Some(280));
        assert_eq!(attempts.wait("eve", 400), None);
        assert_eq!(attempts.wait("alice", 120), None);
    }
}
