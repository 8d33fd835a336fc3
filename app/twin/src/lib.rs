#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod asset;
pub mod compare;
pub mod csv;
pub mod declared;
pub mod facet;
pub mod junit;
pub mod lifecycle;
pub mod notebook;
pub mod phase;
pub mod plain;
pub mod run;
pub mod schedule;
pub mod search;
pub mod shelf;
