//! What manifests and lock files say, in one form for all ecosystems.

use std::collections::BTreeMap;

use serde::Serialize;

/// Where packages come from and how they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ecosystem {
    Cargo,
    Python,
    Npm,
    Go,
    Maven,
}

/// What a manifest says of the module it makes.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) requires: Vec<Requirement>,
    /// It holds other modules together and has no code of its own.
    pub(super) is_workspace_only: bool,
    /// There is no lock file beside it by design: it names versions itself (Maven, requirement lists).
    pub(super) pins_itself: bool,
    /// Further lists that it leads to.
    pub(super) includes: Vec<Include>,
    /// Why it does not say all that is depended on, where a lock file alone would.
    pub(super) unread: Option<&'static str>,
}

/// A list of requirements that another one leads to.
#[derive(Debug, Clone)]
pub(super) struct Include {
    /// As it stands there: seen from the list's own directory.
    pub(super) path: String,
    /// It asks for nothing, and says which versions would do of what others ask for.
    pub(super) is_constraint: bool,
}

/// A package that a manifest asks for.
#[derive(Debug, Clone)]
pub(super) struct Requirement {
    /// As lock files name it.
    pub(super) name: String,
    /// The versions that would do, in the ecosystem's own words.
    pub(super) wanted: String,
    pub(super) kind: Kind,
    pub(super) pin: Pin,
    /// Digests of the artefacts that are accepted, where the manifest gives them.
    pub(super) hashes: Vec<Digest>,
}

/// When a package is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Runtime,
    /// To test or to build.
    Dev,
    /// Where it is there, or asked for.
    Optional,
    /// Brought by someone else.
    Indirect,
}

/// How much a requirement leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pin {
    Exact,
    Range,
    /// Any version at all.
    Any,
    /// Something that moves: a branch, `latest`, a snapshot.
    Moving,
    /// A directory beside it.
    Local,
}

/// What a lock file fixes.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub(super) packages: Vec<Package>,
    /// What modules ask for directly: by their directory seen from the lock file, or by their name.
    pub(super) roots: BTreeMap<String, Vec<usize>>,
    /// Which package answers a requirement, where the lock file says so: `name@wanted`.
    pub(super) answers: BTreeMap<String, usize>,
}

/// A package in a lock file.
#[derive(Debug, Clone, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) hashes: Vec<Digest>,
    pub(super) origin: Origin,
    /// Other packages of the same lock file.
    pub(super) requires: Vec<usize>,
    pub(super) is_dev: bool,
}

/// Where a package is brought from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Origin {
    /// The ecosystem's usual registry.
    #[default]
    Registry,
    /// A repository, as a URL with what was checked out.
    Git(String),
    /// An archive.
    Url(String),
    /// A directory of the same tree.
    Local,
}

/// A digest of a package's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    /// As `CycloneDX` names it: `SHA-256`.
    pub(super) algorithm: &'static str,
    pub(super) hex: String,
}

impl Digest {
    /// A digest in hexadecimal; none where it is not as long as the algorithm's are.
    pub(super) fn new(algorithm: &str, hex: &str) -> Option<Self> {
        let (algorithm, chars) = match algorithm.to_ascii_lowercase().as_str() {
            "md5" => ("MD5", 32),
            "sha1" | "sha-1" => ("SHA-1", 40),
            "sha256" | "sha-256" => ("SHA-256", 64),
            "sha384" | "sha-384" => ("SHA-384", 96),
            "sha512" | "sha-512" => ("SHA-512", 128),
            _ => return None,
        };
        let fits = hex.len() == chars && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Self { algorithm, hex: hex.to_ascii_lowercase() })
    }

    /// Subresource integrity, as npm's tools write it: `sha512-BASE64`, several with blanks between.
    pub(super) fn of_integrity(text: &str) -> Vec<Self> {
        use base64::Engine as _;
        let one = |part: &str| {
            let (algorithm, encoded) = part.split_once('-')?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
            Self::new(algorithm, &hex(&bytes))
        };
        text.split_ascii_whitespace().filter_map(one).collect()
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// Longer names, versions and licences are none.
const WORD_BYTES_MAX: usize = 1_024;
/// Artefacts of one package whose digests are kept.
const HASHES_MAX: usize = 200;

fn check<'a>(words: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut words = words;
    match words.find(|word| word.len() > WORD_BYTES_MAX) {
        Some(_) => Err(format!("a name, a version or an address is longer than {WORD_BYTES_MAX} bytes")),
        None => Ok(()),
    }
}

