//! The parts of the editor's page.

pub mod buffer;
pub mod buffers;
pub mod conflict;
mod drafts;
pub mod files;
pub mod open;
pub mod review;
pub mod save;
