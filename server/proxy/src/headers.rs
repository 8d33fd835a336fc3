//! What is passed on to an upstream, and what comes back from it.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::{address::Address, cookies};

/// Headers between two neighbours only (RFC 9110 §7.6.1), and what we answer ourselves.
fn is_between_neighbours(name: &str) -> bool {
    match name.as_bytes()[0] {
        b'c' => name == "connection",
        b'k' => name == "keep-alive",
        b't' => matches!(name, "te" | "trailer" | "transfer-encoding"),
        b'u' => name == "upgrade",
        b'p' => matches!(name, "proxy-authorization" | "proxy-authenticate" | "proxy-connection"),
        b'h' => name == "http2-settings",
        _ => false,
    }
}

/// Answers that would bind a whole origin, or open it to others.
fn is_origin_wide(name: &str) -> bool {
    match name.as_bytes()[0] {
        b'a' => name == "alt-svc" || name.starts_with("access-control-"),
        b's' => matches!(name, "service-worker-allowed" | "strict-transport-security"),
        b'c' => name == "clear-site-data",
        b'r' => matches!(name, "report-to" | "reporting-endpoints"),
        b'n' => name == "nel",
        b'p' => name == "public-key-pins",
        b'o' => name == "origin-agent-cluster",
        _ => false,
    }
}

/// Removes what `is_out` names; one pass, as most messages have nothing of it.
fn leave_out(headers: &mut HeaderMap, is_out: impl Fn(&str) -> bool) {
    let out: Vec<HeaderName> = headers.keys().filter(|name| is_out(name.as_str())).cloned().collect();
    for name in out {
        headers.remove(name);
    }
}

/// Names that only a server in front may send, whichever of `-`, `_` and `.` they are written with:
/// some upstreams take all three for the same.
fn is_reserved(name: &str, own: &str) -> bool {
    let bytes = name.as_bytes();
    let same = |at: usize, wanted: u8| bytes.get(at).is_some_and(|byte| *byte == wanted || (wanted == b'-' && matches!(byte, b'_' | b'.')));
    let starts = |word: &str| word.bytes().enumerate().all(|(at, wanted)| same(at, wanted));
    let is = |word: &str| word.len() == bytes.len() && starts(word);
    match bytes.first() {
        Some(b'x') => starts("x-forwarded-") || starts("x-original-") || starts("x-rewrite-") || is("x-real-ip") || is("x-client-ip") || starts(own),
        Some(b'f') => is("forwarded"),
        Some(b't') => is("true-client-ip"),
        _ => false,
    }
}

/// Removes what the sender says is for its neighbour only.
fn leave_named(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONNECTION) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .filter_map(|word| word.trim().parse().ok())
        // Whoever names these would take away what the message means.
        .filter(|name| ![header::HOST, header::CONTENT_LENGTH, header::COOKIE, header::SET_COOKIE, header::ORIGIN].contains(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
}

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_USER: HeaderName = HeaderName::from_static("x-forwarded-user");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What an upstream is told about the client.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The client's address.
    pub client: &'a HeaderValue,
    /// `https` or `http`, as the client sees it.
    pub scheme: &'static str,
    /// The host it asked for.
    pub host: &'a HeaderValue,
    /// The person's name.
    pub user: Option<&'a HeaderValue>,
    /// What is ours.
    pub own: Own,
}

/// What begins the names that upstreams neither see nor set, in lower case.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    /// Of cookies.
    pub cookie: &'static str,
    /// Of headers; it begins with `x-`.
    pub header: &'static str,
}

/// Makes a client's headers fit to be passed on.
pub fn to_upstream(headers: &mut HeaderMap, told: Told<'_>) {
    leave_named(headers);
    let own = told.own;
    leave_out(headers, |name| is_between_neighbours(name) || is_reserved(name, own.header) || name == "expect");
    if headers.contains_key(header::COOKIE) {
        // HTTP/2 may split it over several (RFC 9113 §8.2.3).
        let kept: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().filter_map(|value| cookies::without(value, own.cookie)).collect();
        headers.remove(header::COOKIE);
        let joined = kept.iter().map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b"; "[..]);
        if let (false, Ok(value)) = (joined.is_empty(), HeaderValue::from_bytes(&joined)) {
            headers.insert(header::COOKIE, value);
        }
    }
    headers.insert(header::HOST, told.host.clone());
    headers.insert(FORWARDED_HOST, told.host.clone());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(told.scheme));
    headers.insert(FORWARDED_FOR, told.client.clone());
    headers.insert(REAL_IP, told.client.clone());
    if let Some(user) = told.user {
        headers.insert(FORWARDED_USER, user.clone());
    }
}

