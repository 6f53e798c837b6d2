//! `go.mod` and `go.sum` (go.dev/ref/mod).
//!
//! `go.mod` names the versions that are built with, `go.sum` their digests.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::package::{Digest, Kind, Lock, Manifest, Package, Pin, Requirement, hex};

pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    let mut manifest = Manifest::default();
    let mut replaced: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut block: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let mut words: Vec<String> = code.split_ascii_whitespace().map(unquoted).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => continue,
            [")"] => {
                block = None;
                continue;
            }
            [verb, "("] => {
                block = Some(verb.to_owned());
                continue;
            }
            _ => {}
        }
        let verb = block.clone().unwrap_or_else(|| words.remove(0));
        match (verb.as_str(), &words[..]) {
            ("module", [name]) => manifest.name = Some(name.clone()),
            ("require", [name, version]) => {
                let indirect = comment.trim_start().starts_with("indirect");
                let kind = if indirect { Kind::Indirect } else { Kind::Runtime };
                manifest.requires.push(Requirement::new(name, version, kind, Pin::Exact));
            }
            ("replace", words) => {
                if let Some(arrow) = words.iter().position(|word| word == "=>") {
                    replaced.insert(words[0].clone(), words[arrow + 1..].to_vec());
                }
            }
            ("module" | "require", _) => return Err(format!("line {} is not `{verb} NAME VERSION`", number + 1)),
            // go, toolchain, exclude, retract, tool, godebug, ignore: nothing that is depended on.
            _ => {}
        }
    }
    if manifest.name.is_none() {
        return Err("there is no `module` line".to_owned());
    }
    for wanted in &mut manifest.requires {
        match replaced.get(&wanted.name).map(Vec::as_slice) {
            Some([name, version]) => (wanted.name, wanted.wanted) = (name.clone(), version.clone()),
            Some([_]) => wanted.pin = Pin::Local,
            _ => {}
        }
    }
    Ok(manifest)
}

fn unquoted(word: &str) -> String {
    word.trim_matches(['"', '`']).to_owned()
}

/// Each module and version with its digest: `h1:` is SHA-256 over the digests of its files.
pub(super) fn sum(text: &str) -> Result<Lock, String> {
    let mut lock = Lock::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let [name, version, digest] = line.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
            return Err(format!("line {} is not `NAME VERSION DIGEST`", number + 1));
        };
        if version.ends_with("/go.mod") {
            continue;
        }
        let bytes = digest.strip_prefix("h1:").and_then(|encoded| STANDARD.decode(encoded).ok());
        let hashes = bytes.and_then(|bytes| Digest::new("sha256", &hex(&bytes))).into_iter().collect();
        lock.answers.insert(format!("{name}@{version}"), lock.packages.len());
        lock.packages.push(Package {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            hashes,
            ..Package::default()
        });
    }
    Ok(lock)
}
