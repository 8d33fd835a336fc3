//! When twins of an instance run by themselves: the schedules of the projects that one may look into.

use futures_util::future::join_all;
use gitlab::Error;
use gitlab::endpoint::ask;
use gitlab::schedules::{ListSchedules, OnSchedule, Schedule, ScheduleAct};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;

/// A schedule, and the twin that it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// In whose project.
    pub owner: Owner,
    /// The schedule.
    pub schedule: Schedule,
    /// The twin, by the variable DTName.
    pub twin: Option<String>,
}

/// All of them, soonest first.
pub async fn schedules(client: Client) -> Result<Vec<Planned>, Problem> {
    let mut all = Vec::new();
    for owner in client.owners() {
        all.extend(of_owner(&client, *owner).await?);
    }
    all.sort_by(|a, b| a.schedule.next_run_at.cmp(&b.schedule.next_run_at));
    Ok(all)
}

async fn of_owner(client: &Client, owner: Owner) -> Result<Vec<Planned>, Problem> {
    let project = client.project(owner);
    let list = match ask(client, &ListSchedules(project.clone())).await {
        Ok(page) => page.items,
        // Whoever may read a project may not look into its schedules (GitLab asks for the role Developer).
        Err(Error::Forbidden { .. } | Error::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(Problem::new(&error, &format!("list the schedules of {}", client.project_path(owner)), &client.instance.name)),
    };
    // The list has no variables.
    let one = async |schedule: Schedule| {
        let whole = ask(client, &OnSchedule(project.clone(), ScheduleAct::Get(schedule.id))).await.ok().flatten();
        let twin = whole.as_ref().and_then(|whole| whole.variables.iter().find(|given| given.key == "DTName")).map(|given| given.value.clone());
        Planned { owner, schedule: whole.unwrap_or(schedule), twin }
    };
    Ok(join_all(list.into_iter().map(one)).await)
}
