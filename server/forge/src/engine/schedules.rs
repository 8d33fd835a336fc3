//! Pipeline schedules: pipelines that start by themselves (doc/ci/pipelines/schedules).

use std::str::FromStr;

use chrono::{DateTime, Utc};
use croner::Cron;
use sqlx::FromRow;

use crate::Forge;
use crate::access::DEVELOPER;
use crate::clock::{self, parse};
use crate::engine::create::Wish;
use crate::error::{ApiError, ApiResult};
use crate::store::{identity, projects};

/// One schedule.
#[derive(Debug, Clone, FromRow)]
pub struct ScheduleRow {
    /// Number.
    pub id: i64,
    /// Its project.
    pub project_id: i64,
    /// Under whose rights it starts pipelines.
    pub owner_id: i64,
    /// What it is for.
    pub description: String,
    /// Branch or tag, as `refs/…`.
    pub reference: String,
    /// Five fields.
    pub cron: String,
    /// The zone those are read in; `UTC` alone is known here.
    pub timezone: String,
    /// Whether it starts anything.
    pub active: bool,
    /// ISO 8601.
    pub next_run_at: Option<String>,
    /// What it started last.
    pub last_pipeline_id: Option<i64>,
    /// ISO 8601.
    pub created_at: String,
    /// ISO 8601.
    pub updated_at: String,
}

/// The first time after `now` that `cron` names; `None` when it is no cron expression.
#[must_use]
pub fn next_time(cron: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if cron.split_whitespace().count() != 5 {
        return None;
    }
    Cron::from_str(cron).ok()?.find_next_occurrence(&now, false).ok()
}

impl Forge {
    /// Starts what is due. A schedule whose pipeline cannot be made is tried again at its next time.
    pub(crate) async fn start_due_schedules(&self) -> ApiResult<()> {
        let now = self.clock.now();
        let due: Vec<ScheduleRow> = sqlx::query_as("SELECT * FROM schedules WHERE active AND next_run_at <= ?").bind(clock::text(now)).fetch_all(&self.db).await?;
        for row in due {
            // The next time first: whatever goes wrong now, it does not go wrong every second.
            let next = next_time(&row.cron, now).map(clock::text);
            sqlx::query("UPDATE schedules SET next_run_at = ? WHERE id = ?").bind(next).bind(row.id).execute(&self.db).await?;
            if let Err(error) = self.play_schedule(&row, row.owner_id).await {
                tracing::warn!(schedule = row.id, ?error, "a schedule started no pipeline");
            }
        }
        Ok(())
    }

    /// Starts the pipeline of a schedule with somebody's rights; its number.
    pub(crate) async fn play_schedule(&self, row: &ScheduleRow, user: i64) -> ApiResult<i64> {
        let missing = || ApiError::missing("Pipeline Schedule");
        let project = projects::project(&self.db, row.project_id).await?.ok_or_else(missing)?;
        let user = identity::user(&self.db, user).await?.filter(|user| user.state == "active").ok_or_else(missing)?;
        // Rights are those of now, not of when the schedule was made.
        if project.archived || self.level_of(&project, gitlab::UserId(user.id)).await? < DEVELOPER {
            return Err(ApiError::base(&["Insufficient permissions to create a new pipeline".to_owned()]));
        }
        let variables = sqlx::query_as("SELECT key, value, variable_type FROM schedule_variables WHERE schedule_id = ?").bind(row.id).fetch_all(&self.db).await?;
        let wish = Wish {
            project,
            user,
            reference: row.reference.clone(),
            sha: None,
            before_sha: None,
            source: "schedule".to_owned(),
            variables,
            inputs: serde_json::Map::new(),
            config: Vec::new(),
            text: None,
            parent_job: None,
        };
        let made = self.create_pipeline(wish).await?.id;
        sqlx::query("UPDATE schedules SET last_pipeline_id = ? WHERE id = ?").bind(made).bind(row.id).execute(&self.db).await?;
        Ok(made)
    }

    /// What a schedule's next time is, for one that was just changed.
    pub(crate) fn next_time_of(&self, row: &ScheduleRow) -> Option<String> {
        next_time(&row.cron, parse(&self.clock.text()).unwrap_or_default()).filter(|_| row.active).map(clock::text)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    #[test]
    fn times() {
        let now = Utc.with_ymd_and_hms(2026, 11, 25, 10, 0, 30).single().unwrap_or_default();
        let next = |cron: &str| super::next_time(cron, now).map(|time| time.format("%d %H:%M").to_string());
        assert_eq!(next("*/10 * * * *").as_deref(), Some("25 10:10"));
        assert_eq!(next("0 4 * * *").as_deref(), Some("26 04:00"));
        assert_eq!(next("0 9 * * 1").as_deref(), Some("30 09:00"));
        for wrong in ["", "x", "* * * *", "61 * * * *", "* * * * * *"] {
            assert_eq!(next(wrong), None, "{wrong}");
        }
    }
}
