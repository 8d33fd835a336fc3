//! The gate before the workspaces, over real connections: rows A, B and C of SECURITY.md §9. Each
//! test fails when its defence is taken out.

#[path = "workspaces/driven.rs"]
mod driven;
#[path = "workspaces/framing.rs"]
mod framing;
#[path = "workspaces/gate.rs"]
mod gate;
#[path = "workspaces/headers.rs"]
mod headers;
#[path = "workspaces/hostile.rs"]
mod hostile;
#[path = "auth/mock.rs"]
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod mock;
#[path = "workspaces/rig.rs"]
mod rig;
#[path = "workspaces/second.rs"]
mod second;
#[path = "workspaces/sockets.rs"]
mod sockets;
