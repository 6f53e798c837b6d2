//! An audit as a page of its own: what was and was not read, what was found, what happened around it, and what lets a
//! reader check it.
//!
//! What stands under `data-sealed`, `data-proof` and in rows with an id is compared by the page's own script with the
//! records that the page carries (`html/check.js`); both sides must say it in the same words.

mod around;
mod findings;

use super::AuditReport;
use super::tables;
use crate::html::{self, Carried, Extent, Html, Page};
use crate::views::chronicle::{Chronicle, RunTally};
use crate::views::{AssessmentDetail, Findings, words};
use crate::{AuditRun, Block, Column, Document, Text, View};

/// An audit, the book it is in, and what happened there.
#[derive(Debug)]
pub struct AuditPage<'a> {
    /// The audit.
    pub report: AuditReport<'a>,
    /// What happened in the book.
    pub chronicle: &'a Chronicle,
    /// Earlier audits of the same target and this one, oldest first.
    pub trend: &'a [RunTally],
    /// What holds: approvals, stops, alerts, each with its heading.
    pub held: Vec<(&'static str, Document)>,
    /// The newest assessment there is.
    pub assessment: Option<&'a AuditRun>,
    /// What the page carries to be checked.
    pub carried: Option<Carried>,
}

/// Said of what the page's script cannot compare with sealed records.
const NOT_PROVEN: &str = "counted from the book when this page was written; what the page carries does not prove it";

impl View for AuditPage<'_> {
    fn document(&self) -> Document {
        self.report.document()
    }

    fn json(&self) -> String {
        self.report.json()
    }

    fn sarif(&self) -> Option<String> {
        self.report.sarif()
    }

    fn page(&self) -> Page {
        let run = self.report.run;
        let mut page = Page::titled(format!("Audit of {}", run.target));
        self.top(page.top());
        coverage(run, page.section("coverage", "What was read, and what was not"));
        findings::tell(run, page.section("findings", "Findings"));
        around::trend(self.trend, run, page.section("trend", "Findings over time"));
        around::timeline(self.chronicle, page.section("timeline", "What happened"));
        around::who(self.chronicle, page.section("who", "Who did what"));
        around::files(self.chronicle, page.section("files", "Files most changed"));
        self.held(page.section("decisions", "Approvals, stops and alerts"));
        self.assessment(page.section("assessment", "What the records support"));
        let figures = page.section("figures", "Figures");
        html::document(&without_title(tables::of(&run.findings)), 1, figures);
        self.book(page.section("book", "The book"));
        page.filtered();
        page.carry(self.carried.clone());
        page
    }
}

