//! GitLab's scheduler scenarios: a configuration, events, and what every job then is.

use std::collections::BTreeMap;

use forge::ci::compile::compile;
use forge::ci::include::Files;
use forge::ci::plan::plan;
use forge::ci::rules::Scope;
use forge::ci::status::{Node, advance, composite, pipeline_after, skipped_after, stage_after};
use gitlab::Status;
use serde_json::{Map, Value};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<String> {
        None
    }
    fn list(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Pipeline {
    nodes: Vec<Node>,
    stages: Vec<String>,
    stage_status: Vec<Status>,
    status: Status,
    cancel_on_failure: bool,
}

fn pipeline(config: &Value) -> Result<Pipeline, String> {
    let text = serde_yaml_ng::to_string(config).map_err(|e| e.to_string())?;
    let scope = Scope { reference: "main".to_owned(), source: "push".to_owned(), ..Scope::default() };
    let config = compile(&text, &Map::new(), &NoFiles, &scope).map_err(|e| e.join("; "))?;
    let plan = plan(&config, &scope, &NoFiles).map_err(|e| e.to_string())?;
    let place = |name: &String| config.stages.iter().position(|stage| stage == name).unwrap_or_default();
    let nodes = plan.jobs.iter().map(|job| Node {
        name: job.name.clone(),
        stage: place(&job.stage),
        status: Status::Created,
        when: job.when,
        allow_failure: job.allow_failure.always,
        needs: job.needs.as_ref().map(|needs| needs.iter().map(|need| need.job.clone()).collect()),
    });
    let stage_status = vec![Status::Created; config.stages.len()];
    Ok(Pipeline { nodes: nodes.collect(), stages: config.stages, stage_status, status: Status::Created, cancel_on_failure: plan.on_job_failure.as_deref() == Some("all") })
}

impl Pipeline {
    fn process(&mut self) {
        advance(&mut self.nodes);
        let failed = self.nodes.iter().any(|node| node.status == Status::Failed && !node.allow_failure);
        if self.cancel_on_failure && failed {
            for node in &mut self.nodes {
                if !node.status.is_complete() {
                    node.status = Status::Canceled;
                }
            }
        }
        for place in 0..self.stages.len() {
            if let Some(new) = self.composite_of(|node| node.stage == place) {
                self.stage_status[place] = stage_after(&self.stage_status[place], new);
            }
        }
        if let Some(new) = self.composite_of(|_| true) {
            self.status = pipeline_after(&self.status, new);
        }
    }

    fn composite_of(&self, wanted: impl Fn(&Node) -> bool) -> Option<Status> {
        let set: Vec<_> = self.nodes.iter().filter(|n| wanted(n)).map(|n| (n.status.clone(), n.allow_failure)).collect();
        composite(&set, false)
    }

    fn rerun(&mut self, name: &str) {
        for index in skipped_after(&self.nodes, name) {
            self.nodes[index].status = Status::Created;
        }
    }

    fn event(&mut self, event: &str, names: &[String]) {
        for name in names {
            let index = self.nodes.iter().position(|node| node.name == *name).expect("the job exists");
            let status = match event {
                "success" => Status::Success,
                "drop" => Status::Failed,
                "cancel" => Status::Canceled,
                "run" => Status::Running,
                _ => Status::Pending,
            };
            self.nodes[index].status = status;
            if event == "play" || event == "retry" {
                self.rerun(name);
            }
        }
        if event == "retry" && names.is_empty() {
            let again: Vec<String> = self.nodes.iter().filter(|n| matches!(n.status, Status::Failed | Status::Canceled)).map(|n| n.name.clone()).collect();
            for name in again {
                let index = self.nodes.iter().position(|node| node.name == name).expect("the job exists");
                self.nodes[index].status = Status::Created;
                self.rerun(&name);
            }
        }
        self.process();
    }

    fn expect(&self, expected: &Value) -> Vec<String> {
        let mut found = BTreeMap::from([("pipeline".to_owned(), self.status.to_string())]);
        for (place, name) in self.stages.iter().enumerate() {
            found.insert(format!("stage {name}"), self.stage_status[place].to_string());
        }
        for node in &self.nodes {
            found.insert(format!("job {}", node.name), node.status.to_string());
        }
        let mut wanted = BTreeMap::from([("pipeline".to_owned(), expected["pipeline"].clone())]);
        for (kind, key) in [("stage", "stages"), ("job", "jobs")] {
            for (name, status) in expected[key].as_object().into_iter().flatten() {
                wanted.insert(format!("{kind} {name}"), status.clone());
            }
        }
        let differs = |(key, value): (&String, &Value)| {
            let got = found.get(key).cloned().unwrap_or_default();
            (value.as_str() != Some(&got)).then(|| format!("{key} is {got}, expected {value}"))
        };
        wanted.iter().filter_map(differs).collect()
    }
}

fn run(case: &Value) -> Result<(), String> {
    let mut pipeline = pipeline(&case["config"])?;
    pipeline.process();
    let check = |pipeline: &Pipeline, place: &str, expected: &Value| {
        let wrong = pipeline.expect(expected);
        if wrong.is_empty() { Ok(()) } else { Err(format!("{place}: {}", wrong.join("; "))) }
    };
    check(&pipeline, "init", &case["init"]["expect"])?;
    for (index, step) in case["transitions"].as_array().into_iter().flatten().enumerate() {
        let names: Vec<String> = step["jobs"].as_array().into_iter().flatten().filter_map(|n| n.as_str()).map(str::to_owned).collect();
        pipeline.event(step["event"].as_str().unwrap_or_default(), &names);
        check(&pipeline, &format!("step {} ({})", index + 1, step["event"]), &step["expect"])?;
    }
    Ok(())
}

#[test]
fn every_scenario_ends_as_on_gitlab() {
    let Some(folder) = super::data::find("pipeline_processing_cases/test_cases") else { return };
    let (mut total, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let case: Value = serde_yaml_ng::from_str(&text).expect("the case is YAML");
        total += 1;
        if let Err(error) = run(&case) {
            wrong.push(format!("{}: {error}", path.file_stem().unwrap_or_default().to_string_lossy()));
        }
    }
    wrong.sort();
    println!("pipeline_processing: {} of {total}", total - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
