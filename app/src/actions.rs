//! One async function per wish; the only writers. Afterwards queries are asked again.

pub mod runs;
pub mod sign_out;
