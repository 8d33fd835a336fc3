//! The parts of the editor's page.

pub mod buffers;
pub mod conflict;
pub mod files;
pub mod open;
pub mod save;
