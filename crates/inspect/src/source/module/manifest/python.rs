//! `pyproject.toml`, `uv.lock` and `poetry.lock`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::super::package::{Digest, Include, Kind, Lock, Manifest, Origin, Package, Pin, Requirement};
use super::cargo::said;
use super::requirements::{normal, parse};

pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    let table: Table = text.parse().map_err(said)?;
    let project = table.get("project").and_then(Value::as_table);
    let poetry = at(&table, &["tool", "poetry"]);
    let text_of = |key: &str| {
        let own = project.and_then(|project| project.get(key)).or_else(|| poetry?.get(key))?;
        own.as_str().or_else(|| own.get("text")?.as_str()).map(str::to_owned)
    };
    let mut requires = Vec::new();
    if let Some(project) = project {
        listed(project.get("dependencies"), Kind::Runtime, &mut requires);
        for extra in project.get("optional-dependencies").and_then(Value::as_table).into_iter().flat_map(Table::values)
        {
            listed(Some(extra), Kind::Optional, &mut requires);
        }
    }
    for group in table.get("dependency-groups").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        listed(Some(group), Kind::Dev, &mut requires);
    }
    if let Some(poetry) = poetry {
        named(poetry.get("dependencies"), Kind::Runtime, &mut requires);
        named(poetry.get("dev-dependencies"), Kind::Dev, &mut requires);
        for group in poetry.get("group").and_then(Value::as_table).into_iter().flat_map(Table::values) {
            named(group.get("dependencies"), Kind::Dev, &mut requires);
        }
    }
    let (includes, unread) = project.map(|project| dynamic(&table, project)).unwrap_or_default();
    if let Some(sources) = at(&table, &["tool", "uv", "sources"]) {
        for wanted in &mut requires {
            let source = sources.iter().find(|(name, _)| normal(name) == wanted.name).and_then(|(_, it)| it.as_table());
            if source.is_some_and(|it| it.contains_key("workspace") || it.contains_key("path")) {
                wanted.pin = Pin::Local;
            }
        }
    }
    Ok(Manifest {
        name: text_of("name"),
        version: text_of("version"),
        licence: text_of("license"),
        requires,
        includes,
        unread,
        is_workspace_only: project.is_none() && poetry.is_none(),
        ..Manifest::default()
    })
}

/// What a project leaves to the tool that builds it: lists that are read, or a gap.
fn dynamic(table: &Table, project: &Table) -> (Vec<Include>, Option<&'static str>) {
    let left = |key: &str| {
        let keys = project.get("dynamic").and_then(Value::as_array).into_iter().flatten();
        keys.filter_map(Value::as_str).any(|it| it == key)
    };
    let (mut includes, mut is_unread) = (Vec::new(), false);
    let setuptools = at(table, &["tool", "setuptools", "dynamic"]);
    let said = |key: &str| setuptools.and_then(|it| it.get(key));
    let extras = said("optional-dependencies").and_then(Value::as_table);
    let lists = [
        (left("dependencies"), said("dependencies").into_iter().collect::<Vec<_>>()),
        (left("optional-dependencies"), extras.into_iter().flat_map(Table::values).collect()),
    ];
    for (is_left, said) in lists.into_iter().filter(|(is_left, _)| *is_left) {
        let before = includes.len();
        for file in said.into_iter().filter_map(|it| it.get("file")) {
            let one = file.as_str().into_iter();
            let names = one.chain(file.as_array().into_iter().flatten().filter_map(Value::as_str));
            includes.extend(names.map(|path| Include { path: path.to_owned(), is_constraint: false }));
        }
        is_unread |= is_left && includes.len() == before;
    }
    (includes, is_unread.then_some("it leaves its dependencies to the tool that builds it"))
}

/// Whether a `setup.cfg` names dependencies.
pub(super) fn setup_requires(text: &str) -> bool {
    let mut section = "";
    text.lines().any(|line| {
        if let Some(name) = line.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default().trim();
            return false;
        }
        let key = line.split(['=', ':']).next().unwrap_or_default().trim_end();
        let is_key = !line.starts_with([' ', '\t', '#', ';']) && !key.is_empty();
        match section {
            "options" => matches!(key, "install_requires" | "setup_requires" | "tests_require"),
            "options.extras_require" => is_key,
            _ => false,
        }
    })
}

fn at<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(table, |table, key| table.get(*key)?.as_table())
}

fn listed(list: Option<&Value>, kind: Kind, requires: &mut Vec<Requirement>) {
    let texts = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    requires.extend(texts.filter_map(|text| parse(text, kind)));
}

/// Poetry's own table: `name = "^1.2"` or `name = { version = …, git = …, path = … }`.
fn named(table: Option<&Value>, kind: Kind, requires: &mut Vec<Requirement>) {
    for (name, wanted) in table.and_then(Value::as_table).into_iter().flatten().filter(|(name, _)| *name != "python") {
        let text = |key: &str| wanted.get(key).and_then(Value::as_str);
        let version = wanted.as_str().or_else(|| text("version"));
        let kind = if wanted.get("optional").and_then(Value::as_bool) == Some(true) { Kind::Optional } else { kind };
        let pin = match version {
            _ if text("path").is_some() => Pin::Local,
            _ if text("git").is_some() => {
                if text("rev").is_some() {
                    Pin::Exact
                } else {
                    Pin::Moving
                }
            }
            Some("*") | None => Pin::Any,
            Some(exact) if exact.starts_with("==") || exact.starts_with(|c: char| c.is_ascii_digit()) => Pin::Exact,
            Some(_) => Pin::Range,
        };
        requires.push(Requirement::new(normal(name), version.unwrap_or("*"), kind, pin));
    }
}

