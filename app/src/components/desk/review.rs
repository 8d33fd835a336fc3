//! What would be saved, as differences.

use compose::merge::hunks;
use gitlab::commits::FileDiff;
use leptos::prelude::*;

use super::buffer::State;
use super::buffers::Desk;
use crate::components::diff_view::DiffView;

fn differences(desk: Desk) -> Vec<FileDiff> {
    let buffers = desk.buffers.peek(Clone::clone).unwrap_or_default();
    let of = |buffer: super::buffer::Buffer| {
        buffer.edit("")?;
        let (path, was) = (buffer.path.get_untracked(), buffer.was.get_untracked());
        let old = buffer.origin.peek(|origin| origin.as_ref().map(|origin| origin.text.clone())).flatten().unwrap_or_default();
        let gone = buffer.gone.get_untracked();
        let binary = buffer.state.peek(|state| !matches!(state, State::Text)) == Some(true);
        let new = if gone { String::new() } else { buffer.text.get_untracked() };
        let diff = if binary { String::new() } else { hunks(&old, &new) };
        let moved = was.as_ref().is_some_and(|was| *was != path);
        Some(FileDiff {
            old_path: was.clone().unwrap_or_else(|| path.clone()),
            new_path: path,
            diff,
            new_file: was.is_none(),
            renamed_file: moved,
            deleted_file: gone,
            too_large: None,
        })
    };
    buffers.into_iter().filter_map(of).collect()
}

/// The differences as they are now.
pub fn review(desk: Desk) -> AnyView {
    view! { <DiffView diffs=differences(desk)/> }.into_any()
}
