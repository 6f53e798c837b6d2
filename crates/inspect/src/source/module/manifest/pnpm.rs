//! `pnpm-lock.yaml` (lock file versions 5 to 9).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::package::{Digest, Lock, Origin, Package};

#[derive(Deserialize)]
struct LockFile {
    #[serde(default)]
    importers: BTreeMap<String, Importer>,
    /// Where there is no workspace, before version 9, the root's own stand at the top.
    #[serde(flatten)]
    root: Importer,
    #[serde(default)]
    packages: BTreeMap<String, Option<Locked>>,
    /// From version 9 on, who requires whom.
    #[serde(default)]
    snapshots: BTreeMap<String, Option<Snapshot>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Importer {
    dependencies: BTreeMap<String, Wanted>,
    dev_dependencies: BTreeMap<String, Wanted>,
    optional_dependencies: BTreeMap<String, Wanted>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wanted {
    /// Before version 6.
    Plain(String),
    Named {
        version: String,
    },
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Locked {
    resolution: Resolution,
    name: Option<String>,
    version: Option<String>,
    dev: bool,
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resolution {
    integrity: Option<String>,
    tarball: Option<String>,
    repo: Option<String>,
    commit: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Snapshot {
    dependencies: BTreeMap<String, String>,
    optional_dependencies: BTreeMap<String, String>,
}

pub(super) fn lock(text: &str) -> Result<Lock, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            flow_nesting_limit: 32,
            max_nodes: 4_000_000,
            max_events: 8_000_000,
            max_aliases: 0,
        },
        with_snippet: false,
    };
    let file: LockFile = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map_or_else(String::new, |place| format!("line {}: ", place.line()));
        format!("{line}this is no pnpm lock file, or it is nested too deep")
    })?;
    let mut lock = Lock::default();
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    for (key, locked) in &file.packages {
        let plain = Locked::default();
        let locked = locked.as_ref().unwrap_or(&plain);
        let (name, version) = split(key);
        keys.insert(key.trim_start_matches('/').to_owned(), lock.packages.len());
        lock.packages.push(Package {
            name: locked.name.clone().unwrap_or(name),
            version: locked.version.clone().or(version),
            hashes: locked.resolution.integrity.as_deref().map(Digest::of_integrity).unwrap_or_default(),
            origin: locked.resolution.origin(),
            is_dev: locked.dev,
            ..Package::default()
        });
    }
    let none = Locked::default();
    let find = |name: &str, version: &str| find(&keys, name, version);
    for (key, locked) in &file.packages {
        let locked = locked.as_ref().unwrap_or(&none);
        let at = keys[key.trim_start_matches('/')];
        let named = locked.dependencies.iter().chain(&locked.optional_dependencies);
        lock.packages[at].requires.extend(named.filter_map(|(name, version)| find(name, version)));
    }
    for (key, snapshot) in file.snapshots.iter().filter_map(|(key, it)| Some((key, it.as_ref()?))) {
        // Beside what it was asked with, the same package stands there several times.
        let Some(at) = keys.get(key.split('(').next().unwrap_or(key)).copied() else { continue };
        let named = snapshot.dependencies.iter().chain(&snapshot.optional_dependencies);
        lock.packages[at].requires.extend(named.filter_map(|(name, version)| find(name, version)));
    }
    for package in &mut lock.packages {
        package.requires.sort_unstable();
        package.requires.dedup();
    }
    let mut runtime = Vec::new();
    let importers = file.importers.iter().map(|(place, importer)| (place.as_str(), importer));
    for (place, importer) in importers.chain((file.importers.is_empty()).then_some((".", &file.root))) {
        for (name, wanted) in importer.dependencies.iter().chain(&importer.optional_dependencies) {
            let (Wanted::Plain(version) | Wanted::Named { version }) = wanted;
            runtime.extend(find(name, version));
        }
        let sections = [&importer.dependencies, &importer.dev_dependencies, &importer.optional_dependencies];
        let wanted = sections.into_iter().flatten().filter_map(|(name, wanted)| match wanted {
            Wanted::Plain(version) | Wanted::Named { version } => find(name, version),
        });
        lock.roots.insert(place.trim_start_matches('.').to_owned(), wanted.collect());
    }
    // From version 9 on no package says by itself that it serves developers alone.
    if !file.snapshots.is_empty() {
        let runs: BTreeSet<usize> = lock.closure(&runtime).into_iter().collect();
        for (at, package) in lock.packages.iter_mut().enumerate() {
            package.is_dev = !runs.contains(&at);
        }
    }
    Ok(lock)
}

/// The package that `name: version` means: the version may bear what it was resolved beside, or be a key itself.
fn find(keys: &BTreeMap<String, usize>, name: &str, version: &str) -> Option<usize> {
    let bare = version.split('(').next().unwrap_or(version).trim_start_matches('/');
    let beside = bare.split('_').next().unwrap_or(bare);
    let tries = [
        format!("{name}@{bare}"),
        format!("{name}/{bare}"),
        bare.to_owned(),
        format!("{name}/{version}"),
        format!("{name}/{beside}"),
    ];
    tries.iter().find_map(|key| keys.get(key)).copied().or_else(|| {
        // Before version 9 the key itself bears it.
        let whole = format!("{name}@{version}");
        keys.get(whole.trim_start_matches('/')).copied()
    })
}

/// `/name@1.0.0(beside)`, `name@1.0.0`, before version 6 `/name/1.0.0_beside`.
fn split(key: &str) -> (String, Option<String>) {
    let key = key.trim_start_matches('/').split('(').next().unwrap_or(key);
    let cut = key.rfind('@').filter(|at| *at > 0).or_else(|| key.rfind('/'));
    match cut {
        Some(at) => (key[..at].to_owned(), Some(key[at + 1..].split('_').next().unwrap_or_default().to_owned())),
        None => (key.to_owned(), None),
    }
}

impl Resolution {
    fn origin(&self) -> Origin {
        match (&self.repo, &self.tarball) {
            (Some(repo), _) => Origin::Git(format!("{repo}#{}", self.commit.as_deref().unwrap_or_default())),
            (None, Some(url)) if self.integrity.is_none() => Origin::Url(url.clone()),
            _ => Origin::Registry,
        }
    }
}
