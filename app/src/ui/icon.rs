//! Icons, drawn for this project on a grid of 16, in the colour of the text around them.

use leptos::prelude::*;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Waiting.
    Circle,
    /// Going on.
    Half,
    /// Good.
    Check,
    /// Bad.
    Cross,
    /// Ended by somebody.
    Dash,
    /// Asks for a person.
    Hand,
    /// Start.
    Play,
    /// Stop.
    Stop,
    /// Find.
    Search,
    /// More to do.
    More,
    /// A file.
    File,
    /// To the end.
    Down,
    /// Keep.
    Save,
    /// Again.
    Again,
    /// Careful.
    Warning,
    /// Light and dark.
    Theme,
    /// A folded part.
    Right,
    /// The one before.
    Up,
    /// The one after.
    Below,
    /// Take away a copy.
    Copy,
    /// Add.
    Plus,
    /// Change.
    Pen,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Circle => "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
            Self::Half => "M8 2.5a5.5 5.5 0 0 1 5.5 5.5M8 13.5A5.5 5.5 0 0 1 2.5 8",
            Self::Check => "M3 8.5l3.2 3.2L13 4.8",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Dash => "M3.5 8h9",
            Self::Hand => "M8 3v6M8 12.4v.2",
            Self::Play => "M5 3.2v9.6L12.5 8z",
            Self::Stop => "M4 4h8v8H4z",
            Self::Search => "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2l3 3",
            Self::More => "M3.5 8h.2M8 8h.2M12.3 8h.2",
            Self::File => "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
            Self::Down => "M8 3v8.5M4.5 8.5L8 12l3.5-3.5M4 14h8",
            Self::Save => "M8 2.5v7.5M5 7l3 3 3-3M3 13h10",
            Self::Again => "M12.8 6.2A5.2 5.2 0 1 0 13 9M13 3v3.4H9.6",
            Self::Warning => "M8 2.5L14 13H2zM8 6.5v3M8 11.2v.2",
            Self::Theme => "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
            Self::Up => "M3.5 10L8 5.5l4.5 4.5",
            Self::Below => "M3.5 6L8 10.5 12.5 6",
            Self::Copy => "M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Pen => "M3 13l.8-3.2L10.5 3 13 5.5 6.2 12.2z",
            Self::Right => "M6 3.5L10.5 8 6 12.5",
        }
    }
}

/// A picture beside words, so it says nothing to screen readers.
#[component]
pub fn Picture(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=icon.path() fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>
        </svg>
    }
}
