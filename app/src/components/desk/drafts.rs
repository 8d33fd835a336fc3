//! What was typed and not saved, in this browser: texts with the commit they began at, new files, other
//! names, deletions.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use twin::asset::Asset;

use super::buffer::{Buffer, Origin, State, Theirs, buffer};
use super::buffers::Desk;
use crate::actions::edit::Edit;
use crate::browser;
use crate::browser::desk::forget;

/// A draft, as this browser keeps it.
#[derive(Serialize, Deserialize)]
struct Draft {
    since: Option<String>,
    base: Option<String>,
    text: String,
}

/// What is done to whole files, as this browser keeps it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    new: Vec<String>,
    moved: Vec<(String, String)>,
    gone: Vec<String>,
}

impl Desk {
    /// What is done to whole files, followed.
    pub(super) fn shape(self) -> Shape {
        let mut shape = Shape::default();
        self.buffers.with(|buffers| {
            for buffer in buffers {
                let (path, was, gone) = (buffer.path.get(), buffer.was.get(), buffer.gone.get());
                match was {
                    None if !gone && buffer.bytes.with_value(Option::is_none) => shape.new.push(path),
                    Some(was) if gone => shape.gone.push(was),
                    Some(was) if was != path => shape.moved.push((was, path)),
                    _ => {}
                }
            }
        });
        shape
    }

    /// Under which name the draft of a file is kept.
    #[must_use]
    pub fn draft_name(self, path: &str) -> String {
        let owner = self.asset.with_value(|asset| asset.owner);
        // Whose it is too: several people may use one browser after another.
        let whose = self.client.with_value(|client| format!("{} {} {}", client.instance.id, client.username.as_deref().unwrap_or_default(), client.project_path(owner)));
        format!("draft {whose} {path}")
    }

    /// Where it is kept what is done to whole files.
    pub(super) fn shape_name(self) -> String {
        self.draft_name(&format!("{}/*", self.asset.with_value(Asset::path)))
    }

    /// Puts a text on the desk, with the draft of an earlier visit if there is one.
    pub(super) fn arrive(self, buffer: Buffer, path: &str, origin: Origin, text: String) {
        let draft: Option<Draft> = browser::remembered(&self.draft_name(path)).and_then(|kept| serde_json::from_str(&kept).ok());
        let mut shown = text.clone();
        if let Some(draft) = draft.filter(|draft| draft.text != text) {
            let same = draft.since.as_deref() == Some(origin.since.as_str());
            // Somebody saved the file after the draft was begun: both versions are shown.
            if let (false, Some(base), Some(since)) = (same, draft.base, draft.since) {
                buffer.theirs.set(Some(Theirs { text: text.clone(), since: origin.since.clone() }));
                buffer.origin.set(Some(Origin { text: base, since }));
            } else {
                buffer.origin.set(Some(origin));
            }
            shown = draft.text;
            buffer.restored.set(true);
        } else {
            buffer.origin.set(Some(origin));
        }
        buffer.text.set(shown);
        buffer.state.set(State::Text);
        self.keep_drafts(buffer);
    }

    /// Puts the draft of a file on the desk that is there no more, as a new one; `false` when there is none.
    pub(super) fn revive(self, buffer: Buffer, path: &str) -> bool {
        let draft: Option<Draft> = browser::remembered(&self.draft_name(path)).and_then(|kept| serde_json::from_str(&kept).ok());
        let Some(draft) = draft else { return false };
        buffer.was.set(None);
        buffer.text.set(draft.text);
        buffer.restored.set(true);
        buffer.state.set(State::Text);
        self.keep_drafts(buffer);
        true
    }

    /// Keeps what is typed in this browser, from now on.
    pub(super) fn keep_drafts(self, buffer: Buffer) {
        self.own(|| {
            Effect::new(move |before: Option<String>| {
                let (text, path) = (buffer.text.get(), buffer.path.get());
                if let Some(before) = before {
                    // A new file's draft goes by its name, which may change.
                    if before != path && buffer.was.get_untracked().is_none() {
                        forget(&self.draft_name(&before));
                    }
                    self.keep(buffer, text);
                }
                path
            })
        });
    }

    pub(super) fn keep(self, buffer: Buffer, text: String) {
        let was = buffer.was.get_untracked();
        let name = self.draft_name(was.as_deref().unwrap_or(&buffer.path.get_untracked()));
        let origin = buffer.origin.peek(Clone::clone).flatten();
        if origin.as_ref().is_some_and(|origin| origin.text == text) {
            forget(&name);
            return;
        }
        let (since, base) = origin.map_or((None, None), |origin| (Some(origin.since), Some(origin.text)));
        browser::remember(&name, &serde_json::to_string(&Draft { since, base, text }).unwrap_or_default());
    }

    /// Forgets the drafts of what was offered; what was typed since then is kept.
    pub fn forget_sent(self, edits: &[(usize, Edit)]) {
        let buffers = self.buffers.peek(Clone::clone).unwrap_or_default();
        for (number, edit) in edits {
            let Some(buffer) = buffers.get(*number) else { continue };
            if buffer.edit(&self.commit.get_value()).as_ref() == Some(edit) {
                forget(&self.draft_name(&buffer.was.get_untracked().unwrap_or_else(|| buffer.path.get_untracked())));
            }
        }
        forget(&self.shape_name());
    }

    /// What an earlier visit left: new files, other names, deletions, and texts that were typed.
    pub(super) fn restore(self) {
        let shape: Shape = browser::remembered(&self.shape_name()).and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default();
        let all = self.buffers.peek(Clone::clone).unwrap_or_default();
        for buffer in &all {
            let was = buffer.was.get_untracked().unwrap_or_default();
            if shape.gone.contains(&was) {
                buffer.gone.set(true);
                buffer.restored.set(true);
            }
            if let Some((_, path)) = shape.moved.iter().find(|(from, _)| *from == was) {
                buffer.path.set(path.clone());
                buffer.restored.set(true);
            }
            if browser::remembered(&self.draft_name(&was)).is_some() {
                let buffer = *buffer;
                buffer.state.set(State::Coming);
                spawn_local(async move { self.fetch(buffer, was, None).await });
            }
        }
        for path in shape.new {
            let taken = all.iter().any(|buffer| buffer.path.get_untracked() == path);
            let draft: Option<Draft> = browser::remembered(&self.draft_name(&path)).and_then(|kept| serde_json::from_str(&kept).ok());
            if let (false, Some(draft)) = (taken, draft) {
                let new = buffer(path, None);
                new.text.set(draft.text);
                new.state.set(State::Text);
                new.restored.set(true);
                self.keep_drafts(new);
                self.add(new);
            }
        }
    }
}
