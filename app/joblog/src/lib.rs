#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod line;
mod log;
mod scan;
mod section;
mod store;
mod style;

pub use line::{Line, Span};
pub use log::Log;
pub use section::{Rows, Section, Sections};
pub use style::{Mode, Style};
