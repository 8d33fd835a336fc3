//! Narrowing a list of assets by what is known of them: who made them, what they are about, how they
//! last ran. Within a facet any of the chosen values will do, across facets all are wanted; the
//! number beside a value says how many there would be with it, everything else left as it is.

use std::collections::BTreeMap;

/// What assets differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// Who made it or looks after it.
    Owner,
    /// What it is about.
    Tag,
    /// Its terms.
    Licence,
    /// How its last run ended.
    Run,
    /// How long ago that was.
    When,
}

impl Facet {
    /// In the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Tag, Self::Owner, Self::Licence, Self::Run, Self::When];

    /// The word in URLs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "by",
            Self::Tag => "tag",
            Self::Licence => "licence",
            Self::Run => "run",
            Self::When => "ran",
        }
    }

    /// On screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Tag => "Tag",
            Self::Licence => "Licence",
            Self::Run => "Last run",
            Self::When => "Ran",
        }
    }
}

/// What is known of one asset: values by facet, in the order of [`Facet::ALL`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits([Vec<String>; 5]);

fn place(facet: Facet) -> usize {
    Facet::ALL.iter().position(|known| *known == facet).unwrap_or_default()
}

impl Traits {
    /// Notes values.
    pub fn set(&mut self, facet: Facet, values: Vec<String>) {
        self.0[place(facet)] = values;
    }
}

/// The values that are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen(Vec<(Facet, String)>);

impl Chosen {
    /// From what stands in an address, as pairs; what is no facet is not read.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut found = Self::default();
        for (word, value) in pairs {
            if let Some(facet) = Facet::ALL.into_iter().find(|facet| facet.word() == word)
                && !found.has(facet, &value)
            {
                found.0.push((facet, value));
            }
        }
        found
    }

    /// All of them, in the order in which they were chosen.
    #[must_use]
    pub fn list(&self) -> &[(Facet, String)] {
        &self.0
    }

    /// Whether one is wanted.
    #[must_use]
    pub fn has(&self, facet: Facet, value: &str) -> bool {
        self.0.iter().any(|(known, wanted)| *known == facet && wanted == value)
    }

    /// The same with one more, or without it.
    #[must_use]
    pub fn toggled(&self, facet: Facet, value: &str) -> Self {
        let mut list = self.0.clone();
        if self.has(facet, value) {
            list.retain(|(known, wanted)| *known != facet || wanted != value);
        } else {
            list.push((facet, value.to_owned()));
        }
        Self(list)
    }

    /// Whether an asset fits, whatever is wanted of facet `but`.
    #[must_use]
    pub fn fits(&self, traits: &Traits, but: Option<Facet>) -> bool {
        Facet::ALL.into_iter().filter(|facet| Some(*facet) != but).all(|facet| {
            let mut wanted = self.0.iter().filter(|(known, _)| *known == facet).peekable();
            wanted.peek().is_none() || wanted.any(|(_, value)| traits.0[place(facet)].contains(value))
        })
    }

    /// The values of a facet with how many assets there would be with each: the most frequent first,
    /// those that are chosen always.
    #[must_use]
    pub fn counted<'a>(&self, facet: Facet, assets: impl Iterator<Item = &'a Traits>) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = self.0.iter().filter(|(known, _)| *known == facet).map(|(_, value)| (value.as_str(), 0)).collect();
        for traits in assets.filter(|traits| self.fits(traits, Some(facet))) {
            for value in &traits.0[place(facet)] {
                *counts.entry(value).or_default() += 1;
            }
        }
        let mut list: Vec<(String, usize)> = counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
        list.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        list
    }
}

/// The values of [`Facet::Run`].
pub const RUNS: [&str; 4] = ["Going on", "Passed", "Failed", "Stopped or waiting"];

/// The values of [`Facet::When`] for a run so many seconds ago: each span that it is in.
#[must_use]
pub fn spans(seconds: f64) -> Vec<String> {
    const DAY: f64 = 86_400.0;
    let all = [(DAY, "Last 24 hours"), (7.0 * DAY, "Last 7 days"), (30.0 * DAY, "Last 30 days")];
    all.iter().filter(|(most, _)| seconds <= *most).map(|(_, word)| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Chosen, Facet, Traits, spans};

    fn traits(owner: &str, tags: &[&str]) -> Traits {
        let mut traits = Traits::default();
        traits.set(Facet::Owner, vec![owner.to_owned()]);
        traits.set(Facet::Tag, tags.iter().map(|tag| (*tag).to_owned()).collect());
        traits
    }

    fn chosen(pairs: &[(&str, &str)]) -> Chosen {
        Chosen::of_pairs(pairs.iter().map(|(word, value)| ((*word).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn any_value_of_a_facet_and_all_facets() {
        let (a, b) = (traits("ada", &["tank", "level"]), traits("bob", &["tank"]));
        let fits = |pairs: &[(&str, &str)]| [&a, &b].map(|traits| chosen(pairs).fits(traits, None));
        assert_eq!(fits(&[]), [true, true]);
        assert_eq!(fits(&[("tag", "tank")]), [true, true]);
        assert_eq!(fits(&[("tag", "level"), ("tag", "other")]), [true, false]);
        assert_eq!(fits(&[("tag", "tank"), ("by", "bob")]), [false, true]);
        assert_eq!(fits(&[("tag", "level"), ("by", "bob")]), [false, false]);
        assert_eq!(fits(&[("q", "x"), ("color", "red")]), [true, true], "what is no facet says nothing");
    }

    #[test]
    fn a_number_says_what_choosing_it_would_leave() {
        let all = [traits("ada", &["tank", "level"]), traits("bob", &["tank"]), traits("bob", &[])];
        let named = |facet, pairs: &[(&str, &str)]| chosen(pairs).counted(facet, all.iter());
        assert_eq!(named(Facet::Tag, &[]), [("tank".to_owned(), 2), ("level".to_owned(), 1)]);
        assert_eq!(named(Facet::Tag, &[("by", "bob")]), [("tank".to_owned(), 1)]);
        assert_eq!(named(Facet::Owner, &[("by", "ada")]), [("bob".to_owned(), 2), ("ada".to_owned(), 1)], "its own choice does not count");
        assert_eq!(named(Facet::Tag, &[("tag", "gone")])[2], ("gone".to_owned(), 0), "what is chosen can be taken back");
    }

    #[test]
    fn toggling_twice_is_nothing() {
        let one = chosen(&[("tag", "a"), ("tag", "a")]);
        assert_eq!(one.list().len(), 1);
        assert_eq!(one.toggled(Facet::Run, "Failed").toggled(Facet::Run, "Failed"), one);
        assert!(one.toggled(Facet::Tag, "a").list().is_empty());
        assert_eq!(spans(3_600.0).len(), 3);
        assert_eq!(spans(8.0 * 86_400.0), ["Last 30 days"]);
        assert!(spans(1e9).is_empty());
    }
}
