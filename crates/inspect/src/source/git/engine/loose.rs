//! Loose objects: each a file of its own, which anyone who may write to the repository can write over.

use std::cmp::Reverse;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::id::Id;

/// The names of the loose objects below `…/objects`, those whose files changed last first. The system sets
/// that time, so that a forger does not choose it.
pub(super) fn names(objects: &Path) -> Vec<Id> {
    let is_hex = |name: &str| name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let list = |path: &Path| std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let mut found = Vec::new();
    for directory in list(objects) {
        let name = directory.file_name();
        let Some(head) = name.to_str().filter(|name| name.len() == 2 && is_hex(name)) else { continue };
        for file in list(&directory.path()) {
            let name = file.file_name();
            let Some(id) = name.to_str().and_then(|tail| Id::from_hex(format!("{head}{tail}").as_bytes())) else {
                continue;
            };
            let changed = file.metadata().map_or((0, 0), |file| (file.ctime(), file.ctime_nsec()));
            found.push((Reverse(changed), id));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}
