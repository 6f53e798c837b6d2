//! Catalogues of controls, as data: what each asks for in words of ours, which evidence is looked for, what that
//! proves and what it does not.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::need::Need;
use crate::Error;

/// A catalogue: a law, a standard, a framework, or the part of it that records can say something about.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its name on command lines: `eu-ai-act`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Which edition is cited.
    pub edition: String,
    /// The version of our reading of it; changes whenever a result could.
    pub version: String,
    /// Where the original is.
    pub source: String,
    /// Its controls.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// One control.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its name, a token: `art-12-1`.
    pub id: String,
    /// As it is cited: `Article 12(1)`.
    pub cite: String,
    /// A short name of ours.
    pub title: String,
    /// What it asks for, in our words.
    pub asks: String,
    /// Evidence that it is about; where none is named, no record could show it, and it is not assessed.
    pub needs: Vec<Need>,
    /// Evidence that the other rests on.
    pub rests: Vec<Need>,
    /// What the evidence proves.
    pub proves: String,
    /// What it does not prove.
    pub not: String,
}

/// Which features of a book support which controls.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Of our reading.
    pub version: String,
    /// The features.
    #[serde(rename = "feature")]
    pub features: Vec<Feature>,
}

/// A feature, and what it supports.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What it is called.
    pub name: String,
    /// Controls, as `catalogue/control`.
    pub supports: Vec<String>,
    /// What other tables say and is wrong.
    pub corrected: String,
}

static TEXTS: [&str; 9] = [
    include_str!("catalogues/eu-ai-act.toml"),
    include_str!("catalogues/iso-42001.toml"),
    include_str!("catalogues/iso-27001.toml"),
    include_str!("catalogues/nist-ai-rmf.toml"),
    include_str!("catalogues/nist-800-53-au.toml"),
    include_str!("catalogues/soc2-cc7.toml"),
    include_str!("catalogues/hipaa.toml"),
    include_str!("catalogues/pci-dss.toml"),
    include_str!("catalogues/gdpr.toml"),
];

static CATALOGUES: LazyLock<Vec<Catalogue>> =
    LazyLock::new(|| TEXTS.iter().map(|text| toml::from_str(text).expect("a test reads every catalogue")).collect());

static MAPPING: LazyLock<Mapping> =
    LazyLock::new(|| toml::from_str(include_str!("mapping.toml")).expect("a test reads the mapping"));

/// Every catalogue there is.
pub fn catalogues() -> &'static [Catalogue] {
    &CATALOGUES
}

/// What supports what.
pub fn mapping() -> &'static Mapping {
    &MAPPING
}

/// The catalogues of these names, all where none is named or one of the names is `all`.
///
/// Errors: one that nobody knows.
pub fn catalogues_of(names: &[String]) -> Result<Vec<&'static Catalogue>, Error> {
    if names.is_empty() || names.iter().any(|name| name == "all") {
        return Ok(catalogues().iter().collect());
    }
    names
        .iter()
        .map(|name| {
            catalogues().iter().find(|catalogue| catalogue.id == *name).ok_or_else(|| Error::UnknownCatalogue {
                name: name.chars().take(64).collect(),
                known: catalogues().iter().map(|catalogue| &*catalogue.id).collect::<Vec<_>>().join(", "),
            })
        })
        .collect()
}
