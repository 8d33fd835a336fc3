//! From a user name to the name of a host: one and the same for a person, and no two for two.

use sha2::{Digest, Sha256};

/// Longest part of a host's name that comes from the user name.
const MOST: usize = 40;

/// Whether a name can stand in a path or a host as it is.
pub fn is_simple(user: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MOST).contains(&user.len()) && user.bytes().all(plain) && !user.starts_with('-') && !user.ends_with('-') && !user.contains("--")
}

/// The label of a person's host. Names at GitLab are the same whatever their case. A name that is no
/// label gets one with `--` and a hash, which no other name can be: so nobody can choose a name to
/// come to somebody else's host, nor one that is read as another script (`xn--`).
pub fn label(user: &str) -> String {
    let lower = user.to_ascii_lowercase();
    if is_simple(&lower) {
        return lower;
    }
    let mut words: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    while words.contains("--") {
        words = words.replace("--", "-");
    }
    let words = words.trim_matches('-').chars().take(24).collect::<String>();
    let words = match words.trim_end_matches('-') {
        "" | "xn" => "x",
        words => words,
    };
    format!("{words}--{}", &hex::encode(Sha256::digest(lower))[..12])
}

/// Whether a label could be one of ours.
pub fn is_label(text: &str) -> bool {
    !text.is_empty() && text.len() <= 63 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') && !text.starts_with("xn--")
}

#[cfg(test)]
mod tests {
    use super::{is_label, label};

    #[test]
    fn no_two_people_have_one_host() {
        let names = ["alice", "al.ice", "al_ice", "al-ice", "al--ice", "-alice", "xn--alice", "xn-", "ä", "ü", "a".repeat(80).as_str(), "a".repeat(81).as_str()].map(str::to_owned);
        let labels: std::collections::HashSet<String> = names.iter().map(|name| label(name)).collect();
        assert_eq!(labels.len(), names.len());
        for name in &names {
            let label = label(name);
            assert!(is_label(&label) && label.len() <= 63, "{name}: {label}");
            // Whoever takes a label for a name gets another label.
            assert!(!label.contains("--") || super::label(&label) != label, "{label}");
        }
        assert_eq!((label("alice"), label("Alice")), ("alice".into(), "alice".into()));
        for text in ["W1", "w1.", "xn--a", "", "a.b", "a_b"] {
            assert!(!is_label(text), "{text}");
        }
    }
}