/// Takes who asks, and with what, out of an address: tokens often stand there without looking like one.
fn leave_out_user(address: &mut String) {
    let Some(start) = address.find("://").map(|at| at + 3) else { return };
    let end = address[start..].find(['/', '?', '#']).map_or(address.len(), |at| start + at);
    if let Some(at) = address[start..end].rfind('@')
        && &address[start..start + at] != "git"
    {
        address.replace_range(start..=start + at, "");
    }
}

impl Manifest {
    /// Refuses what no record would hold.
    pub(super) fn checked(mut self) -> Result<Self, String> {
        check([&self.name, &self.version, &self.licence].into_iter().flatten())?;
        check(self.requires.iter().flat_map(|wanted| [&wanted.name, &wanted.wanted]))?;
        for wanted in &mut self.requires {
            wanted.hashes.truncate(HASHES_MAX);
            leave_out_user(&mut wanted.wanted);
            leave_out_user(&mut wanted.name);
        }
        Ok(self)
    }
}

impl Requirement {
    pub(super) fn new(name: impl Into<String>, wanted: impl Into<String>, kind: Kind, pin: Pin) -> Self {
        Self { name: name.into(), wanted: wanted.into(), kind, pin, hashes: Vec::new() }
    }
}

impl Lock {
    /// Refuses what no record would hold.
    pub(super) fn checked(mut self) -> Result<Self, String> {
        for package in &mut self.packages {
            let address = match &package.origin {
                Origin::Git(url) | Origin::Url(url) => Some(url),
                _ => None,
            };
            check(
                [Some(&package.name), package.version.as_ref(), package.licence.as_ref(), address]
                    .into_iter()
                    .flatten(),
            )?;
            package.hashes.truncate(HASHES_MAX);
            if let Origin::Git(url) | Origin::Url(url) = &mut package.origin {
                leave_out_user(url);
            }
        }
        Ok(self)
    }

    /// What the module asks for directly. `below` is its directory seen from the lock file's.
    ///
    /// A requirement that the lock file does not know is given as its index among the module's requirements.
    pub(super) fn direct(&self, manifest: &Manifest, below: &str) -> (Vec<usize>, Vec<usize>) {
        let by_name = manifest.name.as_ref().and_then(|name| self.roots.get(name));
        let known = self.roots.get(below).or(by_name);
        let (mut direct, mut missing) = (Vec::new(), Vec::new());
        for (index, wanted) in manifest.requires.iter().enumerate() {
            let among =
                known.and_then(|known| known.iter().find(|at| self.packages[**at].name == wanted.name)).copied();
            let answer = || self.answers.get(&format!("{}@{}", wanted.name, wanted.wanted)).copied();
            let any = || self.packages.iter().position(|package| package.name == wanted.name);
            match among.or_else(answer).or_else(any) {
                Some(at) => direct.push(at),
                None => missing.push(index),
            }
        }
        direct.extend(known.into_iter().flatten());
        direct.sort_unstable();
        direct.dedup();
        (direct, missing)
    }

    /// Everything that these packages bring in, themselves included.
    pub(super) fn closure(&self, direct: &[usize]) -> Vec<usize> {
        let mut seen = vec![false; self.packages.len()];
        let mut open: Vec<usize> = direct.to_vec();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&self.packages[at].requires);
            }
        }
        (0..seen.len()).filter(|at| seen[*at]).collect()
    }
}
