#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod archive;
mod card;
mod description;

pub use archive::{Error, MOST_DESCRIPTION, MOST_ENTRIES, read, read_description};
pub use card::{Card, Experiment, Kind, Platform, Variable};
