//! Which file or package an import means, by the rules of each language.

use std::collections::{BTreeSet, HashMap};

use super::File;
use crate::source::module::syntax::Grammar;

/// What an import leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A node of the module.
    Inside(String),
    /// Something of this name that is not of the module.
    Outside(String),
    Nothing,
}

/// Ends that an import of TypeScript or JavaScript may leave out.
const ENDS: [&str; 8] = [".ts", ".tsx", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs"];

pub(super) struct Resolver<'a> {
    files: &'a [File],
    /// Files by path.
    paths: HashMap<&'a str, usize>,
    /// Rust: modules by the root of their crate and their path in it.
    rust: HashMap<(String, String), usize>,
    /// Python: files by dotted name.
    python: HashMap<String, usize>,
    /// Java: packages there are.
    packages: BTreeSet<&'a str>,
    names: &'a [String],
}

impl<'a> Resolver<'a> {
    pub(super) fn new(files: &'a [File], names: &'a [String]) -> Self {
        let paths = files.iter().enumerate().map(|(at, file)| (file.path.as_str(), at)).collect();
        let (mut rust, mut python, mut packages) = (HashMap::new(), HashMap::new(), BTreeSet::new());
        for (at, file) in files.iter().enumerate() {
            match file.grammar {
                Grammar::Rust => {
                    rust.insert(crate_of(&file.path), at);
                }
                Grammar::Python => {
                    for name in dotted(&file.path) {
                        python.entry(name).or_insert(at);
                    }
                }
                Grammar::Java => {
                    packages.extend(file.package.as_deref());
                }
                _ => {}
            }
        }
        Self { files, paths, rust, python, packages, names }
    }

    /// The node that a file belongs to.
    pub(super) fn node(&self, at: usize) -> String {
        let file = &self.files[at];
        match file.grammar {
            Grammar::Go => directory(&file.path).to_owned(),
            Grammar::Java => file.package.clone().unwrap_or_else(|| directory(&file.path).replace('/', ".")),
            _ => file.path.clone(),
        }
    }

    pub(super) fn find(&self, from: usize, wanted: &str) -> Found {
        match self.files[from].grammar {
            Grammar::Rust => self.rust(from, wanted),
            Grammar::Python => self.python(from, wanted),
            Grammar::TypeScript | Grammar::Tsx => self.script(from, wanted),
            Grammar::Go => self.go(wanted),
            Grammar::Java => self.java(wanted),
        }
    }

    fn inside(&self, at: usize) -> Found {
        Found::Inside(self.files[at].path.clone())
    }

    fn rust(&self, from: usize, wanted: &str) -> Found {
        let (root, own) = crate_of(&self.files[from].path);
        let own: Vec<&str> = own.split("::").filter(|part| !part.is_empty()).collect();
        let mut parts: Vec<&str> = wanted.split("::").filter(|part| !part.is_empty()).collect();
        let Some(first) = parts.first().copied() else { return Found::Nothing };
        let is_own_name = self.names.iter().any(|name| name.replace('-', "_") == first);
        let (root, base) = match first {
            "crate" => (root, Vec::new()),
            "self" => (root, own.clone()),
            "super" => {
                let up = parts.iter().take_while(|part| **part == "super").count();
                parts.drain(..up - 1);
                (root, own[..own.len().saturating_sub(up)].to_vec())
            }
            // A test or an example of the crate's own.
            _ if is_own_name && root != "src" => ("src".to_owned(), Vec::new()),
            name => {
                let child = [&own[..], &[name]].concat().join("::");
                if !self.rust.contains_key(&(root.clone(), child)) {
                    return Found::Outside(name.to_owned());
                }
                parts.insert(0, "self");
                (root, own.clone())
            }
        };
        let path: Vec<&str> = base.into_iter().chain(parts.into_iter().skip(1)).collect();
        for length in (0..=path.len()).rev() {
            if let Some(at) = self.rust.get(&(root.clone(), path[..length].join("::"))) {
                return self.inside(*at);
            }
        }
        Found::Nothing
    }

