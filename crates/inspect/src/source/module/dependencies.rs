//! What a module depends on, by its manifests and lock files.

use std::collections::BTreeMap;

use serde::Serialize;

use super::find::{Found, Module, Read};
use super::package::{Ecosystem, Kind, Lock, Manifest, Origin, Package, Pin};

/// What manifests and lock files say together.
#[derive(Debug, Default, Serialize)]
pub(super) struct Dependencies {
    pub(super) manifests: Vec<Source>,
    pub(super) locks: Vec<Source>,
    /// Packages that are asked for by the module itself.
    pub(super) direct: usize,
    /// With all that those bring in, where a lock file says it.
    pub(super) all: usize,
    /// Manifests that ask for packages and have no lock file.
    pub(super) unlocked: Vec<Unlocked>,
    /// Requirements that any version, or one that moves, would meet, and that nothing pins.
    pub(super) unpinned: Vec<Wanted>,
    /// Requirements that the lock file does not know.
    pub(super) missing: Vec<Wanted>,
    /// Packages that are there in several versions.
    pub(super) duplicates: Vec<Duplicate>,
    #[serde(skip)]
    pub(super) packages: Vec<Used>,
}

/// A file that was read.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) ecosystem: Ecosystem,
    pub(super) sha256: String,
    /// Requirements of a manifest, packages of a lock file.
    pub(super) entries: usize,
}

/// A manifest without a lock file.
#[derive(Debug, Serialize)]
pub(super) struct Unlocked {
    pub(super) manifest: String,
    pub(super) ecosystem: Ecosystem,
    pub(super) requirements: usize,
}

/// A requirement.
#[derive(Debug, Serialize)]
pub(super) struct Wanted {
    pub(super) manifest: String,
    pub(super) name: String,
    pub(super) wanted: String,
}

/// A package in several versions.
#[derive(Debug, Serialize)]
pub(super) struct Duplicate {
    pub(super) ecosystem: Ecosystem,
    pub(super) name: String,
    pub(super) versions: Vec<String>,
}

/// A package that is depended on.
#[derive(Debug)]
pub(super) struct Used {
    pub(super) ecosystem: Ecosystem,
    pub(super) package: Package,
    pub(super) is_direct: bool,
    /// The lock file, or the manifest, that says so.
    pub(super) from: String,
    /// What the manifest asks for, where nothing says which version that is.
    pub(super) open: Option<String>,
    /// It is needed to test or to build only, or where it is asked for.
    pub(super) kind: Kind,
    /// Of the others here, those that it requires.
    pub(super) requires: Vec<usize>,
}

/// Entries of one list, at most.
const LISTED_MAX: usize = 100;

impl Dependencies {
    pub(super) fn of(found: &Found, module: &Module) -> Self {
        let mut all = Self::default();
        for at in &module.manifests {
            let manifest = &found.manifests[*at];
            let entries = manifest.what.requires.len();
            all.manifests.push(source(manifest, entries));
            match found.lock_of(manifest) {
                Some(lock) => {
                    let path = lock.path();
                    if !all.locks.iter().any(|known| known.path == path) {
                        all.locks.push(source(lock, lock.what.packages.len()));
                    }
                    all.locked(manifest, lock);
                }
                None => all.named(found, *at),
            }
        }
        all.count();
        all
    }

    fn locked(&mut self, manifest: &Read<Manifest>, lock: &Read<Lock>) {
        let within = manifest.directory.strip_prefix(lock.directory.as_str()).unwrap_or_default();
        let (mut direct, missing) = lock.what.direct(&manifest.what, within.trim_start_matches('/'));
        let asked = |at: usize| manifest.what.requires.iter().find(|it| it.name == lock.what.packages[at].name);
        let mut closure = lock.what.closure(&direct);
        // Where the lock file does not say who requires whom, the manifest names them all.
        direct.retain(|at| asked(*at).is_none_or(|it| it.kind != Kind::Indirect));
        // The module itself is no dependency of its own.
        closure.retain(|at| lock.what.packages[*at].origin != Origin::Local || direct.contains(at));
        let start = self.packages.len();
        let places: BTreeMap<usize, usize> = closure.iter().enumerate().map(|(nth, at)| (*at, start + nth)).collect();
        for at in &closure {
            let package = lock.what.packages[*at].clone();
            let kind = match asked(*at) {
                Some(asked) => asked.kind,
                None if package.is_dev => Kind::Dev,
                None => Kind::Indirect,
            };
            let requires = package.requires.iter().filter_map(|to| places.get(to).copied()).collect();
            let is_direct = direct.contains(at);
            let (ecosystem, from) = (manifest.ecosystem, lock.path());
            self.packages.push(Used { ecosystem, package, is_direct, from, open: None, kind, requires });
        }
        for at in missing {
            let wanted = &manifest.what.requires[at];
            // What is optional may be for another system, and is then in no lock file.
            if wanted.kind == Kind::Runtime && wanted.pin != Pin::Local && self.missing.len() < LISTED_MAX {
                self.missing.push(Wanted {
                    manifest: manifest.path(),
                    name: wanted.name.clone(),
                    wanted: wanted.wanted.clone(),
                });
            }
        }
    }

