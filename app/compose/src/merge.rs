//! Three versions of a text: what it was, what one person made of it, and what another did.

use diffy::merge;

/// How two changes of one text go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// Both changes are in it.
    Clean(String),
    /// They touch the same lines; the text has both, between conflict marks.
    Conflict(String),
}

/// Puts `ours` and `theirs` together, which both began as `base`.
#[must_use]
pub fn three_way(base: &str, ours: &str, theirs: &str) -> Merged {
    match merge(base, ours, theirs) {
        Ok(text) => Merged::Clean(text),
        Err(text) => Merged::Conflict(text),
    }
}

/// Whether a text still has conflict marks.
#[must_use]
pub fn has_marks(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))
}

/// The change from one text to another as hunks in the unified form, without the lines that name the
/// files: what GitLab gives as `diff`.
#[must_use]
pub fn hunks(old: &str, new: &str) -> String {
    let patch = diffy::create_patch(old, new).to_string();
    patch.find("@@ ").map_or_else(String::new, |start| patch[start..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Merged, has_marks, hunks, three_way};

    #[test]
    fn hunks_alone() {
        assert_eq!(hunks("a\nb\n", "a\nc\n"), "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert_eq!(hunks("a\n", "a\n"), "");
    }

    #[test]
    fn both_changes_or_both_versions() {
        let base = "a\nb\nc\nd\ne\n";
        assert_eq!(three_way(base, "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n"), Merged::Clean("A\nb\nc\nd\nE\n".to_owned()));
        assert_eq!(three_way(base, base, "x\n"), Merged::Clean("x\n".to_owned()));
        let Merged::Conflict(text) = three_way(base, "a\nmine\nc\nd\ne\n", "a\ntheirs\nc\nd\ne\n") else { panic!("they touch one line") };
        assert!(has_marks(&text) && text.contains("mine") && text.contains("theirs") && text.ends_with("c\nd\ne\n"), "{text}");
    }
}
