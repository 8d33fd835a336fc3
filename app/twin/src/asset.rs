//! Assets: folders below five well-known folders of a project (DTAAS.md §2.2).

use serde::{Deserialize, Serialize};

/// The five kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// `digital_twins/`
    Twin,
    /// `functions/`
    Function,
    /// `models/`
    Model,
    /// `tools/`
    Tool,
    /// `data/`
    Data,
}

impl Kind {
    /// In the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Twin, Self::Function, Self::Model, Self::Tool, Self::Data];

    /// The folder that holds them.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Twin => "digital_twins",
            Self::Function => "functions",
            Self::Model => "models",
            Self::Tool => "tools",
            Self::Data => "data",
        }
    }

    /// The kind that a folder holds.
    #[must_use]
    pub fn of_folder(folder: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.folder() == folder)
    }

    /// One of them, on screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Twin => "Digital twin",
            Self::Function => "Function",
            Self::Model => "Model",
            Self::Tool => "Tool",
            Self::Data => "Data",
        }
    }

    /// Many of them, on screen.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Twin => "Digital twins",
            Self::Function => "Functions",
            Self::Model => "Models",
            Self::Tool => "Tools",
            Self::Data => "Data",
        }
    }
}

/// Whose project an asset is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Owner {
    /// The person's own.
    Private,
    /// The instance's common one.
    Common,
}

impl Owner {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Private, Self::Common];

    /// The word in URLs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Common => "common",
        }
    }

    /// From the word in URLs.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|owner| owner.word() == word)
    }

    /// On screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Private => "Private",
            Self::Common => "Common",
        }
    }
}

/// One asset.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asset {
    /// Whose.
    pub owner: Owner,
    /// Which kind.
    pub kind: Kind,
    /// Its folder's name.
    pub name: String,
}

impl Asset {
    /// The folder that it is.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind.folder(), self.name)
    }

    /// The file with the short text for its row.
    #[must_use]
    pub fn description_path(&self) -> String {
        format!("{}/description.md", self.path())
    }
}

/// The assets that a list of file paths shows, each once, in order.
pub fn assets<'a>(owner: Owner, paths: impl IntoIterator<Item = &'a str>) -> Vec<Asset> {
    let mut found: Vec<Asset> = paths
        .into_iter()
        .filter_map(|path| {
            let mut parts = path.splitn(3, '/');
            let (kind, name) = (Kind::of_folder(parts.next()?)?, parts.next()?);
            // A file of its own is an asset too, except the ones that only keep a folder in git.
            let loose = parts.next().is_none();
            let keeper = loose && (name.starts_with('.') || name.eq_ignore_ascii_case("readme.md"));
            (!keeper).then(|| Asset { owner, kind, name: name.to_owned() })
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether `text` matches what somebody typed: all words, in any order, whatever their case.
#[must_use]
pub fn matches(typed: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Owner, assets, matches};

    #[test]
    fn folders_and_loose_files_are_assets() {
        let paths = ["models/a/x", "models/a/y/z", "models/b.fmu", "models/.gitkeep", "models/README.md", "other/c/d", "README.md", "data"];
        let names: Vec<_> = assets(Owner::Common, paths).into_iter().map(|asset| (asset.kind, asset.name)).collect();
        assert_eq!(names, [(Kind::Model, "a".to_owned()), (Kind::Model, "b.fmu".to_owned())]);
    }

    #[test]
    fn filter_words() {
        assert!(matches("spring MASS", "mass-spring-damper"));
        assert!(!matches("spring x", "mass-spring-damper"));
        assert!(matches("", "anything"));
    }
}
