//! The frame around every page.

pub mod account;
pub mod arrange;
pub mod frame;
pub mod rail;