/// A redirect to where the upstream believes it is, as a path on the host that the client knows.
fn local(location: &HeaderValue, told: Told<'_>, upstream: &Address) -> Option<HeaderValue> {
    let text = location.to_str().ok()?;
    let (_, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let known = told.host.to_str().is_ok_and(|host| host.eq_ignore_ascii_case(authority)) || upstream.authority().is_some_and(|own| own.eq_ignore_ascii_case(authority));
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    // `//` at the start would be another host.
    (known && !path.starts_with("//")).then(|| HeaderValue::from_str(&path).ok()).flatten()
}

/// Makes an upstream's headers fit for the browser.
pub fn from_upstream(headers: &mut HeaderMap, told: Told<'_>, upstream: &Address) {
    leave_named(headers);
    leave_out(headers, |name| is_between_neighbours(name) || is_origin_wide(name));
    if headers.contains_key(header::SET_COOKIE) {
        let kept: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| cookies::set(value, told.own.cookie)).collect();
        headers.remove(header::SET_COOKIE);
        for value in kept {
            headers.append(header::SET_COOKIE, value);
        }
    }
    if let Some(path) = headers.get(header::LOCATION).and_then(|location| local(location, told, upstream)) {
        headers.insert(header::LOCATION, path);
    }
    // Beside what it says itself; of two policies both hold.
    headers.append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'self'"));
}

#[cfg(test)]
mod tests {
    use super::{Own, Told, from_upstream, to_upstream};
    use crate::Address;
    use http::header::{HeaderMap, HeaderName, HeaderValue};

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().expect("a name"), value.parse::<HeaderValue>().expect("a value"))).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<String> {
        let mut names: Vec<String> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    static CLIENT: HeaderValue = HeaderValue::from_static("192.0.2.1");
    const HOST: HeaderValue = HeaderValue::from_static("alice.work.test");

    fn told(host: &HeaderValue) -> Told<'_> {
        Told { client: &CLIENT, scheme: "https", host, user: None, own: Own { cookie: "twinport", header: "x-twinport" } }
    }

    #[test]
    fn nobody_speaks_for_the_front() {
        let mut headers = map(&[
            ("x-forwarded-for", "6.6.6.6"),
            ("x_forwarded_user", "admin"),
            ("x.forwarded.user", "admin"),
            ("x-forwarded_host", "evil.test"),
            ("x-forwarded-prefix", "/x"),
            ("x-original-url", "/x"),
            ("x_rewrite_url", "/x"),
            ("forwarded", "for=6.6.6.6"),
            ("x-real-ip", "6.6.6.6"),
            ("x-twinport-user", "admin"),
            ("x_twinport_user", "admin"),
            ("true-client-ip", "6.6.6.6"),
            ("connection", "close, x-forwarded-for, cookie, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "5"),
            ("te", "gzip"),
            ("proxy-authorization", "x"),
            ("expect", "100-continue"),
            ("authorization", "Bearer theirs"),
            ("x-xsrftoken", "theirs"),
            ("cookie", "a=1; twinport=secret; b=2"),
        ]);
        to_upstream(&mut headers, told(&HOST));
        assert_eq!(names(&headers), ["authorization", "cookie", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-xsrftoken"]);
        assert_eq!(headers["x-forwarded-for"], "192.0.2.1");
        assert_eq!(headers["cookie"], "a=1; b=2");
    }

    #[test]
    fn nothing_binds_the_whole_origin() {
        let mut headers = map(&[
            ("service-worker-allowed", "/"),
            ("clear-site-data", "\"*\""),
            ("strict-transport-security", "max-age=1; includeSubDomains"),
            ("alt-svc", "h3=\":443\""),
            ("report-to", "{}"),
            ("nel", "{}"),
            ("access-control-allow-origin", "*"),
            ("access-control-allow-credentials", "true"),
            ("connection", "keep-alive"),
            ("content-type", "text/html"),
            ("set-cookie", "twinport=x"),
            ("content-security-policy", "sandbox"),
        ]);
        headers.append("set-cookie", HeaderValue::from_static("a=1; Domain=test"));
        from_upstream(&mut headers, told(&HOST), &Address::Unix("/x".into()));
        assert_eq!(names(&headers), ["content-security-policy", "content-type", "set-cookie"]);
        assert_eq!(headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1"]);
        assert_eq!(headers.get_all("content-security-policy").iter().count(), 2);
    }

    #[test]
    fn redirects_lead_to_the_host_that_the_browser_knows() {
        let upstream = Address::parse("http://127.0.0.1:8888").expect("an address");
        for (given, expected) in [
            ("http://127.0.0.1:8888/a?b", "/a?b"),
            ("http://alice.work.test/a", "/a"),
            ("http://alice.work.test", "/"),
            ("http://127.0.0.1:8888//evil.test", "http://127.0.0.1:8888//evil.test"),
            ("http://127.0.0.1:9/admin", "http://127.0.0.1:9/admin"),
            ("/a", "/a"),
        ] {
            let mut headers = map(&[("location", given)]);
            from_upstream(&mut headers, told(&HOST), &upstream);
            assert_eq!(headers["location"], expected, "{given}");
        }
    }
}
