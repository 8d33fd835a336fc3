#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod artifacts;
pub mod branches;
pub mod commits;
pub mod endpoint;
pub mod environments;
pub mod error;
pub mod graph;
pub mod ids;
pub mod jobs;
pub mod lint;
pub mod merge_requests;
pub mod mine;
pub mod page;
pub mod pipelines;
pub mod projects;
pub mod record;
pub mod repository;
pub mod runners;
pub mod schedules;
pub mod search;
pub mod status;
pub mod trace;
pub mod users;

pub use endpoint::{Api, Endpoint, Method, Request, Response, Transport};
pub use error::Error;
pub use ids::{JobId, PipelineId, ProjectId, ProjectRef, UserId};
pub use status::Status;
