//! A page of HTML that is one file: no network, no script or style but its own, light, dark and paper.
//!
//! Two layers keep a stranger's text text. It reaches the page through an escape alone ([`Html`]), and the page's
//! policy (CSP, www.w3.org/TR/CSP3) lets nothing run, load or be sent but the style and the scripts whose digests it
//! names. What a page carries for its own check ([`Carried`]) stands in it as base64.

mod blocks;
mod buffer;
mod charts;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub(crate) use blocks::{document, foot, head, inline, list, open_cell};
use buffer::Attributes;
pub(crate) use buffer::Html;
pub(crate) use charts::{Bar, bars, meter, strip};

use crate::{Block, Document};

const STYLE: &str = include_str!("html/style.css");
const VERIFIER: &str = include_str!("html/verify.js");
const CHECK: &str = include_str!("html/check.js");
const FILTER: &str = include_str!("html/filter.js");

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    title: String,
    sections: Vec<Section>,
    carried: Option<Carried>,
    /// Whether rows can be filtered.
    is_filtered: bool,
}

/// A part of a page, with a heading of its own but for the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Section {
    /// The anchor and the heading.
    named: Option<(&'static str, String)>,
    body: Html,
}

/// What a page carries so that it can be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// A bundle, as docs/format.md describes it.
    pub bundle: Vec<u8>,
    /// How much of the book that is.
    pub extent: Extent,
}

/// How much of a book a bundle carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every leaf, and the content of what is shown.
    Book,
    /// What is shown, each with the proof that it is in the book.
    Shown,
    /// Of what is shown, only the records that begin and end the run: the rest is too large.
    Run,
}

impl Page {
    /// What any view says.
    pub(crate) fn of(told: &Document) -> Self {
        let title = told.blocks.iter().find_map(|block| match block {
            Block::Heading(1, text) => Some(text.pieces.iter().map(|piece| piece.text.as_str()).collect()),
            _ => None,
        });
        let mut page = Self::titled(title.unwrap_or_else(|| "Sealbook".to_owned()));
        document(told, 0, &mut page.sections[0].body);
        page
    }

    pub(crate) fn titled(title: String) -> Self {
        Self { title, sections: vec![Section::default()], ..Self::default() }
    }

    /// What stands before all sections.
    pub(crate) fn top(&mut self) -> &mut Html {
        &mut self.sections[0].body
    }

    /// Begins a section. An empty one is not written.
    pub(crate) fn section(&mut self, anchor: &'static str, heading: impl Into<String>) -> &mut Html {
        let section = Section { named: Some((anchor, heading.into())), body: Html::new() };
        self.sections.push(section);
        &mut self.sections.last_mut().expect("there is one now").body
    }

    pub(crate) fn carry(&mut self, carried: Option<Carried>) {
        self.carried = carried;
    }

    pub(crate) fn filtered(&mut self) {
        self.is_filtered = true;
    }

    fn scripts(&self) -> Vec<String> {
        let check = self.carried.is_some().then(|| format!("{VERIFIER}{CHECK}"));
        let filter = self.is_filtered.then(|| FILTER.to_owned());
        filter.into_iter().chain(check).collect()
    }
}

/// Writes a page.
///
/// Errors: those of `out`.
pub(crate) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let scripts = page.scripts();
    let mut html = Html::new();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let allowed: Vec<String> = scripts.iter().map(|script| digest(script)).collect();
    let scripts_allowed = if allowed.is_empty() { "'none'".to_owned() } else { allowed.join(" ") };
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {scripts_allowed}; base-uri 'none'; form-action 'none'",
        digest(STYLE)
    );
    // The digests are base64 in quotes of the policy's own: nothing in them would have to be escaped.
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"");
    out.write_all(html.as_str().as_bytes())?;
    out.write_all(policy.as_bytes())?;
    let mut html = Html::new();
    html.raw("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.raw("<meta name=\"generator\" content=\"sealbook ").raw(env!("CARGO_PKG_VERSION")).raw("\">\n");
    html.element("title", &[], &page.title).raw("\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n<main>\n");
    let (top, rest) = page.sections.split_first().expect("there is a top");
    html.add(&top.body);
    let written: Vec<&Section> = rest.iter().filter(|section| section.body != Html::new()).collect();
    contents(&written, &mut html);
    for section in written {
        let (anchor, heading) = section.named.as_ref().expect("all but the top are named");
        html.raw("<section id=\"").raw(anchor).raw("\">\n").element("h2", &[], heading).raw("\n");
        html.add(&section.body).raw("</section>\n");
    }
    html.raw("</main>\n");
    out.write_all(html.as_str().as_bytes())?;
    if let Some(carried) = &page.carried {
        write!(out, "<script type=\"application/octet-stream\" id=\"bundle\">")?;
        out.write_all(STANDARD.encode(&carried.bundle).as_bytes())?;
        writeln!(out, "</script>")?;
    }
    for script in scripts {
        writeln!(out, "<script>{script}</script>")?;
    }
    writeln!(out, "</body>\n</html>")
}

fn contents(sections: &[&Section], html: &mut Html) {
    if sections.len() < 2 {
        return;
    }
    html.raw("<nav aria-label=\"Contents\"><ul>\n");
    for (anchor, heading) in sections.iter().filter_map(|section| section.named.as_ref()) {
        html.raw("<li><a href=\"#").raw(anchor).raw("\">").text(heading).raw("</a></li>\n");
    }
    html.raw("</ul></nav>\n");
}

/// How a policy names a script or a style.
fn digest(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// The bundle in a page that [`write`] made; `None` where there is none.
pub fn bundle_in(page: &[u8]) -> Option<Vec<u8>> {
    const OPEN: &[u8] = b"\n<script type=\"application/octet-stream\" id=\"bundle\">";
    let at = page.windows(OPEN.len()).position(|window| window == OPEN)? + OPEN.len();
    let end = page[at..].iter().position(|byte| *byte == b'<')?;
    STANDARD.decode(&page[at..at + end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_script_or_style_of_ours_ends_early() {
        for text in [STYLE, VERIFIER, CHECK, FILTER] {
            assert!(!text.contains("</") && !text.contains("<!--"), "it would end the element it is in");
        }
    }

    #[test]
    fn what_is_carried_can_be_taken_out_again() {
        let mut page = Page::titled("<script type=\"application/octet-stream\" id=\"bundle\">AAAA</script>".to_owned());
        page.carry(Some(Carried { bundle: b"{}\n\xff".to_vec(), extent: Extent::Book }));
        let mut out = Vec::new();
        write(&page, &mut out).expect("a vector takes all");
        assert_eq!(bundle_in(&out).as_deref(), Some(&b"{}\n\xff"[..]));
        assert_eq!(bundle_in(b"<!doctype html>"), None);
    }
}
