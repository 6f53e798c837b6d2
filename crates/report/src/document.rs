//! What a person reads, before it is laid out: headings, lines, tables.
//!
//! Views build a document; the terminal and the Markdown writer lay it out.
//! Everything in it is text as it came: the writers make it harmless, all of
//! it, so no view can forget to.

use std::borrow::Cow;

/// A page: blocks from top to bottom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The blocks.
    pub blocks: Vec<Block>,
}

/// One block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading; level 1 is the page's title.
    Heading(u8, Text),
    /// A line or a paragraph.
    Line(Text),
    /// Names and values.
    Fields(Vec<(String, Text)>),
    /// A list.
    List(Vec<Text>),
    /// A table; nothing is written for one without rows.
    Table(Vec<Column>, Vec<Row>),
    /// Several lines as they are: JSON, a patch, a proof. The word names the language.
    Verbatim(&'static str, String),
}

/// A table's column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: Cow<'static, str>,
    /// Whether it holds numbers, which stand at the right.
    pub number: bool,
    /// Whether it must not be broken over lines.
    pub whole: bool,
}

/// A table's row, as many cells as there are columns.
pub type Row = Vec<Text>;

/// A run of text, piece by piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The pieces, in order, nothing between them.
    pub pieces: Vec<Piece>,
}

/// Some text and how it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text, as it came.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Whether it is a name from somewhere else (an id, a path, a hash): code in Markdown.
    pub name: bool,
}

/// How a piece is meant; a colour on a terminal that has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// The word that counts.
    Strong,
    /// Of less weight.
    Faint,
    /// As it should be.
    Good,
    /// To be looked at.
    Doubtful,
    /// Wrong.
    Bad,
}

impl Document {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a heading.
    pub fn heading(&mut self, level: u8, text: impl Into<Text>) -> &mut Self {
        self.add(Block::Heading(level, text.into()))
    }

    /// Adds a line.
    pub fn line(&mut self, text: impl Into<Text>) -> &mut Self {
        self.add(Block::Line(text.into()))
    }

    /// Adds a block.
    pub fn add(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }

    /// Adds another page's blocks, its headings `deeper` levels lower.
    pub fn append(&mut self, other: Document, deeper: u8) -> &mut Self {
        self.blocks.extend(other.blocks.into_iter().map(|block| match block {
            Block::Heading(level, text) => Block::Heading(level + deeper, text),
            block => block,
        }));
        self
    }
}

impl Column {
    /// A column of text that may be broken over lines.
    pub const fn text(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), number: false, whole: false }
    }

    /// A column of short text that stays in one line.
    pub const fn whole(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), number: false, whole: true }
    }

    /// A column of numbers.
    pub const fn number(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), number: true, whole: true }
    }

    /// A column whose name came from somewhere else; of numbers, or of text that may be broken.
    pub fn named(name: impl Into<String>, number: bool) -> Self {
        Self { name: Cow::Owned(name.into()), number, whole: number }
    }
}

impl Text {
    /// Text of ours or of others, to be read as text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::default().and(text)
    }

    /// A name from somewhere else: an id, a path, a hash.
    pub fn name(text: impl Into<String>) -> Self {
        Self::default().and_name(text)
    }

    /// Text with a tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self::default().and_toned(text, tone)
    }

    /// This, then more text.
    #[must_use]
    pub fn and(self, text: impl Into<String>) -> Self {
        self.and_toned(text, Tone::Plain)
    }

    /// This, then a name.
    #[must_use]
    pub fn and_name(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece { text: text.into(), tone: Tone::Plain, name: true });
        self
    }

    /// This, then text with a tone.
    #[must_use]
    pub fn and_toned(mut self, text: impl Into<String>, tone: Tone) -> Self {
        self.pieces.push(Piece { text: text.into(), tone, name: false });
        self
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.is_empty())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}
