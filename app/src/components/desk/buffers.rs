//! The files on the desk, all of them, and what is done with them.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::buffer::{Buffer, Origin, State, Theirs, buffer};
use super::drafts::Shape;
use crate::actions::edit::{Edit, File, open};
use crate::browser;
use crate::browser::desk::forget;
use crate::instances::Client;
use crate::queries::checks::{Checked, check_later};
use crate::queries::copy::Snapshot;
use crate::ui::cell::Cell;

/// All files of an asset, on one desk.
#[derive(Clone, Copy)]
pub struct Desk {
    /// Who asks.
    pub client: StoredValue<Client>,
    /// The asset.
    pub asset: StoredValue<Asset>,
    /// The commit whose files they are.
    pub commit: StoredValue<String>,
    /// Its files.
    pub buffers: Cell<Vec<Buffer>>,
    pub(super) current: RwSignal<Option<usize>>,
    /// Whose the files are: what somebody makes in a part of the page that comes and goes stays.
    pub(super) owner: StoredValue<Option<Owner>>,
    /// What the lint says, once it was asked.
    pub checked: Cell<Option<Checked>>,
}

impl Desk {
    /// With the files of a snapshot, none of them open.
    #[must_use]
    pub fn new(client: Client, asset: Asset, snapshot: &Snapshot) -> Self {
        let full = |path: &str| if path.is_empty() { asset.path() } else { format!("{}/{path}", asset.path()) };
        let buffers: Vec<Buffer> = snapshot.files.iter().filter(|file| !file.special).map(|file| buffer(full(&file.path), Some(full(&file.path)))).collect();
        let desk = Self {
            client: StoredValue::new(client),
            asset: StoredValue::new(asset),
            commit: StoredValue::new(snapshot.commit.clone()),
            buffers: Cell::new(buffers),
            current: RwSignal::new(None),
            owner: StoredValue::new(Owner::current()),
            checked: Cell::new(None),
        };
        desk.restore();
        Effect::new(move |before: Option<Shape>| {
            let shape = desk.shape();
            if before.is_some_and(|before| before != shape) {
                browser::remember(&desk.shape_name(), &serde_json::to_string(&shape).unwrap_or_default());
            }
            shape
        });
        desk
    }

