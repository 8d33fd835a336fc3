//! Select Graphic Rendition: the codes GitLab's viewer knows, its class names, and what it lacks.

/// Whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// GitLab's (`lib/gitlab/ci/ansi2json`), to the byte.
    GitLab,
    /// GitLab's, with colours of 24 bits, dim and inverse text understood, and nothing shown of titles, links
    /// and character sets.
    #[default]
    Better,
}

/// Colours and formats of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    foreground: Option<Colour>,
    background: Option<Colour>,
    formats: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Named(u8),
    Light(u8),
    Indexed(u8),
    True(u8, u8, u8),
}

const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/// A format: its bit, the code that sets it, those that clear it, its class, whether GitLab knows it.
struct Format {
    bit: u8,
    set: &'static [u8],
    clear: &'static [&'static [u8]],
    class: &'static str,
    known: bool,
}

const fn format(bit: u8, set: &'static [u8], clear: &'static [&'static [u8]], class: &'static str, known: bool) -> Format {
    Format { bit, set, clear, class, known }
}

const FORMATS: [Format; 7] = [
    format(1, b"1", &[b"21", b"22"], "term-bold", true),
    format(2, b"3", &[b"23"], "term-italic", true),
    format(4, b"4", &[b"24"], "term-underline", true),
    format(8, b"8", &[b"28"], "term-conceal", true),
    format(16, b"9", &[b"29"], "term-cross", true),
    format(32, b"2", &[b"22"], "term-dim", false),
    format(64, b"7", &[b"27"], "term-inverse", false),
];

impl Colour {
    fn class(self, ground: &str) -> Option<String> {
        match self {
            Self::Named(index) => Some(format!("term-{ground}-{}", NAMES[usize::from(index)])),
            Self::Light(index) => Some(format!("term-{ground}-l-{}", NAMES[usize::from(index)])),
            Self::Indexed(index) => Some(format!("xterm-{ground}-{index}")),
            Self::True(..) => None,
        }
    }

    /// Red, green and blue of what no class of ours names: xterm's cube and greys, and 24 bits.
    fn rgb(self) -> Option<(u8, u8, u8)> {
        const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        match self {
            Self::True(red, green, blue) => Some((red, green, blue)),
            Self::Indexed(index @ 232..) => Some((8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10)),
            Self::Indexed(index @ 16..) => {
                let step = |number: u8| STEPS[usize::from(number % 6)];
                Some((step((index - 16) / 36), step((index - 16) / 6), step(index - 16)))
            }
            _ => None,
        }
    }
}

impl Style {
    /// GitLab's class names, empty for plain text.
    #[must_use]
    pub fn classes(&self) -> String {
        let colours = [(self.foreground, "fg"), (self.background, "bg")].into_iter().filter_map(|(colour, ground)| colour.and_then(|colour| colour.class(ground)));
        let formats = FORMATS.iter().filter(|format| self.formats & format.bit != 0).map(|format| format.class.to_owned());
        colours.chain(formats).collect::<Vec<_>>().join(" ")
    }

    /// Foreground and background as `#rrggbb`, where they have no class.
    #[must_use]
    pub fn colours(&self) -> [Option<String>; 2] {
        [self.foreground, self.background].map(|colour| colour.and_then(Colour::rgb).map(|(red, green, blue)| format!("#{red:02x}{green:02x}{blue:02x}")))
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the parameters of `ESC [ … m`.
    pub fn apply(&mut self, parameters: &[u8], mode: Mode) {
        let mut codes = parameters.split(|byte| *byte == b';');
        while let Some(code) = codes.next() {
            match code {
                b"" | b"0" => *self = Self::default(),
                b"38" => self.foreground = chosen(&mut codes, mode),
                b"48" => self.background = chosen(&mut codes, mode),
                b"39" => self.foreground = None,
                b"49" => self.background = None,
                code => self.simple(code, mode),
            }
        }
    }

    fn simple(&mut self, code: &[u8], mode: Mode) {
        for format in FORMATS.iter().filter(|format| format.known || mode == Mode::Better) {
            if code == format.set {
                self.formats |= format.bit;
            } else if format.clear.contains(&code) {
                self.formats &= !format.bit;
            }
        }
        // Codes are compared as text by GitLab: `031` is none.
        match number(code).filter(|_| code[0] != b'0') {
            Some(number @ 30..=37) => self.foreground = Some(Colour::Named(number - 30)),
            Some(number @ 40..=47) => self.background = Some(Colour::Named(number - 40)),
            Some(number @ 90..=97) => self.foreground = Some(Colour::Light(number - 90)),
            Some(number @ 100..=107) => self.background = Some(Colour::Light(number - 100)),
            _ => {}
        }
    }
}

fn number(code: &[u8]) -> Option<u8> {
    std::str::from_utf8(code).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// `5;n` or, beyond GitLab, `2;r;g;b` after 38 or 48; anything else leaves the colour cleared and
/// its codes to be read on.
fn chosen<'a>(codes: &mut (impl Iterator<Item = &'a [u8]> + Clone), mode: Mode) -> Option<Colour> {
    let mut ahead = codes.clone();
    match ahead.next() {
        Some(b"5") => {
            codes.next();
            number(codes.next()?).map(Colour::Indexed)
        }
        Some(b"2") if mode == Mode::Better => {
            let colour = Colour::True(number(ahead.next()?)?, number(ahead.next()?)?, number(ahead.next()?)?);
            *codes = ahead;
            Some(colour)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Style};

    #[test]
    fn beyond_gitlab() {
        let style = |codes: &str, mode| {
            let mut style = Style::default();
            style.apply(codes.as_bytes(), mode);
            (style.classes(), style.colours())
        };
        assert_eq!(style("38;2;1;2;255;1", Mode::Better), ("term-bold".into(), [Some("#0102ff".into()), None]));
        assert_eq!(style("2;7", Mode::Better).0, "term-dim term-inverse");
        assert_eq!(style("2;7", Mode::GitLab).0, "");
        assert_eq!(style("48;5;196", Mode::Better), ("xterm-bg-196".into(), [None, Some("#ff0000".into())]));
        assert_eq!(style("38;5;244", Mode::Better).1[0].as_deref(), Some("#808080"));
    }
}
