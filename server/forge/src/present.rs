//! Rows to GitLab's JSON, one function an entity (`lib/api/entities`).

pub mod merge_requests;
pub mod people;
pub mod pipelines;
pub mod projects;
pub mod repository;
