//! A module as records: one with its figures and its bill of materials, and pages of the bill where it is too long.

use std::collections::BTreeMap;

use sealbook_policy::Raw;
use sealbook_record::{PartName, Target, TargetKind};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::bom::{Bom, Component, Dependency};
use super::dependencies::Dependencies;
use super::figures::{Figures, Functions, LeftOut, OfLanguage, Tested};
use super::find::Module;
use super::graph::Graph;
use super::lines::Lines;
use super::reports::Told;
use super::{AUDITED, NAME, PAGE};
use crate::{Error, Request, Sink};

/// Bytes of a page of the bill of materials: a part holds 1 MiB, and redaction may add to it.
const PAGE_BYTES: usize = 512 * 1024;
/// Bytes of it in the module's own record, where much else stands.
const FIRST_BYTES: usize = 192 * 1024;

#[derive(Serialize)]
struct Asked<'a> {
    version: u32,
    module: &'a str,
    include_tests: bool,
    include_dependencies: bool,
}

#[derive(Serialize)]
struct ModuleTold<'a> {
    name: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    complete: bool,
    /// SHA-256 over paths and digests of all files that were measured.
    content: &'a str,
    files: u64,
    bytes: u64,
    lines: Lines,
    languages: &'a BTreeMap<&'static str, OfLanguage>,
    left_out: &'a LeftOut,
    functions: &'a Functions,
    imports: &'a Graph,
    #[serde(skip_serializing_if = "Option::is_none")]
    tested: Option<WithReports<'a>>,
    dependencies: &'a Dependencies,
    bom: BomTold<'a>,
}

#[derive(Serialize)]
struct WithReports<'a> {
    reports: &'a [Told],
    #[serde(flatten)]
    tested: &'a Tested,
}

#[derive(Serialize)]
struct BomTold<'a> {
    format: &'static str,
    component: &'a Component,
    aggregate: &'static str,
    /// Further records with more of both lists.
    #[serde(skip_serializing_if = "is_none")]
    pages: usize,
    components: &'a [Box<RawValue>],
    dependencies: &'a [Box<RawValue>],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct Page<'a> {
    module: &'a str,
    path: &'a str,
    page: usize,
    components: &'a [Box<RawValue>],
    dependencies: &'a [Box<RawValue>],
}

/// All that is told of a module.
pub(super) struct Telling<'a> {
    pub(super) module: &'a Module,
    pub(super) version: Option<&'a str>,
    pub(super) content: &'a str,
    pub(super) figures: &'a Figures,
    pub(super) imports: &'a Graph,
    pub(super) reports: &'a [Told],
    pub(super) dependencies: &'a Dependencies,
    pub(super) bom: &'a Bom,
    pub(super) is_whole: bool,
}

impl Telling<'_> {
    pub(super) fn seal(&self, request: &Request<'_>, sink: &mut dyn Sink) -> Result<(), Error> {
        let mut pages = pages(self.bom)?;
        let first = pages.remove(0);
        let options = &request.options.module;
        let asked = Asked {
            version: 1,
            module: &self.module.name,
            include_tests: options.include_tests,
            include_dependencies: options.include_dependencies,
        };
        let path = if self.module.directory.is_empty() { "." } else { &self.module.directory };
        let tested =
            (!self.reports.is_empty()).then_some(WithReports { reports: self.reports, tested: &self.figures.tested });
        let told = ModuleTold {
            name: &self.module.name,
            path,
            version: self.version,
            complete: self.is_whole,
            content: self.content,
            files: self.figures.files(),
            bytes: self.figures.bytes,
            lines: self.figures.lines(),
            languages: &self.figures.languages,
            left_out: &self.figures.left_out,
            functions: &self.figures.functions,
            imports: self.imports,
            tested,
            dependencies: self.dependencies,
            bom: BomTold {
                format: "CycloneDX 1.6",
                component: &self.bom.component,
                aggregate: self.bom.aggregate,
                pages: pages.len(),
                components: &first.0,
                dependencies: &first.1,
            },
        };
        let target = || Target { id: self.module.name.clone(), kind: TargetKind::Module };
        let mut record = request.event(NAME, AUDITED, target(), request.stamp.now());
        record.parts.insert(PartName::Input, part(AUDITED, &asked)?);
        record.parts.insert(PartName::Result, part(AUDITED, &told)?);
        sink.record(Raw::new(record))?;
        for (nth, (components, dependencies)) in pages.iter().enumerate() {
            let page = Page { module: &self.module.name, path, page: nth + 1, components, dependencies };
            let mut record = request.event(NAME, PAGE, target(), request.stamp.now());
            record.parts.insert(PartName::Result, part(PAGE, &page)?);
            sink.record(Raw::new(record))?;
        }
        Ok(())
    }
}

type Lists = (Vec<Box<RawValue>>, Vec<Box<RawValue>>);

/// Both lists, cut where one record would hold too much.
fn pages(bom: &Bom) -> Result<Vec<Lists>, Error> {
    let mut pages: Vec<Lists> = vec![Lists::default()];
    let mut bytes = 0;
    let mut room = |length: usize, pages: &mut Vec<Lists>| {
        bytes += length + 1;
        if bytes > if pages.len() == 1 { FIRST_BYTES } else { PAGE_BYTES } {
            bytes = length + 1;
            pages.push(Lists::default());
        }
        pages.len() - 1
    };
    for component in &bom.components {
        let text = part(PAGE, component)?;
        let at = room(text.get().len(), &mut pages);
        pages[at].0.push(text);
    }
    for Dependency { of, on } in &bom.dependencies {
        // One that depends on more than a record holds is told several times.
        for on in if on.is_empty() { vec![&on[..]] } else { on.chunks(200).collect() } {
            let text = part(PAGE, &Dependency { of: of.clone(), on: on.to_vec() })?;
            let at = room(text.get().len(), &mut pages);
            pages[at].1.push(text);
        }
    }
    Ok(pages)
}

fn part(action: &'static str, value: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|cause| Error::Encoding { action, cause })
}
