//! The journal that `shim.c` writes, read back.

use std::path::{Path, PathBuf};

/// One step of the process, in the order in which the kernel took them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Opened {
        file: u32,
        path: PathBuf,
        cut: bool,
    },
    Written {
        file: u32,
        offset: u64,
        bytes: Vec<u8>,
    },
    Cut {
        file: u32,
        len: u64,
    },
    Synced {
        file: u32,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Removed {
        path: PathBuf,
    },
    Made {
        path: PathBuf,
    },
    /// The process did something that the shim cannot follow.
    Strange(String),
}

/// Reads a journal. Paths are relative to the root.
pub(crate) fn read(journal: &[u8], root: &Path) -> Vec<Step> {
    let mut rest = journal;
    let mut steps = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<17>() {
        let file = u32::from_le_bytes(head[1..5].try_into().unwrap());
        let number = u64::from_le_bytes(head[5..13].try_into().unwrap());
        let len = u32::from_le_bytes(head[13..17].try_into().unwrap()) as usize;
        let (bytes, after) = after.split_at_checked(len).expect("the journal is whole");
        steps.push(step(head[0], file, number, bytes, root));
        rest = after;
    }
    assert!(rest.is_empty(), "the journal is whole");
    steps
}

fn step(kind: u8, file: u32, number: u64, bytes: &[u8], root: &Path) -> Step {
    let text = || String::from_utf8(bytes.to_vec()).expect("paths here are text");
    let inside = |path: &str| Path::new(path).strip_prefix(root).expect("only what is under the root").to_owned();
    match kind {
        b'O' => Step::Opened { file, path: inside(&text()), cut: number != 0 },
        b'W' => Step::Written { file, offset: number, bytes: bytes.to_vec() },
        b'T' => Step::Cut { file, len: number },
        b'S' => Step::Synced { file },
        b'R' => {
            let text = text();
            let (from, to) = text.split_once('\0').expect("two paths");
            Step::Renamed { from: inside(from), to: inside(to) }
        }
        b'U' => Step::Removed { path: inside(&text()) },
        b'M' => Step::Made { path: inside(&text()) },
        _ => Step::Strange(text()),
    }
}
