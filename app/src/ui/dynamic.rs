//! Views that change, all of one type: each closure with a type of its own would bring its own copy
//! of everything a view can do, which is most of what a page weighs.

use leptos::prelude::*;

/// What `view` says, again whenever what it read changes.
pub fn dynamic<V: IntoView + 'static>(view: impl Fn() -> V + Send + 'static) -> Box<dyn Fn() -> AnyView + Send> {
    Box::new(move || view().into_any())
}
