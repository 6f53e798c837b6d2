//! Whether a command can change a file: by what it writes to, or by the program that has it among its words.
//!
//! The list is of programs that only read. Whatever is not known to leave a file as it is counts as changing it.

use super::commands::is_sentence;
use super::places::path_of;
use super::shell::{Room, Run, any_run, destination, program};
use super::walk::Line;

/// Programs that leave alone whatever they are given, with any options.
pub(super) static READERS: &[&str] = &[
    ".",
    "[",
    "[[",
    "ack",
    "ag",
    "b2sum",
    "b3sum",
    "base64",
    "basename",
    "bat",
    "batcat",
    "cat",
    "cd",
    "cksum",
    "cmp",
    "column",
    "case",
    "cut",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "env",
    "expand",
    "false",
    "fgrep",
    "file",
    "fmt",
    "fold",
    "for",
    "grep",
    "head",
    "hexdump",
    "jq",
    "ls",
    "md5sum",
    "mkdir",
    "more",
    "nl",
    "od",
    "paste",
    "printf",
    "pwd",
    "read",
    "readlink",
    "realpath",
    "rg",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "source",
    "stat",
    "strings",
    "sum",
    "tac",
    "tail",
    "test",
    "tr",
    "true",
    "type",
    "wc",
    "which",
    "whereis",
    "zcat",
    "zgrep",
];
/// Commands of git that leave the working tree as it is.
pub(super) static GIT_READS: &[&str] = &[
    "add",
    "annotate",
    "blame",
    "cat-file",
    "check-attr",
    "check-ignore",
    "commit",
    "describe",
    "diff",
    "diff-files",
    "diff-index",
    "diff-tree",
    "fetch",
    "grep",
    "hash-object",
    "help",
    "log",
    "ls-files",
    "ls-tree",
    "push",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "show-ref",
    "status",
    "whatchanged",
];
/// Programs that take away what they are given, with all that is in it.
static TAKES_AWAY: &[&str] = &["gio", "mv", "rm", "shred", "srm", "trash", "trash-put", "unlink"];
/// Programs that write to their last word and read the others.
static TO_THE_LAST: &[&str] = &["cp", "install", "rsync", "scp"];

/// Programs that change what they are given, by which a text that was typed is known for a command.
static TYPED: &[&str] = &["chmod", "dd", "ln", "nano", "sed", "tee", "truncate", "vi", "vim"];

/// Files, by the ends of their paths.
#[derive(Debug)]
pub(crate) struct Files(Vec<Vec<String>>);

impl Files {
    pub(crate) fn new(ends: &[String]) -> Self {
        let pieces = |end: &String| end.split('/').filter(|piece| !piece.is_empty()).map(str::to_lowercase).collect();
        Self(ends.iter().map(pieces).collect())
    }

    /// Whether a text is the path of one of them, from the directory `cwd` on.
    pub(crate) fn are_named(&self, path: &str, cwd: Option<&str>) -> bool {
        self.is_one(&plain(&path_of(path), &plain(cwd.unwrap_or_default(), &[])))
    }

