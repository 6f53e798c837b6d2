//! Bills of materials, as the `module` source sealed them.

use std::collections::BTreeSet;

use sealbook_record::PartName;
use serde::Deserialize;

use super::Ecosystem;
use crate::source::module::WANTED;
use crate::{Error, Prior, Request, Sealed, Selection};

/// A component of a bill of materials, at a place that names it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Component {
    pub(super) ecosystem: Ecosystem,
    pub(super) module: String,
    /// The lock file or manifest that names it.
    pub(super) file: String,
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) is_dev: bool,
    pub(super) record: u64,
}

/// Which version of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    Fixed(String),
    /// What is asked for, where nothing says which version that is.
    Open(String),
}

/// What the last run of the module source, or this one, listed.
#[derive(Debug, Default)]
pub(super) struct Components {
    /// Directories of the modules.
    pub(super) modules: BTreeSet<String>,
    pub(super) listed: BTreeSet<Component>,
    /// Components that come from no registry.
    pub(super) addressed: u64,
}

#[derive(Deserialize)]
struct ModuleRead {
    path: String,
    #[serde(default)]
    bom: Option<BomRead>,
    #[serde(default)]
    components: Vec<ComponentRead>,
}

#[derive(Deserialize)]
struct BomRead {
    #[serde(default)]
    components: Vec<ComponentRead>,
}

#[derive(Deserialize)]
struct ComponentRead {
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    properties: Vec<Property>,
    #[serde(default)]
    evidence: Evidence,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Deserialize)]
struct Occurrence {
    location: String,
}

pub(super) fn read(request: &Request<'_>, prior: &dyn Prior) -> Result<Components, Error> {
    let project = request.run.project.as_deref();
    let of = |operation| Selection {
        source: Some("module"),
        actions: &["module.audited", "module.bom"],
        project,
        operation,
        ..Selection::default()
    };
    let mut found = of_records(prior.records(&of(Some(request.run.id)))?)?;
    if found.modules.is_empty()
        && let Some(last) = prior.latest(&of(None))?
        && let Some(operation) = last.record.operation
    {
        found = of_records(prior.records(&of(Some(operation)))?)?;
    }
    Ok(found)
}

fn of_records(records: Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>) -> Result<Components, Error> {
    let mut found = Components::default();
    for sealed in records {
        let Sealed { seq, record } = sealed?;
        let Some(part) = record.part(PartName::Result) else { continue };
        let Ok(module) = serde_json::from_str::<ModuleRead>(part.get()) else { continue };
        let listed = module.components.into_iter().chain(module.bom.into_iter().flat_map(|bom| bom.components));
        for component in listed {
            found.add(component, &module.path, seq);
        }
        found.modules.insert(module.path);
    }
    Ok(found)
}

impl Components {
    fn add(&mut self, read: ComponentRead, module: &str, record: u64) {
        let Some((ecosystem, name, version)) = read.purl.as_deref().and_then(of_purl) else { return };
        let wanted: Vec<Version> = if let Some(version) = version {
            vec![Version::Fixed(version)]
        } else {
            let wanted = read.properties.into_iter().filter(|it| it.name == WANTED);
            wanted.map(|it| Version::Open(it.value)).collect()
        };
        if wanted.is_empty() {
            self.addressed += 1;
        }
        let mut files: Vec<String> = read.evidence.occurrences.into_iter().map(|it| it.location).collect();
        if files.is_empty() {
            files.push(module.to_owned());
        }
        let is_dev = read.scope.as_deref() == Some("excluded");
        for version in wanted {
            for file in &files {
                self.listed.insert(Component {
                    ecosystem,
                    module: module.to_owned(),
                    file: file.clone(),
                    name: name.clone(),
                    version: version.clone(),
                    is_dev,
                    record,
                });
            }
        }
    }
}

/// Ecosystem, name and version of a package URL.
fn of_purl(purl: &str) -> Option<(Ecosystem, String, Option<String>)> {
    let (kind, rest) = purl.strip_prefix("pkg:")?.split_once('/')?;
    let ecosystem = match kind {
        "cargo" => Ecosystem::Cargo,
        "npm" => Ecosystem::Npm,
        "pypi" => Ecosystem::Pypi,
        "golang" => Ecosystem::Golang,
        "maven" => Ecosystem::Maven,
        _ => return None,
    };
    let rest = rest.split(['?', '#']).next()?;
    let (name, version) = rest.rsplit_once('@').map_or((rest, None), |(name, version)| (name, Some(version)));
    let name = if ecosystem == Ecosystem::Maven { decoded(name)?.replacen('/', ":", 1) } else { decoded(name)? };
    let version = match version {
        Some(version) => Some(decoded(version)?),
        None => None,
    };
    Some((ecosystem, name, version))
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}
