//! A policy review, as it was sealed.

use crate::{Block, Document, Text, Tone, View};

/// A review. Its words are a model's.
#[derive(Debug, Clone, Copy)]
pub struct ReviewDetail<'a> {
    /// What it is called: assistance, and no legal advice.
    pub name: &'a str,
    /// `APPROVED`, `CONDITIONAL` or `REJECTED`.
    pub status: &'a str,
    /// `LOW` to `CRITICAL`.
    pub risk: &'a str,
    /// Whether the model answered: `answered`, `unreadable` or `failed`.
    pub standing: &'a str,
    /// The domain it was looked at under.
    pub domain: &'a str,
    /// That domain's regulations.
    pub regulations: &'a [String],
    /// Headings and what is listed under them.
    pub lists: [(&'a str, &'a [String]); 4],
    /// Whatever else it says.
    pub notes: &'a str,
    /// The least that the decision over the action becomes: `allow`, `ask` or `block`.
    pub at_least: &'a str,
    /// The review's record.
    pub record: &'a str,
    /// The same as one JSON document.
    pub json: &'a str,
}

impl View for ReviewDetail<'_> {
    fn document(&self) -> Document {
        let tone = match self.at_least {
            "allow" => Tone::Good,
            "ask" => Tone::Doubtful,
            _ => Tone::Bad,
        };
        let mut page = Document::new();
        page.heading(1, "Policy review").line(Text::toned(self.name, Tone::Faint));
        page.add(Block::Fields(vec![
            ("status".to_owned(), Text::toned(self.status, tone)),
            ("risk".to_owned(), Text::plain(self.risk)),
            ("answer".to_owned(), Text::plain(self.standing)),
            ("domain".to_owned(), Text::plain(format!("{} ({})", self.domain, self.regulations.join(", ")))),
            ("decision".to_owned(), Text::toned(format!("at least {}", self.at_least), tone)),
            ("record".to_owned(), Text::name(self.record)),
        ]));
        for (heading, list) in self.lists.iter().filter(|(_, list)| !list.is_empty()) {
            page.heading(2, *heading);
            page.add(Block::List(list.iter().map(|text| Text::plain(text.as_str())).collect()));
        }
        if !self.notes.is_empty() {
            page.heading(2, "Notes").line(Text::plain(self.notes));
        }
        page
    }

    fn json(&self) -> String {
        self.json.to_owned()
    }
}
