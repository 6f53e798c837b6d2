//! The formats there are, and what is known of the place the text goes to.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// How something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// For a person at a terminal: tables, colour where wanted.
    #[default]
    Terminal,
    /// One JSON document.
    Json,
    /// JSON Lines: one object per row, for `jq` and log shippers.
    Jsonl,
    /// GitHub-flavoured Markdown, for a page or a mail.
    Markdown,
    /// A page of HTML that is one file.
    Html,
    /// A bill of materials as `CycloneDX` 1.6 JSON, of what has one.
    CycloneDx,
    /// Findings as SARIF 2.1.0, of what has some.
    Sarif,
    /// What a book supports of catalogues of controls, as OSCAL 1.1.3 assessment results.
    Oscal,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::Terminal,
        Self::Json,
        Self::Jsonl,
        Self::Markdown,
        Self::Html,
        Self::CycloneDx,
        Self::Sarif,
        Self::Oscal,
    ];

    /// Whether only some things can be told in it; all else is told in the others.
    pub const fn is_special(self) -> bool {
        matches!(self, Self::CycloneDx | Self::Sarif | Self::Oscal)
    }

    /// The name on command lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::CycloneDx => "cyclonedx",
            Self::Sarif => "sarif",
            Self::Oscal => "oscal",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The names of [`Format::ALL`], and `md` for Markdown.
impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = if text == "md" { "markdown" } else { text };
        Self::ALL.iter().copied().find(|format| format.as_str() == text).ok_or_else(|| Error::UnknownFormat {
            given: text.chars().take(64).collect(),
            allowed: Self::ALL.iter().map(|format| format.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// The terminal [`Format::Terminal`] writes for. The default is none: no width, no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Screen {
    /// Columns, where they are known; without them tables are as wide as they need to be.
    pub width: Option<u16>,
    /// Whether to colour.
    pub colour: bool,
}
