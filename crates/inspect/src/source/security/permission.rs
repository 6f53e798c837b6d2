//! Permissions that are too wide, as the disk has them.

use serde::Serialize;

/// What is wrong with a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Issue {
    /// Everybody may write to a file.
    FileWorldWritable,
    /// Everybody may put something into a directory, and take away what others put there.
    DirectoryWorldWritable,
    /// Whoever runs it becomes its owner.
    Setuid,
    /// Whoever runs it becomes one of its group.
    Setgid,
    /// A private key that others can read.
    KeyReadable,
}

const STICKY: u32 = 0o1000;
const SETGID: u32 = 0o2000;
const SETUID: u32 = 0o4000;

/// What is wrong with a file's mode.
pub(super) fn of_file(mode: u32, is_private_key: bool) -> Vec<Issue> {
    let runs = mode & 0o111 != 0;
    let issues = [
        (mode & 0o002 != 0, Issue::FileWorldWritable),
        (mode & SETUID != 0 && runs, Issue::Setuid),
        // Without the right to run it, the bit once meant locking.
        (mode & SETGID != 0 && mode & 0o010 != 0, Issue::Setgid),
        (is_private_key && mode & 0o077 != 0, Issue::KeyReadable),
    ];
    issues.into_iter().filter_map(|(holds, issue)| holds.then_some(issue)).collect()
}

/// What is wrong with a directory's mode.
pub(super) fn of_directory(mode: u32) -> Vec<Issue> {
    if mode & 0o002 != 0 && mode & STICKY == 0 { vec![Issue::DirectoryWorldWritable] } else { Vec::new() }
}

impl Issue {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::FileWorldWritable => "file_world_writable",
            Self::DirectoryWorldWritable => "directory_world_writable",
            Self::Setuid => "setuid",
            Self::Setgid => "setgid",
            Self::KeyReadable => "key_readable",
        }
    }
}
