//! Federated twins: their manifest with everything that it names, and the runs that there were. Planning is
//! in a file of its own, and records are in that of leading.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use federation::journal::Journal;
use federation::lookup::{self, Known, planned as planned_by};
use federation::manifest::{FILE, Whereabouts, read};
use federation::plan::{Found, Home, Place, Plan};
use federation::reach::record;
use futures_util::future::{LocalBoxFuture, join, join_all};
use gitlab::endpoint::ask;
use gitlab::repository::RawFile;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use twin::asset::{Asset, Owner};

use crate::actions::federated::write_run;
use crate::bootstrap::Bootstrap;
use crate::browser::tab;
use crate::instances::{Client, Instances};
use crate::problem::Problem;

/// Earlier runs that are shown.
const SHOWN: usize = 20;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplanned {
    /// What is wrong with the manifest, each with its line where it has one.
    Wrong(Vec<(Option<usize>, String)>),
    /// It could not be read.
    Problem(Problem),
}

/// The instance that a manifest means.
fn home(bootstrap: &Bootstrap, place: &Whereabouts) -> Result<Home, String> {
    let known = bootstrap.instances.iter().map(|instance| Known { id: &instance.id, common: (&instance.group, &instance.common_project), card: instance.card.as_deref() });
    lookup::home(known, &tab::origin(), place)
}

/// What is at a place.
async fn look(instances: &Instances, place: Place) -> Found {
    match instances.client(&place.instance) {
        None => Found::Broken(format!("You are not signed in at {}. Sign in there to have it take part.", place.instance)),
        Some(client) if client.username.is_none() => Found::Broken(format!("You are a guest at {}. Sign in there to have it take part.", client.instance.name)),
        Some(client) => match lookup::at(&client, &place, &place.branch.clone().unwrap_or_else(|| client.branch())).await {
            Ok(found) => found,
            Err(error) => Found::Broken(Problem::new(&error, &format!("look for the twin {}", place.twin), &client.instance.name).title),
        },
    }
}

/// The plan of the federated twin `asset`, with all that it is made of looked up.
pub async fn planned(bootstrap: Bootstrap, instances: Instances, client: Client, asset: Asset) -> Result<Plan, Unplanned> {
    match begin_plan(bootstrap, instances, client, asset).await {
        Ok(planning) => planning.await,
        Err(_) => Err(Unplanned::Problem(lost())),
    }
}

/// A part of the app did not come.
pub fn lost() -> Problem {
    let advice = "It may be down, or just have been updated. Try again; if that does not help, reload.".to_owned();
    Problem { title: "This part of the app could not be loaded from the Twinport server.".to_owned(), advice, sign_in: false }
}

/// What planning comes to.
type Planning = LocalBoxFuture<'static, Result<Plan, Unplanned>>;

#[wasm_split(part_plan, wasm_split_path = leptos::wasm_split, fallible)]
fn begin_plan(bootstrap: Bootstrap, instances: Instances, client: Client, asset: Asset) -> Result<Planning, SplitLoaderError> {
    Ok(Box::pin(plan_all(bootstrap, instances, client, asset)))
}

async fn plan_all(bootstrap: Bootstrap, instances: Instances, client: Client, asset: Asset) -> Result<Plan, Unplanned> {
    let path = format!("{}/{FILE}", asset.path());
    let file = RawFile::new(client.project(asset.owner), &path, client.branch());
    let bytes = ask(&client, &file).await.map_err(|error| Unplanned::Problem(Problem::new(&error, &format!("read {path}"), &client.instance.name)))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let manifest = read(&text).map_err(|faults| Unplanned::Wrong(faults.into_iter().map(|fault| (Some(fault.line(&text)), fault.message)).collect()))?;
    let root = Place { instance: client.instance.id.clone(), project: client.project_path(asset.owner), twin: asset.name.clone(), branch: None };
    let made = planned_by(root, manifest, |place| home(&bootstrap, place), async |place| look(&instances, place).await).await;
    made.map_err(|why| Unplanned::Wrong(why.into_iter().map(|why| (None, why)).collect()))
}

/// A run that there was, in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its id.
    pub id: String,
    /// Its record, or why it cannot be read.
    pub journal: Result<Journal, String>,
}

/// What is asked of the records of a twin.
pub enum Ask {
    /// The newest runs.
    Earlier,
    /// One run, by its id.
    Run(String),
    /// A new run by this plan.
    Begin(Box<Plan>),
}

/// What was answered, by what was asked.
pub enum Answer {
    /// The newest runs.
    Earlier(Vec<Earlier>),
    /// One run: the plan that it began with, and its record with what guards the next change.
    Run(Box<Recorded>),
    /// The id of the new run.
    Begun(String),
}

/// A plan, and a record with what guards its next change.
pub type Recorded = (Plan, (Journal, String));

/// What asking comes to.
type Asking = LocalBoxFuture<'static, Result<Answer, Problem>>;

// One function for all three: each that is split off adds its name to the first load.
#[wasm_split(part_lead, wasm_split_path = leptos::wasm_split, fallible)]
fn begin_records(client: Client, owner: Owner, twin: String, ask: Ask) -> Result<Asking, SplitLoaderError> {
    Ok(Box::pin(async move {
        match ask {
            Ask::Earlier => list_earlier(client, owner, twin).await.map(Answer::Earlier),
            Ask::Run(run) => read_recorded(client, owner, twin, run).await.map(|read| Answer::Run(Box::new(read))),
            Ask::Begin(plan) => write_run(client, owner, twin, *plan).await.map(Answer::Begun),
        }
    }))
}

/// Asks the records of a twin.
pub async fn records(client: Client, owner: Owner, twin: String, ask: Ask) -> Result<Answer, Problem> {
    begin_records(client, owner, twin, ask).await.map_err(|_| lost())?.await
}

async fn list_earlier(client: Client, owner: Owner, twin: String) -> Result<Vec<Earlier>, Problem> {
    let project = client.project_path(owner);
    let ids = record::list(&client, &project, &twin).await.map_err(|error| Problem::new(&error, "list the federated runs", &client.instance.name))?;
    let one = async |id: String| {
        let journal = record::read(&client, &project, &twin, &id).await.map(|(journal, _)| journal);
        Earlier { id, journal }
    };
    Ok(join_all(ids.into_iter().take(SHOWN).map(one)).await)
}

async fn read_recorded(client: Client, owner: Owner, twin: String, run: String) -> Result<Recorded, Problem> {
    let project = client.project_path(owner);
    let both = join(record::plan(&client, &project, &twin, &run), record::read(&client, &project, &twin, &run)).await;
    let both = match both {
        (Ok(plan), Ok(read)) => Ok((plan, read)),
        (Err(why), _) | (_, Err(why)) => Err(why),
    };
    both.map_err(|why| Problem {
        title: format!("The federated run {run} could not be loaded from {}: {why}", client.instance.name),
        advice: "Check the address, or go back to the twin: it lists the runs that there are.".to_owned(),
        sign_in: false,
    })
}
