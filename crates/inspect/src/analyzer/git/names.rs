//! Files keep their history when they are renamed: what an older commit calls `a` is what `b` is now.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::read::{File, short};
use super::state::{Reader, Writer};

/// Renames, and files, that are followed at one time.
const FOLLOWED: usize = 500_000;

/// What older names lead to, and what is there no longer. Newer commits come first within a run.
#[derive(Default)]
pub(super) struct Names {
    run: u32,
    now_at: HashMap<u64, (u64, String)>,
    gone: HashMap<u64, (u32, bool), RandomState>,
}

/// A file of a commit, by what it is called now.
pub(super) struct Named<'a> {
    pub(super) key: u64,
    pub(super) path: Cow<'a, str>,
    /// What earlier runs counted it under, if this commit renamed it.
    pub(super) before: Option<u64>,
    pub(super) file: &'a File<'a>,
}

impl Names {
    /// Names the files of a commit.
    pub(super) fn name<'a>(&mut self, run: u32, files: &'a [File<'a>]) -> Vec<Named<'a>> {
        if self.run != run {
            self.run = run;
            self.now_at.clear();
        }
        let named: Vec<Named<'a>> = files.iter().map(|file| self.named(file)).collect();
        for named in &named {
            self.presence(named.key, named.file.is_deleted());
            if let Some(old) = named.before {
                // Earlier runs knew it under that name, unless something else took its place since.
                self.presence(old, true);
                if self.now_at.len() < FOLLOWED {
                    self.now_at.insert(old, (named.key, named.path.clone().into_owned()));
                }
            }
        }
        named
    }

    /// The first that a run tells of a file is the newest.
    fn presence(&mut self, key: u64, gone: bool) {
        let known = self.gone.get(&key).copied();
        let told = known.is_some_and(|(run, _)| run == self.run);
        if !told && (self.gone.len() < FOLLOWED || known.is_some()) {
            self.gone.insert(key, (self.run, gone));
        }
    }

    fn named<'a>(&self, file: &'a File<'a>) -> Named<'a> {
        let name = short(&file.path.0);
        let (key, path) = match self.now_at.get(&name) {
            Some((key, path)) => (*key, Cow::Owned(path.clone())),
            None => (name, Cow::Borrowed(file.path.0.as_str())),
        };
        let before = file.old_path.as_ref().map(|old| short(&old.0)).filter(|old| *old != key);
        Named { key, path, before, file }
    }

    /// Takes down which files are there and which are gone. What older names lead to is of one run.
    pub(super) fn save(&self, out: &mut Writer) {
        for gone in [false, true] {
            let mut keys: Vec<u64> = self.gone.iter().filter(|(_, (_, it))| *it == gone).map(|(key, _)| *key).collect();
            keys.sort_unstable();
            out.keys(&keys);
        }
    }

    /// Takes it up again, as of that run.
    pub(super) fn load(&mut self, from: &mut Reader<'_>, run: u32) -> Option<()> {
        self.run = run;
        for gone in [false, true] {
            let keys = from.keys()?;
            self.gone.extend(keys.into_iter().map(|key| (key, (run, gone))));
        }
        (self.gone.len() <= FOLLOWED).then_some(())
    }

    /// Whether the newest commit that touched a file deleted it.
    pub(super) fn is_gone(&self, key: u64) -> bool {
        self.gone.get(&key).is_some_and(|(_, gone)| *gone)
    }
}
