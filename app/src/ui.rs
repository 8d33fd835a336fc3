//! Parts that know nothing of digital twins: they could be in anybody's app.

pub mod cell;
pub mod confirm;
pub mod dynamic;
pub mod empty;
pub mod filter;
pub mod icon;
pub mod kept;
pub mod later;
pub mod loaded;
pub mod menu;
pub mod notice;
pub mod onward;
pub mod tabs;
pub mod theme;
pub mod toast;
pub mod window;
