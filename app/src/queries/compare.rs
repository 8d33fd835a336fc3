//! Two runs of a project: their facts, results and logs.

use std::collections::BTreeMap;

use gitlab::endpoint::Transport;
use gitlab::jobs::Job;
use gitlab::trace::Trace;
use gitlab::{Error, JobId};
use joblog::{Log, Mode};
use twin::asset::Owner;
use twin::compare::{Difference, Fact, Stretch, differences, logs, overlay};
use twin::csv::Table;
use twin::run::{duration, word};

use super::results::{archives, file};
use super::run::{RunView, run};
use super::start::given;
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;

/// Longer logs are not compared.
const LONGEST_LOG: usize = 4 * 1024 * 1024;
/// Tables that are laid over each other.
const MOST_TABLES: usize = 4;

/// Columns over a common axis, and the file they come from.
pub type Overlay = (String, Vec<(String, Vec<f64>)>);

/// A job that both runs have, and its logs side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPair {
    /// Its name.
    pub job: String,
    /// The logs, or why they are not compared.
    pub stretches: Result<Vec<Stretch>, String>,
}

/// Two runs, differences only.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What differs.
    pub differences: Vec<Difference>,
    /// How many facts do not.
    pub same: usize,
    /// Results of both, by file.
    pub overlays: Vec<Overlay>,
    /// Results that are the same in both.
    pub equal: Vec<String>,
    /// Logs of the jobs that both have.
    pub logs: Vec<LogPair>,
}

fn took(job: &Job) -> Option<String> {
    let start = browser::parse_time(job.started_at.as_deref()?)?;
    Some(duration((browser::parse_time(job.finished_at.as_deref()?)? - start) / 1000.0))
}

async fn facts(client: &Client, owner: Owner, view: &RunView) -> Vec<Fact> {
    let fact = |what: String, value: String| Fact { what, value };
    let mut list = vec![
        fact("State".into(), word(view.status.as_str()).to_owned()),
        fact("Twin".into(), view.twin.clone().unwrap_or_default()),
        fact("Branch".into(), view.parent.reference.clone().unwrap_or_default()),
        fact("Commit".into(), view.parent.sha.chars().take(8).collect()),
        fact("Started by".into(), view.parent.user.as_ref().map(|user| user.username.clone()).unwrap_or_default()),
    ];
    let variables = given(client, owner, view.parent.id.0).await.unwrap_or_default();
    list.extend(variables.into_iter().map(|given| fact(format!("Variable {}", given.key), given.value)));
    for job in view.jobs() {
        list.push(fact(format!("{}: state", job.name), word(job.status.as_str()).to_owned()));
        list.extend(took(job).map(|took| fact(format!("{}: took", job.name), took)));
        let size = job.artifacts_file.as_ref().and_then(|file| file.size);
        list.extend(size.map(|size| fact(format!("{}: results", job.name), twin::run::bytes(size))));
    }
    list
}

/// Every result file of a run, by path, with its job.
async fn files(client: &Client, owner: Owner, view: &RunView) -> Result<BTreeMap<String, JobId>, Problem> {
    let found = archives(client.clone(), owner, view.jobs().cloned().collect()).await?;
    Ok(found.into_iter().flat_map(|archive| archive.files.unwrap_or_default().into_iter().map(move |file| (file.path, archive.job.id))).collect())
}

async fn table(client: &Client, owner: Owner, job: JobId, path: &str) -> Option<Table> {
    let bytes = file(client.clone(), owner, job, path.to_owned()).await.ok()?;
    Table::parse(&String::from_utf8(bytes).ok()?)
}

async fn log(client: &Client, owner: Owner, job: JobId) -> Result<String, String> {
    let trace = Trace::new(client.project(owner), job, 0, None);
    let answer = client.send(trace.request()).await.and_then(|answer| trace.open(&answer).map(|_| answer));
    let bytes = answer.map_err(|error: Error| error.to_string())?.body;
    if bytes.len() > LONGEST_LOG {
        return Err("it is longer than 4 MB".to_owned());
    }
    let mut log = Log::new(Mode::Better);
    log.push(&bytes);
    let mut text = String::new();
    log.text(0, usize::MAX, &mut text);
    Ok(text)
}

/// Compares two runs.
pub async fn compare(client: Client, owner: Owner, numbers: [i64; 2]) -> Result<Comparison, Problem> {
    let (first, second) = futures_util::future::join(run(client.clone(), owner, numbers[0]), run(client.clone(), owner, numbers[1])).await;
    let (first, second) = (first?, second?);
    let (differences, same) = differences(&facts(&client, owner, &first).await, &facts(&client, owner, &second).await);
    let (left, right) = (files(&client, owner, &first).await?, files(&client, owner, &second).await?);
    let names = numbers.map(|number| format!("run {number}"));
    let (mut overlays, mut equal) = (Vec::new(), Vec::new());
    let tables = left.iter().filter(|(path, _)| path.ends_with(".csv")).filter_map(|(path, job)| Some((path, *job, *right.get(path)?)));
    for (path, one, other) in tables.take(MOST_TABLES) {
        if let (Some(one), Some(other)) = (table(&client, owner, one, path).await, table(&client, owner, other, path).await) {
            if one == other {
                equal.push(path.clone());
                continue;
            }
            overlays.extend(overlay(&one, &other, [&names[0], &names[1]]).map(|columns| (path.clone(), columns)));
        }
    }
    let mut pairs = Vec::new();
    for job in first.jobs().filter(|job| job.started_at.is_some()) {
        let Some(other) = second.jobs().find(|other| other.name == job.name && other.started_at.is_some()) else { continue };
        let stretches = match (log(&client, owner, job.id).await, log(&client, owner, other.id).await) {
            (Ok(one), Ok(other)) => Ok(logs(&one, &other)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        pairs.push(LogPair { job: job.name.clone(), stretches });
    }
    Ok(Comparison { differences, same, overlays, equal, logs: pairs })
}