    fn python(&self, from: usize, wanted: &str) -> Found {
        let (module, name) = wanted.split_once(':').map_or((wanted, None), |(module, name)| (module, Some(name)));
        let up = module.bytes().take_while(|byte| *byte == b'.').count();
        let module = if up == 0 {
            module.to_owned()
        } else {
            // One dot is the package itself.
            let mut base: Vec<&str> =
                directory(&self.files[from].path).split('/').filter(|part| !part.is_empty()).collect();
            base.truncate(base.len().saturating_sub(up - 1));
            base.extend(module[up..].split('.').filter(|part| !part.is_empty()));
            base.join(".")
        };
        if let Some(name) = name.filter(|name| !name.is_empty())
            && let Some(at) =
                self.python.get(&if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") })
        {
            return self.inside(*at);
        }
        let mut tried = module.as_str();
        loop {
            if let Some(at) = self.python.get(tried) {
                return self.inside(*at);
            }
            // `import a.b.c` runs `a` and `a.b` too, but what is meant is the last that is there.
            match tried.rsplit_once('.') {
                Some((above, _)) => tried = above,
                None if up > 0 => return Found::Nothing,
                None => return Found::Outside(tried.to_owned()),
            }
        }
    }

    fn script(&self, from: usize, wanted: &str) -> Found {
        if !wanted.starts_with('.') {
            let parts = if wanted.starts_with('@') { 2 } else { 1 };
            let name: Vec<&str> = wanted.split('/').take(parts).collect();
            return Found::Outside(name.join("/"));
        }
        let path = joined(directory(&self.files[from].path), wanted);
        let stem = [".js", ".jsx", ".mjs", ".cjs"].iter().find_map(|end| path.strip_suffix(end));
        let exact = [path.clone()].into_iter();
        let with_end = ENDS.iter().map(|end| format!("{path}{end}"));
        // TypeScript imports what it will be compiled to.
        let compiled = stem.into_iter().flat_map(|stem| ENDS.iter().map(move |end| format!("{stem}{end}")));
        let index =
            ENDS.iter().map(|end| if path.is_empty() { format!("index{end}") } else { format!("{path}/index{end}") });
        let found = exact.chain(with_end).chain(compiled).chain(index).find_map(|path| self.paths.get(path.as_str()));
        found.map_or(Found::Nothing, |at| self.inside(*at))
    }

    fn go(&self, wanted: &str) -> Found {
        for name in self.names {
            if let Some(below) = wanted.strip_prefix(name.as_str())
                && (below.is_empty() || below.starts_with('/'))
            {
                return Found::Inside(below.trim_start_matches('/').to_owned());
            }
        }
        Found::Outside(wanted.to_owned())
    }

    /// The package of a class, of one within it, or of all of them.
    fn java(&self, wanted: &str) -> Found {
        let mut tried = wanted.trim_end_matches(".*");
        loop {
            if self.packages.contains(tried) {
                return Found::Inside(tried.to_owned());
            }
            match tried.rsplit_once('.') {
                Some((above, _)) => tried = above,
                None => break,
            }
        }
        let package: Vec<&str> =
            wanted.split('.').take_while(|part| part.starts_with(|c: char| c.is_ascii_lowercase())).collect();
        Found::Outside(package.join("."))
    }
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// A relative path from a directory on, without `.` and `..`.
fn joined(directory: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The root of the crate that a Rust file is of, and its path in it, as Cargo lays them out.
fn crate_of(path: &str) -> (String, String) {
    let inner = |root: &str, below: &str| {
        let stem = below.strip_suffix(".rs").unwrap_or(below);
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let stem = if matches!(stem, "lib" | "main" | "mod") { "" } else { stem };
        (root.to_owned(), stem.replace('/', "::"))
    };
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["src", "bin", program, _, ..] => {
            let root = format!("src/bin/{program}");
            inner(&root, &path[root.len() + 1..])
        }
        ["src", "bin", _] | ["build.rs"] | ["tests" | "examples" | "benches", _] => (path.to_owned(), String::new()),
        ["src", ..] => inner("src", &path[4..]),
        [kind @ ("tests" | "examples" | "benches"), name, ..] => {
            let root = format!("{kind}/{name}");
            inner(&root, &path[root.len() + 1..])
        }
        _ => inner("", path),
    }
}

/// Whether one Rust file's module lies in the other's: such modules always know one another.
pub(super) fn is_related(a: &str, b: &str) -> bool {
    let ((root_a, a), (root_b, b)) = (crate_of(a), crate_of(b));
    let within = |outer: &str, inner: &str| {
        outer.is_empty() || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
    };
    root_a == root_b && (within(&a, &b) || within(&b, &a))
}

/// A Python file's dotted names: from the module's directory on, and from `src` on.
fn dotted(path: &str) -> Vec<String> {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    let mut names = vec![stem.replace('/', ".")];
    names.extend(["src/", "lib/"].iter().filter_map(|root| stem.strip_prefix(root)).map(|name| name.replace('/', ".")));
    names
}
