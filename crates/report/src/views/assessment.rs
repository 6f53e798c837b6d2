//! What a book supports of catalogues of controls.

use std::collections::BTreeMap;

use sealbook_inspect::{Catalogue, Mapping};
use sealbook_record::Finding;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{AuditRun, Findings, words};
use crate::{Block, Column, Document, Text, Tone, View, json, oscal, sarif};

/// The rule of what is said of a control.
const CONTROL: &str = "compliance.control";
/// The results there are, the best first.
const RESULTS: [&str; 4] = ["evidenced", "partial", "no evidence", "not assessed"];
/// What must stand beside every assessment.
const CAVEAT: &str = "This says which controls the records support, and with what. It does not say that anything \
                      complies: that is for people to judge, with more than records.";

/// An assessment, as its sealed records tell it.
#[derive(Debug, Clone, Copy)]
pub struct AssessmentDetail<'a> {
    /// The run.
    pub run: &'a AuditRun,
    /// Whether to tell of each control what its evidence proves and what not.
    pub in_full: bool,
}

/// The controls of one catalogue.
#[derive(Serialize)]
pub(crate) struct Group<'a> {
    pub(crate) catalogue: &'a str,
    pub(crate) title: &'a str,
    pub(crate) edition: &'a str,
    pub(crate) version: &'a str,
    pub(crate) source: &'a str,
    summary: BTreeMap<&'static str, usize>,
    #[serde(serialize_with = "told")]
    pub(crate) controls: Vec<&'a Finding>,
}

/// What is said of a control stands in its metadata.
fn told<S: serde::Serializer>(controls: &[&Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(controls.iter().map(|finding| {
        let of_catalogue = ["catalogue", "title", "edition", "version", "source"];
        let mut told: Map<String, Value> = finding.metadata.clone();
        told.retain(|name, _| !of_catalogue.contains(&&**name));
        told.insert("records".to_owned(), serde_json::json!(finding.evidence));
        told
    }))
}

/// A text of what is said of a control; empty where it is missing.
pub(crate) fn text_of<'a>(finding: &'a Finding, name: &str) -> &'a str {
    finding.metadata.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl<'a> AssessmentDetail<'a> {
    /// Whether the run assessed anything.
    pub fn is_one(run: &AuditRun) -> bool {
        run.findings.iter().any(|finding| finding.rule == CONTROL)
    }

    /// By catalogue, in the order in which they were assessed.
    pub(crate) fn groups(&self) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for finding in self.run.findings.iter().filter(|finding| finding.rule == CONTROL) {
            let id = text_of(finding, "catalogue");
            if groups.last().is_none_or(|group| group.catalogue != id) {
                groups.push(Group {
                    catalogue: id,
                    title: text_of(finding, "title"),
                    edition: text_of(finding, "edition"),
                    version: text_of(finding, "version"),
                    source: text_of(finding, "source"),
                    summary: BTreeMap::new(),
                    controls: Vec::new(),
                });
            }
            let group = groups.last_mut().expect("there is one now");
            if let Some(result) = RESULTS.iter().find(|result| **result == text_of(finding, "result")) {
                *group.summary.entry(result).or_default() += 1;
            }
            group.controls.push(finding);
        }
        groups
    }

    /// What was found beside the controls.
    fn others(&self) -> Vec<Finding> {
        self.run.findings.iter().filter(|finding| finding.rule != CONTROL).cloned().collect()
    }

    fn group(&self, group: &Group<'_>, page: &mut Document) {
        page.heading(2, group.title);
        page.line(Text::plain(format!("{}. Reading {}. ", group.edition, group.version)).and_name(group.source));
        let rows = group.controls.iter().map(|finding| {
            vec![
                Text::plain(text_of(finding, "cite")),
                Text::plain(text_of(finding, "name")),
                result(text_of(finding, "result")),
                Text::plain(lacking(finding)),
            ]
        });
        let columns = vec![
            Column::whole("Control"),
            Column::text("About"),
            Column::whole("Result"),
            Column::text("What is there, and what is not"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        if self.in_full {
            let items = group.controls.iter().flat_map(|finding| {
                let cite = || Text::plain(text_of(finding, "cite"));
                [
                    cite().and(" proves: ").and(text_of(finding, "proves")),
                    cite().and_toned(" does not prove: ", Tone::Doubtful).and(text_of(finding, "does_not_prove")),
                ]
            });
            page.add(Block::List(items.collect()));
        }
    }
}

fn result(word: &str) -> Text {
    let tone = match word {
        "evidenced" => Tone::Good,
        "partial" => Tone::Doubtful,
        "no evidence" => Tone::Bad,
        _ => Tone::Faint,
    };
    Text::toned(word, tone)
}

/// What is said of the needs: those that are not met where there are some, else what there is.
fn lacking(finding: &Finding) -> String {
    let needs = |name: &str| finding.metadata.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let all: Vec<Value> = needs("needs").into_iter().chain(needs("rests")).collect();
    let what = |need: &Value| need["what"].as_str().unwrap_or_default().to_owned();
    let missing: Vec<String> = all.iter().filter(|need| need["state"] != "met").map(what).collect();
    if all.is_empty() {
        return "no record could show it".to_owned();
    }
    if missing.is_empty() { needs("needs").iter().map(what).collect::<Vec<_>>().join("; ") } else { missing.join("; ") }
}

impl View for AssessmentDetail<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, "What the records support");
        page.line(CAVEAT);
        let mut fields = vec![
            ("run".to_owned(), Text::name(self.run.run.to_string())),
            ("by".to_owned(), Text::name(&self.run.actor)),
            ("began".to_owned(), Text::plain(self.run.began.to_string())),
        ];
        let groups = self.groups();
        for group in &groups {
            let tallies = RESULTS.iter().filter_map(|result| Some(format!("{} {result}", group.summary.get(result)?)));
            fields.push((group.catalogue.to_owned(), Text::plain(tallies.collect::<Vec<_>>().join(", "))));
        }
        page.add(Block::Fields(fields));
        for group in &groups {
            self.group(group, &mut page);
        }
        let others = self.others();
        if !others.is_empty() {
            page.heading(2, "The trail");
            page.append(Findings { findings: &others }.document(), 1);
        }
        if !self.in_full {
            page.line("What each control's evidence proves, and what it does not: --in-full.");
        }
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            run: String,
            began: String,
            ended: Option<String>,
            complete: bool,
            caveat: &'static str,
            catalogues: Vec<Group<'a>>,
            findings: Vec<Finding>,
        }
        json::text(&Whole {
            run: self.run.run.to_string(),
            began: self.run.began.to_string(),
            ended: self.run.ended.map(|ended| ended.to_string()),
            complete: self.run.complete,
            caveat: CAVEAT,
            catalogues: self.groups(),
            findings: self.others(),
        })
    }

    fn json_lines(&self) -> Vec<String> {
        self.run.findings.iter().map(json::text).collect()
    }

    fn sarif(&self) -> Option<String> {
        let findings: Vec<&Finding> = self.run.findings.iter().collect();
        Some(sarif::log(Some(self.run.run.to_string()), &findings, sarif::Invocation::of_run(self.run)))
    }

    fn oscal(&self) -> Option<String> {
        Some(oscal::results(self.run, &self.groups(), CAVEAT))
    }
}

