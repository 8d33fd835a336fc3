//! The REST API, one file a resource, and the table of its routes.

pub mod artifacts;
pub mod branches;
pub mod commits;
pub mod environments;
pub mod files;
pub mod forks;
pub mod git_http;
pub mod groups;
pub mod headers;
pub mod jobs;
pub mod lint;
pub mod merge_requests;
pub mod merging;
pub mod pipelines;
pub mod projects;
pub mod replay;
pub mod repository;
pub mod routes;
pub mod runners;
pub mod schedules;
pub mod search;
pub mod tags;
pub mod trace;
pub mod triggers;
pub mod users;
pub mod variables;