    /// Without a lock file the manifest's own words are all there is.
    fn named(&mut self, found: &Found, at: usize) {
        let manifest = &found.manifests[at];
        let is_foreign = |name: &str| !found.is_own(manifest.ecosystem, name);
        let foreign: Vec<_> = manifest
            .what
            .requires
            .iter()
            .filter(|wanted| wanted.pin != Pin::Local && is_foreign(&wanted.name))
            .map(|wanted| found.constrained(at, wanted))
            .collect();
        if !manifest.what.pins_itself && !foreign.is_empty() {
            self.unlocked.push(Unlocked {
                manifest: manifest.path(),
                ecosystem: manifest.ecosystem,
                requirements: foreign.len(),
            });
        }
        for wanted in foreign {
            let moves = matches!(wanted.pin, Pin::Any | Pin::Moving);
            if moves && wanted.kind == Kind::Runtime && self.unpinned.len() < LISTED_MAX {
                self.unpinned.push(Wanted {
                    manifest: manifest.path(),
                    name: wanted.name.clone(),
                    wanted: wanted.wanted.clone(),
                });
            }
            let exact = wanted.wanted.trim_start_matches(['=', 'v']).trim().to_owned();
            let keeps_v = manifest.ecosystem == Ecosystem::Go;
            let version = if keeps_v { wanted.wanted.clone() } else { exact };
            // An address says where it lies, and no version.
            let origin = match wanted.wanted.contains("://") {
                true if wanted.wanted.contains("git") => Origin::Git(wanted.wanted.clone()),
                true => Origin::Url(wanted.wanted.clone()),
                false => Origin::Registry,
            };
            let package = Package {
                name: wanted.name.clone(),
                version: (wanted.pin == Pin::Exact && origin == Origin::Registry).then_some(version),
                origin,
                hashes: wanted.hashes.clone(),
                ..Package::default()
            };
            let is_direct = wanted.kind != Kind::Indirect;
            let is_open = package.version.is_none() && package.origin == Origin::Registry || wanted.pin == Pin::Moving;
            self.packages.push(Used {
                ecosystem: manifest.ecosystem,
                package,
                is_direct,
                from: manifest.path(),
                open: is_open.then(|| wanted.wanted.clone()),
                kind: wanted.kind,
                requires: Vec::new(),
            });
        }
    }

    fn count(&mut self) {
        let foreign = |used: &&Used| used.package.origin != Origin::Local;
        self.direct = self.packages.iter().filter(foreign).filter(|used| used.is_direct).count();
        self.all = self.packages.iter().filter(foreign).count();
        let mut versions: BTreeMap<(Ecosystem, &str), Vec<&str>> = BTreeMap::new();
        for used in self.packages.iter().filter(foreign) {
            if let Some(version) = &used.package.version {
                versions.entry((used.ecosystem, &used.package.name)).or_default().push(version);
            }
        }
        let mut duplicates = Vec::new();
        for ((ecosystem, name), mut versions) in versions {
            versions.sort_unstable();
            versions.dedup();
            if versions.len() > 1 {
                let versions = versions.into_iter().map(str::to_owned).collect();
                duplicates.push(Duplicate { ecosystem, name: name.to_owned(), versions });
            }
        }
        duplicates.sort_by_key(|duplicate| std::cmp::Reverse(duplicate.versions.len()));
        duplicates.truncate(LISTED_MAX);
        self.duplicates = duplicates;
    }
}

fn source<T>(read: &Read<T>, entries: usize) -> Source {
    Source { path: read.path(), ecosystem: read.ecosystem, sha256: read.sha256.clone(), entries }
}
