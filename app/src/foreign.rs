//! What backends give that must not act in this page.

/// An address that a backend gave, when it leads to the web: anything else would act in this page.
#[must_use]
pub fn web(url: &str) -> Option<String> {
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}
