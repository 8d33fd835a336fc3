//! `/projects/:id/pipeline_schedules`.

use serde::Serialize;
use serde_json::json;

use crate::endpoint::{Endpoint, Method, Request, Response, json as decode};
use crate::error::Error;
use crate::ids::ProjectRef;
use crate::page::Page;
use crate::record;

record! {
    /// A variable of a schedule.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Given {
        /// Name.
        pub key: String,
        /// Value.
        pub value: String,
    }
}

record! {
    /// A schedule of pipelines.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
    pub struct Schedule {
        /// Number.
        pub id: i64,
        /// What it is for.
        pub description: String = String::new(),
        /// The branch, with `refs/heads/` before it on newer GitLabs.
        #[serde(rename = "ref")]
        pub reference: String => "ref",
        /// When, in cron's five fields.
        pub cron: String,
        /// In which zone those are meant.
        pub cron_timezone: String = String::new(),
        /// The next time, ISO 8601.
        pub next_run_at: Option<String>,
        /// Whether it is on.
        pub active: bool,
        /// Whose rights its pipelines have.
        pub owner: Option<crate::users::User>,
        /// What its pipelines are started with; only in the answer to [`GetSchedule`].
        pub variables: Vec<Given> = Vec::new(),
    }
}

/// The first hundred schedules of a project.
#[derive(Debug, Clone)]
pub struct ListSchedules(pub ProjectRef);

impl Endpoint for ListSchedules {
    type Output = Page<Schedule>;

    fn request(&self) -> Request {
        Request::new(Method::Get, format!("/projects/{}/pipeline_schedules", self.0.segment())).with("per_page", 100)
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        Page::decode(&response)
    }
}

/// What is done with a schedule.
#[derive(Debug, Clone)]
pub enum ScheduleAct {
    /// It is made, switched off, of nothing yet but when and where.
    Create {
        /// What it is for.
        description: String,
        /// The branch.
        branch: String,
        /// When.
        cron: String,
    },
    /// It is looked at, variables and all.
    Get(i64),
    /// It is switched on or off.
    Switch(i64, bool),
    /// It gets a variable.
    Give(i64, Given),
    /// Its pipeline is started now.
    Play(i64),
    /// It is removed.
    Delete(i64),
}

/// Does it; what is answered depends on what was done.
#[derive(Debug, Clone)]
pub struct OnSchedule(pub ProjectRef, pub ScheduleAct);

impl Endpoint for OnSchedule {
    /// The schedule, where the answer holds one.
    type Output = Option<Schedule>;

    fn request(&self) -> Request {
        let base = format!("/projects/{}/pipeline_schedules", self.0.segment());
        let of = |method, id: i64, rest: &str| Request::new(method, format!("{base}/{id}{rest}"));
        match &self.1 {
            ScheduleAct::Create { description, branch, cron } => {
                Request::new(Method::Post, base).with_body(json!({ "description": description, "ref": branch, "cron": cron, "cron_timezone": "UTC", "active": false }))
            }
            ScheduleAct::Get(id) => of(Method::Get, *id, ""),
            ScheduleAct::Switch(id, active) => of(Method::Put, *id, "").with_body(json!({ "active": active })),
            ScheduleAct::Give(id, given) => of(Method::Post, *id, "/variables").with_body(json!({ "key": given.key, "value": given.value })),
            ScheduleAct::Play(id) => of(Method::Post, *id, "/play"),
            ScheduleAct::Delete(id) => of(Method::Delete, *id, ""),
        }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        match self.1 {
            ScheduleAct::Create { .. } | ScheduleAct::Get(_) | ScheduleAct::Switch(..) => decode(&response).map(Some),
            _ => Ok(None),
        }
    }
}
