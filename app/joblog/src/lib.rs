#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod line;
pub mod scan;
pub mod style;
pub mod tail;

pub use line::{Line, Span};
pub use style::Style;
pub use tail::Tail;
