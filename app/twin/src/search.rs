//! Finding names while somebody types: whole words before parts of words, and what was mistyped
//! last. Fast enough for every keystroke over tens of thousands of names.

use std::collections::HashMap;

use strsim::osa_distance;

/// How far parts of names are from a word that was typed: names share most of their parts.
type Near<'a> = HashMap<&'a str, Option<u8>>;

/// Letters of a text as bits, to rule out most texts without reading them.
fn letters(text: &str) -> u32 {
    text.bytes().fold(0, |bits, byte| {
        bits | match byte {
            b'a'..=b'z' => 1 << (byte - b'a'),
            b'0'..=b'9' => 1 << (26 + byte % 5),
            byte if byte.is_ascii() => 0,
            _ => 1 << 31,
        }
    })
}

/// A name that can be found.
#[derive(Debug, Clone)]
pub struct Hay {
    lower: String,
    letters: u32,
}

impl Hay {
    /// Of a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let lower = name.to_lowercase();
        Self { letters: letters(&lower), lower }
    }
}

#[derive(Debug, Clone)]
struct Word {
    text: String,
    letters: u32,
    /// So many letters of it may be wrong.
    slips: u32,
}

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct Needle(Vec<Word>);

impl Needle {
    /// Its words, in any order, whatever their case.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let word = |text: &str| {
            let slips = match text.chars().count() {
                0..4 => 0,
                4..8 => 1,
                _ => 2,
            };
            Word { letters: letters(text), text: text.to_owned(), slips }
        };
        Self(typed.to_lowercase().split_whitespace().map(word).collect())
    }

    /// Whether nothing was typed, which finds everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How far `hay` is from what was typed: 0 is the name itself. Nothing where it does not match.
    fn rank<'a>(&self, hay: &'a Hay, near: &mut [Near<'a>]) -> Option<u8> {
        self.0.iter().zip(near).try_fold(0_u8, |sum, (word, near)| Some(sum.saturating_add(word.rank(hay, near)?)))
    }

    /// The places in `hays` of those that match, the nearest first, else in their order.
    #[must_use]
    pub fn find<'a>(&self, hays: impl IntoIterator<Item = (u32, &'a Hay)>) -> Vec<u32> {
        if self.is_empty() {
            return hays.into_iter().map(|(place, _)| place).collect();
        }
        let mut by_rank: Vec<Vec<u32>> = Vec::new();
        let mut near = vec![Near::new(); self.0.len()];
        for (place, hay) in hays {
            if let Some(rank) = self.rank(hay, &mut near) {
                let rank = usize::from(rank);
                if by_rank.len() <= rank {
                    by_rank.resize(rank + 1, Vec::new());
                }
                by_rank[rank].push(place);
            }
        }
        by_rank.concat()
    }
}

impl Word {
    fn rank<'a>(&self, hay: &'a Hay, near: &mut Near<'a>) -> Option<u8> {
        let absent = (self.letters & !hay.letters).count_ones();
        if absent > self.slips {
            return None;
        }
        if absent == 0
            && let Some(place) = hay.lower.find(&self.text)
        {
            let start = place == 0 || !hay.lower[..place].ends_with(char::is_alphanumeric);
            return Some(match (place, start) {
                (0, _) if hay.lower.len() == self.text.len() => 0,
                (0, _) => 1,
                (_, true) => 2,
                _ => 3,
            });
        }
        if self.slips == 0 {
            return None;
        }
        let parts = hay.lower.split(|letter: char| !letter.is_alphanumeric());
        parts.filter_map(|part| *near.entry(part).or_insert_with(|| self.nearly(part))).min()
    }

    /// A word that was mistyped, or the beginning of one.
    fn nearly(&self, part: &str) -> Option<u8> {
        let (length, slips) = (self.text.chars().count(), self.slips as usize);
        if (self.letters & !letters(part)).count_ones() > self.slips {
            return None;
        }
        let ends = part.char_indices().map(|(place, _)| place).chain([part.len()]);
        let ends = ends.enumerate().filter(|(count, _)| *count + slips >= length && *count <= length + slips);
        let least = ends.map(|(_, end)| osa_distance(&self.text, &part[..end])).min()?;
        (least <= slips).then(|| 4 + u8::try_from(least).unwrap_or(9))
    }
}

#[cfg(test)]
mod tests {
    use super::{Hay, Needle};

    fn found<'a>(typed: &str, names: &[&'a str]) -> Vec<&'a str> {
        let hays: Vec<Hay> = names.iter().map(|name| Hay::new(name)).collect();
        Needle::new(typed).find((0..).zip(&hays)).into_iter().map(|place| names[place as usize]).collect()
    }

    #[test]
    fn nearest_first() {
        let names = ["double-pendulum", "pendulum-2", "unpend", "Pendulum", "water-tank", "mass-spring-damper"];
        assert_eq!(found("pendulum", &names), ["Pendulum", "pendulum-2", "double-pendulum"]);
        assert_eq!(found("pend", &names), ["pendulum-2", "Pendulum", "double-pendulum", "unpend"]);
        assert_eq!(found("damper MASS", &names), ["mass-spring-damper"]);
        assert_eq!(found("", &names).len(), names.len());
        assert!(found("pend tank", &names).is_empty());
    }

    #[test]
    fn slips_are_forgiven_and_short_words_are_not() {
        let names = ["pendulum", "incubator", "water-tank", "størrelse", "æøå"];
        for (typed, name) in
            [("pendlum", "pendulum"), ("pnedulum", "pendulum"), ("incubater", "incubator"), ("watre", "water-tank"), ("incuabt", "incubator"), ("størelse", "størrelse")]
        {
            assert_eq!(found(typed, &names), [name], "{typed}");
        }
        assert!(found("tan2", &["tank"]).len() == 1 && found("tam", &["tank"]).is_empty());
        assert!(found("spring", &["string-art"]).len() == 1 && found("spring", &["sprocket"]).is_empty());
    }
}
