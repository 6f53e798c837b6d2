//! `package.json` and npm's lock files (versions 1 to 3).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::super::package::{Digest, Kind, Lock, Manifest, Origin, Package, Pin, Requirement};

#[derive(Deserialize)]
struct PackageJson {
    name: Option<String>,
    version: Option<String>,
    license: Option<Value>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default, rename = "devDependencies")]
    dev: BTreeMap<String, Value>,
    #[serde(default, rename = "optionalDependencies")]
    optional: BTreeMap<String, Value>,
    workspaces: Option<IgnoredAny>,
    main: Option<IgnoredAny>,
}

pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    let read: PackageJson =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    let sections = [(&read.dependencies, Kind::Runtime), (&read.dev, Kind::Dev), (&read.optional, Kind::Optional)];
    let requires = sections.into_iter().flat_map(|(section, kind)| {
        section.iter().map(move |(name, wanted)| requirement(name, wanted.as_str().unwrap_or_default(), kind))
    });
    let requires = requires.collect();
    Ok(Manifest {
        is_workspace_only: read.workspaces.is_some() && read.main.is_none() && read.name.is_none(),
        name: read.name,
        version: read.version,
        licence: read.license.as_ref().and_then(licence),
        requires,
        ..Manifest::default()
    })
}

fn requirement(name: &str, wanted: &str, kind: Kind) -> Requirement {
    let (name, wanted) = alias(wanted).unwrap_or((name, wanted));
    let pin = match wanted.trim() {
        "" | "*" | "x" | "latest" | "next" => Pin::Any,
        local if ["file:", "link:", "workspace:", "portal:"].iter().any(|start| local.starts_with(start)) => Pin::Local,
        exact if is_version(exact) => Pin::Exact,
        git if git.starts_with("git")
            || git.contains("://")
            || git.split('/').count() == 2 && !git.starts_with('@') =>
        {
            let commit = git.rsplit_once('#').map(|(_, end)| end);
            let archive = git.starts_with("http");
            let is_commit = |end: &str| end.len() == 40 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
            if archive || commit.is_some_and(is_commit) { Pin::Exact } else { Pin::Moving }
        }
        _ => Pin::Range,
    };
    Requirement::new(name, wanted, kind, pin)
}

/// `npm:NAME@VERSION` stands for another package than the name says.
pub(super) fn alias(wanted: &str) -> Option<(&str, &str)> {
    let real = wanted.strip_prefix("npm:")?;
    let at = real.rfind('@').filter(|at| *at > 0)?;
    Some((&real[..at], &real[at + 1..]))
}

