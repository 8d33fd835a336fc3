//! Two runs beside each other: only what differs.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::csv::Table;

/// Something that is known about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about, the same words for both runs.
    pub what: String,
    /// Its value.
    pub value: String,
}

/// A fact that two runs do not share; nothing where one has no such fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub what: String,
    /// In the first run.
    pub first: Option<String>,
    /// In the second.
    pub second: Option<String>,
}

/// What differs, in the order of the first run, and how many facts are the same.
#[must_use]
pub fn differences(first: &[Fact], second: &[Fact]) -> (Vec<Difference>, usize) {
    let value = |facts: &[Fact], what: &str| facts.iter().find(|fact| fact.what == what).map(|fact| fact.value.clone());
    let only_second = second.iter().filter(|fact| value(first, &fact.what).is_none());
    let all: Vec<&Fact> = first.iter().chain(only_second).collect();
    let pair = |fact: &&Fact| Difference { what: fact.what.clone(), first: value(first, &fact.what), second: value(second, &fact.what) };
    let different: Vec<Difference> = all.iter().map(pair).filter(|pair| pair.first != pair.second).collect();
    let same = all.len() - different.len();
    (different, same)
}

/// A line of a log as it is compared: numbers, and with them times and sizes, are noise.
fn quiet(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut number = false;
    for character in line.trim_end().chars() {
        let digit = character.is_ascii_digit() || (number && matches!(character, '.' | ':'));
        if !digit {
            out.push(character);
        } else if !number {
            out.push('#');
        }
        number = digit;
    }
    out
}

/// A stretch of two logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stretch {
    /// So many lines that say the same, numbers apart.
    Same(usize),
    /// Lines of the first log alone, then lines of the second alone.
    Different(Vec<String>, Vec<String>),
}

/// Two logs as stretches. Lines that differ in numbers only are the same.
#[must_use]
pub fn logs(first: &str, second: &str) -> Vec<Stretch> {
    let (first, second): (Vec<&str>, Vec<&str>) = (first.lines().collect(), second.lines().collect());
    let quieted = |lines: &[&str]| lines.iter().map(|line| quiet(line)).collect::<Vec<String>>();
    let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<String>>();
    let mut stretches: Vec<Stretch> = Vec::new();
    for step in capture_diff_slices(Algorithm::Patience, &quieted(&first), &quieted(&second)) {
        let (old, new) = (step.old_range(), step.new_range());
        stretches.push(match step {
            DiffOp::Equal { len, .. } => Stretch::Same(len),
            _ => Stretch::Different(own(&first[old]), own(&second[new])),
        });
    }
    stretches
}

/// Columns of two tables over their common first column, each named after its run; gaps (NaN) where
/// only one has a value. Nothing when the first columns have other names or are no numbers.
#[must_use]
pub fn overlay(first: &Table, second: &Table, names: [&str; 2]) -> Option<Vec<(String, Vec<f64>)>> {
    let series = [first.series(), second.series()];
    let axis = series[0].first()?.0.clone();
    if series[1].first()?.0 != axis || first.header.first() != Some(&axis) {
        return None;
    }
    let mut places: Vec<f64> = series.iter().flat_map(|series| series[0].1.iter().copied()).filter(|place| place.is_finite()).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let mut out = vec![(axis, places.clone())];
    for (column, _) in series[0].iter().skip(1) {
        for (series, name) in series.iter().zip(names) {
            let Some((_, values)) = series.iter().find(|(known, _)| known == column) else { continue };
            let mut spread = vec![f64::NAN; places.len()];
            for (place, value) in series[0].1.iter().zip(values) {
                if let Ok(index) = places.binary_search_by(|known| known.total_cmp(place)) {
                    spread[index] = *value;
                }
            }
            out.push((format!("{column}, {name}"), spread));
        }
    }
    (out.len() > 1).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{Fact, Stretch, Table, differences, logs, overlay};

    #[test]
    fn only_what_differs() {
        let facts = |list: &[(&str, &str)]| list.iter().map(|(what, value)| Fact { what: (*what).into(), value: (*value).into() }).collect::<Vec<_>>();
        let (list, same) = differences(&facts(&[("a", "1"), ("b", "2"), ("c", "3")]), &facts(&[("a", "1"), ("b", "9"), ("d", "4")]));
        let text: Vec<String> = list.iter().map(|d| format!("{} {:?} {:?}", d.what, d.first.as_deref(), d.second.as_deref())).collect();
        assert_eq!(text, ["b Some(\"2\") Some(\"9\")", "c Some(\"3\") None", "d None Some(\"4\")"]);
        assert_eq!(same, 1);
    }

    #[test]
    fn numbers_are_noise() {
        let same = logs("12:00:01 step 1\ntook 3.5 s\nend", "13:10:59 step 7\ntook 12 s\nend");
        assert_eq!(same, [Stretch::Same(3)]);
        let other = logs("a 1\nb\nc", "a 2\nx\ny\nc");
        assert_eq!(other, [Stretch::Same(1), Stretch::Different(vec!["b".into()], vec!["x".into(), "y".into()]), Stretch::Same(1)]);
    }

    #[test]
    fn results_over_one_axis() {
        let table = |text: &str| Table::parse(text).unwrap_or_else(|| panic!("{text} is a table"));
        let over = overlay(&table("t,x\n0,1\n1,2\n"), &table("t,x\n0.5,5\n1,6\n"), ["run 1", "run 2"]).unwrap_or_default();
        assert_eq!(over[0], ("t".to_owned(), vec![0.0, 0.5, 1.0]));
        assert_eq!(over[1].0, "x, run 1");
        assert!(over[1].1[1].is_nan() && over[2].1[0].is_nan() && over[2].1[1..] == [5.0, 6.0]);
        assert_eq!(overlay(&table("t,x\n0,1\n"), &table("s,x\n0,1\n"), ["a", "b"]), None);
    }
}
