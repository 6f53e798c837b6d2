//! Manifests and lock files: which names mean one, and who reads it.
//!
//! Each reader takes the text and gives what it says, or why it cannot be read. None of them goes anywhere else:
//! what another file or a registry would add is not there.

mod cargo;
mod go;
mod maven;
mod npm;
mod pnpm;
mod python;
mod requirements;
mod xml;
mod yarn;

pub(super) use xml::{Node, Xml};

use super::package::{Ecosystem, Lock, Manifest};

/// What a file's name says that it is.
#[derive(Clone, Copy)]
pub(super) enum Sort {
    Manifest(Ecosystem, fn(&str) -> Result<Manifest, String>),
    Lock(Ecosystem, fn(&str) -> Result<Lock, String>),
    /// It says what a module depends on, in a form that is not read.
    Unread(&'static str),
    /// It does so where the text holds something.
    UnreadIf(fn(&str) -> bool, &'static str),
}

/// Names that mean one, in the order in which a module's manifests are listed.
static NAMES: &[(&str, Sort)] = &[
    ("Cargo.toml", Sort::Manifest(Ecosystem::Cargo, cargo::manifest)),
    ("Cargo.lock", Sort::Lock(Ecosystem::Cargo, cargo::lock)),
    ("pyproject.toml", Sort::Manifest(Ecosystem::Python, python::manifest)),
    ("uv.lock", Sort::Lock(Ecosystem::Python, python::uv_lock)),
    ("poetry.lock", Sort::Lock(Ecosystem::Python, python::poetry_lock)),
    ("package.json", Sort::Manifest(Ecosystem::Npm, npm::manifest)),
    ("package-lock.json", Sort::Lock(Ecosystem::Npm, npm::lock)),
    ("npm-shrinkwrap.json", Sort::Lock(Ecosystem::Npm, npm::lock)),
    ("pnpm-lock.yaml", Sort::Lock(Ecosystem::Npm, pnpm::lock)),
    ("yarn.lock", Sort::Lock(Ecosystem::Npm, yarn::lock)),
    ("go.mod", Sort::Manifest(Ecosystem::Go, go::manifest)),
    ("go.sum", Sort::Lock(Ecosystem::Go, go::sum)),
    ("pom.xml", Sort::Manifest(Ecosystem::Maven, maven::manifest)),
    ("gradle.lockfile", Sort::Lock(Ecosystem::Maven, maven::gradle_lock)),
    ("lockfile.json", Sort::Lock(Ecosystem::Maven, maven::json_lock)),
    ("setup.py", Sort::Unread("its dependencies are what a program computes")),
    ("setup.cfg", Sort::UnreadIf(python::setup_requires, "its dependencies are not read")),
    ("environment.yml", Sort::Unread("Conda's dependencies are not read")),
    ("Pipfile", Sort::Unread("Pipenv's files are not read")),
    ("Pipfile.lock", Sort::Unread("Pipenv's files are not read")),
    ("pdm.lock", Sort::Unread("PDM's lock file is not read")),
    ("pylock.toml", Sort::Unread("this lock file is not read")),
    ("bun.lock", Sort::Unread("Bun's lock file is not read")),
    ("bun.lockb", Sort::Unread("Bun's lock file is not read")),
    ("deno.lock", Sort::Unread("Deno's lock file is not read")),
    ("build.gradle", Sort::Unread("its dependencies are what a program computes")),
    ("build.gradle.kts", Sort::Unread("its dependencies are what a program computes")),
    ("Gemfile.lock", Sort::Unread("Ruby's dependencies are not read")),
    ("composer.lock", Sort::Unread("PHP's dependencies are not read")),
    ("mix.lock", Sort::Unread("Elixir's dependencies are not read")),
    ("pubspec.lock", Sort::Unread("Dart's dependencies are not read")),
    ("Package.resolved", Sort::Unread("Swift's dependencies are not read")),
    ("Podfile.lock", Sort::Unread("CocoaPods' dependencies are not read")),
    ("packages.lock.json", Sort::Unread("NuGet's dependencies are not read")),
    ("conan.lock", Sort::Unread("Conan's dependencies are not read")),
];

/// What a file of this path is by its name, and its place in the list; nothing where it is none of them.
pub(super) fn sort(path: &str) -> Option<(usize, Sort)> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_among_lists = directory == "requirements" || directory.ends_with("/requirements");
    let found = NAMES.iter().position(|(known, _)| *known == name).map(|at| (at, NAMES[at].1));
    found.or_else(|| {
        let listed = name.strip_suffix(".txt").filter(|stem| {
            is_among_lists
                || *stem == "requirements"
                || stem.starts_with("requirements-")
                || stem.starts_with("requirements_")
                || stem.starts_with("requirements.")
                || stem.ends_with("-requirements")
        });
        listed.map(|_| (NAMES.len(), Sort::Manifest(Ecosystem::Python, requirements::manifest)))
    })
}
