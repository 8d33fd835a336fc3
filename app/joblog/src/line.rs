//! What a log is made of.

use crate::style::Style;

/// Text of one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// One line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Where it starts, in bytes of the log.
    pub offset: u64,
    /// Its text.
    pub spans: Vec<Span>,
    /// When it was written, if the log says so (27 characters, UTC).
    pub timestamp: Option<String>,
    /// The innermost section that is open.
    pub section: Option<String>,
    /// Whether it is the first line of that section.
    pub header: bool,
    /// Options of the section, on its header: `collapsed`, `hide_duration`.
    pub options: Vec<(String, String)>,
    /// On the empty line that ends a section: its length, `MM:SS` or `HH:MM:SS`.
    pub duration: Option<String>,
    /// On the same line: the name of the section.
    pub ends: Option<String>,
    /// Bytes at its end that were not read, because it is very long.
    pub left_out: usize,
}

impl Line {
    /// The text without styles.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    pub(crate) fn write_text(&self, out: &mut String) {
        self.spans.iter().for_each(|span| out.push_str(&span.text));
        out.push('\n');
    }

    /// Whether it ends a section.
    #[must_use]
    pub fn is_footer(&self) -> bool {
        self.duration.is_some()
    }
}