/// The catalogues there are, and which features support what.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueList<'a> {
    /// The catalogues.
    pub catalogues: &'a [Catalogue],
    /// The mapping.
    pub mapping: &'a Mapping,
}

impl View for CatalogueList<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.heading(1, "Catalogues of controls");
        let rows = self.catalogues.iter().map(|catalogue| {
            vec![
                Text::name(&catalogue.id),
                Text::plain(&catalogue.title),
                Text::plain(&catalogue.edition),
                Text::plain(&catalogue.version),
                Text::plain(words::grouped(catalogue.controls.len() as u64)),
            ]
        });
        let columns = vec![
            Column::whole("Name"),
            Column::text("Catalogue"),
            Column::text("Edition"),
            Column::whole("Reading"),
            Column::number("Controls"),
        ];
        page.add(Block::Table(columns, rows.collect()));
        page.heading(2, "Which features support what");
        page.line(format!("Reading {}.", self.mapping.version));
        let rows = self.mapping.features.iter().map(|feature| {
            vec![Text::plain(&feature.name), Text::plain(feature.supports.join(", ")), Text::plain(&feature.corrected)]
        });
        let columns =
            vec![Column::whole("Feature"), Column::text("Supports"), Column::text("What other tables get wrong")];
        page.add(Block::Table(columns, rows.collect()));
        page
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct All<'a> {
            catalogues: &'a [Catalogue],
            mapping: &'a Mapping,
        }
        json::text(&All { catalogues: self.catalogues, mapping: self.mapping })
    }

    fn json_lines(&self) -> Vec<String> {
        self.catalogues.iter().map(json::text).collect()
    }
}
