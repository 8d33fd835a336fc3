//! The files on the desk: what they were, what was made of them, and drafts of that in this browser.

use std::collections::BTreeMap;

use gitlab::repository::File;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use twin::asset::Asset;

use crate::actions::edit::{Edit, open};
use crate::browser;
use crate::browser::desk::forget;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::checks::{Checked, check_later};
use crate::queries::copy::Snapshot;
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

/// A draft, as this browser keeps it.
#[derive(Serialize, Deserialize)]
struct Draft {
    since: Option<String>,
    base: Option<String>,
    text: String,
}

/// What is done to whole files, as this browser keeps it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Shape {
    new: Vec<String>,
    moved: Vec<(String, String)>,
    gone: Vec<String>,
}

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
    current: RwSignal<Option<usize>>,
    /// Whose the files are: what somebody makes in a part of the page that comes and goes stays.
    owner: StoredValue<Option<Owner>>,
    /// What the lint says, once it was asked.
    pub checked: Cell<Option<Checked>>,
}

fn buffer(path: String, was: Option<String>) -> Buffer {
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

    /// What is done to whole files, followed.
    fn shape(self) -> Shape {
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

    /// Under which name the draft of a file is kept.
    #[must_use]
    pub fn draft_name(self, path: &str) -> String {
        let owner = self.asset.with_value(|asset| asset.owner);
        // Whose it is too: several people may use one browser after another.
        let whose = self.client.with_value(|client| format!("{} {} {}", client.instance.id, client.username.as_deref().unwrap_or_default(), client.project_path(owner)));
        format!("draft {whose} {path}")
    }

    /// Where it is kept what is done to whole files.
    fn shape_name(self) -> String {
        self.draft_name(&format!("{}/*", self.asset.with_value(Asset::path)))
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
    fn own<T>(self, work: impl FnOnce() -> T) -> T {
        match self.owner.try_get_value().flatten() {
            Some(owner) => owner.with(work),
            None => work(),
        }
    }

    fn add(self, buffer: Buffer) -> usize {
        let mut all = self.buffers.peek(Clone::clone).unwrap_or_default();
        all.push(buffer);
        let number = all.len() - 1;
        self.buffers.set(all);
        number
    }

    async fn fetch(self, buffer: Buffer, path: String, fix: Option<String>) {
        if !self.is_there() {
            return;
        }
        let (client, owner) = (self.client.get_value(), self.asset.with_value(|asset| asset.owner));
        let opened = open(client, owner, path.clone()).await;
        if !self.is_there() {
            return;
        }
        match opened {
            Err(problem) => {
                buffer.state.set(State::Failed(problem));
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

    /// Puts a text on the desk, with the draft of an earlier visit if there is one.
    fn arrive(self, buffer: Buffer, path: &str, origin: Origin, text: String) {
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

    /// Keeps what is typed in this browser, from now on.
    fn keep_drafts(self, buffer: Buffer) {
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

    fn keep(self, buffer: Buffer, text: String) {
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

    /// What an earlier visit left: new files, other names, deletions, and texts that were typed.
    fn restore(self) {
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
