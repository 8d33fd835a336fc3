#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod address;
mod body;
mod cookies;
mod forward;
pub mod framing;
pub mod front;
pub mod guard;
mod headers;
pub mod path;
pub mod pool;
pub mod stream;
mod tunnel;

pub use address::Address;
pub use body::Relayed;
pub use forward::{Broken, Own, Passage, ask, forward, is_upgrade};
pub use headers::Told;