#[derive(Deserialize)]
struct UvLock {
    #[serde(default)]
    package: Vec<UvPackage>,
}

#[derive(Deserialize)]
struct UvPackage {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: BTreeMap<String, Value>,
    #[serde(default)]
    dependencies: Vec<UvRequired>,
    #[serde(default, rename = "optional-dependencies")]
    optional: BTreeMap<String, Vec<UvRequired>>,
    #[serde(default, rename = "dev-dependencies")]
    dev: BTreeMap<String, Vec<UvRequired>>,
    sdist: Option<Artefact>,
    #[serde(default)]
    wheels: Vec<Artefact>,
}

#[derive(Deserialize)]
struct UvRequired {
    name: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Artefact {
    hash: Option<String>,
}

pub(super) fn uv_lock(text: &str) -> Result<Lock, String> {
    let UvLock { package: locked } = toml::from_str(text).map_err(said)?;
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, package) in locked.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(at);
    }
    let find = |wanted: &UvRequired| {
        let named = by_name.get(wanted.name.as_str())?;
        let fits = |at: &&usize| wanted.version.is_none() || locked[**at].version == wanted.version;
        named.iter().find(fits).copied()
    };
    let (mut packages, mut roots) = (Vec::with_capacity(locked.len()), BTreeMap::new());
    for package in &locked {
        let source = |key: &str| package.source.get(key).and_then(Value::as_str).map(str::to_owned);
        let origin = if let Some(url) = source("git") {
            Origin::Git(url)
        } else if let Some(url) = source("url") {
            Origin::Url(url)
        } else if package.source.contains_key("registry") {
            Origin::Registry
        } else {
            Origin::Local
        };
        let extra = package.optional.values().chain(package.dev.values()).flatten();
        let requires: Vec<usize> = package.dependencies.iter().chain(extra).filter_map(find).collect();
        if origin == Origin::Local {
            roots.insert(package.name.clone(), requires.clone());
            let place = ["virtual", "editable", "directory"].into_iter().find_map(source);
            roots.insert(place.map_or_else(String::new, |at| at.trim_start_matches('.').to_owned()), requires.clone());
        }
        packages.push(Package {
            name: package.name.clone(),
            version: package.version.clone(),
            hashes: hashes(package.sdist.iter().chain(&package.wheels).filter_map(|it| it.hash.as_deref())),
            origin,
            requires,
            ..Package::default()
        });
    }
    Ok(Lock { packages, roots, answers: BTreeMap::new() })
}

fn hashes<'a>(digests: impl Iterator<Item = &'a str>) -> Vec<Digest> {
    let mut hashes = Vec::new();
    for digest in digests.filter_map(|text| text.split_once(':')).filter_map(|(name, hex)| Digest::new(name, hex)) {
        if !hashes.contains(&digest) {
            hashes.push(digest);
        }
    }
    hashes
}

#[derive(Deserialize)]
struct PoetryLock {
    #[serde(default)]
    package: Vec<PoetryPackage>,
    #[serde(default)]
    metadata: PoetryMetadata,
}

#[derive(Deserialize, Default)]
struct PoetryMetadata {
    /// Before Poetry 1.3 the digests stood here.
    #[serde(default)]
    files: BTreeMap<String, Vec<Artefact>>,
}

#[derive(Deserialize)]
struct PoetryPackage {
    name: String,
    version: String,
    #[serde(default)]
    files: Vec<Artefact>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    groups: Vec<String>,
    source: Option<PoetrySource>,
}

#[derive(Deserialize)]
struct PoetrySource {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
    resolved_reference: Option<String>,
}

pub(super) fn poetry_lock(text: &str) -> Result<Lock, String> {
    let PoetryLock { package: locked, metadata } = toml::from_str(text).map_err(said)?;
    let by_name: BTreeMap<String, usize> =
        locked.iter().enumerate().map(|(at, package)| (normal(&package.name), at)).collect();
    let packages = locked.iter().map(|package| {
        let files = package.files.iter().chain(metadata.files.get(&package.name).into_iter().flatten());
        Package {
            name: normal(&package.name),
            version: Some(package.version.clone()),
            hashes: hashes(files.filter_map(|it| it.hash.as_deref())),
            origin: package.source.as_ref().map_or(Origin::Registry, PoetrySource::origin),
            requires: package.dependencies.keys().filter_map(|name| by_name.get(&normal(name)).copied()).collect(),
            is_dev: !package.groups.is_empty() && !package.groups.iter().any(|group| group == "main"),
            ..Package::default()
        }
    });
    Ok(Lock { packages: packages.collect(), ..Lock::default() })
}

impl PoetrySource {
    fn origin(&self) -> Origin {
        match self.kind.as_str() {
            "git" => Origin::Git(format!("{}@{}", self.url, self.resolved_reference.as_deref().unwrap_or_default())),
            "directory" | "file" => Origin::Local,
            "url" => Origin::Url(self.url.clone()),
            _ => Origin::Registry,
        }
    }
}
