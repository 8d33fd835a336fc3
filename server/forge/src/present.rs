//! Rows to GitLab's JSON, one function an entity (`lib/api/entities`).

pub mod people;
pub mod pipelines;
pub mod projects;
pub mod repository;
