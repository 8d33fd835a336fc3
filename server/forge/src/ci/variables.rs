//! Expansion of `$NAME`, `${NAME}` and `%NAME%` in values, as GitLab does before a job starts.

use std::cell::Cell;
use std::collections::HashMap;

/// Bytes that are put in for names within one value. A process takes values of 128 KiB.
const MOST: usize = 256 * 1024;

/// Replaces variables that `lookup` knows; unknown ones stay as written, `$$` becomes `$`.
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(['$', '%']) {
        out.push_str(&rest[..place]);
        rest = &rest[place..];
        match reference(rest) {
            Some(("$", length)) => {
                out.push('$');
                rest = &rest[length..];
            }
            Some((name, length)) => {
                out.push_str(&lookup(name).unwrap_or_else(|| rest[..length].to_owned()));
                rest = &rest[length..];
            }
            None => {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

/// The name at the start of `rest` and the length of the whole reference.
fn reference(rest: &str) -> Option<(&str, usize)> {
    let word = |text: &str| text.bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count();
    if let Some(inside) = rest.strip_prefix("${") {
        let length = word(inside);
        return (length > 0 && inside[length..].starts_with('}')).then(|| (&inside[..length], length + 3));
    }
    if rest.starts_with("$$") {
        return Some(("$", 2));
    }
    if let Some(inside) = rest.strip_prefix('$') {
        let length = word(inside);
        return (length > 0).then(|| (&inside[..length], length + 1));
    }
    let inside = rest.strip_prefix('%')?;
    let length = word(inside);
    (length > 0 && inside[length..].starts_with('%')).then(|| (&inside[..length], length + 2))
}

/// Variables in order of precedence, lowest first, to one set in which every value is expanded
/// with the others (chains and cycles end after ten steps).
#[must_use]
pub fn resolve(list: &[(String, String, bool)]) -> HashMap<String, String> {
    let latest: HashMap<&str, (&str, bool)> = list.iter().map(|(key, value, raw)| (key.as_str(), (value.as_str(), *raw))).collect();
    fn value(latest: &HashMap<&str, (&str, bool)>, name: &str, depth: usize, room: &Cell<usize>) -> Option<String> {
        let (text, raw) = latest.get(name)?;
        if *raw || depth >= 10 {
            return Some((*text).to_owned());
        }
        // A variable that names itself would only repeat; without room, names stay as they are.
        let inner = |inner: &str| if inner == name || room.get() == 0 { None } else { value(latest, inner, depth + 1, room) };
        Some(expand(text, &|name| {
            let value = inner(name)?;
            room.set(room.get().saturating_sub(value.len().max(16)));
            Some(value)
        }))
    }
    latest.keys().map(|name| ((*name).to_owned(), value(&latest, name, 0, &Cell::new(MOST)).unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::{expand, resolve};

    #[test]
    fn references() {
        let lookup = |name: &str| (name == "A").then(|| "x".to_owned());
        for (text, expected) in [("$A", "x"), ("${A}b", "xb"), ("$Ab", "$Ab"), ("%A%", "x"), ("100%", "100%"), ("$$A", "$A"), ("$", "$"), ("${A", "${A")] {
            assert_eq!(expand(text, &lookup), expected, "{text}");
        }
    }

    #[test]
    fn doubling_ends() {
        let v = |n: usize| (format!("V{n}"), if n == 40 { "x".repeat(20) } else { format!("$V{0}$V{0}$V{0}$V{0}", n + 1) }, false);
        let set = resolve(&(0..=40).map(v).collect::<Vec<_>>());
        assert!(set.values().all(|value| value.len() < 2_000_000));
    }

    #[test]
    fn chains_cycles_and_raw() {
        let v = |key: &str, value: &str, raw| (key.to_owned(), value.to_owned(), raw);
        let set = resolve(&[v("A", "$B-1", false), v("B", "$C", false), v("C", "c", false), v("R", "$C", true), v("S", "$S", false)]);
        assert_eq!(set["A"], "c-1");
        assert_eq!(set["R"], "$C");
        assert_eq!(set["S"], "$S");
    }
}
