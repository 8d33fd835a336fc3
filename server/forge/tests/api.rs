//! The forge through its router: what clients ask, and what they must get. Actors make requests;
//! no port is opened.

#![expect(clippy::print_stdout, reason = "tests say how much they compared, and when there is nothing to compare with")]

#[path = "api/actor.rs"]
mod actor;
#[path = "api/commits.rs"]
mod commits;
#[path = "api/containers.rs"]
mod containers;
#[path = "api/continuous.rs"]
mod continuous;
#[path = "api/everyday.rs"]
mod everyday;
#[path = "api/form.rs"]
mod form;
#[path = "api/git.rs"]
mod git;
#[path = "api/graph.rs"]
mod graph;
#[path = "api/hostile.rs"]
mod hostile;
#[path = "api/merge_requests.rs"]
mod merge_requests;
#[path = "api/oauth.rs"]
mod oauth;
#[path = "api/pipelines.rs"]
mod pipelines;
#[path = "api/provisioned.rs"]
mod provisioned;
#[path = "api/rights.rs"]
mod rights;
#[path = "api/schemas.rs"]
mod schemas;