impl AuditPage<'_> {
    fn top(&self, html: &mut Html) {
        let run = self.report.run;
        html.raw("<h1>Audit of <bdi class=\"name\" data-sealed=\"target\">").text(&run.target).raw("</bdi></h1>\n");
        html.raw("<p class=\"subtitle\">by <bdi class=\"name\" data-sealed=\"actor\">").text(&run.actor);
        html.raw("</bdi>, begun <span data-sealed=\"began\">").text(&run.began.to_string()).raw("</span>");
        match (run.ended, run.duration_us) {
            (Some(_), Some(took)) => html.raw(", ended after ").text(&words::duration(took)),
            (Some(_), None) => html.raw(", ended"),
            (None, _) => html.raw(", <span class=\"bad\">not ended</span>"),
        };
        html.raw(". Operation <bdi class=\"name\">").text(&run.run.to_string()).raw("</bdi></p>\n");
        self.verdict(html);
        html.raw("<div class=\"cards\">\n");
        let (class, word, told) = if run.complete {
            ("good", "complete", "everything that should have been read was read")
        } else {
            ("bad", "INCOMPLETE", "not everything was read: see below")
        };
        html.raw("<div class=\"card\"><span>Coverage</span>");
        html.element("b", &[("class", class), ("data-sealed", "complete")], word).element("small", &[], told);
        html.raw("</div>\n<div class=\"card\"><span>Findings</span><b data-sealed=\"tally\">");
        html::inline(&Findings { findings: &run.findings }.summary(), html);
        let rules: u64 = run.analyses.iter().map(|analysis| analysis.rules).sum();
        let analyzers = run.analyses.iter().filter(|analysis| analysis.rules > 0).count() as u64;
        let held =
            format!("{} of {}", words::count(rules, "rule", "rules"), words::count(analyzers, "analyzer", "analyzers"));
        html.raw("</b>").element("small", &[], &held).raw("</div>\n<div class=\"card\"><span>Book</span>");
        html.element("b", &[], &words::count(self.report.head.size, "record", "records"));
        html.element("small", &[], self.report.head.origin.as_str());
        html.raw("</div>\n<div class=\"card\"><span>Verified when written</span><b>");
        html::inline(&self.report.verdict(), html);
        html.raw("</b></div>\n</div>\n");
    }

    /// Where the page's script says what it found; before it has, or where it may not run, what to do instead.
    fn verdict(&self, html: &mut Html) {
        let extent = match self.carried.as_ref().map(|carried| carried.extent) {
            Some(Extent::Book) => "book",
            Some(Extent::Shown) => "shown",
            Some(Extent::Run) => "run",
            None => "none",
        };
        let run = self.report.run.run.to_string();
        html.open(
            "div",
            &[
                ("id", "verdict"),
                ("data-state", "waiting"),
                ("data-run", &run),
                ("data-extent", extent),
                ("role", "status"),
            ],
        );
        if self.carried.is_none() {
            html.raw("<h2>This page carries no proof</h2>\n<p>What proves it would be too large for a page, or was not asked for. ");
            html.raw("<code>sealbook export --bundle FILE</code> writes it to a file of its own.</p></div>\n");
            return;
        }
        html.raw(
            "<h2>Not checked yet</h2>\n<p>This page carries the sealed records that it tells of, and a script that ",
        );
        html.raw("checks them without a network. Where scripts may not run, check it with the program: ");
        html.raw("<code>sealbook verify --bundle THIS-FILE --key KEY</code>.</p></div>\n");
    }

    fn held(&self, html: &mut Html) {
        if self.held.is_empty() {
            return;
        }
        badge("none", html);
        for (heading, told) in &self.held {
            html.element("h3", &[], heading).raw("\n");
            html::document(&without_title(told.clone()), 2, html);
        }
    }

    fn assessment(&self, html: &mut Html) {
        let Some(run) = self.assessment else { return };
        badge("none", html);
        html::document(&without_title(AssessmentDetail { run, in_full: true }.document()), 1, html);
    }

    fn book(&self, html: &mut Html) {
        html::document(&without_title(self.report.book()), 1, html);
        html.raw(
            "<h3>How to check this page</h3>\n<p>The page checks itself where scripts may run: every leaf it carries, ",
        );
        html.raw(
            "the content that is shown, every signature, the tree, the signature of the checkpoint, and that what it ",
        );
        html.raw("says of coverage and findings is what was sealed. That proves nothing about whose book it is: compare the ");
        html.raw(
            "key with one that you were given elsewhere. And whoever writes a page can make it lie about itself, so ",
        );
        html.raw("where it matters, take a program that you trust:</p>\n<pre>sealbook verify --bundle THIS-FILE --key KEY</pre>\n");
        html.raw("<p>Or save the bundle from the top of the page and give it to any verifier of the format.</p>\n");
    }
}

/// How far a section can be checked: by its name in the script, or not.
fn badge(proof: &'static str, html: &mut Html) {
    let told = if proof == "none" { NOT_PROVEN } else { "not checked" };
    html.element("p", &[("class", "badge"), ("data-proof", proof)], told).raw("\n");
}

/// Without its first heading: the section has one.
fn without_title(mut told: Document) -> Document {
    if matches!(told.blocks.first(), Some(Block::Heading(..))) {
        told.blocks.remove(0);
    }
    told
}

/// What each source and analyzer read; what was not read stands first, "nothing found" depends on it.
fn coverage(run: &AuditRun, html: &mut Html) {
    badge("coverage", html);
    let items = run.not_read_items();
    if items.is_empty() {
        html.raw(
            "<div class=\"uncovered none\"><h3>Nothing was left out</h3>\n<p>No source skipped, ignored or failed to ",
        );
        html.raw("read anything that it should have read, and none has anything to add.</p></div>\n");
    } else {
        html.raw("<div class=\"uncovered\"><h3>What was not read, and what else to know</h3>\n");
        html::list(&items, &[("id", "unread")], html);
        html.raw("</div>\n");
    }
    let number = Column::number;
    let columns = [
        Column::whole("Source"),
        number("Records"),
        number("Units read"),
        number("Bytes"),
        number("Ignored"),
        number("Skipped"),
    ];
    rows("source", &columns, run.sources.iter().map(AuditRun::source_row).collect(), html);
    let columns = [Column::whole("Analyzer"), number("Records read"), number("Rules"), number("Findings")];
    rows("analyzer", &columns, run.analyses.iter().map(AuditRun::analysis_row).collect(), html);
}

/// A table whose rows are checked.
fn rows(kind: &'static str, columns: &[Column], rows: Vec<Vec<Text>>, html: &mut Html) {
    if rows.is_empty() {
        return;
    }
    html::head(columns, html);
    for row in rows {
        html.open("tr", &[("data-row", kind)]);
        for (column, cell) in columns.iter().zip(&row) {
            html::open_cell(column, html);
            html::inline(cell, html);
            html.raw("</td>");
        }
        html.raw("</tr>\n");
    }
    html::foot(html);
}
