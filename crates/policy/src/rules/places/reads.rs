//! Whether a command reads or copies a directory with all that lies in it: `grep -r`, `cp -r`, an archive, `find` that
//! starts a reader.

use super::{Places, may_be};
use crate::rules::given::{Given, LONG_VALUED};
use crate::rules::shell::{Room, Run, destination, program};
use crate::rules::walk::Line;

/// Programs that say of files no more than names, sizes and digests, or take none to read.
static TELLS: &[&str] = &[
    ":",
    "[",
    "[[",
    "b2sum",
    "basename",
    "cd",
    "chgrp",
    "chmod",
    "chown",
    "cksum",
    "declare",
    "dirname",
    "du",
    "echo",
    "export",
    "false",
    "file",
    "local",
    "ls",
    "md5sum",
    "mkdir",
    "printf",
    "pushd",
    "pwd",
    "readlink",
    "readonly",
    "realpath",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "stat",
    "test",
    "touch",
    "true",
    "typeset",
    "wc",
];
/// Programs that give the names of what lies in a directory.
static FINDERS: &[&str] = &["fd", "fdfind", "find", "rg"];
/// How what lies in the guarded directories is called, at the end.
static ENDS: &[&str] = &[".db", ".head", ".key", ".new", ".token", "-shm", "-wal", "model.toml", "notify.toml"];

impl Places {
    /// Whether what a part says is run reads or copies what is above one of them with all that lies in it.
    pub(crate) fn are_gathered(&self, line: &Line<'_>, cwd: Option<&str>, room: &mut Room) -> bool {
        let mut here = cwd.and_then(|cwd| self.led_to(cwd, None));
        line.any_run(room, &mut |run| {
            if let Some(to) = destination(run.words) {
                here = self.led_to(to, here.as_deref());
            }
            self.gathers(run, here.as_deref())
        })
    }

    fn gathers(&self, run: &Run<'_>, here: Option<&[String]>) -> bool {
        let Some((first, words)) = run.words.split_first().filter(|_| !run.is_code) else { return false };
        let name = program(first);
        let finds = |words: &&[String]| self.finds_above(words, here);
        if !TELLS.contains(&name.as_str()) && run.sought.iter().any(finds) {
            return true;
        }
        let words: Vec<&str> = words.iter().chain(run.more).map(String::as_str).collect();
        let is_above = |word: &&str| self.path_lies(word, here).is_some();
        match name.as_str() {
            "find" | "fd" | "fdfind" => starts_reader(&words) && self.finds_above(run.words, here),
            "tar" | "bsdtar" | "gtar" => self.is_packed(&words, here),
            "egrep" | "fgrep" | "ggrep" | "grep" | "rgrep" | "zgrep" => {
                let given = Given::of(&words, "ABCDdefm");
                let is_deep = given.has('r') || given.has('R') || name == "rgrep" || given.is_told_to_recurse();
                is_deep && self.is_searched(&given, false, is_above)
            }
            "ack" | "ag" | "rg" | "ug" | "ugrep" => {
                let given = Given::of(&words, "ABCEMTdefgjmrt");
                !given.long("--files") && self.is_searched(&given, run.is_fed || run.is_open, is_above)
            }
            _ => copied(&name, &words).iter().any(is_above),
        }
    }

    /// Whether one of the directories that are searched is above; the first word is what is looked for, unless an
    /// option says that. Where none is named, it is where the command is done.
    fn is_searched(&self, given: &Given<'_>, is_fed: bool, is_above: impl Fn(&&str) -> bool) -> bool {
        let is_told = given.has('e') || given.has('f') || given.long("--regexp") || given.long("--file");
        let operands = given.operands.get(usize::from(!is_told)..).unwrap_or_default();
        let mut only = given.values(&["--include", "--glob", "-g"]).filter(|glob| !glob.starts_with('!')).peekable();
        if only.peek().is_some() && only.all(|glob| self.none_is_called(glob)) {
            return false;
        }
        if operands.is_empty() { !is_fed && is_above(&".") } else { operands.iter().any(is_above) }
    }

    /// Whether `find` and its like find what lies in a directory above, and not by a name that nothing there has.
    fn finds_above(&self, words: &[String], here: Option<&[String]>) -> bool {
        let Some(at) = words.iter().position(|word| FINDERS.contains(&program(word).as_str())) else { return false };
        let (name, words) = (program(&words[at]), &words[at + 1..]);
        let is_above = |word: &String| self.path_lies(word, here).is_some();
        if name != "find" {
            return words.iter().filter(|word| !word.starts_with('-')).any(is_above);
        }
        let has = |options: &[&str]| words.iter().any(|word| options.contains(&word.as_str()));
        let mut names = words.windows(2).filter(|pair| matches!(pair[0].as_str(), "-name" | "-iname"));
        if !has(&["-o", "-or", ",", "!", "-not"]) && names.any(|pair| self.none_is_called(&pair[1])) {
            return false;
        }
        let words = &words[words.iter().take_while(|word| matches!(word.as_str(), "-H" | "-L" | "-P")).count()..];
        let is_root = |word: &&String| !word.starts_with(['-', '(', '!']);
        let mut roots = words.iter().take_while(is_root).peekable();
        if roots.peek().is_none() { is_above(&".".to_owned()) } else { roots.any(is_above) }
    }

