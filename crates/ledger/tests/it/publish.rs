//! The tile directory, and what Tessera's `fsck` says of it.
//!
//! `TESSERA_FSCK` names the `fsck` of `github.com/transparency-dev/tessera/cmd/fsck`;
//! without it, that one test only checks the files themselves.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use sealbook_ledger::{
    Error, Hash, TreeState,
    publish::{CHECKPOINT_PATH, entries_path, publish, tile_path},
};

use crate::book::{Book, CHECKPOINT, key};

type Files = BTreeMap<String, Vec<u8>>;

fn published(book: &Book, at: usize, since: u64) -> Files {
    let mut files = Files::new();
    let note = std::str::from_utf8(&book.checkpoints[at].note).unwrap();
    let leaf = |seq: u64, out: &mut Vec<u8>| {
        out.extend_from_slice(&book.entries[seq as usize].leaf);
        Ok::<(), Error>(())
    };
    let mut last = String::new();
    let file = |path: &str, bytes: &[u8]| {
        assert!(files.insert(path.to_owned(), bytes.to_vec()).is_none(), "{path} is made twice");
        path.clone_into(&mut last);
        Ok(())
    };
    publish(note, since, &book.tiles, leaf, file).unwrap();
    assert_eq!(last, CHECKPOINT_PATH);
    files
}

#[test]
fn paths_are_those_of_tlog_tiles() {
    assert_eq!(tile_path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile_path(0, 1_234_067, 8), "tile/0/x001/x234/067.p/8");
    assert_eq!(tile_path(2, 0, 1), "tile/2/000.p/1");
    assert_eq!(entries_path(1_000, 256), "tile/entries/x001/000");
    assert_eq!(entries_path(999, 255), "tile/entries/999.p/255");
}

#[test]
fn a_directory_holds_the_tree_and_its_leaves() {
    for (size, expected) in [
        (1, vec!["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"]),
        (256, vec!["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"]),
        (
            300,
            vec![
                "checkpoint",
                "tile/0/000",
                "tile/0/001.p/44",
                "tile/1/000.p/1",
                "tile/entries/000",
                "tile/entries/001.p/44",
            ],
        ),
    ] {
        let book = Book::of(size, 64);
        let files = published(&book, book.checkpoints.len() - 1, 0);
        assert_eq!(files.keys().collect::<Vec<_>>(), expected);
        let mut tree = TreeState::empty();
        let bundles = files.iter().filter(|(path, _)| path.starts_with("tile/entries/"));
        for (_, bundle) in bundles {
            let mut rest = &bundle[..];
            while let Some((len, after)) = rest.split_first_chunk::<2>() {
                let (leaf, after) = after.split_at(u16::from_be_bytes(*len).into());
                tree.push(Hash::of_leaf(leaf));
                rest = after;
            }
        }
        assert_eq!((tree.size(), tree.root()), (size, book.tree.root()));
    }
}

#[test]
fn a_later_checkpoint_adds_only_what_changed() {
    let book = Book::of(700, 300);
    let sizes: Vec<u64> = book.checkpoints.iter().map(|checkpoint| checkpoint.size).collect();
    assert_eq!(sizes, [1, 301, 601, 700]);
    let added = published(&book, 3, 601);
    let expected = ["checkpoint", "tile/0/002.p/188", "tile/entries/002.p/188"];
    assert_eq!(added.keys().collect::<Vec<_>>(), expected);
    let mut all = published(&book, 2, 0);
    all.extend(added);
    for (path, bytes) in published(&book, 3, 0) {
        assert_eq!(all.get(&path), Some(&bytes), "{path}");
    }
}

#[test]
fn tessera_accepts_honest_directories_and_no_others() {
    let Some(fsck) = std::env::var_os("TESSERA_FSCK") else { return };
    let dir = std::env::temp_dir().join(format!("sealbook-publish-{}", std::process::id()));
    for size in [1, 2, 255, 256, 257, 1_000, 66_000] {
        let book = Book::of(size, 5_000);
        let files = published(&book, book.checkpoints.len() - 1, 0);
        let check = |name: &str, files: &Files| {
            let root = dir.join(format!("{size}-{name}"));
            write(&root, files);
            let vkey = root.join("vkey");
            std::fs::write(&vkey, key(CHECKPOINT).public().vkey(&book.origin)).unwrap();
            runs(Path::new(&fsck), &root, &vkey)
        };
        assert!(check("honest", &files), "honest, size {size}");
        if size > 1_000 {
            continue;
        }
        for path in files.keys() {
            let mut tampered = files.clone();
            let bytes = tampered.get_mut(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            assert!(!check("tampered", &tampered), "{path} tampered, size {size}");
            tampered.remove(path);
            assert!(!check("missing", &tampered), "{path} missing, size {size}");
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
}

fn write(root: &PathBuf, files: &Files) {
    let _ = std::fs::remove_dir_all(root);
    for (path, bytes) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// With as many workers as there are tiles: with fewer, it waits for ever once one has failed.
fn runs(fsck: &Path, root: &Path, vkey: &Path) -> bool {
    let url = format!("--storage_url=file://{}/", root.display());
    let key = format!("--public_key={}", vkey.display());
    let output = Command::new(fsck).args([url.as_str(), &key, "--ui=false", "--N=64"]).output().expect("fsck runs");
    // Version 1.0.4 exits with 0 whatever it finds; what it says is the same in later ones.
    String::from_utf8_lossy(&output.stderr).contains("Successfully fsck'd log")
}
