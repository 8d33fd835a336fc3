//! `twinport.lock`: where the copied assets of a twin came from. It stands in the twin's folder,
//! so that it goes where the twin goes, and it is enough to find newer versions on any GitLab.

use serde::{Deserialize, Serialize};

/// Its name.
pub const FILE: &str = "twinport.lock";
/// The version that is written; newer ones are refused.
const VERSION: u32 = 1;

/// Where an asset was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The backend's address, with the path that it is under.
    pub backend: String,
    /// The project's full path.
    pub project: String,
    /// The asset's path in it.
    pub path: String,
    /// The branch that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// One copied asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is now, below the twin's folder.
    pub path: String,
    /// Where it came from.
    pub source: Source,
    /// The commit it was taken at.
    pub commit: String,
    /// The id of its git tree, or of its blob for a loose file: the same on every GitLab.
    pub tree: String,
    /// Files whose paths were rewritten on the way; the others are as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewritten: Vec<String>,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The version of this form.
    pub version: u32,
    /// Its assets, by path.
    pub assets: Vec<Entry>,
}

impl Lock {
    /// Of these assets.
    #[must_use]
    pub fn new(mut assets: Vec<Entry>) -> Self {
        assets.sort_by(|first, second| first.path.cmp(&second.path));
        Self { version: VERSION, assets }
    }

    /// Reads one.
    ///
    /// # Errors
    /// The end of a sentence that begins with the file's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lock: Self = serde_json::from_str(text).map_err(|error| format!("cannot be read: {error}"))?;
        if lock.version > VERSION {
            return Err(format!("has version {}, and this Twinport knows {VERSION}: update it", lock.version));
        }
        Ok(lock)
    }

    /// As text.
    #[must_use]
    pub fn print(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Lock, Source};

    #[test]
    fn it_is_read_back() {
        let source = Source { backend: "https://git.au.test/gitlab".into(), project: "dtaas/common".into(), path: "models/a".into(), branch: None };
        let entry = |path: &str| Entry { path: path.into(), source: source.clone(), commit: "c".repeat(40), tree: "t".repeat(40), rewritten: Vec::new() };
        let lock = Lock::new(vec![entry("models/b"), entry("common/models/a")]);
        assert_eq!(lock.assets[0].path, "common/models/a");
        assert_eq!(Lock::parse(&lock.print()), Ok(lock));
        assert!(Lock::parse("{\"version\":9,\"assets\":[]}").is_err_and(|why| why.contains("update")));
        assert!(Lock::parse("[").is_err());
    }
}
