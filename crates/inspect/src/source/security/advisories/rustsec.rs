//! Advisories as `RustSec`'s database keeps them: Markdown behind a block of TOML.

use semver::VersionReq;
use serde::Deserialize;

use super::osv::short;
use super::version::Affected;
use super::{Advisory, Ecosystem, Package, of_vector};

#[derive(Deserialize)]
struct Read {
    advisory: AdvisoryRead,
    #[serde(default)]
    versions: VersionsRead,
}

#[derive(Deserialize)]
struct AdvisoryRead {
    id: String,
    package: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    cvss: Option<String>,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    withdrawn: Option<toml::Value>,
}

#[derive(Deserialize, Default)]
struct VersionsRead {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

pub(super) fn parse(text: &str) -> Result<Option<Advisory>, String> {
    let inner = text.split_once("```toml").and_then(|(_, rest)| rest.split_once("```"));
    let (head, body) = inner.ok_or_else(|| "it has no block of TOML at its beginning".to_owned())?;
    let read: Read = toml::from_str(head).map_err(|cause| cause.message().to_owned())?;
    let requirements = |list: &[String]| -> Result<Vec<VersionReq>, String> {
        list.iter().map(|text| VersionReq::parse(text).map_err(|cause| format!("{text:?}: {cause}"))).collect()
    };
    let mut clear = requirements(&read.versions.patched)?;
    clear.extend(requirements(&read.versions.unaffected)?);
    let title = body.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    let affected = Affected { clear: Some(clear), fixed: read.versions.patched, ..Affected::default() };
    Ok(Some(Advisory {
        id: read.advisory.id,
        aliases: read.advisory.aliases,
        summary: short(title),
        severity: read.advisory.cvss.as_deref().and_then(of_vector),
        is_withdrawn: read.advisory.withdrawn.is_some(),
        is_notice: read.advisory.informational.is_some_and(|kind| matches!(kind.as_str(), "unmaintained" | "notice")),
        affected: vec![Package { ecosystem: Ecosystem::Cargo, name: read.advisory.package, affected }],
    }))
}
