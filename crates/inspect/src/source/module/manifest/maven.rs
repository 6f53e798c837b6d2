//! `pom.xml`, and what locks a build on the JVM: `gradle.lockfile`, and `lockfile.json` of maven-lockfile.
//!
//! A parent and its managed versions lie in other files or in a registry: a version that only they know is none here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::package::{Digest, Kind, Lock, Manifest, Package, Pin, Requirement};
use super::xml::{Node, Xml};

#[derive(Default)]
struct Dependency {
    group: String,
    artifact: String,
    version: Option<String>,
    scope: String,
    optional: bool,
}

pub(super) fn manifest(text: &str) -> Result<Manifest, String> {
    let mut pom = Pom::default();
    let mut xml = Xml::new(text);
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    while let Some(node) = xml.next()? {
        match node {
            Node::Begin { name, .. } => {
                path.push(name);
                content.clear();
                pom.begin(&path);
            }
            Node::Text(text) => content.push_str(&text),
            Node::End => {
                pom.end(&path, content.trim());
                path.pop();
                content.clear();
            }
        }
    }
    if !pom.is_project {
        return Err("it is no Maven project".to_owned());
    }
    Ok(pom.finish())
}

#[derive(Default)]
struct Pom {
    is_project: bool,
    own: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
    dependencies: Vec<Dependency>,
    managed: Vec<Dependency>,
    has_modules: bool,
}

impl Pom {
    fn begin(&mut self, path: &[String]) {
        match parts(path)[..] {
            ["project"] => self.is_project = true,
            ["project", "dependencies", "dependency"] => self.dependencies.push(Dependency::default()),
            ["project", "dependencyManagement", "dependencies", "dependency"] => {
                self.managed.push(Dependency::default());
            }
            ["project", "modules", "module"] => self.has_modules = true,
            _ => {}
        }
    }

    fn end(&mut self, path: &[String], text: &str) {
        let (field, list) = match parts(path)[..] {
            ["project", own] => {
                self.own.insert(own.to_owned(), text.to_owned());
                return;
            }
            ["project", "parent", own] => {
                self.own.insert(format!("parent.{own}"), text.to_owned());
                return;
            }
            ["project", "licenses", "license", "name"] => {
                self.own.entry("licence".to_owned()).or_insert_with(|| text.to_owned());
                return;
            }
            ["project", "properties", name] => {
                self.properties.insert(name.to_owned(), text.to_owned());
                return;
            }
            ["project", "dependencies", "dependency", field] => (field, &mut self.dependencies),
            ["project", "dependencyManagement", "dependencies", "dependency", field] => (field, &mut self.managed),
            _ => return,
        };
        let Some(dependency) = list.last_mut() else { return };
        match field {
            "groupId" => dependency.group = text.to_owned(),
            "artifactId" => dependency.artifact = text.to_owned(),
            "version" => dependency.version = Some(text.to_owned()),
            "scope" => dependency.scope = text.to_owned(),
            "optional" => dependency.optional = text == "true",
            _ => {}
        }
    }

    fn finish(self) -> Manifest {
        let own = |key: &str| self.own.get(key).or_else(|| self.own.get(&format!("parent.{key}"))).cloned();
        let requires = self.dependencies.iter().map(|dependency| {
            let name = format!("{}:{}", self.resolve(&dependency.group), self.resolve(&dependency.artifact));
            let managed = || {
                let same = |it: &&Dependency| it.artifact == dependency.artifact && it.group == dependency.group;
                self.managed.iter().find(same)?.version.clone()
            };
            let version = dependency.version.clone().or_else(managed).map(|version| self.resolve(&version));
            let kind = match dependency.scope.as_str() {
                "test" => Kind::Dev,
                _ if dependency.optional => Kind::Optional,
                _ => Kind::Runtime,
            };
            let pin = version.as_deref().map_or(Pin::Range, pin);
            Requirement::new(name, version.unwrap_or_default(), kind, pin)
        });
        let requires = requires.collect();
        let name = own("artifactId").map(|artifact| match own("groupId") {
            Some(group) => format!("{group}:{artifact}"),
            None => artifact,
        });
        Manifest {
            name,
            version: own("version").map(|version| self.resolve(&version)),
            licence: self.own.get("licence").cloned(),
            requires,
            is_workspace_only: self.has_modules && self.dependencies.is_empty(),
            pins_itself: true,
            ..Manifest::default()
        }
    }

