//! The time, as an argument: tests move it, everything else asks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Datelike, Duration, SecondsFormat, Utc};

/// A clock that can be set forward.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + Duration::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Now, as the database and the API write it.
    #[must_use]
    pub fn text(&self) -> String {
        text(self.now())
    }

    /// So many seconds from now, as text; at the latest the end of the year 9999, which is the last
    /// that sorts as text.
    #[must_use]
    pub fn text_in(&self, seconds: i64) -> String {
        let then = Duration::try_seconds(seconds).and_then(|span| self.now().checked_add_signed(span));
        then.filter(|then| then.year() < 10_000).map_or_else(|| "9999-12-31T23:59:59.000Z".to_owned(), text)
    }

    /// Moves this clock (and its clones) forward.
    pub fn advance(&self, seconds: i64) {
        self.offset_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

/// `2026-11-23T07:00:00.000Z`; texts of this form sort by time.
#[must_use]
pub fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Back from text.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// Seconds between two texts.
#[must_use]
pub fn seconds_between(from: &str, to: &str) -> Option<f64> {
    Some((parse(to)? - parse(from)?).num_milliseconds() as f64 / 1000.0)
}
