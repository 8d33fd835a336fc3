#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod conductor;
pub mod journal;
pub mod lead;
pub mod lookup;
pub mod manifest;
pub mod plan;
pub mod reach;
pub mod standing;