fn is_version(text: &str) -> bool {
    let text = text.trim_start_matches(['=', 'v']);
    let core = text.split(['-', '+']).next().unwrap_or_default();
    core.split('.').count() == 3
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A text, or the old forms: `{type}` and a list of them.
pub(super) fn licence(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("type").and_then(licence),
        Value::Array(list) => list.first().and_then(licence),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LockFile {
    #[serde(default)]
    packages: BTreeMap<String, Locked>,
    /// Versions 1 and 2; what version 2 says here, it says in `packages` too.
    #[serde(default)]
    dependencies: BTreeMap<String, Nested>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Locked {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    license: Option<Value>,
    link: bool,
    dev: bool,
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
    peer_dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Nested {
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    dev: bool,
    requires: Option<Value>,
    dependencies: BTreeMap<String, Nested>,
}

pub(super) fn lock(text: &str) -> Result<Lock, String> {
    let LockFile { mut packages, dependencies } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if packages.is_empty() {
        flatten("", dependencies, &mut packages);
    }
    let places: BTreeMap<&str, usize> = packages.keys().enumerate().map(|(at, place)| (place.as_str(), at)).collect();
    // Links stand for the directory they lead to.
    let real = |at: usize, locked: &Locked| {
        let target = locked.resolved.as_deref().filter(|_| locked.link)?;
        places.get(target).copied().filter(|target| *target != at)
    };
    let listed: Vec<&Locked> = packages.values().collect();
    let find = |from: &str, name: &str| {
        let at = lookup(&places, from, name)?;
        let locked = listed[at];
        if locked.link { real(at, locked).or(Some(at)) } else { Some(at) }
    };
    let requires = required(&packages, &find);
    let mut lock = Lock::default();
    for (at, (place, locked)) in packages.iter().enumerate() {
        let requires = requires[at].clone();
        // Not installed under `node_modules`: a module of the tree itself.
        let is_own = !place.contains("node_modules/");
        if is_own {
            lock.roots.insert(place.clone(), requires.clone());
        }
        let name = locked.name.as_deref().or_else(|| place.rsplit_once("node_modules/").map(|(_, name)| name));
        lock.packages.push(Package {
            name: name.unwrap_or(place).to_owned(),
            version: locked.version.clone(),
            licence: locked.license.as_ref().and_then(licence),
            hashes: locked.integrity.as_deref().map(Digest::of_integrity).unwrap_or_default(),
            origin: origin(locked.resolved.as_deref(), is_own || locked.link),
            requires,
            is_dev: locked.dev,
        });
    }
    Ok(lock)
}

/// What each package requires, looked up once.
fn required(packages: &BTreeMap<String, Locked>, find: &dyn Fn(&str, &str) -> Option<usize>) -> Vec<Vec<usize>> {
    let of = |(place, locked): (&String, &Locked)| {
        let own = if place.contains("node_modules/") { None } else { Some(&locked.dev_dependencies) };
        let sections = [&locked.dependencies, &locked.optional_dependencies, &locked.peer_dependencies];
        let names = sections.into_iter().chain(own).flat_map(BTreeMap::keys);
        let mut found: Vec<usize> = names.filter_map(|name| find(place, name)).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    packages.iter().map(of).collect()
}

/// Node's way: the nearest `node_modules` going up.
fn lookup(places: &BTreeMap<&str, usize>, from: &str, name: &str) -> Option<usize> {
    let mut above = from;
    loop {
        let place =
            if above.is_empty() { format!("node_modules/{name}") } else { format!("{above}/node_modules/{name}") };
        if let Some(at) = places.get(place.as_str()) {
            return Some(*at);
        }
        if above.is_empty() {
            return None;
        }
        above = above.rsplit_once('/').map_or("", |(up, _)| up);
    }
}

/// Version 1 nests packages where later versions say their place.
fn flatten(above: &str, dependencies: BTreeMap<String, Nested>, packages: &mut BTreeMap<String, Locked>) {
    for (name, nested) in dependencies {
        let place =
            if above.is_empty() { format!("node_modules/{name}") } else { format!("{above}/node_modules/{name}") };
        let requires = nested.requires.as_ref().and_then(Value::as_object).into_iter().flatten();
        let requires = requires.map(|(name, wanted)| (name.clone(), wanted.as_str().unwrap_or_default().to_owned()));
        let real =
            nested.version.as_deref().and_then(alias).map(|(name, version)| (name.to_owned(), version.to_owned()));
        let locked = Locked {
            name: real.as_ref().map(|(name, _)| name.clone()),
            version: real.map(|(_, version)| version).or(nested.version),
            resolved: nested.resolved,
            integrity: nested.integrity,
            dev: nested.dev,
            dependencies: requires.collect(),
            ..Locked::default()
        };
        flatten(&place, nested.dependencies, packages);
        packages.insert(place, locked);
    }
}

/// Where it is brought from, by the address that was resolved.
pub(super) fn origin(resolved: Option<&str>, is_local: bool) -> Origin {
    match resolved {
        _ if is_local => Origin::Local,
        Some(git) if git.starts_with("git") || git.contains(".git#") => Origin::Git(git.to_owned()),
        Some(local) if local.starts_with("file:") => Origin::Local,
        // A registry's archives lie at `…/NAME/-/FILE.tgz`, whatever its host.
        Some(url) if url.contains("://") && !url.contains("/-/") => Origin::Url(url.to_owned()),
        _ => Origin::Registry,
    }
}
