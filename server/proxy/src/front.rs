//! The strict front: one valid `Host`, equal to the authority if there is one; no TRACE and no
//! CONNECT; a path without traversal or control characters. Routers decode; this looks at raw bytes.

use http::{Method, Request, Version, header};

use crate::path;

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No `Host`, two, or one that is no host (RFC 9112 §3.2).
    #[error("exactly one valid Host header is needed")]
    Host,
    /// The request line names another host than `Host` (RFC 9112 §3.2.2).
    #[error("the request line and the Host header name different hosts")]
    Misdirected,
    /// TRACE shows cookies.
    #[error("this method is not answered here")]
    Method,
    /// CONNECT is for proxies.
    #[error("this server opens no tunnels")]
    Connect,
    /// `..`, an encoded separator, or a control character.
    #[error("this path is not answered here")]
    Path,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Host | Self::Path => 400,
            Self::Misdirected => 421,
            Self::Method => 405,
            Self::Connect => 501,
        }
    }
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (text, ""),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let fine = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c) || (bracketed && "[]:".contains(c));
    !host.is_empty() && host.chars().all(fine) && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a request is let in.
pub fn check<B>(request: &Request<B>) -> Result<(), Refusal> {
    match *request.method() {
        Method::TRACE => return Err(Refusal::Method),
        Method::CONNECT => return Err(Refusal::Connect),
        _ => {}
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().map(|value| value.to_str().unwrap_or(""));
    if hosts.next().is_some() || host.is_some_and(|host| !is_host(host)) {
        return Err(Refusal::Host);
    }
    match (host, request.uri().authority()) {
        (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority.as_str()) => return Err(Refusal::Misdirected),
        // Only in HTTP/2 does the authority stand for it (RFC 9113 §8.3.1); in HTTP/1.1 it is sent with every target (RFC 9112 §3.2).
        (None, authority) if authority.is_none() || request.version() < Version::HTTP_2 => return Err(Refusal::Host),
        _ => {}
    }
    if path::is_plain(request.uri().path()) { Ok(()) } else { Err(Refusal::Path) }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, check};
    use http::Request;

    fn verdict(method: &str, uri: &str, hosts: &[&str]) -> Option<Refusal> {
        let mut request = Request::builder().method(method).uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        check(&request.body(()).expect("the request can be built")).err()
    }

    #[test]
    fn only_what_is_plain_comes_in() {
        for (method, uri, hosts, expected) in [
            ("GET", "/", &["a.test"][..], None),
            ("GET", "/i/local/a%20b%2Fc?x=%2F..", &["a.test:8080"], None),
            ("GET", "/", &["[::1]:8080"], None),
            ("GET", "/", &[], Some(Refusal::Host)),
            ("GET", "/", &["a.test", "b.test"], Some(Refusal::Host)),
            ("GET", "/", &["a@b"], Some(Refusal::Host)),
            ("GET", "/", &["a/b"], Some(Refusal::Host)),
            ("GET", "http://evil.test/", &["a.test"], Some(Refusal::Misdirected)),
            ("GET", "http://a.test/", &["a.test"], None),
            ("GET", "http://a.test/", &[], Some(Refusal::Host)),
            ("TRACE", "/", &["a.test"], Some(Refusal::Method)),
            ("GET", "/a/../b", &["a.test"], Some(Refusal::Path)),
            ("GET", "/a/%2e%2E/b", &["a.test"], Some(Refusal::Path)),
            ("GET", "/a%5cb", &["a.test"], Some(Refusal::Path)),
            ("GET", "/a%0d%0aX:y", &["a.test"], Some(Refusal::Path)),
        ] {
            assert_eq!(verdict(method, uri, hosts), expected, "{method} {uri} {hosts:?}");
        }
    }
}
