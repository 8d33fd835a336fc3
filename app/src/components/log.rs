//! A job's log: what one sees, finds and takes away.

mod bar;
mod digest;
mod find;
mod place;
mod rows;
mod state;
pub mod view;
