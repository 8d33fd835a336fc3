//! Who is calling: the other end of the connection, or whom a proxy in front names.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The client's address. Only a peer that the configuration trusts is believed, and of the
/// addresses it hands on the last that is no proxy of ours: what stands before it came from outside.
#[must_use]
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !ours(&peer) {
        return peer;
    }
    let mut last = peer;
    for text in headers.get_all("x-forwarded-for").iter().rev().flat_map(|value| value.to_str().unwrap_or_default().rsplit(',')) {
        match text.trim().parse::<IpAddr>() {
            Ok(address) => last = address.to_canonical(),
            Err(_) => return last,
        }
        if !ours(&last) {
            return last;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::client;
    use axum::http::HeaderMap;
    use std::net::IpAddr;

    #[test]
    fn the_rightmost_that_is_not_ours() {
        let trusted = ["10.0.0.0/8".parse().expect("a net"), "127.0.0.1/32".parse().expect("a net")];
        let of = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().expect("a value"));
            }
            client(peer.parse::<IpAddr>().expect("an address"), &headers, &trusted).to_string()
        };
        assert_eq!(of("192.0.2.9", &["6.6.6.6"]), "192.0.2.9", "a stranger says nothing");
        assert_eq!(of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(of("127.0.0.1", &["6.6.6.6, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(of("127.0.0.1", &["6.6.6.6", "192.0.2.1, 10.1.1.1"]), "192.0.2.1");
        assert_eq!(of("10.9.9.9", &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(of("127.0.0.1", &["192.0.2.1, rubbish"]), "127.0.0.1");
    }
}
