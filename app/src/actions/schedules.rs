//! Making schedules, and what is done with them.

use gitlab::endpoint::ask;
use gitlab::schedules::{Given, OnSchedule, ScheduleAct};
use twin::asset::Owner;

use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::copy::branch;

/// Has a twin started at the times of `cron` (UTC), with what a start by hand gives it (DTAAS.md §2.3) and `more`.
/// A schedule that could not be made whole is taken back: it would start something else.
pub async fn create(client: Client, owner: Owner, twin: String, cron: String, more: Vec<(String, String)>) -> Result<(), Problem> {
    let wish = format!("make the schedule of {twin}");
    let failed = |error: gitlab::Error| Problem::new(&error, &wish, &client.instance.name);
    let project = client.project(owner);
    let act = |act| OnSchedule(project.clone(), act);
    let branch = branch(&client, owner).await.map_err(failed)?;
    let made = ask(&client, &act(ScheduleAct::Create { description: twin.clone(), branch, cron })).await.map_err(failed)?;
    let Some(made) = made else { return Ok(()) };
    let given = [("DTName".to_owned(), twin.clone()), ("RunnerTag".to_owned(), client.instance.runner_tag.clone())];
    // It is off until it is whole: its time may come while it has half of its variables.
    let steps = given.into_iter().chain(more).map(|(key, value)| ScheduleAct::Give(made.id, Given { key, value })).chain([ScheduleAct::Switch(made.id, true)]);
    for step in steps {
        if let Err(error) = ask(&client, &act(step)).await {
            let _ = ask(&client, &act(ScheduleAct::Delete(made.id))).await;
            return Err(failed(error));
        }
    }
    Ok(())
}

/// Does something with one.
pub async fn change(client: Client, owner: Owner, act: ScheduleAct, wish: &'static str) -> Result<(), Problem> {
    ask(&client, &OnSchedule(client.project(owner), act)).await.map(|_| ()).map_err(|error| Problem::new(&error, wish, &client.instance.name))
}
