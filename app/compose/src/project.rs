//! A project as far as it is known: all paths, and the content of those that were read.

use std::collections::{BTreeMap, BTreeSet};

use fmu::Card;
use twin::asset::Kind;

/// Texts that are longer are not looked into, in bytes.
pub const MOST_TEXT: u64 = 2 * 1024 * 1024;

/// Paths, texts and models of one project or one twin.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Every file, and whether it is executable where that is known.
    pub files: BTreeMap<String, Option<bool>>,
    /// Texts that were read.
    pub texts: BTreeMap<String, String>,
    /// FMUs that were read, or why they cannot be.
    pub models: BTreeMap<String, Result<Card, String>>,
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn ends(path: &str, endings: &[&str]) -> bool {
    let lower = name(path).to_lowercase();
    endings.iter().any(|end| lower.ends_with(end))
}

/// The folder that a path is in, empty at the top.
#[must_use]
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `path` seen from `base`, with `.` and `..` resolved; nothing when it leaves the project.
#[must_use]
pub fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl Project {
    /// Of files whose mode is not known.
    #[must_use]
    pub fn of_paths(paths: impl IntoIterator<Item = String>) -> Self {
        Self { files: paths.into_iter().map(|path| (path, None)).collect(), ..Self::default() }
    }

    /// Whether there is such a file.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether there is such a folder.
    #[must_use]
    pub fn has_folder(&self, path: &str) -> bool {
        let start = format!("{path}/");
        path.is_empty() || self.files.range(start.clone()..).next().is_some_and(|(file, _)| file.starts_with(&start))
    }

    /// Folders of twins: those in `digital_twins`, or the top when that is a twin itself.
    #[must_use]
    pub fn twins(&self) -> Vec<String> {
        let start = format!("{}/", Kind::Twin.folder());
        let names: BTreeSet<&str> = self.files.keys().filter_map(|path| path.strip_prefix(&start)?.split_once('/')).map(|(name, _)| name).collect();
        if names.is_empty() && self.has_folder("lifecycle") { vec![String::new()] } else { names.into_iter().map(|name| format!("{start}{name}")).collect() }
    }

    /// Files whose text the lint reads, in order.
    #[must_use]
    pub fn wanted_texts(&self) -> Vec<String> {
        let wanted = |path: &&String| ends(path, &[".json", ".yml", ".yaml", ".lock"]) || path.split('/').rev().nth(1) == Some("lifecycle");
        self.files.keys().filter(wanted).cloned().collect()
    }

    /// FMUs, in order.
    #[must_use]
    pub fn wanted_models(&self) -> Vec<String> {
        self.files.keys().filter(|path| ends(path, &[".fmu"])).cloned().collect()
    }

    /// The file that `written` means in the file `from`: seen from that file's folder, from its
    /// twin's, or from the top.
    #[must_use]
    pub fn resolve(&self, from: &str, written: &str) -> Option<String> {
        let twin = self.twins().into_iter().find(|twin| !twin.is_empty() && from.starts_with(&format!("{twin}/"))).unwrap_or_default();
        [folder(from), &twin, ""].into_iter().filter_map(|base| join(base, written)).find(|path| self.has(path))
    }

    /// Files that end like an absolute path does, the longest match first.
    #[must_use]
    pub fn like(&self, absolute: &str) -> Vec<String> {
        let parts: Vec<&str> = absolute.split('/').filter(|part| !part.is_empty()).collect();
        for skip in 0..parts.len() {
            let tail = parts[skip..].join("/");
            let found: Vec<String> = self.files.keys().filter(|path| **path == tail || path.ends_with(&format!("/{tail}"))).cloned().collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }
}

/// How to get from a folder to a file, in relative form.
#[must_use]
pub fn relative(from: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (from.split('/').filter(|part| !part.is_empty()).collect(), to.split('/').collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    from[same..].iter().map(|_| "..").chain(to[same..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{Project, join, relative};

    #[test]
    fn paths() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", "../../c"), None);
        assert_eq!(relative("digital_twins/x", "models/m.fmu"), "../../models/m.fmu");
        assert_eq!(relative("digital_twins/x", "digital_twins/x/models/m.fmu"), "models/m.fmu");
        let project = Project::of_paths(["digital_twins/x/cosim.json", "models/m.fmu", "digital_twins/x/models/n.fmu"].map(str::to_owned));
        assert_eq!(project.resolve("digital_twins/x/cosim.json", "models/m.fmu").as_deref(), Some("models/m.fmu"));
        assert_eq!(project.resolve("digital_twins/x/cosim.json", "models/n.fmu").as_deref(), Some("digital_twins/x/models/n.fmu"));
        assert_eq!(project.like("/workspace/examples/models/m.fmu"), ["models/m.fmu"]);
        assert_eq!(project.twins(), ["digital_twins/x"]);
        assert!(project.has_folder("models") && !project.has_folder("mod"));
    }
}