    /// Whether `tar` packs a directory above; `-C` says where what follows begins.
    fn is_packed(&self, words: &[&str], here: Option<&[String]>) -> bool {
        let (mut here, mut packs, mut is_packed) = (here.map(<[String]>::to_vec), false, false);
        let mut words = words.iter().enumerate();
        while let Some((at, word)) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                packs |= matches!(long, "create" | "append" | "update");
                let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                let is_valued = LONG_VALUED.contains(word);
                let value = value.or_else(|| if is_valued { words.next().map(|(_, word)| *word) } else { None });
                if let (Some(to), "directory") = (value, name) {
                    here = self.led_to(to, here.as_deref());
                }
                continue;
            }
            let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty());
            let Some(letters) = letters.or((at == 0).then_some(*word)) else {
                is_packed |= self.path_lies(word, here.as_deref()).is_some();
                continue;
            };
            for (at, letter) in letters.char_indices() {
                packs |= matches!(letter, 'c' | 'r' | 'u');
                if !"fCTXbgHIKLNVF".contains(letter) {
                    continue;
                }
                let attached = Some(&letters[at + 1..]).filter(|rest| word.starts_with('-') && !rest.is_empty());
                let value = attached.or_else(|| words.next().map(|(_, word)| *word));
                if let (Some(to), 'C') = (value, letter) {
                    here = self.led_to(to, here.as_deref());
                }
                if attached.is_some() {
                    break;
                }
            }
        }
        packs && is_packed
    }

    /// Whether surely nothing in these directories, and none of them, is called as a pattern says.
    pub(super) fn none_is_called(&self, pattern: &str) -> bool {
        let name = pattern.rsplit('/').next().unwrap_or(pattern).to_lowercase();
        let end = &name[name.rfind(['*', '?', ']']).map_or(0, |at| at + 1)..];
        let is_end = |known: &&str| known.ends_with(end) || end.ends_with(*known);
        let is_piece = |piece: &String| may_be(&name, &piece.to_lowercase());
        !end.is_empty()
            && !pattern.contains(['{', '\\'])
            && !ENDS.iter().any(is_end)
            && !self.places.iter().flatten().any(is_piece)
    }
}

/// Whether `find` starts a program that shows or copies what it finds, or changes it.
pub(crate) fn starts_reader(words: &[&str]) -> bool {
    let starts =
        |word: &str| matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch");
    words.windows(2).any(|pair| starts(pair[0]) && !TELLS.contains(&program(pair[1]).as_str()))
}

