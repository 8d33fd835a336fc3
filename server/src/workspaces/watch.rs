//! What happens without anybody asking: those who signed out are shown out, workspaces that nobody
//! uses are stopped, and what they use is measured.

use std::sync::Arc;
use std::time::Duration;

use super::{Seat, Standing, Workspaces, command};
use crate::State;
use crate::config::workspaces::Driver;

/// Between looks at who has signed out; they are out within a few seconds.
const LOOK: Duration = Duration::from_secs(2);
/// Between two measurements.
const MEASURE: Duration = Duration::from_secs(10);

/// Goes on until it is dropped. What takes its time holds up nobody who has to be shown out.
pub async fn watch(state: State) {
    let Some(workspaces) = &state.workspaces else { return };
    let showing_out = async {
        let mut times = tokio::time::interval(LOOK);
        times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            workspaces.passes.look_through(&state, &workspaces.backend).await;
        }
    };
    let measuring = async {
        loop {
            tokio::time::sleep(MEASURE).await;
            futures_util::future::join_all(workspaces.all().iter().map(|seat| workspaces.measure(&state, seat))).await;
        }
    };
    tokio::join!(showing_out, measuring);
}

impl Workspaces {
    /// Minutes without traffic after which a workspace is stopped; `None` for never.
    #[must_use]
    pub fn idle_minutes(&self) -> Option<i64> {
        let minutes = self.settings.idle_minutes.unwrap_or(if self.starts() { 120 } else { 0 });
        (self.starts() && minutes > 0).then_some(i64::from(minutes))
    }

    async fn measure(&self, state: &State, seat: &Arc<Seat>) {
        match self.driver {
            Driver::Static => {}
            Driver::Process => seat.look_at_process().await,
            Driver::Command => command::look(&self.settings.command, seat).await,
        }
        let rests = self.idle_minutes().is_some_and(|minutes| chrono::Utc::now().timestamp() - seat.used() >= minutes * 60);
        if rests && matches!(seat.standing(), Standing::Running(_)) {
            tracing::info!(workspace = seat.label, "stopped, as nobody used it");
            self.stop(state, seat).await;
        }
    }
}
