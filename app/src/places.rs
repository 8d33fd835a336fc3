//! The instances that a page shows: one, some, or all of them, as its address says.

use std::fmt;

use crate::bootstrap::{Bootstrap, Instance};

/// One, some, or all instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// By id, in the order of the address.
    Of(Vec<String>),
    /// All that are configured.
    All,
}

impl Places {
    /// One.
    #[must_use]
    pub fn one(id: impl Into<String>) -> Self {
        Self::Of(vec![id.into()])
    }

    /// From the word in an address: ids with `+` between them.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let mut ids: Vec<String> = Vec::new();
        for id in word.split('+').filter(|id| !id.is_empty()) {
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        (!ids.is_empty()).then_some(Self::Of(ids))
    }

    /// The one instance, where there is just one.
    #[must_use]
    pub fn single(&self) -> Option<&str> {
        match self {
            Self::Of(ids) if ids.len() == 1 => ids.first().map(String::as_str),
            _ => None,
        }
    }

    /// Whether it names this instance.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        match self {
            Self::Of(ids) => ids.iter().any(|known| known == id),
            Self::All => true,
        }
    }

    /// Those that are configured.
    #[must_use]
    pub fn instances(&self, bootstrap: &Bootstrap) -> Vec<Instance> {
        match self {
            Self::Of(ids) => ids.iter().filter_map(|id| bootstrap.instance(id)).cloned().collect(),
            Self::All => bootstrap.instances.clone(),
        }
    }

    /// Ids that mean nothing here.
    #[must_use]
    pub fn unknown(&self, bootstrap: &Bootstrap) -> Vec<String> {
        match self {
            Self::Of(ids) => ids.iter().filter(|id| bootstrap.instance(id).is_none()).cloned().collect(),
            Self::All => Vec::new(),
        }
    }

    /// With or without one instance; the last one stays. All are all but the `muted` ones.
    #[must_use]
    pub fn toggled(&self, id: &str, bootstrap: &Bootstrap, muted: &[String]) -> Self {
        let seen = |id: &String| *self != Self::All || !muted.contains(id);
        let mut ids: Vec<String> = self.instances(bootstrap).into_iter().map(|instance| instance.id).filter(seen).collect();
        match ids.iter().position(|known| known == id) {
            Some(place) if ids.len() > 1 => drop(ids.remove(place)),
            Some(_) => {}
            None => ids.push(id.to_owned()),
        }
        if ids.len() > 1 && ids.len() == bootstrap.instances.len() && muted.is_empty() { Self::All } else { Self::Of(ids) }
    }
}

impl fmt::Display for Places {
    /// The ids with `+` between them; `all` for all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(ids) => f.write_str(&ids.join("+")),
            Self::All => f.write_str("all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bootstrap, Instance, Places};

    #[test]
    fn words_are_read_and_members_come_and_go() {
        let instance = |id: &str| Instance { id: id.into(), ..Instance::default() };
        let bootstrap = Bootstrap { instances: ["a", "b", "c"].map(instance).into(), ..Bootstrap::default() };
        let of = |word: &str| Places::of_word(word);
        assert_eq!(of("a+b+a").map(|places| places.to_string()).as_deref(), Some("a+b"));
        assert_eq!((of(""), of("++")), (None, None));
        assert_eq!(Places::one("a").toggled("a", &bootstrap, &[]).to_string(), "a", "the last one stays");
        assert_eq!(Places::one("a").toggled("c", &bootstrap, &[]).to_string(), "a+c");
        assert_eq!(Places::one("a").toggled("c", &bootstrap, &[]).toggled("b", &bootstrap, &[]), Places::All);
        assert_eq!(Places::All.toggled("b", &bootstrap, &[]).to_string(), "a+c");
        let muted = ["c".to_owned()];
        assert_eq!(Places::All.toggled("a", &bootstrap, &muted).to_string(), "b", "a muted one is not brought back");
        assert_eq!(Places::one("a").toggled("c", &bootstrap, &muted).toggled("b", &bootstrap, &muted).to_string(), "a+c+b", "and can be asked for");
        assert_eq!(of("a+x").map(|places| places.unknown(&bootstrap)), Some(vec!["x".to_owned()]));
    }
}