    /// Properties put in, once each: one that names itself stays as it is.
    fn resolve(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for _ in 0..8 {
            let Some(start) = out.find("${") else { break };
            let Some(end) = out[start..].find('}').map(|end| start + end) else { break };
            let name = &out[start + 2..end];
            let own = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).map(str::to_owned);
            let value = self.properties.get(name).or_else(|| {
                let own = own?;
                self.own.get(&own).or_else(|| self.own.get(&format!("parent.{own}")))
            });
            let Some(value) = value.filter(|value| value.len() < 1_000) else { break };
            out = format!("{}{value}{}", &out[..start], &out[end + 1..]);
            if out.len() > 4_000 {
                break;
            }
        }
        out
    }
}

fn parts(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn pin(version: &str) -> Pin {
    match version {
        "LATEST" | "RELEASE" => Pin::Any,
        moving if moving.ends_with("-SNAPSHOT") => Pin::Moving,
        exact if exact.starts_with('[') && exact.ends_with(']') && !exact.contains(',') => Pin::Exact,
        range if range.starts_with(['[', '(']) => Pin::Any,
        property if property.contains("${") => Pin::Range,
        _ => Pin::Exact,
    }
}

/// `group:artifact:version=configurations` a line.
pub(super) fn gradle_lock(text: &str) -> Result<Lock, String> {
    let mut lock = Lock::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        let wrong = || format!("line {} is not `GROUP:ARTIFACT:VERSION=CONFIGURATIONS`", number + 1);
        let (name, configurations) = line.split_once('=').ok_or_else(wrong)?;
        let (name, version) = name.rsplit_once(':').filter(|(name, _)| name.contains(':')).ok_or_else(wrong)?;
        let is_dev = configurations.split(',').all(|name| name.to_ascii_lowercase().contains("test"));
        lock.packages.push(Package {
            name: name.to_owned(),
            version: Some(version.to_owned()),
            is_dev,
            ..Package::default()
        });
    }
    lock.roots.insert(String::new(), (0..lock.packages.len()).collect());
    Ok(lock)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonLock {
    group_id: Option<String>,
    artifact_id: Option<String>,
    dependencies: Vec<JsonPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonPackage {
    group_id: String,
    artifact_id: String,
    version: String,
    checksum: Option<String>,
    checksum_algorithm: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    children: Vec<JsonPackage>,
}

pub(super) fn json_lock(text: &str) -> Result<Lock, String> {
    let read: JsonLock =
        serde_json::from_str(text).map_err(|error| format!("no lock file of maven-lockfile: {error}"))?;
    let (mut lock, mut known) = (Lock::default(), BTreeMap::new());
    let direct: Vec<usize> = read.dependencies.iter().map(|it| add(it, &mut lock, &mut known)).collect();
    if let (Some(group), Some(artifact)) = (read.group_id, read.artifact_id) {
        lock.roots.insert(format!("{group}:{artifact}"), direct.clone());
    }
    lock.roots.insert(String::new(), direct);
    Ok(lock)
}

/// The parser bounds how deep children lie.
fn add(read: &JsonPackage, lock: &mut Lock, known: &mut BTreeMap<String, usize>) -> usize {
    let name = format!("{}:{}", read.group_id, read.artifact_id);
    let key = format!("{name}@{}", read.version);
    let at = known.get(&key).copied().unwrap_or_else(|| {
        lock.packages.push(Package {
            name,
            version: Some(read.version.clone()),
            hashes: read
                .checksum
                .as_ref()
                .and_then(|hex| Digest::new(read.checksum_algorithm.as_deref().unwrap_or("sha256"), hex))
                .into_iter()
                .collect(),
            is_dev: read.scope.as_deref() == Some("test"),
            ..Package::default()
        });
        known.insert(key, lock.packages.len() - 1);
        lock.packages.len() - 1
    });
    let children: Vec<usize> = read.children.iter().map(|child| add(child, lock, known)).collect();
    for child in children {
        if !lock.packages[at].requires.contains(&child) {
            lock.packages[at].requires.push(child);
        }
    }
    at
}
