//! Names of users and groups, from the system's own files.

use std::collections::BTreeMap;

/// Which names stand for which numbers. Directory services are not asked; what they alone know
/// stays a number.
#[derive(Debug, Default)]
pub(super) struct Owners {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Owners {
    /// Reads `/etc/passwd` and `/etc/group`; a system without them has no names.
    pub(super) fn of_this_system() -> Self {
        let read = |path| std::fs::read(path).map(|bytes| names(&bytes)).unwrap_or_default();
        Self { users: read("/etc/passwd"), groups: read("/etc/group") }
    }

    pub(super) fn user(&self, uid: u32) -> Option<&str> {
        self.users.get(&uid).map(String::as_str)
    }

    pub(super) fn group(&self, gid: u32) -> Option<&str> {
        self.groups.get(&gid).map(String::as_str)
    }
}

/// `name:password:number:…`, one per line; the first name of a number counts, as in the system.
fn names(file: &[u8]) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    for line in String::from_utf8_lossy(file).lines() {
        let mut fields = line.split(':');
        if let (Some(name), _, Some(Ok(number))) = (fields.next(), fields.next(), fields.next().map(str::parse)) {
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_passwd_form() {
        let names = names(b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n\n+::::\nann:x:1000:1000::/:\n");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [(0, "root".into()), (1000, "ann".into())]);
    }
}
