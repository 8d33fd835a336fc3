#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod about;
pub mod inspect;
pub mod layout;
pub mod lint;
pub mod lock;
pub mod merge;
pub mod parameters;
pub mod project;
pub mod rewrite;
pub mod scaffold;
pub mod scenario;
pub mod trigger;
