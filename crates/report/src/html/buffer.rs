//! HTML text that cannot hold markup of a stranger's: what is not a text of the program goes through an escape.

use std::fmt::Write as _;

use crate::text::shown;

/// Attributes of an element: names of ours, values of anyone's.
pub(crate) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// HTML as it is put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html {
    out: String,
}

impl Html {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Markup of ours. The lifetime keeps everything else out.
    pub(crate) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Anyone's text: what would not be seen is written out, and nothing in it is markup.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.escaped(&shown(text))
    }

    /// The same for text of several lines.
    pub(crate) fn lines(&mut self, text: &str) -> &mut Self {
        self.escaped(&crate::text::shown_lines(text))
    }

    fn escaped(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                c => self.out.push(c),
            }
        }
        self
    }

    pub(crate) fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.raw("<").raw(tag);
        for (name, value) in attributes {
            self.raw(" ").raw(name).raw("=\"").text(value).raw("\"");
        }
        self.raw(">")
    }

    pub(crate) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.raw("</").raw(tag).raw(">")
    }

    /// An element that holds a text.
    pub(crate) fn element(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// A number, for an attribute or a text.
    pub(crate) fn number(&mut self, number: impl Into<f64>) -> &mut Self {
        let rounded = (number.into() * 100.0).round() / 100.0;
        let _ = write!(self.out, "{rounded}");
        self
    }

    pub(crate) fn add(&mut self, other: &Self) -> &mut Self {
        self.out.push_str(&other.out);
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_makes_no_markup_anywhere() {
        let mut html = Html::new();
        html.element("b", &[("title", "\" onload='x' \u{202e}")], "</script><!-- & \u{0}\u{1b}[31m\u{2028}");
        let expected = "<b title=\"&quot; onload=&#39;x&#39; \\u{202e}\">&lt;/script&gt;&lt;!-- &amp; \\u{0}\\u{1b}[31m\\u{2028}</b>";
        assert_eq!(html.as_str(), expected);
    }
}
