//! The bill of materials of a run: what its modules are made of, as one `CycloneDX` 1.6 document
//! (cyclonedx.org/schema/bom-1.6.schema.json).
//!
//! Components are handed on as they were sealed. What a module lists of itself stands in its record; here the lists
//! are joined, and what several modules list stands there once.

use std::collections::{BTreeMap, BTreeSet};

use sealbook_record::{PartName, Record};
use sealbook_store::Stored;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json;

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow)]
    bom: Listed<'a>,
}

/// What a module's record, and further pages of it, list.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(default, borrow)]
    component: Option<&'a RawValue>,
    #[serde(default)]
    aggregate: Option<String>,
    #[serde(borrow)]
    components: Vec<&'a RawValue>,
    dependencies: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    #[serde(rename = "ref")]
    of: String,
    #[serde(rename = "dependsOn")]
    on: Vec<String>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "bom-ref")]
    bom_ref: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<&'a RawValue>,
    dependencies: Vec<Told>,
    compositions: Vec<Composition>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: String,
    tools: Tools,
    component: Root<'a>,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

/// One module, or what holds several together.
#[derive(Serialize)]
#[serde(untagged)]
enum Root<'a> {
    Module(&'a RawValue),
    Tree {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(rename = "bom-ref")]
        bom_ref: &'static str,
        name: String,
    },
}

#[derive(Serialize)]
struct Told {
    #[serde(rename = "ref")]
    of: String,
    #[serde(rename = "dependsOn")]
    on: BTreeSet<String>,
}

#[derive(Serialize)]
struct Composition {
    aggregate: String,
    dependencies: Vec<String>,
}

/// The document's own name for what holds the modules together.
const TREE: &str = "tree";

/// The document of a run's records; nothing where none of them is of a module.
pub(super) fn of(rows: &[Stored]) -> Option<String> {
    let records: Vec<&Record> = rows.iter().filter_map(|stored| stored.record.as_ref()).collect();
    let first = records.iter().find(|record| record.action == "module.audited")?;
    let (mut components, mut modules) = (BTreeMap::new(), BTreeMap::new());
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut aggregates: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for listed in records.iter().filter_map(|record| listed(record)) {
        if let Some(component) = listed.component
            && let Some(name) = reference(component)
        {
            let aggregate = listed.aggregate.unwrap_or_else(|| "unknown".to_owned());
            aggregates.entry(aggregate).or_default().push(name.clone());
            modules.insert(name, component);
        }
        for component in listed.components {
            if let Some(name) = reference(component) {
                components.entry(name).or_insert(component);
            }
        }
        for edge in listed.dependencies {
            edges.entry(edge.of).or_default().extend(edge.on);
        }
    }
    let root = if let (1, Some(only)) = (modules.len(), modules.values().next()) {
        Root::Module(only)
    } else {
        edges.insert(TREE.to_owned(), modules.keys().cloned().collect());
        components.extend(modules.iter().map(|(name, component)| (name.clone(), *component)));
        let name = first.project.clone().unwrap_or_else(|| TREE.to_owned());
        Root::Tree { kind: "application", bom_ref: TREE, name }
    };
    let is_known = |name: &String| components.contains_key(name) || modules.contains_key(name) || name == TREE;
    let dependencies = edges.into_iter().filter(|(of, _)| is_known(of)).map(|(of, on)| {
        let on = on.into_iter().filter(|name| is_known(name)).collect();
        Told { of, on }
    });
    Some(json::text(&Document {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", first.operation.unwrap_or(first.id)),
        version: 1,
        metadata: Metadata {
            timestamp: first.occurred.to_string(),
            tools: Tools {
                components: [Tool { kind: "application", name: "sealbook", version: env!("CARGO_PKG_VERSION") }],
            },
            component: root,
        },
        dependencies: dependencies.collect(),
        components: components.values().copied().collect(),
        compositions: aggregates
            .into_iter()
            .map(|(aggregate, dependencies)| Composition { aggregate, dependencies })
            .collect(),
    }))
}

fn listed(record: &Record) -> Option<Listed<'_>> {
    let text = record.part(PartName::Result)?.get();
    match record.action.as_str() {
        "module.audited" => serde_json::from_str::<Module<'_>>(text).ok().map(|module| module.bom),
        "module.bom" => serde_json::from_str(text).ok(),
        _ => None,
    }
}

fn reference(component: &RawValue) -> Option<String> {
    serde_json::from_str::<Named>(component.get()).ok().map(|named| named.bom_ref)
}
