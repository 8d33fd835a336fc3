//! The thin server: sessions and tokens, the pages' shell, the static site, and the forge.
//! `router` is all of it, the same that tests use.

#![recursion_limit = "512"]

pub mod admin;
pub mod auth;
pub mod card;
pub mod check;
pub mod cli;
pub mod config;
pub mod edge;
pub mod embed;
pub mod failure;
pub mod import;
pub mod middleware;
pub mod pages;
pub mod relay;
pub mod routes;
pub mod service;
pub mod site;
pub mod state;
pub mod store;
pub mod workspaces;

pub use routes::router;
pub use state::{StartError, State};
