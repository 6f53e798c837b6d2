//! What calls of tools do to files of this machine: looked at before a call goes out, and before its reply is seen.

use std::path::{Component, Path, PathBuf};

use sealbook_record::{FileState, PartName, Record, plain_path};
use serde_json::value::RawValue;

use super::peek::{elements, split, text};
use super::session::FilePlace;
use crate::files;

/// Longer texts are no paths.
const PATH_BYTES_MAX: usize = 4_096;
/// Names in one call that are looked at.
const LOOKED_MAX: usize = 32;
/// What the last word of an argument's name is where a path that is not absolute stands in it.
const WORDS: &[&str] = &["path", "paths", "file", "files", "filename", "source", "destination", "src", "dst"];
/// Larger lists are of data, not of names.
const LIST_BYTES_MAX: usize = 64 << 10;

/// The states now of the files that a call's record tells; none where it tells none.
pub(super) fn after(call: &Record, place: &FilePlace, with_content: bool) -> Option<Box<RawValue>> {
    let before = FileState::of_part(call, PartName::Before);
    let paths: Vec<PathBuf> = before.iter().map(|state| PathBuf::from(&state.path)).collect();
    (!paths.is_empty()).then(|| states(&paths, place, with_content))
}

/// The states of files as a part of a record.
pub(super) fn states(paths: &[PathBuf], place: &FilePlace, with_content: bool) -> Box<RawValue> {
    files::told_as(&files::look(paths, Some(&place.root), with_content))
}

/// Whether a call's record tells files.
pub(super) fn has_files(call: &Record) -> bool {
    call.part(PartName::Before).is_some()
}

/// The files in that place that arguments name, no directories.
pub(super) fn named(arguments: &str, place: &FilePlace) -> Vec<PathBuf> {
    let mut looking = Looking { place, left: LOOKED_MAX, found: Vec::new() };
    looking.object(arguments, true);
    looking.found
}

struct Looking<'a> {
    place: &'a FilePlace,
    /// How many more names are looked at.
    left: usize,
    found: Vec<PathBuf>,
}

impl Looking<'_> {
    fn object(&mut self, object: &str, has_lists: bool) {
        if !object.starts_with('{') {
            return;
        }
        let ([], members) = split(object, []);
        for (name, value) in members {
            let is_named = says_path(&name);
            match value.as_bytes().first() {
                Some(b'"') => self.text(value, is_named),
                Some(b'[') if has_lists && value.len() <= LIST_BYTES_MAX => {
                    for element in elements(value) {
                        match element.as_bytes().first() {
                            Some(b'"') => self.text(element, is_named),
                            _ => self.object(element, false),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, token: &str, is_named: bool) {
        let may_be = is_named || token.starts_with("\"/");
        if !may_be || token.len() > PATH_BYTES_MAX || self.left == 0 {
            return;
        }
        let Some(path) = text(token).filter(|path| !path.is_empty() && !path.contains(['\n', '\0'])) else { return };
        self.left -= 1;
        let path = self.place.cwd.join(&*path);
        // Whoever opens it follows a link before a `..`.
        let upwards = path.components().any(|part| part == Component::ParentDir);
        let led = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
        let path = if upwards { led().unwrap_or_else(|| plain_path(&path)) } else { plain_path(&path) };
        if !self.found.contains(&path) && lies_below(&path, &self.place.root) && !path.is_dir() {
            self.found.push(path);
        }
    }
}

/// `path`, `file_path`, `filePath`, `targetFile`, but not `profile`.
fn says_path(name: &str) -> bool {
    let is_new = |(at, c): &(usize, char)| c.is_ascii_uppercase() && *at > 0 || matches!(c, '_' | '-' | '.');
    let last = name.char_indices().rfind(is_new).map_or(0, |(at, _)| at);
    let word = name[last..].trim_start_matches(['_', '-', '.']).to_ascii_lowercase();
    WORDS.contains(&word.as_str())
}

/// Whether the path, or what of it is there, lies in the directory, links followed, and is not a repository's or ours.
fn lies_below(path: &Path, root: &Path) -> bool {
    let own = |part: Component<'_>| matches!(part.as_os_str().to_str(), Some(".git" | ".sealbook"));
    let there = path.ancestors().find_map(|part| part.canonicalize().ok());
    let is_below = there.is_some_and(|there| there.starts_with(root));
    is_below && path.strip_prefix(root).is_ok_and(|below| !below.components().any(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_under_the_names_and_forms_that_servers_use() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("out")).unwrap();
        let place = FilePlace { cwd: root.clone(), root: root.clone() };
        let at = root.display();
        for (arguments, names) in [
            (r#"{"path":"a.txt","content":"/etc/passwd"}"#.to_owned(), vec!["a.txt"]),
            (format!(r#"{{"x":"{at}/src/b.rs","y":"src/c.rs"}}"#), vec!["src/b.rs"]),
            (r#"{"source":"a","destination":"./src/../b"}"#.to_owned(), vec!["a", "b"]),
            (r#"{"filePath":"a","target_file":"b","profile":"c","name":"d"}"#.to_owned(), vec!["a", "b"]),
            (r#"{"files":[{"path":"a","text":"b"},{"path":"c"}],"paths":["d","a"]}"#.to_owned(), vec!["a", "c", "d"]),
            (r#"{"path":"src"}"#.to_owned(), vec![]),
            (r#"{"path":"../x"}"#.to_owned(), vec![]),
            (r#"{"path":"out/passwd"}"#.to_owned(), vec![]),
            (r#"{"path":".git/config","file":".sealbook/x"}"#.to_owned(), vec![]),
            (r#"{"path":"","file":"a\nb"}"#.to_owned(), vec![]),
            ("[]".to_owned(), vec![]),
        ] {
            let mut expected: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
            let mut found = named(&arguments, &place);
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{arguments}");
        }
        let within = FilePlace { cwd: root.join("src"), root: root.clone() };
        assert_eq!(named(r#"{"path":"a"}"#, &within), [root.join("src/a")]);
        let many: Vec<String> = (0..100).map(|nth| format!("f{nth}")).collect();
        assert_eq!(named(&serde_json::json!({ "paths": many }).to_string(), &place).len(), LOOKED_MAX);
    }
}
