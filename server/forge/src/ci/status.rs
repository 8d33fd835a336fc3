//! The status engine: what a set of jobs amounts to (GitLab's `lib/gitlab/ci/status/composite.rb`)
//! and which jobs may go next (`app/services/ci/pipeline_processing`). Pure: rows in, rows out.

use gitlab::Status;

use super::job::When;

/// The status of a set of jobs, each with its `allow_failure`; `None` for no jobs.
/// `dag` is set when the set is what one job `needs`.
#[must_use]
pub fn composite(jobs: &[(Status, bool)], dag: bool) -> Option<Status> {
    if jobs.is_empty() {
        return None;
    }
    let (mut seen, mut warn, mut ignored) = (Vec::new(), false, false);
    for (status, allow_failure) in jobs {
        match status {
            Status::Failed | Status::Canceled if *allow_failure => warn = true,
            Status::Manual if *allow_failure => ignored = true,
            status => seen.push(status.clone()),
        }
    }
    let any = |wanted: &Status| seen.contains(wanted);
    // `only(x)`: nothing else was seen, `warn` and `ignored` set aside as `extra` allows.
    let only = |wanted: &[Status]| seen.iter().all(|status| wanted.contains(status));
    use Status as S;
    let skipped_by_need = dag && (any(&S::Skipped) || ignored);
    Some(if skipped_by_need || (only(&[S::Skipped]) && !warn) {
        S::Skipped
    } else if only(&[S::Success, S::Skipped]) {
        S::Success
    } else if only(&[S::Created]) {
        S::Created
    } else if only(&[S::Preparing]) && !warn && !ignored {
        S::Preparing
    } else if only(&[S::Canceled, S::Success, S::Skipped]) {
        S::Canceled
    } else if only(&[S::Pending, S::Created, S::Skipped]) {
        S::Pending
    } else if any(&S::Running) || any(&S::Pending) {
        S::Running
    } else if any(&S::WaitingForResource) {
        S::WaitingForResource
    } else if any(&S::WaitingForCallback) {
        S::WaitingForCallback
    } else if any(&S::Manual) {
        S::Manual
    } else if any(&S::Scheduled) {
        S::Scheduled
    } else if any(&S::Preparing) {
        S::Preparing
    } else if any(&S::Created) {
        S::Running
    } else if any(&S::Canceling) {
        S::Canceling
    } else {
        S::Failed
    })
}

/// What a stage becomes when its jobs amount to `new`: it never goes back to `created`
/// (`Ci::Stage#set_status` has no such transition).
#[must_use]
pub fn stage_after(old: &Status, new: Status) -> Status {
    if new == Status::Created { old.clone() } else { new }
}

/// What a pipeline becomes when its jobs amount to `new`: like a stage, and one that had ended
/// goes straight to `running` (`Ci::Pipeline`, event `enqueue`).
#[must_use]
pub fn pipeline_after(old: &Status, new: Status) -> Status {
    match (old, stage_after(old, new)) {
        (Status::Running | Status::Success | Status::Failed | Status::Canceling | Status::Canceled, Status::Pending) => Status::Running,
        (_, new) => new,
    }
}

/// A job as far as scheduling is concerned.
#[derive(Debug, Clone)]
pub struct Node {
    /// The job's name, unique among the jobs that are not retried.
    pub name: String,
    /// Position of its stage, from 0.
    pub stage: usize,
    /// Where it stands.
    pub status: Status,
    /// When it may start.
    pub when: When,
    /// Whether its failure counts as a warning only.
    pub allow_failure: bool,
    /// Names of the jobs it waits for; `None` waits for all earlier stages.
    pub needs: Option<Vec<String>>,
}

/// Moves every `created` job whose predecessors are complete to what comes next:
/// pending, manual, scheduled or skipped. Repeats until nothing moves; returns the
/// indexes that changed.
pub fn advance(nodes: &mut [Node]) -> Vec<usize> {
    let mut changed = Vec::new();
    loop {
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|index| nodes[*index].stage);
        let mut moved = false;
        for index in order {
            if nodes[index].status != Status::Created {
                continue;
            }
            let before = predecessors(nodes, index);
            let dag = nodes[index].needs.is_some();
            let status = composite(&before, dag).unwrap_or(Status::Success);
            if !status.is_complete() {
                continue;
            }
            nodes[index].status = next(&nodes[index], &status);
            changed.push(index);
            moved = true;
        }
        if !moved {
            return changed;
        }
    }
}

fn predecessors(nodes: &[Node], index: usize) -> Vec<(Status, bool)> {
    let job = &nodes[index];
    let wanted = |other: &&Node| match &job.needs {
        Some(names) => names.contains(&other.name),
        None => other.stage < job.stage,
    };
    nodes.iter().filter(wanted).map(|n| (n.status.clone(), n.allow_failure)).collect()
}

/// `Ci::ProcessBuildService`: enqueue, make manual, schedule, or skip.
fn next(job: &Node, before: &Status) -> Status {
    let allowed = match job.when {
        When::OnSuccess | When::Manual | When::Delayed => *before == Status::Success || (job.needs.is_none() && *before == Status::Skipped),
        When::OnFailure => *before == Status::Failed,
        When::Always => matches!(before, Status::Success | Status::Failed | Status::Skipped),
        When::Never => false,
    };
    match (allowed, &job.when) {
        (false, _) => Status::Skipped,
        (true, When::Manual) => Status::Manual,
        (true, When::Delayed) => Status::Scheduled,
        (true, _) => Status::Pending,
    }
}

/// The names of the jobs that have to wait anew when `name` runs again: those after it that
/// were skipped (GitLab's `ResetSkippedJobsService`): later stages, or its dependants.
#[must_use]
pub fn skipped_after(nodes: &[Node], name: &str) -> Vec<usize> {
    let Some(origin) = nodes.iter().find(|node| node.name == name) else { return Vec::new() };
    let mut dependants = vec![name.to_owned()];
    let mut next = 0;
    while next < dependants.len() {
        for node in nodes {
            let depends = node.needs.as_ref().is_some_and(|needs| needs.contains(&dependants[next]));
            if depends && !dependants.contains(&node.name) {
                dependants.push(node.name.clone());
            }
        }
        next += 1;
    }
    let after = |node: &Node| node.stage > origin.stage || dependants[1..].contains(&node.name);
    (0..nodes.len()).filter(|i| nodes[*i].status == Status::Skipped && after(&nodes[*i])).collect()
}
