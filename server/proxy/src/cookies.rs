//! Our own cookies, which no upstream sees or sets.

use http::HeaderValue;

/// The prefixes that make a cookie one that only its own host can set (RFC 6265bis §4.1.3).
const PREFIXES: [&[u8]; 3] = [b"__Host-", b"__Secure-", b"__Http-"];

/// Whether a cookie is ours. Some servers fold case, so we do as well.
fn is_ours(name: &[u8], own: &str) -> bool {
    let mut rest = name.trim_ascii();
    while let Some(prefix) = PREFIXES.iter().find(|prefix| rest.len() >= prefix.len() && rest[..prefix.len()].eq_ignore_ascii_case(prefix)) {
        rest = &rest[prefix.len()..];
    }
    rest.len() >= own.len() && rest[..own.len()].eq_ignore_ascii_case(own.as_bytes())
}

fn name_of(pair: &[u8]) -> &[u8] {
    &pair[..memchr::memchr(b'=', pair).unwrap_or(pair.len())]
}

/// A `Cookie` header without those whose names begin with `own`; the others byte for byte. `None`
/// when nothing is left, and the very same where there was nothing to take away.
pub fn without(value: &HeaderValue, own: &str) -> Option<HeaderValue> {
    let bytes = value.as_bytes();
    let ours = |pair: &[u8]| is_ours(name_of(pair), own);
    if !bytes.split(|byte| *byte == b';').any(ours) {
        return Some(value.clone());
    }
    let kept: Vec<&[u8]> = bytes.split(|byte| *byte == b';').filter(|pair| !ours(pair)).collect();
    let joined = kept.join(&b';');
    let joined = joined.trim_ascii_start();
    if joined.is_empty() { None } else { HeaderValue::from_bytes(joined).ok() }
}

/// A `Set-Cookie` header as it may reach the browser: none of our names, and for this host alone.
pub fn set(value: &HeaderValue, own: &str) -> Option<HeaderValue> {
    let bytes = value.as_bytes();
    let mut parts = bytes.split(|byte| *byte == b';');
    let first = parts.next().unwrap_or_default();
    if is_ours(name_of(first), own) {
        return None;
    }
    // A cookie without a name is one whose name is in its value (RFC 6265bis §5.6).
    if name_of(first).trim_ascii().is_empty() && is_ours(first.trim_ascii().strip_prefix(b"=").unwrap_or_default(), own) {
        return None;
    }
    let is_domain = |part: &[u8]| name_of(part).trim_ascii().eq_ignore_ascii_case(b"domain");
    if !parts.clone().any(is_domain) {
        return Some(value.clone());
    }
    let mut kept = first.to_vec();
    for part in parts.filter(|part| !is_domain(part)) {
        kept.push(b';');
        kept.extend_from_slice(part);
    }
    HeaderValue::from_bytes(&kept).ok()
}

#[cfg(test)]
mod tests {
    use super::{set, without};
    use http::HeaderValue;

    fn text(value: Option<HeaderValue>) -> Option<String> {
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    #[test]
    fn ours_go_and_theirs_stay_as_they_are() {
        let others = ["_xsrf=2|a|b", "user=\"a,b\"", "x=y=z", "empty=", "bare"];
        for own in ["twinport=secret", "__Host-twinport=secret", "__Host-twinport-embed=secret", "__host-TwinPort-workspace=secret", " twinport =secret", "twinport=\"secret\""] {
            for position in 0..=others.len() {
                let mut all: Vec<&str> = others.to_vec();
                all.insert(position, own);
                let header = HeaderValue::from_str(&all.join("; ")).expect("it is a header");
                let left = text(without(&header, "twinport"));
                assert_eq!(left.as_deref().map(str::trim), Some(others.join("; ").as_str()), "{own} at {position}");
            }
            let twice = HeaderValue::from_str(&format!("{own}; {own}")).expect("it is a header");
            assert_eq!(without(&twice, "twinport"), None);
        }
        let strange = HeaderValue::from_static("a=1;b=2;  c=3;;d");
        assert_eq!(without(&strange, "twinport"), Some(strange));
    }

    #[test]
    fn nobody_else_sets_ours() {
        for (given, left) in [
            ("a=1; Path=/", Some("a=1; Path=/")),
            ("a=1; Domain=work.test; Path=/; HttpOnly", Some("a=1; Path=/; HttpOnly")),
            ("a=1; DOMAIN = .test", Some("a=1")),
            ("twinport=x; Path=/", None),
            ("__Host-twinport=x; Secure; Path=/", None),
            ("__Host-twinport-workspace=x", None),
            ("__HOST-TWINPORT=x", None),
            (" twinport =x", None),
            ("=twinport=x", None),
        ] {
            assert_eq!(text(set(&HeaderValue::from_static(given), "twinport")).as_deref(), left, "{given}");
        }
    }
}
