//! The frame around every page.

pub mod account;
#[cfg(any(feature = "hydrate", test))]
pub mod arrange;
pub mod arrangement;
pub mod badge;
pub mod frame;
pub mod parts;
pub mod rail;
#[cfg(any(feature = "hydrate", test))]
pub mod step_up;
#[cfg(any(feature = "hydrate", test))]
pub mod watch;
