//! `yarn.lock`, of Yarn 1 and of later Yarns.
//!
//! Both are blocks of lines: a head that lists what was asked for, and fields below it, by their indentation.

use std::collections::BTreeMap;

use super::super::package::{Digest, Lock, Origin, Package};
use super::npm::{alias, origin};

/// Fields of one block; `dependencies` and the like have fields of their own.
#[derive(Default)]
struct Block {
    heads: Vec<String>,
    fields: BTreeMap<String, String>,
    requires: Vec<(String, String)>,
    number: usize,
}

pub(super) fn lock(text: &str) -> Result<Lock, String> {
    let blocks = blocks(text)?;
    let mut lock = Lock::default();
    let mut pending = Vec::new();
    for block in blocks {
        if block.heads.iter().any(|head| head == "__metadata") {
            continue;
        }
        let at = lock.packages.len();
        let (name, wanted) =
            split(&block.heads[0]).ok_or_else(|| format!("line {}: no package is named", block.number))?;
        let name = alias(wanted).map_or(name, |(name, _)| name);
        let version = block.fields.get("version").cloned();
        let resolution = block.fields.get("resolution").or_else(|| block.fields.get("resolved"));
        let workspace = block.heads.iter().find_map(|head| split(head)?.1.strip_prefix("workspace:"));
        for head in &block.heads {
            lock.answers.insert(head.clone(), at);
            // Later Yarns say by which protocol; manifests usually do not.
            if let Some((name, wanted)) =
                split(head).and_then(|(name, wanted)| Some((name, wanted.strip_prefix("npm:")?)))
            {
                lock.answers.insert(format!("{name}@{wanted}"), at);
            }
        }
        if let Some(place) = workspace {
            pending.push((at, Some(place.trim_start_matches('.').to_owned()), block.requires));
        } else {
            pending.push((at, None, block.requires));
        }
        lock.packages.push(Package {
            name: name.to_owned(),
            version: version.filter(|version| version != "0.0.0-use.local"),
            hashes: hashes(&block.fields),
            origin: if workspace.is_some() { Origin::Local } else { resolved(resolution.map(String::as_str)) },
            ..Package::default()
        });
    }
    for (at, place, requires) in pending {
        let find = |(name, wanted): &(String, String)| {
            let own = lock.answers.get(&format!("{name}@{wanted}"));
            own.or_else(|| lock.answers.get(&format!("{name}@npm:{wanted}"))).copied()
        };
        let requires: Vec<usize> = requires.iter().filter_map(find).collect();
        if let Some(place) = place {
            lock.roots.insert(place, requires.clone());
        }
        lock.packages[at].requires = requires;
    }
    Ok(lock)
}

/// Yarn 1 gives what npm gives, or SHA-1 behind the address. What later Yarns give is the digest of an archive
/// that they made themselves, and says nothing of the package that others would fetch.
fn hashes(fields: &BTreeMap<String, String>) -> Vec<Digest> {
    if let Some(integrity) = fields.get("integrity") {
        return Digest::of_integrity(integrity);
    }
    let sha1 =
        fields.get("resolved").and_then(|url| url.rsplit_once('#')).and_then(|(_, hex)| Digest::new("sha1", hex));
    sha1.into_iter().collect()
}

fn resolved(resolution: Option<&str>) -> Origin {
    match resolution.map(|text| split(text).filter(|_| !text.contains("://") || text.contains("@npm:"))) {
        Some(Some((_, wanted))) if wanted.starts_with("npm:") => Origin::Registry,
        Some(Some((_, wanted))) if wanted.starts_with("patch:") => Origin::Local,
        _ => {
            let address = resolution
                .map(|text| text.find("@git").or_else(|| text.find("@http")).map_or(text, |at| &text[at + 1..]));
            origin(address, false)
        }
    }
}

/// `@scope/name@wanted`.
fn split(head: &str) -> Option<(&str, &str)> {
    let at = head.get(1..)?.find('@')? + 1;
    Some((&head[..at], &head[at + 1..]))
}

fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut in_requires = false;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let wrong = || format!("line {number} is not of a Yarn lock file");
        match line.len() - line.trim_start_matches(' ').len() {
            0 => {
                let heads = content.strip_suffix(':').ok_or_else(wrong)?;
                let heads = heads.trim_matches('"').split(',').map(|head| head.trim().trim_matches('"').to_owned());
                blocks.push(Block { heads: heads.collect(), number, ..Block::default() });
                in_requires = false;
            }
            2 => {
                let block = blocks.last_mut().ok_or_else(wrong)?;
                if let Some(section) = content.strip_suffix(':') {
                    in_requires = matches!(section, "dependencies" | "optionalDependencies");
                } else {
                    let (name, value) = field(content).ok_or_else(wrong)?;
                    block.fields.insert(name, value);
                    in_requires = false;
                }
            }
            4 if in_requires => {
                let block = blocks.last_mut().ok_or_else(wrong)?;
                block.requires.push(field(content).ok_or_else(wrong)?);
            }
            // Deeper fields say nothing of what is asked for.
            _ if !blocks.is_empty() => {}
            _ => return Err(wrong()),
        }
    }
    Ok(blocks)
}

/// `name "value"` or `name: value`, with or without quotes.
fn field(content: &str) -> Option<(String, String)> {
    let (name, value) = match content.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => content.split_at(content.find([' ', ':'])?),
    };
    let value = value.trim_start_matches(':').trim();
    Some((name.to_owned(), value.trim_matches('"').to_owned()))
}
