//! The bill of materials of a module: components and who depends on whom, as `CycloneDX` 1.6 writes them
//! (cyclonedx.org/schema/bom-1.6.schema.json). Whoever exports it puts the head around it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::dependencies::{Dependencies, Used};
use super::package::{Kind, Origin};
use super::purl;

/// The components of a module, and its place among them.
#[derive(Debug, Serialize)]
pub(super) struct Bom {
    /// The module itself.
    pub(super) component: Component,
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Vec<Dependency>,
    /// `complete`, `incomplete` or `unknown`, as a composition's aggregate.
    pub(super) aggregate: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Licence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    /// The versions that would do, where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
    /// The files that name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
}

/// The versions that a manifest would take, of a component without one.
pub(in crate::source) const WANTED: &str = "sealbook:wanted";

#[derive(Debug, Clone, Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Debug, Clone, Serialize)]
struct Occurrence {
    location: String,
}

#[derive(Debug, Clone, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum Licence {
    Expression(String),
    License(Named),
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Id(String),
    Name(String),
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) of: String,
    #[serde(rename = "dependsOn")]
    pub(super) on: Vec<String>,
}

/// What the module is, as far as its manifest says it.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) directory: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) licence: Option<&'a str>,
}

impl Bom {
    pub(super) fn of(subject: &Subject<'_>, dependencies: &Dependencies, with_all: bool, is_whole: bool) -> Self {
        let component = Component {
            kind: "library",
            bom_ref: format!("module:{}", if subject.directory.is_empty() { "." } else { subject.directory }),
            group: None,
            name: subject.name.to_owned(),
            version: subject.version.map(str::to_owned),
            scope: None,
            hashes: Vec::new(),
            licenses: subject.licence.map(licence).into_iter().collect(),
            purl: None,
            properties: Vec::new(),
            evidence: None,
        };
        let used = &dependencies.packages;
        let refs: Vec<String> = used.iter().map(reference).collect();
        let is_listed = |used: &Used| with_all || used.is_direct;
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut components: Vec<Component> = Vec::new();
        for (used, bom_ref) in used.iter().zip(&refs).filter(|(used, _)| is_listed(used)) {
            let at = *known.entry(bom_ref).or_insert_with(|| {
                components.push(of_package(used, bom_ref));
                components.len() - 1
            });
            components[at].is_named_by(used);
        }
        let direct: BTreeSet<String> =
            used.iter().zip(&refs).filter(|(used, _)| used.is_direct).map(|(_, bom_ref)| bom_ref.clone()).collect();
        let mut on: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (used, bom_ref) in used.iter().zip(&refs).filter(|(used, _)| is_listed(used)) {
            let requires = used.requires.iter().map(|at| refs[*at].as_str()).filter(|to| known.contains_key(*to));
            on.entry(bom_ref).or_default().extend(requires);
        }
        let owned = |refs: &BTreeSet<&str>| refs.iter().map(|to| (*to).to_owned()).collect();
        let mut edges = vec![Dependency { of: component.bom_ref.clone(), on: direct.into_iter().collect() }];
        edges.extend(on.iter().map(|(of, on)| Dependency { of: (*of).to_owned(), on: owned(on) }));
        // What lies at an address has a version and dependencies that nobody here has seen.
        let is_seen = |used: &Used| match used.package.origin {
            Origin::Git(_) | Origin::Url(_) => used.package.version.is_some(),
            Origin::Registry | Origin::Local => true,
        };
        let is_fixed = used.iter().all(|used| used.open.is_none() && is_seen(used));
        let is_locked = dependencies.unlocked.is_empty() && is_fixed && is_whole;
        let is_all = with_all || used.iter().all(|used| used.is_direct);
        let aggregate = match (is_locked, is_all) {
            (true, true) => "complete",
            (true, false) => "incomplete",
            (false, _) => "unknown",
        };
        Self { component, components, dependencies: edges, aggregate }
    }
}

impl Component {
    /// One more file that names it, and the versions that would do there.
    fn is_named_by(&mut self, used: &Used) {
        let occurrences = &mut self.evidence.get_or_insert_default().occurrences;
        if !occurrences.iter().any(|known| known.location == used.from) {
            occurrences.push(Occurrence { location: used.from.clone() });
        }
        let Some(value) = &used.open else { return };
        if !self.properties.iter().any(|known| known.value == *value) {
            self.properties.push(Property { name: WANTED, value: value.clone() });
        }
    }
}

fn of_package(used: &Used, bom_ref: &str) -> Component {
    let package = &used.package;
    let (group, name) = match package.name.rsplit_once([':', '/']) {
        Some((group, name)) => (Some(group.to_owned()), name.to_owned()),
        None => (None, package.name.clone()),
    };
    let scope = match used.kind {
        Kind::Dev => "excluded",
        Kind::Optional => "optional",
        Kind::Indirect if package.is_dev => "excluded",
        Kind::Runtime | Kind::Indirect => "required",
    };
    Component {
        kind: "library",
        bom_ref: bom_ref.to_owned(),
        group,
        name,
        version: package.version.clone(),
        scope: Some(scope),
        hashes: package
            .hashes
            .iter()
            .map(|digest| Hash { alg: digest.algorithm, content: digest.hex.clone() })
            .collect(),
        licenses: package.licence.as_deref().map(licence).into_iter().collect(),
        purl: purl::of(used.ecosystem, package),
        properties: Vec::new(),
        evidence: None,
    }
}

/// The name that the document knows a package by.
fn reference(used: &Used) -> String {
    let package = &used.package;
    match &package.origin {
        Origin::Local => format!("local:{}@{}", package.name, package.version.as_deref().unwrap_or_default()),
        _ => purl::of(used.ecosystem, package).unwrap_or_else(|| package.name.clone()),
    }
}

/// An SPDX expression, a licence that SPDX knows, or whatever stands there.
fn licence(text: &str) -> Licence {
    const KNOWN: [&str; 22] = [
        "0BSD",
        "AGPL-3.0-only",
        "Apache-2.0",
        "Artistic-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "BlueOak-1.0.0",
        "CC-BY-4.0",
        "CC0-1.0",
        "EPL-2.0",
        "GPL-2.0-only",
        "GPL-3.0-only",
        "ISC",
        "LGPL-2.1-only",
        "LGPL-3.0-only",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    ];
    if KNOWN.contains(&text) {
        return Licence::License(Named::Id(text.to_owned()));
    }
    let words: Vec<&str> = text.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
    let is_expression = words.len() > 2
        && words.iter().enumerate().all(|(at, word)| {
            if at % 2 == 1 {
                matches!(*word, "AND" | "OR" | "WITH")
            } else {
                KNOWN.contains(word) || *word == "LLVM-exception"
            }
        });
    if is_expression {
        Licence::Expression(text.to_owned())
    } else {
        Licence::License(Named::Name(text.chars().take(200).collect()))
    }
}