    /// Whether the page is still there; what comes later than that is of no use.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.client.try_with_value(|_| ()).is_some()
    }

    /// The file that is shown.
    #[must_use]
    pub fn shown(self) -> Option<usize> {
        self.current.get()
    }

    /// How many files are changed, followed.
    #[must_use]
    pub fn changed(self) -> usize {
        self.buffers.with(|buffers| buffers.iter().filter(|buffer| buffer.is_changed()).count())
    }

    /// The file to begin with: the README, else the first.
    #[must_use]
    pub fn first(self) -> Option<String> {
        let paths: Vec<String> = self.buffers.peek(|buffers| buffers.iter().map(|buffer| buffer.path.get_untracked()).collect()).unwrap_or_default();
        paths.iter().find(|path| path.to_lowercase().ends_with("/readme.md")).or(paths.first()).cloned()
    }

    /// Shows a file, fetched if it was not; `fix` is a rule of the lint whose change is to be made.
    pub fn open(self, path: String, line: Option<u32>, fix: Option<String>) {
        let place =
            self.buffers.peek(|buffers| buffers.iter().position(|buffer| buffer.path.get_untracked() == path || buffer.was.get_untracked().as_ref() == Some(&path))).flatten();
        // What is not of the asset, the parent CI file for instance, comes beside it.
        let number = place.unwrap_or_else(|| self.add(self.own(|| buffer(path.clone(), Some(path.clone())))));
        let Some(buffer) = self.buffers.peek(|buffers| buffers.get(number).copied()).flatten() else { return };
        buffer.line.set_value(line);
        self.current.set(Some(number));
        let closed = buffer.state.peek(|state| matches!(state, State::Closed | State::Failed(_))) == Some(true);
        if closed {
            buffer.state.set(State::Coming);
            // Under the name that the backend has it.
            let from = buffer.was.get_untracked().unwrap_or(path);
            spawn_local(async move { self.fetch(buffer, from, fix).await });
        }
    }

    /// Does something in the name of the page.
    pub(super) fn own<T>(self, work: impl FnOnce() -> T) -> T {
        match self.owner.try_get_value().flatten() {
            Some(owner) => owner.with(work),
            None => work(),
        }
    }

    pub(super) fn add(self, buffer: Buffer) -> usize {
        let mut all = self.buffers.peek(Clone::clone).unwrap_or_default();
        all.push(buffer);
        let number = all.len() - 1;
        self.buffers.set(all);
        number
    }

    pub(super) async fn fetch(self, buffer: Buffer, path: String, fix: Option<String>) {
        if !self.is_there() {
            return;
        }
        let (client, owner) = (self.client.get_value(), self.asset.with_value(|asset| asset.owner));
        let opened = open(client, owner, path.clone()).await;
        if !self.is_there() {
            return;
        }
        match opened {
            // Somebody took the file away, and what was typed into it is still here: it is a new one then.
            Err((problem, gone)) => {
                if !(gone && self.revive(buffer, &path)) {
                    buffer.state.set(State::Failed(problem));
                }
            }
            Ok(File { content, last_commit_id, .. }) => match String::from_utf8(content) {
                Err(error) => {
                    if !buffer.replaced.get_untracked() {
                        buffer.state.set(State::Binary(error.as_bytes().len()));
                    }
                }
                Ok(text) => {
                    let origin = Origin { text: text.clone(), since: last_commit_id };
                    self.arrive(buffer, &path, origin, text);
                    if let Some(code) = fix {
                        self.fix(buffer, &path, &code).await;
                    }
                }
            },
        }
        if self.is_there() {
            self.look();
        }
    }

    /// What was saved is what the files are now; what was typed since then stays to be saved.
    pub fn settle(self, edits: &[(usize, Edit)], commit: &str) {
        let buffers = self.buffers.peek(Clone::clone).unwrap_or_default();
        for (number, edit) in edits {
            let Some(buffer) = buffers.get(*number) else { continue };
            let origin = |content: &[u8]| String::from_utf8(content.to_vec()).ok().map(|text| Origin { text, since: commit.to_owned() });
            match edit {
                Edit::Create { path, content, .. } => {
                    buffer.was.set(Some(path.clone()));
                    buffer.origin.set(origin(content));
                }
                Edit::Write { from, to, content, .. } => {
                    forget(&self.draft_name(from));
                    buffer.was.set(Some(to.clone()));
                    let now = match content {
                        Some(content) => origin(content),
                        None => buffer.origin.peek(Clone::clone).flatten().map(|origin| Origin { since: commit.to_owned(), ..origin }),
                    };
                    buffer.origin.set(now);
                }
                Edit::Delete { path, .. } => {
                    forget(&self.draft_name(path));
                    buffer.was.set(None);
                }
            }
            buffer.bytes.set_value(None);
            buffer.replaced.set(false);
            let known = buffer.state.peek(|state| *state == State::Text) == Some(true);
            if known && !buffer.gone.get_untracked() {
                self.keep(*buffer, buffer.text.get_untracked());
            }
        }
        self.commit.set_value(commit.to_owned());
        self.checked.set(None);
        self.look();
    }

    /// A new file.
    pub fn create(self, path: String, bytes: Vec<u8>) {
        let new = self.own(|| buffer(path, None));
        match String::from_utf8(bytes) {
            Ok(text) => {
                new.text.set(text.clone());
                new.state.set(State::Text);
                self.keep(new, text);
                self.keep_drafts(new);
            }
            Err(error) => {
                new.state.set(State::Binary(error.as_bytes().len()));
                new.bytes.set_value(Some(error.into_bytes()));
            }
        }
        let number = self.add(new);
        self.current.set(Some(number));
    }

    /// Other bytes for a file that is there.
    pub fn replace(self, number: usize, bytes: Vec<u8>) {
        let Some(buffer) = self.buffers.peek(|buffers| buffers.get(number).copied()).flatten() else { return };
        buffer.gone.set(false);
        match String::from_utf8(bytes) {
            Ok(text) if buffer.state.peek(|state| *state == State::Text) == Some(true) => buffer.text.set(text),
            Ok(text) => self.put(buffer, text.into_bytes()),
            Err(error) => self.put(buffer, error.into_bytes()),
        }
        self.current.set(Some(number));
    }

    fn put(self, buffer: Buffer, bytes: Vec<u8>) {
        buffer.state.set(State::Binary(bytes.len()));
        buffer.bytes.set_value(Some(bytes));
        buffer.replaced.set(true);
    }

    /// Makes the change that a finding offers.
    async fn fix(self, buffer: Buffer, path: &str, code: &str) {
        let Some(checked) = check_later(self.client.get_value(), self.asset.get_value()).await else { return };
        if !self.is_there() {
            return;
        }
        let fixes = checked.findings.iter().filter(|finding| finding.path == path && finding.code == code).filter_map(|finding| finding.fix.clone());
        let now = buffer.text.get_untracked();
        let new = fixes.fold(now.clone(), |text, fix| text.replace(&fix.find, &fix.replace));
        if new != now {
            buffer.text.set(new);
        }
        self.checked.set(Some(checked));
    }

    /// Lets the lint look at the project, once.
    fn look(self) {
        let twin = self.asset.with_value(|asset| asset.kind == twin::asset::Kind::Twin);
        if twin && self.checked.peek(Option::is_some) == Some(false) {
            let (client, asset) = (self.client.get_value(), self.asset.get_value());
            spawn_local(async move {
                if let Some(checked) = check_later(client, asset).await {
                    self.checked.set(Some(checked));
                }
            });
        }
    }

    /// Everything that is to be saved, with the number of its file.
    #[must_use]
    pub fn edits(self) -> Vec<(usize, Edit)> {
        let commit = self.commit.get_value();
        let ready = |buffer: &Buffer| buffer.state.peek(|state| *state != State::Coming) == Some(true);
        self.buffers
            .peek(|buffers| buffers.iter().enumerate().filter(|(_, buffer)| ready(buffer)).filter_map(|(number, buffer)| Some((number, buffer.edit(&commit)?))).collect())
            .unwrap_or_default()
    }

    /// Takes in what others did to files that could not be saved over it.
    pub fn conflicts(self, others: Vec<(String, File)>) {
        let mut others: BTreeMap<String, File> = others.into_iter().collect();
        for (number, buffer) in self.buffers.peek(Clone::clone).unwrap_or_default().into_iter().enumerate() {
            let Some(was) = buffer.was.get_untracked() else { continue };
            if let Some(file) = others.remove(&was) {
                buffer.theirs.set(Some(Theirs { text: String::from_utf8_lossy(&file.content).into_owned(), since: file.last_commit_id }));
                self.current.set(Some(number));
            }
        }
    }
}
