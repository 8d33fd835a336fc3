//! The frame around every page.

pub mod account;
pub mod arrange;
pub mod arrangement;
pub mod frame;
pub mod parts;
pub mod rail;
pub mod step_up;
