//! `/projects/:id/environments`: where a twin runs that goes on until it is stopped.

use serde_json::Value;

use crate::endpoint::{Endpoint, Method, Request, Response, value as read};
use crate::error::Error;
use crate::ids::{PipelineId, ProjectRef};

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `available`, `stopping` or `stopped`.
    pub state: String,
    /// Where it can be seen.
    pub external_url: Option<String>,
    /// The pipeline whose job started it last; only where it was asked for alone.
    pub pipeline: Option<PipelineId>,
}

fn environment(value: &Value) -> Option<Environment> {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let pipeline = value["last_deployment"]["deployable"]["pipeline"]["id"].as_i64().map(PipelineId);
    Some(Environment { id: value["id"].as_i64()?, name: text("name")?, state: text("state")?, external_url: text("external_url"), pipeline })
}

/// What is asked or done.
#[derive(Debug, Clone)]
pub enum EnvironmentAct {
    /// Those that run, the newest last.
    List,
    /// One is looked at.
    Get(i64),
    /// One is stopped: by its own job (`on_stop`) where it has one.
    Stop(i64),
}

/// Asks or does it.
#[derive(Debug, Clone)]
pub struct OnEnvironment(pub ProjectRef, pub EnvironmentAct);

impl Endpoint for OnEnvironment {
    /// The environments that the answer holds.
    type Output = Vec<Environment>;

    fn request(&self) -> Request {
        let base = format!("/projects/{}/environments", self.0.segment());
        match self.1 {
            EnvironmentAct::List => Request::new(Method::Get, base).with("states", "available").with("per_page", 100),
            EnvironmentAct::Get(id) => Request::new(Method::Get, format!("{base}/{id}")),
            EnvironmentAct::Stop(id) => Request::new(Method::Post, format!("{base}/{id}/stop")),
        }
    }

    fn decode(&self, response: Response) -> Result<Self::Output, Error> {
        let value = read(&response)?;
        Ok(match &value {
            Value::Array(list) => list.iter().filter_map(environment).collect(),
            one => environment(one).into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, EnvironmentAct, OnEnvironment, PipelineId, ProjectRef, Response};

    #[test]
    fn one_and_many() {
        let answer = |body: &str| Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() };
        let asked = |act| OnEnvironment(ProjectRef::path("a/b"), act);
        let one = r#"{"id":3,"name":"twins/x","state":"available","external_url":"https://x.example","last_deployment":{"deployable":{"pipeline":{"id":7}}}}"#;
        let found = asked(EnvironmentAct::Get(3)).decode(answer(one)).unwrap_or_default();
        assert_eq!(found.first().and_then(|found| found.pipeline), Some(PipelineId(7)));
        assert_eq!(asked(EnvironmentAct::List).decode(answer(&format!("[{one},{{}}]"))).unwrap_or_default().len(), 1);
    }
}
