//! One file on the desk: what it was, and what was made of it.

use leptos::prelude::*;

use crate::actions::edit::Edit;
use crate::problem::Problem;
use crate::ui::cell::Cell;

/// A file as it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its text.
    pub text: String,
    /// The commit that touched it last.
    pub since: String,
}

/// What somebody else made of a file meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// The text now.
    pub text: String,
    /// The commit that made it so.
    pub since: String,
}

/// Where a file stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Not looked at yet.
    Closed,
    /// On its way.
    Coming,
    /// Here, as text.
    Text,
    /// Here, and no text.
    Binary(usize),
    /// It did not come.
    Failed(Problem),
}

/// One file.
#[derive(Clone, Copy)]
pub struct Buffer {
    /// Its path, which may change.
    pub path: RwSignal<String>,
    /// What is in it.
    pub text: RwSignal<String>,
    /// Where it stands.
    pub state: Cell<State>,
    /// As it is on the backend; nothing for a new file.
    pub origin: Cell<Option<Origin>>,
    /// Its path there; nothing for a new file.
    pub was: RwSignal<Option<String>>,
    /// Bytes that were uploaded and are no text.
    pub bytes: StoredValue<Option<Vec<u8>>>,
    /// Whether those take the place of what is there.
    pub replaced: RwSignal<bool>,
    /// Whether it is to go.
    pub gone: RwSignal<bool>,
    /// Whether a draft of an earlier visit was put in.
    pub restored: RwSignal<bool>,
    /// What somebody else made of it.
    pub theirs: Cell<Option<Theirs>>,
    /// A line to begin at.
    pub line: StoredValue<Option<u32>>,
}

/// One that nobody looked at yet; `was` is its path on the backend.
pub(super) fn buffer(path: String, was: Option<String>) -> Buffer {
    Buffer {
        path: RwSignal::new(path),
        text: RwSignal::new(String::new()),
        state: Cell::new(State::Closed),
        origin: Cell::new(None),
        was: RwSignal::new(was),
        bytes: StoredValue::new(None),
        replaced: RwSignal::new(false),
        gone: RwSignal::new(false),
        restored: RwSignal::new(false),
        theirs: Cell::new(None),
        line: StoredValue::new(None),
    }
}

impl Buffer {
    /// What is to be saved of it, without following it; `commit` is what the desk was laid out from.
    #[must_use]
    pub fn edit(self, commit: &str) -> Option<Edit> {
        let (path, was, gone) = (self.path.get_untracked(), self.was.get_untracked(), self.gone.get_untracked());
        let bytes = self.bytes.get_value();
        let Some(from) = was else {
            let content = bytes.unwrap_or_else(|| self.text.get_untracked().into_bytes());
            let executable = path.contains("/lifecycle/") || content.starts_with(b"#!");
            return (!gone).then_some(Edit::Create { path, content, executable });
        };
        let origin = self.origin.peek(Clone::clone).flatten();
        let since = origin.as_ref().map_or_else(|| commit.to_owned(), |origin| origin.since.clone());
        if gone {
            return Some(Edit::Delete { path: from, since });
        }
        let text = self.text.get_untracked();
        let content = bytes.or_else(|| origin.filter(|origin| origin.text != text).map(|_| text.into_bytes()));
        (path != from || content.is_some()).then_some(Edit::Write { from, to: path, content, since })
    }

    /// Whether anything is to be saved of it, followed.
    #[must_use]
    pub fn is_changed(self) -> bool {
        let (path, gone) = (self.path.get(), self.gone.get());
        let text = self.text.with(Clone::clone);
        let replaced = self.replaced.get();
        match self.was.get() {
            None => !gone,
            Some(was) => gone || replaced || path != was || self.origin.with(|origin| origin.as_ref().is_some_and(|origin| origin.text != text)),
        }
    }
}