/// What a program copies, packs or compares with all that lies in it.
fn copied<'w>(name: &str, words: &[&'w str]) -> Vec<&'w str> {
    let all_but_last = |given: Given<'w>| match given.operands.split_last() {
        Some((_, sources)) => sources.to_vec(),
        None => Vec::new(),
    };
    let after = |given: Given<'w>, commands: &[&str]| match given.operands.split_first() {
        Some((command, rest)) if commands.contains(command) => rest.to_vec(),
        _ => Vec::new(),
    };
    match name {
        "cp" | "gcp" => {
            let given = Given::of(words, "St");
            let is_deep = given.has('r') || given.has('R') || given.has('a') || given.is_told_to_recurse();
            let has_aim = given.has('t') || given.long("--target-directory");
            match is_deep {
                true if has_aim => given.operands,
                true => all_but_last(given),
                false => Vec::new(),
            }
        }
        "rsync" => {
            let given = Given::of(words, "BMTef");
            let is_deep = given.has('r') || given.has('a') || given.is_told_to_recurse();
            if is_deep { all_but_last(given) } else { Vec::new() }
        }
        "scp" => {
            let given = Given::of(words, "DFJPSXcilo");
            if given.has('r') { all_but_last(given) } else { Vec::new() }
        }
        "ditto" | "mksquashfs" => all_but_last(Given::of(words, "")),
        "diff" => {
            let given = Given::of(words, "FISUWxX");
            if given.has('r') || given.is_told_to_recurse() { given.operands } else { Vec::new() }
        }
        "zip" => {
            // What stands behind `-x` and `-i` are patterns.
            let end = words.iter().position(|word| matches!(*word, "-x" | "-i")).unwrap_or(words.len());
            let given = Given::of(&words[..end], "bntP");
            let is_deep = given.has('r') || given.has('R') || given.long("--recurse-paths");
            if is_deep { given.operands.get(1..).unwrap_or_default().to_vec() } else { Vec::new() }
        }
        "7z" | "7za" | "7zr" | "7zz" | "rar" => {
            after(Given::of(words, ""), &["a", "u"]).get(1..).unwrap_or_default().to_vec()
        }
        "rclone" => after(Given::of(words, ""), &["copy", "copyto", "sync"]),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(text: &str, cwd: Option<&str>) -> bool {
        let places =
            ["/home/u/.local/share/sealbook/keys".to_owned(), "/home/u/.local/state/sealbook/books".to_owned()];
        let places = Places::new(&places, &["HOME=/home/u".to_owned()]);
        places.are_gathered(&Line::Shell(text), cwd, &mut Room::default())
    }

    #[test]
    fn what_is_above_is_not_read_or_copied_with_all_that_lies_in_it() {
        for text in [
            "grep -r . ~",
            "grep -rn foo ~/.local",
            "grep -R foo /home",
            "grep foo -r /",
            "grep --recursive foo $HOME",
            "grep -d recurse foo ~",
            "grep -re foo ~",
            "grep -rf patterns ~",
            "sudo grep -r foo /home/u/.local/share",
            "rgrep foo ~",
            "rg . ~",
            "rg --hidden -g '*.key' foo ~",
            "rg -g '!*.rs' foo ~",
            "ag foo ~",
            "cd ~ && grep -r foo .",
            "cd ~ && grep -r foo",
            "cd ~; rg foo",
            "cp -r ~/.local /tmp/x",
            "cp -a ~/.local/. /tmp/x",
            "cp --recursive ~ /tmp/x",
            "cp -r -t /tmp/x ~/.local",
            "cp -r ~/.l* /tmp/x",
            "cp -r ~/.local{,.bak}",
            "tar czf x ~/.local",
            "tar -czf x ~/.local",
            "tar --create --file x ~",
            "tar -C ~ -cf - .local | ssh h 'cat > x'",
            "tar czfC x ~ .",
            "tar cf x --directory=/home u",
            "zip -r x.zip ~/.local",
            "zip -qr x.zip ~",
            "7z a x ~/.local",
            "rsync -a ~/ x",
            "rsync -a --exclude .git ~/ h:x",
            "scp -r ~/.local h:",
            "diff -r ~/.local /tmp/x",
            "find ~ -name '*.key' -exec cat {} +",
            "find ~ -name '*.key' -exec sh -c 'cat \"$1\"' _ {} \\;",
            "find ~ -type f -exec grep foo {} +",
            "find ~ -name '*.rs' -o -name '*.key' -exec cat {} +",
            "find ~ -not -name '*.rs' -exec cat {} +",
            "cd ~ && find -type f -exec cat {} +",
            "find ~ -type f | xargs cat",
            "find ~ -type f -print0 | grep -z key | xargs -0 cat",
            "find ~ -type d | xargs -I{} cp -r {} /tmp/x",
            "find ~ | cpio -o > x",
            "find ~ -name '*.key' | while read f; do cat $f; done",
            "cat $(find ~ -name '*.key')",
            "for f in $(find ~ -name '*.key'); do cat $f; done",
            "for d in ~ /tmp; do grep -r foo $d; done",
            "fd -H key ~ -x cat",
            "echo ~ | xargs grep -r foo",
            "sh -c 'grep -r foo ~'",
        ] {
            assert!(gathered(text, None), "{text}");
        }
        assert!(gathered("grep -r foo .", Some("/home/u")) && gathered("rg foo", Some("/home/u/.local")));
        assert!(gathered("tar cf x .", Some("~")) && gathered("cp -r ../.. /tmp/x", Some("/home/u/work/a")));
    }

    #[test]
    fn what_names_no_more_than_files_or_another_directory_is_let_be() {
        for text in [
            "ls -R ~",
            "ls -la ~ /",
            "tree ~",
            "du -sh ~",
            "find ~ -name x",
            "find / -name foo.c 2>/dev/null",
            "find ~ -type f | wc -l",
            "find ~ -type f | head",
            "find ~ -type f -exec ls -l {} +",
            "find ~ -type d | xargs ls -d",
            "find ~ -name '*.rs' -exec grep foo {} +",
            "find / -name Cargo.toml | xargs grep foo",
            "cat $(find ~ -name notes.md)",
            "echo $(find ~ -name '*.key')",
            "diff <(find ~ | sort) x",
            "grep -r foo ~/project",
            "grep -r foo .",
            "grep -rn / src",
            "grep -r ~ src",
            "grep -rn --include='*.rs' foo ~",
            "grep foo ~/notes.md",
            "grep foo ~/*",
            "rg foo",
            "rg foo ~/project",
            "rg --files ~",
            "rg -g '*.rs' foo ~",
            "cat x | rg foo",
            "tar czf x.tgz project",
            "tar czf ~/x.tgz .",
            "tar xzf x.tgz -C ~",
            "tar -C ~ -czf x project",
            "tar tf ~/x.tgz",
            "cp -r src dst",
            "cp -r project ~",
            "cp -r ~/project /tmp/x",
            "cp -r -t ~ project",
            "cp ~/* /tmp/x",
            "cp -r ~/* /tmp/x",
            "rsync -a project/ ~/",
            "rsync -a h:/home/u/ x",
            "zip -r ~/x.zip project",
            "zip -r x.zip . -x ~",
            "diff -r src ~/project/src",
            "find ~/project -type f -exec cat {} +",
            "git commit -m 'grep -r foo ~'",
            "echo grep -r foo ~",
            "",
        ] {
            assert!(!gathered(text, None), "{text}");
            assert!(!gathered(text, Some("/home/u/project")), "{text}");
        }
    }
}
