//! One async function per wish; the only writers.

pub mod changes;
pub mod compose;
pub mod edit;
pub mod embed;
pub mod federated;
pub mod runs;
pub mod schedules;
pub mod service;
pub mod sign_out;
pub mod transfer;
pub mod update;
pub mod workspace;