    /// Whether what a part says can change one of them.
    pub(crate) fn are_changed(&self, line: &Line<'_>, cwd: Option<&str>, room: &mut Room) -> bool {
        // Where a command is done; what it names from there on is a path as well.
        let mut here = plain(cwd.unwrap_or_default(), &[]);
        let mut each = |run: &Run<'_>| {
            if let Some(to) = destination(run.words) {
                here = plain(to, &here);
            }
            self.changes(run, &here)
        };
        match line {
            Line::Typed(text, _) => room.guess(|room| any_run(text, room, &mut |run| may_be_typed(run) && each(run))),
            line => line.any_run(room, &mut each),
        }
    }

    fn changes(&self, run: &Run<'_>, here: &[String]) -> bool {
        let is_meant = |word: &String| pieces_of(word).any(|piece| self.is_one(&plain(piece, here)));
        let is_above = |word: &String| self.is_above(&plain(word, here));
        if run.is_code {
            return run.words.first().is_some_and(is_meant);
        }
        if run.targets.iter().any(is_meant) {
            return true;
        }
        let Some((first, words)) = run.words.split_first() else { return false };
        let name = program(first);
        let words: Vec<&String> = words.iter().chain(run.more).collect();
        let is_named = || words.iter().any(|word| is_meant(word)) || run.more.iter().any(is_above);
        let is_reached = || is_named() || words.iter().any(|word| is_above(word));
        let has = |options: &[&str]| words.iter().any(|word| options.iter().any(|option| word.starts_with(option)));
        match name.as_str() {
            name if READERS.contains(&name) => false,
            "less" | "tree" | "xxd" => has(&["-o", "-O", "-r", "--log-file"]) && is_named(),
            "ln" => is_reached(),
            name if TAKES_AWAY.contains(&name) => is_reached(),
            name if TO_THE_LAST.contains(&name) => {
                let takes = has(&["--remove-source-files", "--del"]) && is_reached();
                takes || self.is_written(&words, here)
            }
            "awk" | "gawk" | "mawk" | "nawk" => {
                let is_told = |word: &&String| word.contains("FILENAME") && word.contains('>');
                (has(&["-i"]) || words.iter().any(is_told)) && is_named()
            }
            "curl" | "wget" => {
                let is_output = |word: &str| is_flag(word, 'o') || is_flag(word, 'O') || word == "--output";
                let attached = |word: &str| {
                    is_flag(word, 'o') && word.split_once('o').is_some_and(|(_, to)| is_meant(&to.to_owned()))
                };
                words.windows(2).any(|pair| is_output(pair[0]) && is_meant(pair[1]))
                    || words.iter().any(|word| attached(word) || (word.starts_with("--output") && is_meant(word)))
            }
            "dd" => words.iter().any(|word| word.strip_prefix("of=").is_some_and(|of| is_meant(&of.to_owned()))),
            "find" | "fd" => (has(&["-delete", "-fprint", "-fls"]) || starts_changer(&words)) && is_reached(),
            "git" => !self.git_reads(&words, here) && is_reached(),
            "sed" => {
                is_named()
                    && (words.iter().any(|word| is_flag(word, 'i') || word.starts_with("--in-place")) || {
                        // `w FILE` in the script.
                        words.iter().any(|word| word.contains(char::is_whitespace) && is_meant(word))
                    })
            }
            "python" | "python3" if words.len() > 1 && words[0] == "-m" && words[1] == "json.tool" => {
                words[2..].iter().filter(|word| !word.starts_with('-')).nth(1).is_some_and(|word| is_meant(word))
            }
            "sort" | "uniq" | "yq" => (has(&["-o", "--output", "-i", "--inplace"]) || name == "uniq") && is_named(),
            "tar" => is_named() && !only_packs(&words, &is_meant),
            _ => is_named(),
        }
    }

    /// Whether the last word, or the one that `-t` names, is one of them or the directory where a source would be one.
    fn is_written(&self, words: &[&String], here: &[String]) -> bool {
        let Some(told) = aim_of(words) else { return false };
        let aim = told.rsplit_once(':').map_or(told, |(_, path)| path);
        let is_top = matches!(aim.trim_end_matches('/'), "." | ".." | "~" | "$HOME" | "$PWD");
        let aim = plain(aim, here);
        self.is_one(&aim)
            || words.iter().any(|word| {
                let source = plain(word, &[]);
                let holds_all = *word != told && (word.ends_with(['/', '*']) || word.ends_with("/."));
                source.last().is_some_and(|name| self.is_one(&[&aim[..], std::slice::from_ref(name)].concat()))
                    || (is_top && self.is_above(&source))
                    || (holds_all && self.is_above(&aim))
            })
    }

    /// Whether it is a command of git that leaves files alone.
    fn git_reads(&self, words: &[&String], here: &[String]) -> bool {
        let mut rest = words.iter();
        let command = loop {
            match rest.next() {
                Some(word) if matches!(word.as_str(), "-C" | "-c" | "--git-dir" | "--work-tree") => drop(rest.next()),
                Some(word) if word.starts_with('-') => {}
                other => break other,
            }
        };
        let writes = words.iter().any(|word| {
            word.strip_prefix("--output=").is_some_and(|path| self.is_one(&plain(path, here))) || *word == "--output"
        });
        !writes && command.is_some_and(|command| GIT_READS.contains(&command.as_str()))
    }

    fn is_one(&self, path: &[String]) -> bool {
        self.0.iter().any(|end| {
            let skipped = path.len().checked_sub(end.len());
            skipped.is_some_and(|skipped| path[skipped..].iter().zip(end).all(|(piece, name)| may_be(piece, name)))
        })
    }

    /// Whether it is the directory in which one of them lies.
    fn is_above(&self, path: &[String]) -> bool {
        path.last().is_some_and(|last| {
            self.0.iter().any(|end| end.len() > 1 && last.starts_with('.') && may_be(last, &end[end.len() - 2]))
        })
    }
}

