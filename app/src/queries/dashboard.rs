//! A twin's dashboard, and what its panels show: tables and logs of runs, answers of databases.

use dashboard::{Board, FILE, read};
use gitlab::artifacts::ArtifactFile;
use gitlab::endpoint::ask;
use gitlab::jobs::Job;
use gitlab::pipelines::{ListBridges, ListJobs};
use gitlab::repository::RawFile;
use gitlab::trace::Trace;
use gitlab::{Error, JobId, PipelineId, ProjectRef, Transport};
use serde_json::{Value, json};
use twin::asset::{Asset, Kind};
use twin::csv::Table;

use super::workspace::problem;
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::routes::service_url;

/// A run that panels look at.
#[derive(Clone, PartialEq)]
pub struct Target {
    /// Who asks.
    pub client: Client,
    /// The project's full path.
    pub project: String,
    /// The twin's folder below `digital_twins`.
    pub twin: String,
    /// The parent pipeline.
    pub pipeline: i64,
    /// Whether it has ended: what it says then it says for good.
    pub over: bool,
}

/// Values over an axis.
pub type Values = (Vec<f64>, Vec<f64>);

/// The dashboard of a twin, if it has one.
pub async fn board(client: Client, asset: Asset) -> Result<Option<Board>, Problem> {
    let path = format!("{}/{FILE}", asset.path());
    match ask(&client, &RawFile::new(client.project(asset.owner), &path, client.branch())).await {
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(Problem::new(&error, &format!("read {path}"), &client.instance.name)),
        Ok(bytes) => read(&String::from_utf8_lossy(&bytes)).map(Some).map_err(|why| Problem {
            title: format!("{path} cannot be shown. {why}"),
            advice: "Put it right in the editor; “twinport lint” says the same.".to_owned(),
            sign_in: false,
        }),
    }
}

impl Target {
    fn project(&self) -> ProjectRef {
        ProjectRef::path(&self.project)
    }

    /// All jobs of the run, oldest first.
    async fn jobs(&self) -> Result<Vec<Job>, Error> {
        let bridges = ask(&self.client, &ListBridges::new(self.project(), PipelineId(self.pipeline))).await?.items;
        let children = bridges.into_iter().filter_map(|bridge| bridge.downstream_pipeline).map(|child| child.id);
        let mut all = Vec::new();
        for pipeline in std::iter::once(PipelineId(self.pipeline)).chain(children) {
            let mut jobs = ask(&self.client, &ListJobs::new(self.project(), pipeline)).await?.items;
            jobs.reverse();
            all.extend(jobs);
        }
        Ok(all)
    }

    /// A file that the run left: from the twin's folder, or from the project's. Nothing while there is none.
    pub async fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let jobs = self.jobs().await?;
        let within = format!("{}/{}/{path}", Kind::Twin.folder(), self.twin);
        for job in jobs.iter().rev().filter(|job| job.artifacts_file.is_some()) {
            for path in [within.as_str(), path] {
                match ask(&self.client, &ArtifactFile::new(self.project(), job.id, path)).await {
                    Err(Error::NotFound { .. }) => {}
                    other => return other.map(Some),
                }
            }
        }
        Ok(None)
    }

    /// What the logs of the run have, of one job or of all.
    pub async fn logs(&self, job: Option<&str>) -> Result<String, Error> {
        let mut text = String::new();
        for one in self.jobs().await?.iter().filter(|one| one.started_at.is_some() && job.is_none_or(|job| one.name == job || one.stage == job)) {
            let trace = Trace::new(self.project(), JobId(one.id.0), 0, None);
            let response = self.client.send(trace.request()).await?;
            if response.status == 200 {
                text.push_str(&String::from_utf8_lossy(&response.body));
                text.push('\n');
            }
        }
        Ok(text)
    }
}

/// Two columns of a table; the first is the axis where none is named.
///
/// # Errors
/// Which column is not there, or holds no numbers.
pub fn columns(bytes: &[u8], x: Option<&str>, y: &str) -> Result<Values, String> {
    let table = Table::parse(&String::from_utf8_lossy(bytes)).ok_or("The table is empty.")?;
    let place = |name: &str| table.header.iter().position(|known| known == name).ok_or_else(|| format!("The table has no column {name}; it has {}.", table.header.join(", ")));
    let numbers = |column: usize| table.numbers(column).ok_or_else(|| format!("The column {} holds something that is no number.", table.header[column]));
    Ok((numbers(x.map_or(Ok(0), place)?)?, numbers(place(y)?)?))
}

/// Times in milliseconds and values out of a database's answer.
fn answered(text: &str) -> Result<Values, String> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    if text.trim_start().starts_with('{') {
        let answer: Value = serde_json::from_str(text).map_err(|_| "The answer cannot be read.")?;
        if let Some(why) = answer.pointer("/results/0/error").or(answer.get("error")).and_then(Value::as_str) {
            return Err(format!("The database says: {why}."));
        }
        for row in answer.pointer("/results/0/series/0/values").and_then(Value::as_array).into_iter().flatten() {
            if let (Some(at), Some(value)) = (row[0].as_f64(), row[1].as_f64()) {
                x.push(at);
                y.push(value);
            }
        }
    } else {
        let table = Table::parse(text).unwrap_or_default();
        let place = |name: &str| table.header.iter().position(|known| known == name).ok_or_else(|| format!("The answer has no column {name}."));
        let (at, value) = (place("_time")?, place("_value")?);
        for row in &table.rows {
            if let (Some(time), Ok(number)) = (browser::parse_time(&row[at]), row[value].trim().parse()) {
                x.push(time);
                y.push(number);
            }
        }
    }
    Ok((x, y))
}

/// Asks a database of an instance.
pub async fn database(client: &Client, service: &str, query: &str) -> Result<Values, String> {
    match browser::ask_home("POST", &service_url(&client.instance.id, service, "query"), Some(&json!({ "query": query }))).await {
        Some((200, text)) => answered(&text),
        other => Err(problem(&format!("ask {service}"), other).title),
    }
}

#[cfg(test)]
mod tests {
    use super::{answered, columns};

    #[test]
    fn columns_by_name() {
        let bytes = b"t,a,b\n0,1,x\n1,2,y\n";
        assert_eq!(columns(bytes, None, "a"), Ok((vec![0.0, 1.0], vec![1.0, 2.0])));
        assert_eq!(columns(bytes, Some("a"), "t"), Ok((vec![1.0, 2.0], vec![0.0, 1.0])));
        assert!(columns(bytes, None, "c").is_err_and(|why| why.contains("it has t, a, b")));
        assert!(columns(bytes, None, "b").is_err_and(|why| why.contains("no number")));
    }

    #[test]
    fn answers_of_databases() {
        let json = r#"{"results":[{"series":[{"columns":["time","mean"],"values":[[1000,1.5],[2000,null],[3000,2]]}]}]}"#;
        assert_eq!(answered(json), Ok((vec![1000.0, 3000.0], vec![1.5, 2.0])));
        assert!(answered(r#"{"results":[{"error":"database not found: x"}]}"#).is_err_and(|why| why.contains("database not found")));
        assert!(answered("a,b\n1,2\n").is_err());
    }
}
