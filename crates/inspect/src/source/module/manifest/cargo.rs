//! `Cargo.toml` and `Cargo.lock` (versions 1 to 4).

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::super::package::{Digest, Kind, Lock, Manifest, Origin, Package, Pin, Requirement};

pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    let table: Table = text.parse().map_err(said)?;
    let package = table.get("package").and_then(Value::as_table);
    let text_of = |key: &str| package.and_then(|package| package.get(key)).and_then(Value::as_str).map(str::to_owned);
    let mut requires = Vec::new();
    sections(&table, &mut requires);
    for target in table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        if let Some(target) = target.as_table() {
            sections(target, &mut requires);
        }
    }
    Ok(Manifest {
        name: text_of("name"),
        version: text_of("version"),
        licence: text_of("license"),
        requires,
        is_workspace_only: package.is_none(),
        ..Manifest::default()
    })
}

fn sections(table: &Table, requires: &mut Vec<Requirement>) {
    let sections = [
        ("dependencies", Kind::Runtime),
        ("dev-dependencies", Kind::Dev),
        ("dev_dependencies", Kind::Dev),
        ("build-dependencies", Kind::Dev),
        ("build_dependencies", Kind::Dev),
    ];
    for (name, kind) in sections {
        for (name, wanted) in table.get(name).and_then(Value::as_table).into_iter().flatten() {
            requires.push(requirement(name, wanted, kind));
        }
    }
}

fn requirement(name: &str, wanted: &Value, kind: Kind) -> Requirement {
    let Some(table) = wanted.as_table() else {
        let wanted = wanted.as_str().unwrap_or("*");
        return Requirement::new(name, wanted, kind, pin(wanted));
    };
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let is_set = |key: &str| table.get(key).and_then(Value::as_bool) == Some(true);
    let kind = if is_set("optional") { Kind::Optional } else { kind };
    let name = text("package").unwrap_or(name);
    let pin = match text("version") {
        // What the workspace says is in another file, and so is its version.
        _ if is_set("workspace") => Pin::Range,
        _ if text("path").is_some() => Pin::Local,
        _ if text("git").is_some() => match (text("rev"), text("tag")) {
            (Some(_), _) => Pin::Exact,
            (None, Some(_)) => Pin::Range,
            (None, None) => Pin::Moving,
        },
        Some(version) => pin(version),
        None => Pin::Any,
    };
    Requirement::new(name, text("version").or(text("git")).unwrap_or("*"), kind, pin)
}

fn pin(wanted: &str) -> Pin {
    match wanted.trim() {
        "*" | "" => Pin::Any,
        exact if exact.starts_with('=') && !exact.contains(',') => Pin::Exact,
        _ => Pin::Range,
    }
}

#[derive(Deserialize)]
struct LockFile {
    #[serde(default)]
    package: Vec<Locked>,
    /// Version 1 keeps its checksums here.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

pub(super) fn lock(text: &str) -> Result<Lock, String> {
    let LockFile { package: locked, metadata } = toml::from_str(text).map_err(said)?;
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, package) in locked.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(at);
    }
    // `name`, `name version` where there are several, `name version (source)` where that is not enough.
    let find = |wanted: &str| {
        let mut words = wanted.split(' ');
        let named = by_name.get(words.next()?)?;
        let (version, source) = (words.next(), words.next());
        let fits = |at: &&usize| {
            let package = &locked[**at];
            let source_fits = source
                .is_none_or(|source| package.source.as_deref().is_some_and(|is| is == source.trim_matches(['(', ')'])));
            version.is_none_or(|version| package.version == version) && source_fits
        };
        named.iter().find(fits).copied()
    };
    let packages = locked.iter().map(|package| {
        let key = |source: &String| format!("checksum {} {} ({source})", package.name, package.version);
        let checksum = package.checksum.as_ref().or_else(|| metadata.get(&key(package.source.as_ref()?)));
        Package {
            name: package.name.clone(),
            version: Some(package.version.clone()),
            hashes: checksum.and_then(|hex| Digest::new("sha256", hex)).into_iter().collect(),
            origin: origin(package.source.as_deref()),
            requires: package.dependencies.iter().filter_map(|wanted| find(wanted)).collect(),
            ..Package::default()
        }
    });
    let packages: Vec<Package> = packages.collect();
    let roots = packages.iter().filter(|package| package.origin == Origin::Local);
    let roots = roots.map(|package| (package.name.clone(), package.requires.clone())).collect();
    Ok(Lock { packages, roots, answers: BTreeMap::new() })
}

fn origin(source: Option<&str>) -> Origin {
    match source.and_then(|source| source.split_once('+')) {
        None => Origin::Local,
        Some(("git", url)) => Origin::Git(url.to_owned()),
        Some((_, url)) if url.contains("crates.io") => Origin::Registry,
        Some((_, url)) => Origin::Url(url.to_owned()),
    }
}

/// What the parser says, without the text around it.
pub(super) fn said(error: impl Into<toml::de::Error>) -> String {
    let error: toml::de::Error = error.into();
    error.message().to_owned()
}
