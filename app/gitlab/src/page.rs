//! Lists: one page, and how to ask for the next.

use percent_encoding::percent_decode_str;

use crate::endpoint::{Response, json};
use crate::error::Error;
use crate::record::FromJson;

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// The query of the next page, from the `Link` header; `None` on the last one.
    pub next: Option<Vec<(String, String)>>,
}

impl<T: FromJson> Page<T> {
    /// Reads a list answer.
    pub fn decode(response: &Response) -> Result<Self, Error> {
        Ok(Self { items: json(response)?, next: response.header("link").and_then(next) })
    }
}

/// The query pairs of `rel="next"` (RFC 8288).
fn next(link: &str) -> Option<Vec<(String, String)>> {
    let entry = link.split(", ").find(|entry| entry.contains("rel=\"next\""))?;
    let url = entry.trim().strip_prefix('<')?.split('>').next()?;
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    };
    Some(url.split_once('?')?.1.split('&').map(pair).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn next_link() {
        let link = r#"<https://h/api/v4/p?page=1&x=a%2Fb>; rel="prev", <https://h/api/v4/p?page=3&x=a%2Fb>; rel="next""#;
        let pairs = super::next(link).unwrap_or_default();
        assert_eq!(pairs, [("page".to_owned(), "3".to_owned()), ("x".to_owned(), "a/b".to_owned())]);
        assert_eq!(super::next(r#"<https://h/p?page=1>; rel="first""#), None);
    }
}
