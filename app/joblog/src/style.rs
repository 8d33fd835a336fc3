//! Select Graphic Rendition: the codes GitLab's viewer knows, and its class names.

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
}

const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/// Bit, code that sets it, codes that clear it, class.
const FORMATS: [(u8, &str, &[&str], &str); 5] = [
    (1, "1", &["21", "22"], "term-bold"),
    (2, "3", &["23"], "term-italic"),
    (4, "4", &["24"], "term-underline"),
    (8, "8", &["28"], "term-conceal"),
    (16, "9", &["29"], "term-cross"),
];

impl Colour {
    fn class(self, ground: &str) -> String {
        match self {
            Self::Named(index) => format!("term-{ground}-{}", NAMES[usize::from(index)]),
            Self::Light(index) => format!("term-{ground}-l-{}", NAMES[usize::from(index)]),
            Self::Indexed(index) => format!("xterm-{ground}-{index}"),
        }
    }
}

impl Style {
    /// GitLab's class names, empty for plain text.
    #[must_use]
    pub fn classes(&self) -> String {
        let colours = [(self.foreground, "fg"), (self.background, "bg")].into_iter().filter_map(|(colour, ground)| colour.map(|colour| colour.class(ground)));
        let formats = FORMATS.iter().filter(|(bit, ..)| self.formats & bit != 0).map(|(.., class)| (*class).to_owned());
        colours.chain(formats).collect::<Vec<_>>().join(" ")
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the parameters of `ESC [ … m`.
    pub fn apply(&mut self, parameters: &str) {
        let mut codes = parameters.split(';');
        while let Some(code) = codes.next() {
            match code {
                "" | "0" => *self = Self::default(),
                "38" => self.foreground = indexed(&mut codes),
                "48" => self.background = indexed(&mut codes),
                "39" => self.foreground = None,
                "49" => self.background = None,
                code => self.simple(code),
            }
        }
    }

    fn simple(&mut self, code: &str) {
        for (bit, set, clear, _) in FORMATS {
            if code == set {
                self.formats |= bit;
            } else if clear.contains(&code) {
                self.formats &= !bit;
            }
        }
        // Codes are compared as text by GitLab: `031` is none.
        let Some(number) = code.parse::<u8>().ok().filter(|number| number.to_string() == code) else { return };
        match number {
            30..=37 => self.foreground = Some(Colour::Named(number - 30)),
            40..=47 => self.background = Some(Colour::Named(number - 40)),
            90..=97 => self.foreground = Some(Colour::Light(number - 90)),
            100..=107 => self.background = Some(Colour::Light(number - 100)),
            _ => {}
        }
    }
}

/// `5;n` after 38 or 48; anything else leaves the colour cleared and its codes to be read on.
fn indexed<'a>(codes: &mut (impl Iterator<Item = &'a str> + Clone)) -> Option<Colour> {
    let mut ahead = codes.clone();
    if ahead.next() != Some("5") {
        return None;
    }
    codes.next();
    let number = codes.next()?;
    number.parse::<u8>().ok().map(Colour::Indexed)
}
