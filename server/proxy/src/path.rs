//! Paths that mean the same to everybody who reads them.

/// The byte that `%XX` at the start of `rest` stands for.
fn escaped(rest: &[u8]) -> Option<u8> {
    let digit = |at: usize| rest.get(at).and_then(|byte| (*byte as char).to_digit(16));
    (rest.first() == Some(&b'%')).then_some(())?;
    u8::try_from(digit(1)? * 16 + digit(2)?).ok()
}

/// One round of decoding; `None` where a percent sign begins nothing.
fn decoded(path: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(path.len());
    let mut at = 0;
    while at < path.len() {
        if path[at] == b'%' {
            plain.push(escaped(&path[at..])?);
            at += 3;
        } else {
            plain.push(path[at]);
            at += 1;
        }
    }
    Some(plain)
}

/// `.` and `..`, also with the parameters that some servers cut off (`..;x`).
fn is_dots(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    name == b"." || name == b".."
}

fn climbs(path: &[u8]) -> bool {
    path.split(|byte| matches!(byte, b'/' | b'\\')).any(is_dots)
}

/// Whether a path, as it was sent, can be passed on: it begins with one `/`, every escape is
/// whole, and neither as it is nor decoded once or twice does it climb, nor hold a control
/// character, a backslash or bytes that are no UTF-8 (`%c0%ae` was a dot once).
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    if !path.starts_with('/') || path.starts_with("//") || climbs(bytes) {
        return false;
    }
    if memchr::memchr2(b'%', b'\\', bytes).is_none() {
        return !bytes.iter().any(u8::is_ascii_control);
    }
    let Some(once) = decoded(bytes) else { return false };
    let clean = std::str::from_utf8(&once).is_ok_and(|text| !text.chars().any(|c| c.is_control() || c == '\\'));
    clean && !climbs(&once) && decoded(&once).is_none_or(|twice| !climbs(&twice))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn nothing_climbs() {
        let hostile = [
            "/w/a/../../api/token",
            "/%2e%2e/x",
            "/a/%2E./x",
            "/a/%252e%252e/x",
            "/a/..%2fadmin",
            "/a%2f..%2fadmin",
            "/a/..%5cadmin",
            "/a\\..\\b",
            "/a%5cb",
            "/a/..;x=1/b",
            "/a/.;/b",
            "//evil.test/a",
            "/a/.%00",
            "/a%0d%0aX:%20y",
            "/a%0ab",
            "/%c0%ae%c0%ae/a",
            "/a/%e0%80%ae/",
            "/a%",
            "/a%2",
            "/a%zz",
            "a",
            "",
            "*",
            "/a/./b",
            "/a%7f",
            "/a%c2%85b",
        ];
        for path in hostile {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn what_people_name_things_passes() {
        let benign = ["/", "/a%20b%2Fc", "/%C3%A4%20b+c", "/lab/tree/Untitled.ipynb", "/a/..b/c..", "/...", "/a;v=1/b", "/a//b", "/100%25", "/@x/~y/:z"];
        for path in benign {
            assert!(is_plain(path), "{path}");
        }
    }
}