/// Where copies go to: what `-t` names, or the last word that is no option.
fn aim_of<'w>(words: &[&'w String]) -> Option<&'w str> {
    let named = words.windows(2).find(|pair| matches!(pair[0].as_str(), "-t" | "--target-directory"));
    let attached = words
        .iter()
        .find_map(|word| word.strip_prefix("--target-directory=").or_else(|| word.strip_prefix("-t")))
        .filter(|aim| !aim.is_empty());
    let last = || words.iter().rev().find(|word| !word.starts_with('-')).map(|word| word.as_str());
    named.map(|pair| pair[1].as_str()).or(attached).or_else(last)
}

/// Whether `find` starts a program for what it finds that may change it.
fn starts_changer(words: &[&String]) -> bool {
    let starts = |word: &str| matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X");
    words.windows(2).any(|pair| starts(pair[0]) && !READERS.contains(&program(pair[1]).as_str()))
}

/// Whether what somebody typed is a command that changes files, and no sentence.
pub(super) fn may_be_typed(run: &Run<'_>) -> bool {
    let name = run.words.first().map(|word| program(word)).unwrap_or_default();
    let is_known = [TYPED, TAKES_AWAY, TO_THE_LAST].iter().any(|list| list.contains(&name.as_str()));
    let writes = !run.targets.is_empty() && READERS.contains(&name.as_str());
    (is_known || writes) && !is_sentence(run)
}

/// Whether a word is this letter among options of one letter, as `-ri`.
fn is_flag(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// Whether `tar` is told to pack or to list, and not into one that is meant.
fn only_packs(words: &[&String], is_meant: &dyn Fn(&String) -> bool) -> bool {
    let has = |option: &str| words.iter().any(|word| *word == option);
    let letters = words.first().map_or("", |word| word.trim_start_matches('-'));
    let is_told = letters.contains(['c', 't']) && !letters.contains(['x', 'r', 'u', 'A', '-']);
    let archive = words
        .windows(2)
        .any(|pair| is_flag(&format!("-{}", pair[0].trim_start_matches('-')), 'f') && is_meant(pair[1]));
    (is_told || has("--create") || has("--list")) && !archive && !has("--remove-files")
}

/// A word, and what it may hold of paths: `--file=x`, `HEAD:x`, a text with `x` in it.
fn pieces_of(word: &str) -> impl Iterator<Item = &str> {
    let inner = word.split(|c: char| {
        c.is_whitespace() || matches!(c, '=' | ':' | ',' | '@' | '\'' | '"' | '(' | ')' | '<' | '>' | ';')
    });
    std::iter::once(word).chain(inner.filter(|piece| !piece.is_empty()))
}

/// A path's pieces in small letters, without `.`, `..` and empty ones.
pub(super) fn plain(path: &str, here: &[String]) -> Vec<String> {
    let mut pieces = if path.starts_with(['/', '~', '$']) { Vec::new() } else { here.to_vec() };
    for piece in path.trim().split(['/', '\\']) {
        match piece {
            "" | "." => {}
            ".." => drop(pieces.pop()),
            _ => pieces.push(piece.to_lowercase()),
        }
    }
    pieces
}

fn may_be(piece: &str, name: &str) -> bool {
    super::places::may_be(piece, name)
}
