//! Lists of requirements that lead to further lists (`-r`, `-c`), as pip follows them.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;

use aws_lc_rs::digest;

use super::find::{Found, MANIFEST_BYTES_MAX, Read, Trouble, below};
use super::manifest::{Sort, sort};
use super::package::{Ecosystem, Include, Manifest, Pin, Requirement, hex};
use crate::source::file::list::{Content, open, read_below};

/// Lists that one leads to, at most.
const LISTS_MAX: usize = 100;

impl Found {
    /// Reads the lists that lists lead to. They belong to the module whose list leads there; what lies outside the
    /// root, or at an address, is not read, and said to be missing.
    pub(super) fn follow(&mut self, root: &Path, troubles: &mut Vec<Trouble>) {
        if self.manifests.iter().all(|it| it.what.includes.is_empty()) {
            return;
        }
        let Ok(held) = open(root) else { return };
        for module in 0..self.modules.len() {
            for first in self.modules[module].manifests.clone() {
                let (lists, constraints) = self.reach(first, held.as_fd(), troubles);
                for list in lists {
                    self.constraints.entry(list).or_default().extend(&constraints);
                    let manifests = &mut self.modules[module].manifests;
                    if !manifests.contains(&list) {
                        manifests.push(list);
                    }
                }
            }
        }
        troubles.sort();
        troubles.dedup();
    }

    /// The lists that one leads to, itself among them, and the lists of constraints.
    fn reach(
        &mut self,
        first: usize,
        root: BorrowedFd<'_>,
        troubles: &mut Vec<Trouble>,
    ) -> (Vec<usize>, BTreeSet<usize>) {
        let (mut lists, mut constraints, mut nth) = (vec![(first, false)], BTreeSet::new(), 0);
        while let Some((at, of_constraint)) = lists.get(nth).copied() {
            nth += 1;
            for include in self.manifests[at].what.includes.clone() {
                let found = if lists.len() < LISTS_MAX {
                    self.included(at, &include, root)
                } else {
                    Err(format!("{LISTS_MAX} lists at most are followed"))
                };
                match found {
                    Ok(to) => {
                        let is_constraint = of_constraint || include.is_constraint;
                        if is_constraint {
                            constraints.insert(to);
                        }
                        if !lists.contains(&(to, is_constraint)) {
                            lists.push((to, is_constraint));
                        }
                    }
                    Err(why) => {
                        let path: String = include.path.chars().take(100).collect();
                        let detail = format!("it leads to `{path}`: {why}");
                        troubles.push((self.manifests[at].path(), "dependencies_unread", Some(detail)));
                    }
                }
            }
        }
        (lists.into_iter().filter(|(_, is_constraint)| !is_constraint).map(|(at, _)| at).collect(), constraints)
    }

    /// The list that another leads to, read where that has not been done.
    fn included(&mut self, at: usize, include: &Include, root: BorrowedFd<'_>) -> Result<usize, String> {
        if include.path.contains("://") {
            return Err("what lies at an address is not fetched".to_owned());
        }
        let path = within(&self.manifests[at].directory, &include.path)
            .ok_or_else(|| "it lies outside of what is read".to_owned())?;
        let is_it = |it: &Read<Manifest>| it.ecosystem == Ecosystem::Python && it.what.pins_itself && it.path() == path;
        if let Some(known) = self.manifests.iter().position(is_it) {
            return Ok(known);
        }
        let bytes = match read_below(root, &path, MANIFEST_BYTES_MAX) {
            Some(Content::Whole { bytes, .. }) => bytes,
            Some(Content::TooLarge(size)) => {
                return Err(format!("{size} bytes; {MANIFEST_BYTES_MAX} at most are read"));
            }
            Some(Content::Unreadable { detail, .. }) => return Err(detail.unwrap_or_else(|| "unreadable".to_owned())),
            Some(Content::NoFile) | None => return Err("there is no such file".to_owned()),
        };
        let Some((order, Sort::Manifest(ecosystem, read))) = sort("requirements.txt") else {
            return Err("lists are not read".to_owned());
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let what = read(text).and_then(Manifest::checked)?;
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let sha256 = hex(digest::digest(&digest::SHA256, &bytes).as_ref());
        let (directory, name) = (directory.to_owned(), name.to_owned());
        self.manifests.push(Read { directory, name, order, ecosystem, sha256, what });
        Ok(self.manifests.len() - 1)
    }

    /// What a list asks for, with what constraints say of it.
    pub(super) fn constrained(&self, at: usize, wanted: &Requirement) -> Requirement {
        let lists = self.constraints.get(&at).into_iter().flatten();
        let said = lists.flat_map(|list| &self.manifests[*list].what.requires).filter(|it| it.name == wanted.name);
        said.fold(wanted.clone(), |mut wanted, it| {
            match (wanted.pin, it.pin) {
                (Pin::Any | Pin::Range, Pin::Exact) | (Pin::Any, Pin::Range) => {
                    (wanted.wanted, wanted.pin) = (it.wanted.clone(), it.pin);
                    wanted.hashes.clone_from(&it.hashes);
                }
                (Pin::Range, Pin::Range) => wanted.wanted = format!("{},{}", wanted.wanted, it.wanted),
                _ => {}
            }
            wanted
        })
    }
}

/// A path seen from a directory as one below the root; none where it leads out.
fn within(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let name = parts.pop()?;
    Some(below(&parts.join("/"), name))
}
