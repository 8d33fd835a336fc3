//! Names as they are: what turns the direction of writing or takes no room makes one name look like another, and is shown by its number.

/// Those characters, as a class of a regular expression: controls, soft hyphen, marks of direction, joiners, and what is not drawn
/// (Unicode Technical Report 36, §2.5 and §3.5).
pub const HIDDEN: &str = r"[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]";

fn hidden(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A name to be read by people.
#[must_use]
pub fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if hidden(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(plain("Ünits 漢字 🙂"), "Ünits 漢字 🙂");
        assert_eq!(plain("gnp\u{202e}txt.exe\u{200b}"), "gnp\\u{202e}txt.exe\\u{200b}");
    }
}
