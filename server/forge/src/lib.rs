//! forge
pub mod ci;
