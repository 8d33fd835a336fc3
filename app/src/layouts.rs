//! The frame around every page.

pub mod frame;
pub mod rail;
