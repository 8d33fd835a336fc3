//! `parallel`: several copies of one job, numbered or with the values of a matrix.

use serde_json::Value;

use super::compile::strings;

/// Copies of one job (`PARALLEL_LIMIT` in GitLab's `lib/gitlab/ci/config/entry/product/parallel.rb`);
/// one more is made, to see that there are too many.
pub const MOST_COPIES: usize = 200;

/// The variables of each copy that `parallel` asks for, and whether the copies are numbered.
#[must_use]
pub fn read(value: Option<&Value>) -> (Vec<Vec<(String, String)>>, bool) {
    let Some(value) = value else { return (Vec::new(), false) };
    if let Some(count) = value.as_u64() {
        let total = count.to_string();
        let copy = |index: u64| vec![("CI_NODE_INDEX".to_owned(), index.to_string()), ("CI_NODE_TOTAL".to_owned(), total.clone())];
        return ((1..=count.min(MOST_COPIES as u64)).map(copy).collect(), true);
    }
    let mut copies = Vec::new();
    for entry in value.get("matrix").and_then(Value::as_array).into_iter().flatten() {
        let mut rows: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for (key, values) in entry.as_object().into_iter().flatten() {
            let choices = strings(values);
            rows = rows.iter().flat_map(|row| choices.iter().map(|choice| [row.clone(), vec![(key.clone(), choice.clone())]].concat())).take(MOST_COPIES + 1).collect();
        }
        copies.extend(rows);
        copies.truncate(MOST_COPIES + 1);
    }
    (copies, false)
}

#[cfg(test)]
mod tests {
    #[test]
    fn matrix_stays_small() {
        let values: Vec<String> = (0..12).map(|value| value.to_string()).collect();
        let matrix = serde_json::json!({ "matrix": [{ "a": values, "b": values, "c": values, "d": values, "e": values }] });
        assert_eq!(super::read(Some(&matrix)).0.len(), super::MOST_COPIES + 1);
        assert_eq!(super::read(Some(&serde_json::json!({ "matrix": [{ "a": ["x", "y"], "b": ["z"] }] }))).0.len(), 2);
    }
}
